"""The compiled fold over readings and ticks. In: columns and state; out: changes, state moved on.

One pass in journal order, reading after reading, so that no batch size can show. Decides with
+, - and comparisons only. tests/rules/reference.py does the same in plain Python; every change
must be equal, bit for bit.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.layout import (
    ABOVE,
    AHEAD,
    BELOW,
    CONFLICT,
    CURRENT,
    DELAYED,
    DUPLICATE,
    FALSE,
    LATE,
    NEVER,
    NOT_IN_FORCE,
    NOT_YET,
    OUTSIDE,
    SILENCE,
    TRUE,
    UNKNOWN,
    UNUSABLE,
)

# Reasons as they stand in a sensor's record; words in rules/words.py.
REASON_NONE, REASON_NEVER_SEEN, REASON_SILENT, REASON_DELAYED, REASON_LATE, REASON_AHEAD = -1, 0, 1, 2, 3, 4
REASON_QUARANTINED = 5
REASON_QUALITY = 100  # plus the quality's number
OVER_RANGE = 19
FIRST_BAD = 16
SECOND = 1_000_000_000


@njit(cache=True, inline="always")
def _put(
    changes: Any, count: int, reading: int, due: int, since: int, rung: int, condition: int, reason: int
) -> int:
    changes[count].reading = reading
    changes[count].due = due
    changes[count].since = since
    changes[count].rung = rung
    changes[count].condition = condition
    changes[count].reason = reason
    return count + 1


@njit(cache=True, inline="always")
def _key(time: int, value: float, sequence: int) -> Any:
    """64 mixed bits of time, value and sequence (splitmix64's constants)."""
    bits = np.float64(value + 0.0).view(np.uint64)
    key = np.uint64(time) ^ (bits * np.uint64(0x9E3779B97F4A7C15))
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = key ^ (np.uint64(sequence) * np.uint64(0x94D049BB133111EB))
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@njit(cache=True)
def _seen_before(sensor: Any, ring: Any, key: Any, log_second: int, window: int) -> bool:
    start = sensor.ring
    for slot in range(sensor.ring_length):
        entry = ring[start + slot]
        if entry.key == key and entry.second != NEVER and log_second - entry.second <= window:
            return True
    return False


@njit(cache=True)
def _beyond(op: int, value: float, lower: float, upper: float) -> bool:
    if op == ABOVE:
        return value >= lower
    if op == BELOW:
        return value <= lower
    return value <= lower or value >= upper


@njit(cache=True)
def _back(op: int, value: float, lower: float, upper: float, deadband: float) -> bool:
    """True where the value has come back from the limit by the deadband."""
    if op == ABOVE:
        return value < lower - deadband
    if op == BELOW:
        return value > lower + deadband
    return value > lower + deadband and value < upper - deadband


@njit(cache=True)
def _forget(rung: Any) -> None:
    rung.pending = 0
    rung.pending_tick = NEVER


@njit(cache=True)
def make_unknown(
    sensor: Any, rungs: Any, changes: Any, count: int, reading: int, at: int, reason: int
) -> int:
    """The sensor cannot tell: no duration goes on, no condition clears."""
    for index in range(sensor.first, sensor.first + sensor.rungs):
        rung = rungs[index]
        if rung.op == SILENCE:
            continue
        _forget(rung)
        if rung.known:
            rung.known = 0
            count = _put(changes, count, reading, at, at, index, UNKNOWN, reason)
    sensor.reason = reason
    return count


@njit(cache=True)
def _evaluate(rung: Any, index: int, value: float, time: int, changes: Any, count: int, reading: int) -> int:
    """One usable value on one rung."""
    before = UNKNOWN if not rung.known else (TRUE if rung.active else FALSE)
    rung.known = 1
    if rung.active:
        if _back(rung.op, value, rung.lower, rung.upper, rung.deadband):
            if rung.pending != 2:
                rung.pending = 2
                rung.pending_tick = NOT_YET
                rung.pending_since = time
            if time - rung.pending_since >= rung.off_delay:
                rung.active = 0
                rung.onset = rung.pending_since
                _forget(rung)
        elif rung.pending == 2:
            _forget(rung)
    elif _beyond(rung.op, value, rung.lower, rung.upper):
        if rung.pending != 1:
            rung.pending = 1
            rung.pending_tick = NOT_YET
            rung.pending_since = time
        if time - rung.pending_since >= rung.on_delay:
            rung.active = 1
            rung.onset = rung.pending_since
            _forget(rung)
    else:
        _forget(rung)
    after = TRUE if rung.active else FALSE
    if after != before:
        if before == UNKNOWN and not rung.active:
            rung.onset = time
        count = _put(changes, count, reading, time, rung.onset, index, after, REASON_NONE)
    return count


@njit(cache=True)
def _silence_ends(sensor: Any, rungs: Any, changes: Any, count: int, reading: int, time: int) -> int:
    for index in range(sensor.first, sensor.first + sensor.rungs):
        rung = rungs[index]
        if rung.op == SILENCE and rung.active:
            rung.active = 0
            count = _put(changes, count, reading, time, time, index, FALSE, REASON_NONE)
    return count


@njit(cache=True)
def fold_readings(
    sensors: Any,
    rungs: Any,
    ring: Any,
    codes: NDArray[np.int32],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    qualities: NDArray[np.uint8],
    sequences: NDArray[np.int64],
    clock: NDArray[np.int64],
    classes: NDArray[np.uint8],
    changes: Any,
) -> int:
    """Fold a batch.

    Args:
        codes: index into `sensors`, -1 where the sensor is not in force.
        clock: log time, the ingestor's clock, ahead bound, delay bound, duplicate window (all ns).
        classes: out, one class per reading.
        changes: out; long enough for two changes per rung of every reading.

    Returns:
        How many changes were written.
    """
    log, received, ahead, delay, window = clock[0], clock[1], clock[2], clock[3], clock[4]
    log_second = log // SECOND
    count = 0
    for reading in range(len(codes)):
        if codes[reading] < 0:
            classes[reading] = NOT_IN_FORCE
            continue
        sensor = sensors[codes[reading]]
        time, value, quality = times[reading], values[reading], qualities[reading]
        if time > received + ahead:
            classes[reading] = AHEAD
            count = make_unknown(sensor, rungs, changes, count, reading, log, REASON_AHEAD)
            continue
        key = _key(time, value, sequences[reading])
        if time <= sensor.newest and _seen_before(sensor, ring, key, log_second, window // SECOND):
            classes[reading] = DUPLICATE
            continue
        entry = ring[sensor.ring + sensor.ring_next]
        entry.key = key
        entry.second = log_second
        sensor.ring_next = (sensor.ring_next + 1) % sensor.ring_length
        if time < sensor.newest:
            classes[reading] = LATE
            continue
        same_time = time == sensor.newest
        conflict = same_time and not (value == sensor.high and value == sensor.low)
        gap = sensor.newest != NEVER and time - sensor.newest > sensor.hold
        sensor.newest = time
        classes[reading] = CONFLICT if conflict else CURRENT
        if time < log - delay:
            classes[reading] = DELAYED
            if sensor.reason == REASON_SILENT:
                sensor.reason = REASON_DELAYED
            sensor.high = value
            sensor.low = value
            continue
        higher = not conflict or value > sensor.high
        lower = not conflict or value < sensor.low
        sensor.high = max(sensor.high, value) if same_time else value
        sensor.low = min(sensor.low, value) if same_time else value
        sensor.seen = NOT_YET  # for durations a record's time is the first tick after it
        if (quality >= FIRST_BAD and quality != OVER_RANGE) or not np.isfinite(value):
            classes[reading] = UNUSABLE
            count = make_unknown(sensor, rungs, changes, count, reading, time, REASON_QUALITY + quality)
            continue
        bound = quality == OVER_RANGE
        if not bound:
            sensor.reason = REASON_NONE
            sensor.usable = NOT_YET
            count = _silence_ends(sensor, rungs, changes, count, reading, time)
        else:
            sensor.reason = REASON_QUALITY + OVER_RANGE
            classes[reading] = UNUSABLE
        for index in range(sensor.first, sensor.first + sensor.rungs):
            rung = rungs[index]
            if rung.op == SILENCE:
                continue
            if gap:
                _forget(rung)
            if bound and not (
                (rung.op == ABOVE and value >= rung.lower) or (rung.op == OUTSIDE and value >= rung.upper)
            ):
                # The value is a lower bound: it proves an exceedance, never safety.
                _forget(rung)
                if rung.known:
                    rung.known = 0
                    count = _put(
                        changes, count, reading, time, time, index, UNKNOWN, REASON_QUALITY + OVER_RANGE
                    )
                continue
            if conflict and not (
                (rung.op == ABOVE and higher) or (rung.op == BELOW and lower) or rung.op == OUTSIDE
            ):
                continue
            if conflict and rung.op == OUTSIDE and not _beyond(OUTSIDE, value, rung.lower, rung.upper):
                continue
            count = _evaluate(rung, index, value, time, changes, count, reading)
    return count


@njit(cache=True)
def fold_tick(sensors: Any, rungs: Any, now: int, leap: bool, changes: Any) -> int:
    """Let time pass to tick `now`: durations complete within a sensor's hold time, holds expire.

    Changes carry `due`, by which the caller orders them.
    """
    count = 0
    for number in range(len(sensors)):
        sensor = sensors[number]
        if leap:
            for index in range(sensor.first, sensor.first + sensor.rungs):
                _forget(rungs[index])
            if sensor.seen != NEVER:
                sensor.seen = now
            sensor.usable = now
            continue
        if sensor.seen == NOT_YET:
            sensor.seen = now
        if sensor.usable == NOT_YET:
            sensor.usable = now
        expiry = sensor.seen + sensor.hold
        for index in range(sensor.first, sensor.first + sensor.rungs):
            rung = rungs[index]
            if rung.op == SILENCE:
                due = sensor.usable + rung.on_delay
                if not rung.active and due <= now:
                    rung.active = 1
                    rung.onset = sensor.usable
                    count = _put(changes, count, -1, due, sensor.usable, index, TRUE, sensor.reason)
                continue
            if rung.pending == 0:
                continue
            if rung.pending_tick == NOT_YET:
                rung.pending_tick = now
            due = rung.pending_tick + (rung.on_delay if rung.pending == 1 else rung.off_delay)
            if due <= now and due <= expiry and rung.known:
                rung.active = 1 if rung.pending == 1 else 0
                rung.onset = rung.pending_since
                _forget(rung)
                condition = TRUE if rung.active else FALSE
                count = _put(changes, count, -1, due, rung.onset, index, condition, REASON_NONE)
        if sensor.seen != NEVER and now > expiry:
            # A rung that an over-range value proved ends here too, under that reason.
            reason = REASON_SILENT if sensor.reason == REASON_NONE else sensor.reason
            count = make_unknown(sensor, rungs, changes, count, -1, expiry, reason)
    return count
