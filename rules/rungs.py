"""Compiled steps on the rungs of a rule: a signal in, conditions changed and written to the desk.

A rung begins, holds and ends by limit, deadband and delays. What a reading changed is kept aside as long as
another one of the same time may come, so that of several the order does not show.
"""

import math
from typing import Any

from rules import memory as m
from rules.access import apart
from rules.compiled import inlined, outlined


@inlined
def beyond(direction: int, value: float, lower: float, upper: float) -> bool:
    if direction == m.ABOVE:
        return value >= lower
    if direction == m.BELOW:
        return value <= lower
    return value <= lower or value >= upper


@inlined
def back(direction: int, value: float, lower: float, upper: float, deadband: float) -> bool:
    """True where the value has come back from the limit by the deadband."""
    if direction == m.ABOVE:
        return value < lower - deadband
    if direction == m.BELOW:
        return value > lower + deadband
    return value > lower + deadband and value < upper - deadband


@inlined
def worst(direction: int, low: float, high: float, lower: float, upper: float) -> float:
    """Of the smallest and the largest value at one time the one that counts: nearer to or further beyond."""
    if direction == m.ABOVE:
        return high
    if direction == m.BELOW:
        return low
    return low if low - lower <= upper - high else high


@inlined
def worse(direction: int, value: float, than: float, lower: float, upper: float) -> bool:
    """True where `value` is further towards or beyond the limit."""
    if direction == m.ABOVE:
        return value > than
    if direction == m.BELOW:
        return value < than
    return max(lower - value, value - upper) > max(lower - than, than - upper)


@outlined
def put(
    R: Any,
    Z: Any,
    at: int,
    r: int,
    reading: int,
    due: int,
    since: int,
    value: float,
    condition: int,
    reason: int,
    was_true: bool,
) -> None:
    """Write a change of the rung at `r` of the rule at `at`, with its extreme where it is or was true."""
    apart()
    found = Z[m.DESK_FOUND]
    if found >= Z[m.DESK_ROOM]:
        raise IndexError("more changes than the desk has room for")
    Z[m.DESK_FOUND] = found + 1
    o = Z[m.DESK_OUT] + found * m.OUT_WORDS
    Z[o + m.OUT_READING] = reading
    Z[o + m.OUT_DUE] = due
    Z[o + m.OUT_SINCE] = since
    R[o + m.OUT_VALUE] = value
    R[o + m.OUT_AUX] = R[at + m.AUX]
    R[o + m.OUT_EXTREME] = math.nan
    Z[o + m.OUT_EXTREME_AT] = 0
    if was_true or Z[r + m.STATE] & m.ACTIVE:
        R[o + m.OUT_EXTREME] = R[r + m.EXTREME]
        Z[o + m.OUT_EXTREME_AT] = Z[r + m.EXTREME_AT]
        R[r + m.TOLD_EXTREME] = R[r + m.EXTREME]
        Z[r + m.TOLD_AT] = m.NOT_YET
    Z[o + m.OUT_RUNG] = Z[r + m.RUNG_NUMBER]
    Z[o + m.OUT_CONDITION] = condition
    Z[o + m.OUT_REASON] = reason
    Z[o + m.OUT_CONFLICT] = 0
    Z[o + m.OUT_KIND] = m.OUT_FINDING
    Z[r + m.TOLD] = condition


@outlined
def set_guards(R: Any, Z: Any, at: int) -> None:
    """Between the guards no rung of the rule changes: all are known, false and wait for nothing."""
    apart()
    low, high = -math.inf, math.inf
    r = Z[at + m.RUNGS_AT]
    for _ in range((Z[at + m.META] >> m.RUNGS_SHIFT) & m.OP_MASK):
        if Z[r + m.STATE] != m.KNOWN or Z[r + m.TOLD] != m.FALSE:
            low, high = math.inf, -math.inf
        elif Z[r + m.DIRECTION] == m.ABOVE:
            high = min(high, R[r + m.LOWER])
        elif Z[r + m.DIRECTION] == m.BELOW:
            low = max(low, R[r + m.LOWER])
        else:
            low = max(low, R[r + m.LOWER])
            high = min(high, R[r + m.UPPER])
        r += m.RUNG_WORDS
    R[at + m.GUARD_LOW] = low
    R[at + m.GUARD_HIGH] = high


@inlined
def keep_aside(Z: Any, r: int, time: int) -> None:
    Z[r + m.UNDO_TIME] = time
    for word in range(6):
        Z[r + m.UNDO + word] = Z[r + m.STATE + word]


@inlined
def take_up(Z: Any, r: int) -> None:
    for word in range(6):
        Z[r + m.STATE + word] = Z[r + m.UNDO + word]


@inlined
def forget(Z: Any, r: int) -> None:
    """Nothing is waited for, and what was decided stands."""
    Z[r + m.STATE] &= ~m.PENDING
    Z[r + m.SINCE_TICK] = m.NEVER
    Z[r + m.UNDO_TIME] = m.NEVER


@inlined
def _disproved(
    R: Any, Z: Any, h: int, direction: int, traits: int, value: float, lower: float, upper: float
) -> bool:
    """Some of this time's readings prove nothing: true unless the others prove that the limit is reached."""
    if not beyond(direction, value, lower, upper):
        return True
    if Z[h + m.BOUND] == 0 or direction == m.ABOVE:
        return False
    # A lower bound takes part: it never proves what is low.
    if traits & m.TRAIT_DIRECT:
        return direction == m.OUTSIDE and value < upper and R[h + m.LOW] > lower
    return direction == m.BELOW or value < upper


@inlined
def _wait(Z: Any, r: int, state: int, pending: int, time: int, before: int, since: int, tick: int) -> int:
    """Begin a duration; where this time's other reading had begun it, its tick has counted since."""
    Z[r + m.SINCE] = time
    again = before & pending and since == time
    Z[r + m.SINCE_TICK] = tick if again else m.NOT_YET
    return (state & ~m.PENDING) | pending


@outlined
def decide(
    R: Any, Z: Any, h: int, at: int, signal: float, time: int, mode: int, reason: int, reading: int
) -> None:
    """A reading's signal on every rung of a rule.

    Args:
        mode: NORMAL, or PROVES where only what is beyond a limit is proven.
        reason: why nothing else is, in mode PROVES.
    """
    apart()
    r = Z[at + m.RUNGS_AT]
    low, high = R[h + m.LOW], R[h + m.HIGH]
    for _ in range((Z[at + m.META] >> m.RUNGS_SHIFT) & m.OP_MASK):
        before, since, tick = Z[r + m.STATE], Z[r + m.SINCE], Z[r + m.SINCE_TICK]
        if Z[r + m.UNDO_TIME] == time:
            take_up(Z, r)
        else:
            keep_aside(Z, r, time)
        state, direction, traits = Z[r + m.STATE], Z[r + m.DIRECTION], Z[r + m.TRAITS]
        was_true = state & m.ACTIVE != 0
        lower, upper = R[r + m.LOWER], R[r + m.UPPER]
        value = worst(direction, low, high, lower, upper) if traits & m.TRAIT_DIRECT else signal
        if traits & m.TRAIT_RANGE and Z[h + m.BOUND]:
            value = max(high, upper)
        if not math.isfinite(value):
            if mode == m.NORMAL:
                reason = m.REASON_TOO_MUCH if value == m.NO_VALUE else m.REASON_TOO_LITTLE
            state &= ~(m.KNOWN | m.PENDING)
        elif mode == m.PROVES and _disproved(R, Z, h, direction, traits, value, lower, upper):
            state &= ~(m.KNOWN | m.PENDING)
        else:
            if not state & m.KNOWN and not state & m.ACTIVE:
                Z[r + m.ONSET] = time
            state |= m.KNOWN
            if state & m.ACTIVE:
                if back(direction, value, lower, upper, R[r + m.DEADBAND]):
                    if not state & m.OFF_PENDING:
                        state = _wait(Z, r, state, m.OFF_PENDING, time, before, since, tick)
                    if time - Z[r + m.SINCE] >= Z[r + m.OFF_DELAY]:
                        state = m.KNOWN
                        Z[r + m.ONSET] = Z[r + m.SINCE]
                else:
                    state &= ~m.PENDING
                if worse(direction, value, R[r + m.EXTREME], lower, upper):
                    R[r + m.EXTREME] = value
                    Z[r + m.EXTREME_AT] = time
                    if traits & m.TRAIT_EXTREME:
                        Z[h + m.WAKE] = min(Z[h + m.WAKE], Z[r + m.TOLD_AT] + m.EXTREME_EVERY)
            elif beyond(direction, value, lower, upper):
                if not state & m.ON_PENDING:
                    state = _wait(Z, r, state, m.ON_PENDING, time, before, since, tick)
                    Z[r + m.EXTREME_AT] = m.NEVER
                if Z[r + m.EXTREME_AT] == m.NEVER or worse(direction, value, R[r + m.EXTREME], lower, upper):
                    R[r + m.EXTREME] = value
                    Z[r + m.EXTREME_AT] = time
                if time - Z[r + m.SINCE] >= Z[r + m.ON_DELAY]:
                    state = m.KNOWN | m.ACTIVE
                    Z[r + m.ONSET] = Z[r + m.SINCE]
            else:
                state &= ~m.PENDING
        if not state & m.PENDING:
            Z[r + m.SINCE_TICK] = m.NEVER
        if (state | Z[r + m.UNDO]) & m.PENDING:
            Z[h + m.WAKE] = 0
        R[r + m.NEWEST_SIGNAL] = value
        Z[r + m.STATE] = state
        condition = m.UNKNOWN
        if state & m.KNOWN:
            condition = m.TRUE if state & m.ACTIVE else m.FALSE
        told = Z[r + m.TOLD]
        if condition != told and not (condition == m.UNKNOWN and told == m.UNTOLD):
            if condition == m.TRUE:
                Z[h + m.WAKE] = 0
            if condition == m.UNKNOWN:
                put(R, Z, at, r, reading, time, time, value, condition, reason, was_true)
            else:
                put(R, Z, at, r, reading, time, Z[r + m.ONSET], value, condition, m.REASON_NONE, was_true)
        r += m.RUNG_WORDS
    set_guards(R, Z, at)


@outlined
def all_unknown(R: Any, Z: Any, h: int, reading: int, at_ns: int, reason: int) -> None:
    """The sensor cannot tell: no duration goes on, no condition clears, and what was decided stands."""
    apart()
    Z[h + m.REASON] = reason
    at = Z[h + m.RULES_AT]
    while Z[at + m.META] & m.OP_MASK != m.OP_END:
        if Z[at + m.META] & m.OP_MASK != m.OP_SILENCE:
            r = Z[at + m.RUNGS_AT]
            for _ in range((Z[at + m.META] >> m.RUNGS_SHIFT) & m.OP_MASK):
                forget(Z, r)
                Z[r + m.STATE] &= ~m.KNOWN
                if Z[r + m.TOLD] == m.TRUE or Z[r + m.TOLD] == m.FALSE:
                    put(R, Z, at, r, reading, at_ns, at_ns, math.nan, m.UNKNOWN, reason, False)
                r += m.RUNG_WORDS
            set_guards(R, Z, at)
        at += Z[at + m.META] >> m.LENGTH_SHIFT


@outlined
def forget_rule(R: Any, Z: Any, at: int) -> None:
    """No duration of the rule goes on."""
    apart()
    r = Z[at + m.RUNGS_AT]
    for _ in range((Z[at + m.META] >> m.RUNGS_SHIFT) & m.OP_MASK):
        forget(Z, r)
        r += m.RUNG_WORDS
    set_guards(R, Z, at)


@outlined
def forget_all(R: Any, Z: Any, h: int) -> None:
    """No duration of the sensor goes on."""
    apart()
    at = Z[h + m.RULES_AT]
    while Z[at + m.META] & m.OP_MASK != m.OP_END:
        if Z[at + m.META] & m.OP_MASK != m.OP_SILENCE:
            forget_rule(R, Z, at)
        at += Z[at + m.META] >> m.LENGTH_SHIFT
