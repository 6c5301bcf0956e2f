"""The compiled fold over readings and ticks. In: columns and state; out: changes, state moved on.

One pass in journal order, reading after reading, so that no batch size can show. Decides with
+, - and comparisons only. tests/rules/reference.py does the same in plain Python; every change
must be equal, bit for bit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.compiled import compiled
from rules.layout import (
    ABOVE,
    AHEAD,
    BROKEN_OFF,
    CONFLICT,
    CURRENT,
    DELAYED,
    DUPLICATE,
    FALSE,
    LATE,
    MOST_MISSING,
    NEVER,
    NOT_IN_FORCE,
    NOT_YET,
    NOTHING,
    ON_DELAY,
    OUTSIDE,
    SILENCE,
    TRUE,
    UNKNOWN,
    UNUSABLE,
)
from rules.steps import (
    BAD,
    FIRST_BAD,
    OVER_RANGE,
    REASON_AHEAD,
    REASON_DELAYED,
    REASON_LATE,
    REASON_NEVER_SEEN,
    REASON_NONE,
    REASON_QUALITY,
    REASON_SILENT,
    SECOND,
    evaluate,
    forget,
    key_of,
    make_unknown,
    put,
    seen_before,
    silence_ends,
    worst,
)


@compiled
def _classify(sensor: Any, ring: Any, time: int, value: float, sequence: int, clock: Any) -> int:
    """What a reading is, compared with its sensor's newest and with now; remembers its key."""
    now, received, ahead, delay, window = clock[0], clock[1], clock[2], clock[3], clock[4]
    if time > received + ahead:
        return AHEAD
    key = key_of(time, value, sequence)
    if time <= sensor.newest and seen_before(sensor, ring, key, now // SECOND, window // SECOND):
        return DUPLICATE
    entry = ring[sensor.ring + sensor.ring_next]
    entry.key = key
    entry.second = now // SECOND
    sensor.ring_next = (sensor.ring_next + 1) % sensor.ring_length
    if time < sensor.newest:
        return LATE
    if time < now - delay:
        return DELAYED
    if time == sensor.newest and not (value == sensor.high and value == sensor.low):
        return CONFLICT
    return CURRENT


@compiled
def _proves_over_range(rung: Any, value: float) -> bool:
    """The value is a lower bound: it proves an exceedance, never safety."""
    return bool((rung.op == ABOVE and value >= rung.lower) or (rung.op == OUTSIDE and value >= rung.upper))


@compiled
def _take(
    sensor: Any, rungs: Any, time: int, value: float, quality: int, changes: Any, count: int, reading: int
) -> int:
    """A reading that is current: every rung of its sensor decides, by the worst value of its time."""
    same_time = time == sensor.newest
    gap = sensor.newest != NEVER and time - sensor.newest > sensor.hold
    if not same_time:
        _begin_time(sensor, time)
    sensor.seen = NOT_YET  # for durations a record's time is the first tick after it
    bound = quality == OVER_RANGE
    if not np.isfinite(value) or (quality >= FIRST_BAD and not bound):
        reason = REASON_QUALITY + (quality if quality >= FIRST_BAD else BAD)
        return make_unknown(sensor, rungs, changes, count, reading, time, reason)
    sensor.high = max(sensor.high, value)
    if bound:
        sensor.reason = REASON_QUALITY + OVER_RANGE
    else:
        sensor.low = min(sensor.low, value)
        sensor.reason = REASON_NONE
        sensor.usable = NOT_YET
        count = silence_ends(sensor, rungs, changes, count, reading, time)
    for index in range(sensor.first, sensor.first + sensor.rungs):
        rung = rungs[index]
        if rung.op == SILENCE:
            continue
        if gap:
            forget(rung)
        if bound and not _proves_over_range(rung, sensor.high):
            forget(rung)
            if rung.known:
                rung.known = 0
                reason = REASON_QUALITY + OVER_RANGE
                count = put(changes, count, reading, time, time, index, UNKNOWN, reason)
            continue
        decides = worst(rung.op, sensor.low, sensor.high, rung.lower, rung.upper)
        count = evaluate(rung, index, decides, time, same_time, changes, count, reading)
    return count


@compiled
def _begin_time(sensor: Any, time: int) -> None:
    """The newest time moves on, and no usable value has been seen at it yet."""
    sensor.newest = time
    sensor.high = -np.inf
    sensor.low = np.inf


@compiled
def _count_missing(sensor: Any, sequence: int, found: int) -> None:
    """A gap in a sensor's sequence is readings lost before they reached us; a late one fills it again."""
    if sequence < 0 or found in (AHEAD, DUPLICATE):
        return
    if found == LATE and sequence < sensor.sequence:
        sensor.missing = max(0, sensor.missing - 1)
        return
    step = sequence - sensor.sequence
    if sensor.sequence != NEVER and 1 < step <= MOST_MISSING:
        sensor.missing += step - 1
    if sensor.sequence == NEVER or step != 0:
        sensor.sequence = sequence


@compiled
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
        clock: now, the ingestor's clock, ahead bound, delay bound, duplicate window (all ns).
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
        _count_missing(sensor, sequences[reading], found)
        if found == AHEAD:
            count = make_unknown(sensor, rungs, changes, count, reading, clock[0], REASON_AHEAD)
        elif found == DELAYED:
            # It decides nothing, and no duration goes on across it either: it may say the contrary.
            for index in range(sensor.first, sensor.first + sensor.rungs):
                if rungs[index].op != SILENCE:
                    forget(rungs[index])
            _begin_time(sensor, time)
            if sensor.reason in (REASON_NEVER_SEEN, REASON_SILENT, REASON_LATE):
                sensor.reason = REASON_DELAYED
        elif found == LATE:
            if sensor.reason == REASON_SILENT:
                sensor.reason = REASON_LATE
        elif found in (CURRENT, CONFLICT):
            if quality >= FIRST_BAD or not np.isfinite(value):
                classes[reading] = UNUSABLE
            count = _take(sensor, rungs, time, value, quality, changes, count, reading)
    return count


@compiled
def _begin_anew(sensor: Any, rungs: Any, now: int) -> None:
    """Time was lost: no duration goes on, hold time and silence begin at `now`."""
    for index in range(sensor.first, sensor.first + sensor.rungs):
        forget(rungs[index])
    if sensor.seen != NEVER:
        sensor.seen = now
    sensor.usable = now


@compiled
def fold_tick(sensors: Any, rungs: Any, now: int, leap: bool, changes: Any) -> int:
    """Let time pass to tick `now`: durations complete within a sensor's hold time, holds expire.

    Changes carry `due`, by which the caller orders them.
    """
    count = 0
    for number in range(len(sensors)):
        sensor = sensors[number]
        if leap:
            _begin_anew(sensor, rungs, now)
            continue
        # Above now only where a person has put log time back: no duration completes across that.
        if sensor.seen == NOT_YET or sensor.seen > now:
            sensor.seen = now
        if sensor.usable == NOT_YET or sensor.usable > now:
            sensor.usable = now
        expiry = sensor.seen + sensor.hold
        for index in range(sensor.first, sensor.first + sensor.rungs):
            rung = rungs[index]
            if rung.op == SILENCE:
                due = sensor.usable + rung.on_delay
                if not rung.active and due <= now:
                    rung.active = 1
                    rung.onset = sensor.usable
                    reason = REASON_SILENT if sensor.reason == REASON_NONE else sensor.reason
                    count = put(changes, count, -1, due, sensor.usable, index, TRUE, reason)
                continue
            if rung.pending == NOTHING:
                continue
            if rung.pending_tick > now:
                forget(rung)
                continue
            if rung.pending_tick == NOT_YET:
                rung.pending_tick = now
            if rung.pending == BROKEN_OFF:
                continue
            due = rung.pending_tick + (rung.on_delay if rung.pending == ON_DELAY else rung.off_delay)
            if due <= now and due <= expiry and rung.known:
                rung.active = 1 if rung.pending == ON_DELAY else 0
                rung.onset = rung.pending_since
                forget(rung)
                condition = TRUE if rung.active else FALSE
                # What the newest reading said speaks until another one does: a page must name a number.
                changes[count].value = worst(rung.op, sensor.low, sensor.high, rung.lower, rung.upper)
                count = put(changes, count, -1, due, rung.onset, index, condition, REASON_NONE)
        if sensor.seen != NEVER and now > expiry:
            # A rung that an over-range value proved ends here too, under that reason.
            reason = REASON_SILENT if sensor.reason == REASON_NONE else sensor.reason
            count = make_unknown(sensor, rungs, changes, count, -1, expiry, reason)
    return count
