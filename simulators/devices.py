"""What a park's gateways and devices send: readings of one block in, MQTT messages out.

Each device samples on a grid of its sensors' interval that starts in 1970, and numbers its samples by it:
after a restart the numbers go on, and what is missing between them was not sent. Format:
docs/reference/mqtt.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
import numpy as np

from fenceline.vocabulary import Quality
from simulators.air import BLOCK_SECONDS
from simulators.faults import (
    DeviceFault,
    Sensed,
    standing,
    unreadable,
)
from simulators.scenario import BadPayload, Delayed, Duplicates, Silence, WrongClock

MILLISECOND_NS = 1_000_000
BLOCK_NS = BLOCK_SECONDS * 1_000_000_000
MOST_KEPT = 20_000  # readings a silent device keeps; older ones are overwritten, as in a logger
HISTORY_PER_MESSAGE = 200
HISTORY_SPACING_NS = 100 * MILLISECOND_NS

Row = dict[str, Any]  # one reading, as it is sent


class Message(NamedTuple):
    """What is published, and when."""

    time_ns: int
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """Sensors of one device that are sampled together."""

    device: str
    topic: str
    interval_ms: int
    columns: tuple[int, ...]
    sensors: tuple[str, ...]
    digits: tuple[int, ...]
    faults: tuple[DeviceFault, ...]

    @property
    def phase_ms(self) -> int:
        """Devices do not all send at the same moment."""
        return crc32(f"{self.device}/{self.interval_ms}".encode()) % self.interval_ms

    @property
    def latency_ns(self) -> int:
        """From sample to publication: 30 to 280 ms, the same for a device at all times."""
        return (30 + crc32(self.device.encode()) % 250) * MILLISECOND_NS


def emit(
    group: Group,
    sensed: Sensed,
    kept: tuple[Row, ...],
    block_ns: int,
    start_ns: int,
    random: np.random.Generator,
) -> tuple[list[Message], tuple[Row, ...]]:
    """Messages that come of a block's samples (some for later blocks), and what the device keeps."""
    messages: list[Message] = []
    step_ns = group.interval_ms * MILLISECOND_NS
    phase_ns = group.phase_ms * MILLISECOND_NS
    number = -((phase_ns - block_ns) // step_ns)
    while (time_ns := number * step_ns + phase_ns) < block_ns + BLOCK_NS:
        seconds = (time_ns - start_ns) / 1e9
        rows = _rows(group, sensed, (time_ns - block_ns) // 1_000_000_000, time_ns, number, seconds)
        silence = standing(group.faults, Silence, seconds)
        if silence is None:
            at = time_ns + group.latency_ns
            messages += _disturbed(group, rows, at, seconds, random)
            messages += _history(group, kept, at)
            kept = ()
        elif isinstance(silence, Silence) and silence.resend == "historical":
            kept = (*kept, *rows)[-MOST_KEPT:]
        number += 1
    return messages, kept


def _rows(group: Group, sensed: Sensed, row: int, time_ns: int, number: int, seconds: float) -> list[Row]:
    clock = standing(group.faults, WrongClock, seconds)
    offset_ms = round(clock.offset_seconds * 1000) if isinstance(clock, WrongClock) else 0
    values, present = sensed.value[row], sensed.present[row]
    rows: list[Row] = []
    for column, sensor, digits in zip(group.columns, group.sensors, group.digits, strict=True):
        if not present[column]:
            continue
        reading: Row = {
            "sensor": sensor,
            "time": time_ns // MILLISECOND_NS + offset_ms,
            "value": round(float(values[column]), digits),
            "sequence": number,
        }
        quality = int(sensed.quality[row, column])
        if quality != Quality.GOOD:
            reading["quality"] = Quality(quality).word
        rows.append(reading)
    return rows


def _encoded(rows: Sequence[Row]) -> bytes:
    """One reading as an object, several of one moment as columns."""
    if len(rows) == 1:
        return msgspec.json.encode(rows[0])
    columns: dict[str, object] = {
        "time": rows[0]["time"],
        "sensors": [row["sensor"] for row in rows],
        "values": [row["value"] for row in rows],
        "sequence": rows[0]["sequence"],
    }
    if any("quality" in row for row in rows):
        columns["quality"] = [row.get("quality", "good") for row in rows]
    return msgspec.json.encode(columns)


def _disturbed(
    group: Group, rows: list[Row], at_ns: int, seconds: float, random: np.random.Generator
) -> list[Message]:
    """The message of a sample, late, twice, or followed by one that cannot be read."""
    draws = random.random(6)
    if not rows:
        return []
    message = Message(at_ns, group.topic, _encoded(rows))
    messages = [message]
    late = standing(group.faults, Delayed, seconds)
    if isinstance(late, Delayed) and draws[0] < late.share:
        delay_ns = round(late.delay_seconds * (0.1 + 0.9 * float(draws[1])) * 1e9)
        messages = [message._replace(time_ns=at_ns + delay_ns)]
    twice = standing(group.faults, Duplicates, seconds)
    if isinstance(twice, Duplicates) and draws[2] < twice.share:
        again_ns = round((0.2 + 2.0 * float(draws[3])) * 1e9)
        messages.append(messages[0]._replace(time_ns=messages[0].time_ns + again_ns))
    bad = standing(group.faults, BadPayload, seconds)
    if isinstance(bad, BadPayload) and draws[4] < bad.share:
        form = bad.forms[int(draws[5] * len(bad.forms))]
        wrong = unreadable(form, rows[0]["sensor"], rows[0]["time"])
        messages.append(Message(at_ns + MILLISECOND_NS, group.topic, wrong))
    return messages


def _history(group: Group, kept: tuple[Row, ...], at_ns: int) -> list[Message]:
    """What a device kept while it was silent, in arrays of readings marked historical."""
    messages = []
    for count, first in enumerate(range(0, len(kept), HISTORY_PER_MESSAGE), start=1):
        part = [{"quality": "historical"} | row for row in kept[first : first + HISTORY_PER_MESSAGE]]
        time_ns = at_ns + count * HISTORY_SPACING_NS
        messages.append(Message(time_ns, group.topic, msgspec.json.encode(part)))
    return messages
