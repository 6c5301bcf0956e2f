"""Compiled steps of the fold on one sensor and one rung; rules/kernel.py walks readings with them."""

from typing import Any

import numpy as np

from rules.compiled import compiled
from rules.layout import (
    ABOVE,
    BELOW,
    BROKEN_OFF,
    FALSE,
    NEVER,
    NOT_YET,
    NOTHING,
    OFF_DELAY,
    ON_DELAY,
    SILENCE,
    TRUE,
    UNKNOWN,
)

# Reasons as they stand in a sensor's record; words in rules/words.py.
REASON_NONE, REASON_NEVER_SEEN, REASON_SILENT, REASON_DELAYED, REASON_LATE, REASON_AHEAD = -1, 0, 1, 2, 3, 4
REASON_QUARANTINED = 5
REASON_QUALITY = 100  # plus the quality's number
FIRST_BAD = BAD = 16
OVER_RANGE = 19
SECOND = 1_000_000_000


@compiled
def put(
    changes: Any, count: int, reading: int, due: int, since: int, rung: int, condition: int, reason: int
) -> int:
    changes[count].reading = reading
    changes[count].due = due
    changes[count].since = since
    changes[count].rung = rung
    changes[count].condition = condition
    changes[count].reason = reason
    return count + 1


@compiled
def key_of(time: int, value: float, sequence: int) -> Any:
    """64 mixed bits of time, value and sequence (splitmix64's constants)."""
    bits = np.float64(value + 0.0).view(np.uint64)
    key = np.uint64(time) ^ (bits * np.uint64(0x9E3779B97F4A7C15))
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = key ^ (np.uint64(sequence) * np.uint64(0x94D049BB133111EB))
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@compiled
def seen_before(sensor: Any, ring: Any, key: Any, now_second: int, window: int) -> bool:
    start = sensor.ring
    for slot in range(sensor.ring_length):
        entry = ring[start + slot]
        if entry.key == key and entry.second != NEVER and now_second - entry.second <= window:
            return True
    return False


@compiled
def beyond(op: int, value: float, lower: float, upper: float) -> bool:
    if op == ABOVE:
        return value >= lower
    if op == BELOW:
        return value <= lower
    return value <= lower or value >= upper


@compiled
def back(op: int, value: float, lower: float, upper: float, deadband: float) -> bool:
    """True where the value has come back from the limit by the deadband."""
    if op == ABOVE:
        return value < lower - deadband
    if op == BELOW:
        return value > lower + deadband
    return value > lower + deadband and value < upper - deadband


@compiled
def worst(op: int, low: float, high: float, lower: float, upper: float) -> float:
    """Of the smallest and the largest value at one time the one that counts: nearer to or further beyond."""
    if op == ABOVE:
        return high
    if op == BELOW:
        return low
    return low if low - lower <= upper - high else high


@compiled
def forget(rung: Any) -> None:
    rung.pending = NOTHING
    rung.pending_tick = NEVER


@compiled
def make_unknown(
    sensor: Any, rungs: Any, changes: Any, count: int, reading: int, at: int, reason: int
) -> int:
    """The sensor cannot tell: no duration goes on, no condition clears."""
    for index in range(sensor.first, sensor.first + sensor.rungs):
        rung = rungs[index]
        if rung.op == SILENCE:
            continue
        forget(rung)
        if rung.known:
            rung.known = 0
            count = put(changes, count, reading, at, at, index, UNKNOWN, reason)
    sensor.reason = reason
    return count


@compiled
def evaluate(
    rung: Any,
    index: int,
    value: float,
    time: int,
    same_time: bool,
    changes: Any,
    count: int,
    reading: int,
) -> int:
    """One usable value on one rung; `same_time` where it amends what the reading before it said."""
    if rung.pending == BROKEN_OFF:
        if not same_time:
            forget(rung)
        elif beyond(rung.op, value, rung.lower, rung.upper):
            rung.pending = ON_DELAY
    before = UNKNOWN if not rung.known else (TRUE if rung.active else FALSE)
    rung.known = 1
    if rung.active:
        if back(rung.op, value, rung.lower, rung.upper, rung.deadband):
            if rung.pending != OFF_DELAY:
                rung.pending = OFF_DELAY
                rung.pending_tick = NOT_YET
                rung.pending_since = time
            if time - rung.pending_since >= rung.off_delay:
                rung.active = 0
                rung.onset = rung.pending_since
                forget(rung)
        elif rung.pending == OFF_DELAY:
            forget(rung)
    elif beyond(rung.op, value, rung.lower, rung.upper):
        if rung.pending != ON_DELAY:
            rung.pending = ON_DELAY
            rung.pending_tick = NOT_YET
            rung.pending_since = time
        if time - rung.pending_since >= rung.on_delay:
            rung.active = 1
            rung.onset = rung.pending_since
            forget(rung)
    elif rung.pending == ON_DELAY:
        rung.pending = BROKEN_OFF
    after = TRUE if rung.active else FALSE
    if after != before:
        if before == UNKNOWN and not rung.active:
            rung.onset = time
        changes[count].value = value
        count = put(changes, count, reading, time, rung.onset, index, after, REASON_NONE)
    return count


@compiled
def silence_ends(sensor: Any, rungs: Any, changes: Any, count: int, reading: int, time: int) -> int:
    for index in range(sensor.first, sensor.first + sensor.rungs):
        rung = rungs[index]
        if rung.op == SILENCE and rung.active:
            rung.active = 0
            count = put(changes, count, reading, time, time, index, FALSE, REASON_NONE)
    return count
