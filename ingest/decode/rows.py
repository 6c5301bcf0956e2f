"""What decoding works with: rejections, the bounds of time and size, and rows on their way to columns."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenceline.clock import NANOSECONDS
from fenceline.reading import Readings
from fenceline.reason import Rejected
from ingest.checks import Directory
from ingest.decode.times import EARLIEST_NS, Refusal


@dataclass(frozen=True, slots=True)
class Rejection:
    """A reading, or a whole message, that could not be taken.

    `raw` is its own text, ready to be mended and sent again: the element of an array, one cell of a
    gateway's columns written as a reading, or the message where the message as a whole is refused.
    """

    topic: str
    reason: Rejected
    detail: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a message and its times are held against."""

    latest_ns: int
    max_payload_bytes: int
    max_message_readings: int

    def check_time(self, time_ns: int) -> Refusal | None:
        """Why a time lies outside, if it does."""
        if time_ns < EARLIEST_NS:
            return Rejected.TIME_TOO_OLD, "before the year 2000: the device's clock was never set"
        if time_ns > self.latest_ns:
            ahead_seconds = (time_ns - self.latest_ns) / NANOSECONDS
            return (
                Rejected.TIME_AHEAD,
                f"{ahead_seconds:.3f} s beyond what is allowed ahead of this machine's clock",
            )
        return None


class Row(NamedTuple):
    """One good reading; `number` is the sensor's in the directory."""

    number: int
    time_ns: int
    value: float
    quality: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Block:
    """Good readings as columns; `message` (rising or not) says which message each came from."""

    message: NDArray[np.int64]
    number: NDArray[np.int32]
    time_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    sequence: NDArray[np.int64]

    @staticmethod
    def of_rows(message: int, rows: list[Row]) -> "Block":
        return Block(
            message=np.full(len(rows), message, dtype=np.int64),
            number=np.array([row.number for row in rows], dtype=np.int32),
            time_ns=np.array([row.time_ns for row in rows], dtype=np.int64),
            value=np.array([row.value for row in rows], dtype=np.float64),
            quality=np.array([row.quality for row in rows], dtype=np.uint8),
            sequence=np.array([row.sequence for row in rows], dtype=np.int64),
        )

    def only(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> "Block":
        return Block(
            self.message[keep],
            self.number[keep],
            self.time_ns[keep],
            self.value[keep],
            self.quality[keep],
            self.sequence[keep],
        )


def to_readings(blocks: list[Block], directory: Directory) -> Readings:
    """Blocks as one `Readings`, in the order of the messages, naming only the sensors that occur."""
    blocks = [block for block in blocks if len(block.number)]
    if not blocks:
        return Readings.empty()
    if len(blocks) == 1:
        whole = blocks[0]
    else:
        names = ("message", "number", "time_ns", "value", "quality", "sequence")
        whole = Block(**{name: np.concatenate([getattr(block, name) for block in blocks]) for name in names})
        if (whole.message[1:] < whole.message[:-1]).any():
            whole = whole.only(np.argsort(whole.message, kind="stable"))
    numbers, code = np.unique(whole.number, return_inverse=True)
    return Readings(
        sensors=tuple(directory.ids[number] for number in numbers.tolist()),
        code=code.astype(np.int32),
        time=whole.time_ns,
        value=whole.value,
        quality=whole.quality,
        sequence=whole.sequence,
    )
