"""MQTT messages in; out columns of good readings, a rejection for everything else, and never an exception.

Payload by payload with msgspec, then column by column with numpy. Joining payloads into one array first was
measured to gain nothing (210 ns a reading against 224), and lets two broken payloads shift which topic the
messages between them belong to. A message in which anything is wrong is read again, element by element.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenceline.reading import NO_SEQUENCE, Readings
from fenceline.reason import Rejected
from fenceline.vocabulary import QUALITY_BY_WORD
from ingest.checks import IDENTITY, Directory, Route
from ingest.decode.columns import Columns, read_columns
from ingest.decode.elements import LARGEST_SEQUENCE, read_elements
from ingest.decode.rows import Block, Bounds, Rejection, to_readings
from ingest.decode.times import EARLIEST_NS, column_ns, scalar_ns

WHOLE_NUMBER = msgspec.Meta(ge=0, le=LARGEST_SEQUENCE)


class Message(Protocol):
    """What decoding needs of an MQTT message."""

    @property
    def topic(self) -> str: ...

    @property
    def payload(self) -> bytes: ...


class Entry(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One reading as a device writes it."""

    sensor: str
    time: int | float | str
    value: float
    unit: str | None = None
    quality: str | None = None
    sequence: Annotated[int, WHOLE_NUMBER] | None = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a batch of messages: every element is in one of the two.

    Args:
        readings: the good ones, in the order of arrival.
        rejections: everything else, in the order of arrival.
        elements: readings and unreadable messages, counted where they are read, not where they end up: for
            the account.
    """

    readings: Readings
    rejections: tuple[Rejection, ...]
    elements: int


_ROWS = msgspec.json.Decoder(Entry | list[Entry])
_COLUMNS = msgspec.json.Decoder(Columns)
# Bad UTF-8 is a ValueError of Python's; nesting without end is a RecursionError.
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
_UNKNOWN_SENSOR = -1
_UNKNOWN_WORD = -1
_NO_WAY = (float("nan"), 0.0)
_QUALITY: dict[str | None, int] = {None: 0} | {
    word: int(quality) for word, quality in QUALITY_BY_WORD.items()
}


def decode(messages: Sequence[Message], directory: Directory, bounds: Bounds) -> Decoded:
    """Every reading of these messages, good or not."""
    return _Batch(messages, directory, bounds).decode()


class _Batch:
    def __init__(self, messages: Sequence[Message], directory: Directory, bounds: Bounds) -> None:
        self._messages = messages
        self._directory = directory
        self._bounds = bounds
        self._routes: list[Route | None] = []
        self._entries: list[Entry] = []
        self._entry_message: list[int] = []
        self._entry_number: list[int] = []
        self._blocks: list[Block] = []
        self._rejections: list[tuple[int, Rejection]] = []
        self._elements = 0

    def decode(self) -> Decoded:
        for index, message in enumerate(self._messages):
            self._read(index, message)
        if self._entries:
            self._columnise()
        self._rejections.sort(key=lambda numbered: numbered[0])
        return Decoded(
            to_readings(self._blocks, self._directory),
            tuple(rejection for _, rejection in self._rejections),
            self._elements,
        )

    def _read(self, index: int, message: Message) -> None:
        route = self._directory.route(message.topic)
        if isinstance(route, tuple):
            self._routes.append(None)
            self._elements += 1
            self._rejections.append((index, Rejection(message.topic, *route, message.payload)))
            return
        self._routes.append(route)
        payload = message.payload
        if len(payload) > self._bounds.max_payload_bytes:
            detail = f"{len(payload)} bytes; the most are {self._bounds.max_payload_bytes}"
            rejection = Rejection(message.topic, Rejected.OVERSIZE, detail, payload)
            self._rejections.append((index, rejection))
            self._elements += 1
            return
        for _ in range(2):
            try:
                if route.sends_columns:
                    self._take_columns(index, _COLUMNS.decode(payload), route)
                else:
                    self._take_rows(index, _ROWS.decode(payload), route)
                return
            except _UNREADABLE:
                route.sends_columns = not route.sends_columns
        self._look_closely(index)

    def _take_rows(self, index: int, decoded: Entry | list[Entry], route: Route) -> None:
        sensors = route.sensors
        if isinstance(decoded, Entry):
            self._elements += 1
            self._entries.append(decoded)
            self._entry_message.append(index)
            self._entry_number.append(sensors.get(decoded.sensor, _UNKNOWN_SENSOR))
            return
        if not 0 < len(decoded) <= self._bounds.max_message_readings:
            self._look_closely(index)
            return
        self._elements += len(decoded)
        self._entries += decoded
        self._entry_message += [index] * len(decoded)
        self._entry_number += [sensors.get(entry.sensor, _UNKNOWN_SENSOR) for entry in decoded]

    def _take_columns(self, index: int, decoded: Columns, route: Route) -> None:
        block = read_columns(decoded, index, route, self._directory, self._bounds)
        if block is None:
            self._look_closely(index)
        else:
            self._elements += len(block.number)
            self._blocks.append(block)

    def _look_closely(self, index: int, *, counted: bool = False) -> None:
        """Read a message element by element; `counted` where its elements were counted before."""
        message, route = self._messages[index], self._routes[index]
        if route is None:
            return
        rows, rejections, seen = read_elements(
            message.topic, message.payload, route, self._directory, self._bounds
        )
        self._elements += 0 if counted else seen
        if rows:
            self._blocks.append(Block.of_rows(index, rows))
        self._rejections += [(index, rejection) for rejection in rejections]

    def _columnise(self) -> None:
        """The entries of all messages as one block; messages with a doubtful one are read again."""
        block, readable = self._entry_block()
        good = (
            readable
            & (block.number != _UNKNOWN_SENSOR)
            & (block.time_ns >= EARLIEST_NS)
            & (block.time_ns <= self._bounds.latest_ns)
            & np.isfinite(block.value)
        )
        if good.all():
            self._blocks.append(block)
            return
        doubtful = np.unique(block.message[~good])
        self._blocks.append(block.only(~np.isin(block.message, doubtful)))
        for index in doubtful.tolist():
            self._look_closely(index, counted=True)

    def _entry_block(self) -> tuple[Block, NDArray[np.bool_]]:
        """All entries as columns, and which of them can be read; the others hold a time of 0."""
        entries = self._entries
        times = [entry.time for entry in entries]
        time_ns = column_ns(times)
        if time_ns is None:
            found = [scalar_ns(time) for time in times]
            in_range = [_in_64_bits(time) if isinstance(time, int) else 0 for time in found]
            time_ns = np.array(in_range, dtype=np.int64)
        value = np.array([entry.value for entry in entries], dtype=np.float64)
        units = [entry.unit for entry in entries]
        if units.count(None) != len(units):
            value = self._convert(value, units)
        words = [entry.quality for entry in entries]
        quality = np.zeros(len(words), dtype=np.int16)
        if words.count(None) != len(words):
            quality[:] = [_QUALITY.get(word, _UNKNOWN_WORD) for word in words]
        sequence = [NO_SEQUENCE if entry.sequence is None else entry.sequence for entry in entries]
        block = Block(
            message=np.array(self._entry_message, dtype=np.int64),
            number=np.array(self._entry_number, dtype=np.int32),
            time_ns=time_ns,
            value=value,
            quality=quality.astype(np.uint8),
            sequence=np.array(sequence, dtype=np.int64),
        )
        return block, quality != _UNKNOWN_WORD

    def _convert(self, value: NDArray[np.float64], units: list[str | None]) -> NDArray[np.float64]:
        """Values in their sensors' units; NaN, which fails the checks, where there is no way."""
        factor = self._directory.factor
        factors = [
            IDENTITY if unit is None or number < 0 else factor(number, unit) or _NO_WAY
            for number, unit in zip(self._entry_number, units, strict=True)
        ]
        table = np.array(factors, dtype=np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            converted: NDArray[np.float64] = value * table[:, 0] + table[:, 1]
        return converted


def _in_64_bits(time_ns: int) -> int:
    return time_ns if abs(time_ns) < 2**63 else 0
