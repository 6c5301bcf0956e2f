"""The compiled fold over readings. In: columns and the arena; out: changes on the desk, the arena moved on.

One pass in journal order, reading after reading, so that no batch size can show. Decides with
+ - * / sqrt and comparisons only. tests/rules/reference.py does the same in plain Python; every change
must be equal, bit for bit.
"""

import math
from typing import Any

import numpy as np

from rules import memory as m
from rules.access import apart, fetch, floats_of, integers_of
from rules.compiled import compiled, inlined, outlined
from rules.dispatch import signal_of
from rules.history import keep_history
from rules.keys import key_of, remember, seen_before
from rules.late import contradict
from rules.rungs import all_unknown, decide, forget_all, forget_rule, put

u = np.uint64
AHEAD_BY = 8  # readings: far enough for memory, near enough to stay in the cache
RULE_LINES = 9  # six rules


@inlined
def count_missing(Z: Any, h: int, sequence: int, late: bool) -> None:
    """A gap in a sensor's sequence is readings lost before they reached us; a late one fills it again."""
    if sequence < 0:
        return
    before = Z[h + m.SEQUENCE]
    if late and sequence < before:
        if Z[h + m.MISSING] > 0:
            Z[h + m.MISSING] -= 1
            Z[m.DESK_MISSING] -= 1
        return
    step = sequence - before
    if before != m.NEVER and 1 < step <= m.MOST_MISSING:
        Z[h + m.MISSING] += step - 1
        Z[m.DESK_MISSING] += step - 1
    Z[h + m.SEQUENCE] = sequence


@outlined
def silence_ends(R: Any, Z: Any, h: int, reading: int, time: int) -> None:
    apart()
    Z[h + m.FLAGS] &= ~m.FLAG_SILENT
    Z[h + m.WAKE] = 0  # the tick finds the next silence's time
    at = Z[h + m.RULES_AT]
    while Z[at + m.META] & m.OP_MASK != m.OP_END:
        if Z[at + m.META] & m.OP_MASK == m.OP_SILENCE:
            r = Z[at + m.RUNGS_AT]
            if Z[r + m.STATE] & m.ACTIVE:
                Z[r + m.STATE] = m.KNOWN
                put(R, Z, at, r, reading, time, time, math.nan, m.FALSE, m.REASON_NONE, False)
        at += Z[at + m.META] >> m.LENGTH_SHIFT


@outlined
def bound_means(Z: Any, h: int, time: int) -> None:
    """A lower bound makes each mean that it comes into a lower bound."""
    apart()
    at = Z[h + m.RULES_AT]
    while Z[at + m.META] & m.OP_MASK != m.OP_END:
        if Z[Z[at + m.RUNGS_AT] + m.TRAITS] & m.TRAIT_MEAN:
            Z[at + m.OWN] = time + Z[at + m.OWN + 1]
        at += Z[at + m.META] >> m.LENGTH_SHIFT


@outlined
def prepare(
    R: Any,
    Z: Any,
    h: int,
    reading: int,
    time: int,
    value: float,
    quality: Any,
    sequence: int,
    now: int,
    received: int,
) -> int:
    """Any reading: what it is taken for, and how the rules take it; moves the sensor's head on."""
    apart()
    if time > received + Z[m.DESK_AHEAD]:
        Z[m.DESK_COUNTS + m.AHEAD] += 1
        all_unknown(R, Z, h, reading, now, m.REASON_AHEAD)
        return m.SKIP
    newest = Z[h + m.NEWEST]
    # A copy that proves something else is no copy: its badness is part of what it says.
    says = sequence ^ (quality << 56) if quality >= m.FIRST_BAD else sequence
    key = key_of(time, value, says, now // m.SECOND)
    if time <= newest and seen_before(Z, h, key, Z[m.DESK_WINDOW]):
        Z[m.DESK_COUNTS + m.DUPLICATE] += 1
        return m.SKIP
    remember(Z, h, key)
    usable = math.isfinite(value) and quality < m.FIRST_BAD
    bound = math.isfinite(value) and quality == m.OVER_RANGE
    if time < newest:
        Z[m.DESK_COUNTS + m.LATE] += 1
        count_missing(Z, h, sequence, True)
        if Z[h + m.REASON] == m.REASON_SILENT:
            Z[h + m.REASON] = m.REASON_LATE
        if usable or bound:
            contradict(R, Z, h, time, value, bound)
        return m.SKIP
    count_missing(Z, h, sequence, False)
    delayed = time < now - Z[m.DESK_DELAY]
    same = time == newest
    conflict = same and not (value == R[h + m.HIGH] and value == R[h + m.LOW])
    if delayed:
        Z[m.DESK_COUNTS + m.DELAYED] += 1
    elif not (usable or bound) or quality >= m.FIRST_BAD:
        Z[m.DESK_COUNTS + m.UNUSABLE] += 1
    else:
        Z[m.DESK_COUNTS + (m.CONFLICT if conflict else m.CURRENT)] += 1
    Z[h + m.DISAGREES] = conflict and usable
    if delayed or (not same and newest != m.NEVER and time - newest > Z[h + m.HOLD]):
        # A gap, or what may say the contrary: no duration goes on across it.
        forget_all(R, Z, h)
    if not same:
        Z[h + m.NEWEST] = time
        R[h + m.HIGH], R[h + m.LOW] = -math.inf, math.inf
        Z[h + m.SAID_BAD], Z[h + m.BOUND] = m.REASON_NONE, 0
    if usable or bound:
        R[h + m.HIGH] = max(R[h + m.HIGH], value)
    if usable:
        R[h + m.LOW] = min(R[h + m.LOW], value)
    elif bound:
        Z[h + m.BOUND] = 1
        bound_means(Z, h, time)
    elif not delayed:
        bad = m.REASON_QUALITY + (quality if quality >= m.FIRST_BAD else m.BAD)
        Z[h + m.SAID_BAD] = max(Z[h + m.SAID_BAD], bad)
    if delayed:
        if m.REASON_NEVER_SEEN <= Z[h + m.REASON] <= m.REASON_LATE:
            Z[h + m.REASON] = m.REASON_DELAYED
        return m.FEED
    Z[h + m.SEEN] = m.NOT_YET
    if usable:
        Z[h + m.USABLE] = m.NOT_YET
        if Z[h + m.FLAGS] & m.FLAG_SILENT:
            silence_ends(R, Z, h, reading, time)
    reason = Z[h + m.SAID_BAD]
    if reason == m.REASON_NONE and Z[h + m.BOUND]:
        reason = m.REASON_OVER_RANGE
    Z[h + m.REASON] = reason
    return m.NORMAL if reason == m.REASON_NONE else m.PROVES


@outlined
def _judge(R: Any, Z: Any, h: int, at: int, signal: float, time: int, mode: int, reading: int) -> None:
    """One rule that the guards do not settle."""
    apart()
    reason = Z[h + m.REASON]
    op = Z[at + m.META] & m.OP_MASK
    if op == m.OP_SILENCE:
        return
    first = Z[at + m.RUNGS_AT]
    if Z[first + m.TRAITS] & m.TRAIT_MEAN:
        if R[h + m.HIGH] == m.NO_VALUE and math.isfinite(signal):
            # A bad reading is data that is missing: the mean stands, and no duration goes on.
            forget_rule(R, Z, at)
            return
        # A mean over lower bounds proves nothing but what is beyond.
        mode = m.PROVES if time < Z[at + m.OWN] else m.NORMAL
        reason = m.REASON_OVER_RANGE
    decide(R, Z, h, at, signal, time, mode, reason, reading)


@inlined
def fetch_head(Z: Any, h: int) -> None:
    fetch(Z, h)
    fetch(Z, h + 8)


@inlined
def fetch_rules(Z: Any, h: int) -> None:
    """What is read first and together: the rules with their signals, the places of next key and reading."""
    at = Z[h + m.RULES_AT]
    for line in range(RULE_LINES):
        fetch(Z, at + 8 * line)
    fetch(Z, Z[h + m.KEY_NEXT])
    fetch(Z, Z[h + m.HISTORY_NEXT])


@compiled
def fold_readings(
    arena: Any,
    places: Any,
    codes: Any,
    times: Any,
    values: Any,
    qualities: Any,
    sequences: Any,
    start: int,
    now: int,
    received: int,
) -> int:
    """Fold a batch from reading `start` on.

    Args:
        places: for each of the batch's own codes the sensor's number, -1 where it is not in force.
        now, received: log time, or the ingestor's clock where that is later; the ingestor's clock.

    Returns:
        The reading before which the desk's room ran out, or their number when all are folded; negative
        where something was found.
    """
    Z, R = integers_of(arena), floats_of(arena)
    Z[m.DESK_FOUND] = 0
    heads = Z[m.DESK_HEADS]
    # Room for whatever one reading can change is kept.
    enough = Z[m.DESK_ROOM] // 2
    latest, oldest = received + Z[m.DESK_AHEAD], now - Z[m.DESK_DELAY]
    second = now // m.SECOND
    count = len(codes)
    current = 0
    elsewhere = 0
    reading = start
    for first in range(start, min(start + AHEAD_BY, count)):
        fetch_head(Z, heads + max(0, places[u(codes[u(first)])]) * m.HEAD_WORDS)
    for first in range(start, min(start + AHEAD_BY // 2, count)):
        fetch_rules(Z, heads + max(0, places[u(codes[u(first)])]) * m.HEAD_WORDS)
    while reading < count and Z[m.DESK_FOUND] <= enough:
        number = places[u(codes[u(reading)])]
        if reading + AHEAD_BY < count:
            fetch_head(Z, heads + max(0, places[u(codes[u(reading + AHEAD_BY)])]) * m.HEAD_WORDS)
        if reading + AHEAD_BY // 2 < count:
            fetch_rules(Z, heads + max(0, places[u(codes[u(reading + AHEAD_BY // 2)])]) * m.HEAD_WORDS)
        if number < 0:
            elsewhere += 1
            reading += 1
            continue
        h = heads + number * m.HEAD_WORDS
        time, value, quality = times[u(reading)], values[u(reading)], np.int64(qualities[u(reading)])
        previous_time, previous_value = Z[h + m.NEWEST], R[h + m.HIGH]
        step = time - previous_time
        mode = m.NORMAL
        found = Z[m.DESK_FOUND]
        if (
            step > 0
            and time <= latest
            and time >= oldest
            and quality < m.FIRST_BAD
            and step <= Z[h + m.HOLD]
            and Z[h + m.REASON] == m.REASON_NONE
            and math.isfinite(value)
            and not Z[h + m.FLAGS] & m.FLAG_SILENT
        ):
            # Nearly all readings: newer, current, good, of a sensor that could tell before.
            current += 1
            remember(Z, h, key_of(time, value, sequences[u(reading)], second))
            count_missing(Z, h, sequences[u(reading)], False)
            Z[h + m.NEWEST] = time
            R[h + m.HIGH] = value
            R[h + m.LOW] = value
            Z[h + m.SEEN] = m.NOT_YET
            Z[h + m.USABLE] = m.NOT_YET
        else:
            mode = prepare(R, Z, h, reading, time, value, quality, sequences[u(reading)], now, received)
            if mode == m.SKIP:
                reading += 1
                continue
            value = R[h + m.HIGH] if R[h + m.HIGH] > m.NO_VALUE else math.nan
        moved = m.SAME_TIME
        if step > 0:
            moved = m.NEW_TIME
            if previous_value > m.NO_VALUE:
                moved = keep_history(R, Z, h, previous_time, previous_value)
        at = Z[h + m.RULES_AT]
        meta = Z[at + m.META]
        while meta & m.OP_MASK != m.OP_END:
            signal = signal_of(
                meta & m.OP_MASK, R, Z, at, h, moved, previous_time, previous_value, time, value
            )
            settled = R[at + m.GUARD_LOW] < signal < R[at + m.GUARD_HIGH] and mode == m.NORMAL and step > 0
            if not settled and mode != m.FEED:
                _judge(R, Z, h, at, signal, time, mode, reading)
            at += meta >> m.LENGTH_SHIFT
            meta = Z[at + m.META]
        if step == 0 and Z[h + m.DISAGREES] and Z[m.DESK_FOUND] > found:
            _mark_conflict(Z, found)
        reading += 1
    Z[m.DESK_COUNTS + m.CURRENT] += current
    Z[m.DESK_COUNTS + m.NOT_IN_FORCE] += elsewhere
    return reading if Z[m.DESK_FOUND] == 0 else -reading


@outlined
def _mark_conflict(Z: Any, first: int) -> None:
    apart()
    for change in range(first, Z[m.DESK_FOUND]):
        Z[Z[m.DESK_OUT] + change * m.OUT_WORDS + m.OUT_CONFLICT] = 1
