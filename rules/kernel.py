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
from rules.steps import (
    FIRST_BAD,
    OVER_RANGE,
    REASON_AHEAD,
    REASON_DELAYED,
    REASON_NONE,
    REASON_QUALITY,
    REASON_SILENT,
    SECOND,
    beyond,
    evaluate,
    forget,
    key_of,
    make_unknown,
    put,
    seen_before,
    silence_ends,
)


@njit(cache=True)
def _classify(sensor: Any, ring: Any, time: int, value: float, sequence: int, clock: Any) -> int:
    """What a reading is, compared with its sensor's newest and with log time; remembers its key."""
    log, received, ahead, delay, window = clock[0], clock[1], clock[2], clock[3], clock[4]
    if time > received + ahead:
        return AHEAD
    key = key_of(time, value, sequence)
    if time <= sensor.newest and seen_before(sensor, ring, key, log // SECOND, window // SECOND):
        return DUPLICATE
    entry = ring[sensor.ring + sensor.ring_next]
    entry.key = key
    entry.second = log // SECOND
    sensor.ring_next = (sensor.ring_next + 1) % sensor.ring_length
    if time < sensor.newest:
        return LATE
    if time < log - delay:
        return DELAYED
    if time == sensor.newest and not (value == sensor.high and value == sensor.low):
        return CONFLICT
    return CURRENT


@njit(cache=True)
def _proves_over_range(rung: Any, value: float) -> bool:
    """The value is a lower bound: it proves an exceedance, never safety."""
    return bool((rung.op == ABOVE and value >= rung.lower) or (rung.op == OUTSIDE and value >= rung.upper))


@njit(cache=True)
def _conflict_counts(rung: Any, value: float, higher: bool, lower: bool) -> bool:
    """Of two values at one time the worse one counts."""
    if rung.op == ABOVE:
        return higher
    if rung.op == BELOW:
        return lower
    return beyond(OUTSIDE, value, rung.lower, rung.upper)


@njit(cache=True)
def _take(  # noqa: PLR0917 - compiled code passes numbers, not objects
    sensor: Any,
    rungs: Any,
    time: int,
    value: float,
    quality: int,
    conflict: bool,
    changes: Any,
    count: int,
    reading: int,
) -> int:
    """A reading that is current: every rung of its sensor decides."""
    same_time = time == sensor.newest
    gap = sensor.newest != NEVER and time - sensor.newest > sensor.hold
    higher, lower = value > sensor.high, value < sensor.low
    sensor.newest = time
    sensor.high = max(sensor.high, value) if same_time else value
    sensor.low = min(sensor.low, value) if same_time else value
    sensor.seen = NOT_YET  # for durations a record's time is the first tick after it
    if (quality >= FIRST_BAD and quality != OVER_RANGE) or not np.isfinite(value):
        return make_unknown(sensor, rungs, changes, count, reading, time, REASON_QUALITY + quality)
    bound = quality == OVER_RANGE
    if bound:
        sensor.reason = REASON_QUALITY + OVER_RANGE
    else:
        sensor.reason = REASON_NONE
        sensor.usable = NOT_YET
        count = silence_ends(sensor, rungs, changes, count, reading, time)
    for index in range(sensor.first, sensor.first + sensor.rungs):
        rung = rungs[index]
        if rung.op == SILENCE:
            continue
        if gap:
            forget(rung)
        if bound and not _proves_over_range(rung, value):
            forget(rung)
            if rung.known:
                rung.known = 0
                reason = REASON_QUALITY + OVER_RANGE
                count = put(changes, count, reading, time, time, index, UNKNOWN, reason)
        elif not conflict or _conflict_counts(rung, value, higher, lower):
            count = evaluate(rung, index, value, time, changes, count, reading)
    return count


@njit(cache=True)
def fold_readings(  # noqa: PLR0917 - compiled code passes numbers, not objects
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
    count = 0
    for reading in range(len(codes)):
        if codes[reading] < 0:
            classes[reading] = NOT_IN_FORCE
            continue
        sensor = sensors[codes[reading]]
        time, value, quality = times[reading], values[reading], qualities[reading]
        found = _classify(sensor, ring, time, value, sequences[reading], clock)
        classes[reading] = found
        if found == AHEAD:
            count = make_unknown(sensor, rungs, changes, count, reading, clock[0], REASON_AHEAD)
        elif found == DELAYED:
            sensor.newest = time
            sensor.high = value
            sensor.low = value
            if sensor.reason == REASON_SILENT:
                sensor.reason = REASON_DELAYED
        elif found in (CURRENT, CONFLICT):
            if quality >= FIRST_BAD:
                classes[reading] = UNUSABLE
            conflict = found == CONFLICT
            count = _take(sensor, rungs, time, value, quality, conflict, changes, count, reading)
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
                forget(rungs[index])
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
                    count = put(changes, count, -1, due, sensor.usable, index, TRUE, sensor.reason)
                continue
            if rung.pending == 0:
                continue
            if rung.pending_tick == NOT_YET:
                rung.pending_tick = now
            due = rung.pending_tick + (rung.on_delay if rung.pending == 1 else rung.off_delay)
            if due <= now and due <= expiry and rung.known:
                rung.active = 1 if rung.pending == 1 else 0
                rung.onset = rung.pending_since
                forget(rung)
                condition = TRUE if rung.active else FALSE
                count = put(changes, count, -1, due, rung.onset, index, condition, REASON_NONE)
        if sensor.seen != NEVER and now > expiry:
            # A rung that an over-range value proved ends here too, under that reason.
            reason = REASON_SILENT if sensor.reason == REASON_NONE else sensor.reason
            count = make_unknown(sensor, rungs, changes, count, -1, expiry, reason)
    return count
