"""The compiled fold over ticks: durations complete within a sensor's hold time, holds expire, silence begins.

A tick reads the heads of all sensors and looks only into those that something is due for.
"""

import math
from typing import Any

import numpy as np

from rules import memory as m
from rules.access import apart, floats_of, integers_of
from rules.compiled import compiled, inlined, outlined
from rules.rungs import all_unknown, forget_all, put, set_guards

NO_LEAP, LEAP, PUT_BACK = 0, 1, 2


@outlined
def _begin_anew(R: Any, Z: Any, h: int, now: int) -> None:
    """Time was lost: no duration goes on, hold time and silence begin at `now`."""
    apart()
    forget_all(R, Z, h)
    if Z[h + m.SEEN] != m.NEVER:
        Z[h + m.SEEN] = now
    Z[h + m.USABLE] = now
    Z[h + m.WAKE] = 0


@inlined
def _complete(R: Any, Z: Any, h: int, at: int, r: int, due: int) -> None:
    """A duration ends at this tick, and with it what a second reading could have decided anew."""
    off = Z[r + m.STATE] & m.OFF_PENDING != 0
    Z[r + m.STATE] = m.KNOWN if off else m.KNOWN | m.ACTIVE
    Z[r + m.ONSET] = Z[r + m.SINCE]
    Z[r + m.SINCE_TICK] = m.NEVER
    Z[r + m.UNDO_TIME] = m.NEVER
    # What the newest reading said speaks until another one does: a page must name a number.
    value = R[r + m.NEWEST_SIGNAL]
    condition = m.FALSE if off else m.TRUE
    put(R, Z, at, r, -1, due, Z[r + m.ONSET], value, condition, m.REASON_NONE, True)


@outlined
def _tell_extreme(R: Any, Z: Any, at: int, r: int, now: int) -> Any:
    """A new extreme since the last one told, at most each 10 s; returns when to look again."""
    apart()
    if Z[r + m.TOLD_AT] == m.NOT_YET or Z[r + m.TOLD_AT] > now:
        Z[r + m.TOLD_AT] = now
    if R[r + m.EXTREME] == R[r + m.TOLD_EXTREME]:
        return m.FAR
    due = Z[r + m.TOLD_AT] + m.EXTREME_EVERY
    if due > now:
        return due
    put(R, Z, at, r, -1, now, Z[r + m.ONSET], R[r + m.EXTREME], Z[r + m.TOLD], m.REASON_NONE, True)
    last = Z[m.DESK_OUT] + (Z[m.DESK_FOUND] - 1) * m.OUT_WORDS
    Z[last + m.OUT_KIND] = m.OUT_NEW_EXTREME
    Z[r + m.TOLD_AT] = now
    return m.FAR


@outlined
def _silence(R: Any, Z: Any, h: int, at: int, r: int, now: int) -> Any:
    """Returns the rung's time of silence where it is not silent yet."""
    apart()
    if Z[r + m.STATE] & m.ACTIVE:
        return m.FAR
    due = Z[h + m.USABLE] + Z[r + m.ON_DELAY]
    if due > now:
        return Z[r + m.ON_DELAY]
    Z[r + m.STATE] = m.KNOWN | m.ACTIVE
    Z[r + m.ONSET] = Z[h + m.USABLE]
    Z[h + m.FLAGS] |= m.FLAG_SILENT
    reason = Z[h + m.REASON]
    if reason == m.REASON_NONE:
        reason = m.REASON_SILENT
    put(R, Z, at, r, -1, due, Z[r + m.ONSET], math.nan, m.TRUE, reason, False)
    R[Z[m.DESK_OUT] + (Z[m.DESK_FOUND] - 1) * m.OUT_WORDS + m.OUT_EXTREME] = math.nan
    return m.FAR


@outlined
def _stamp(Z: Any, r: int, now: int) -> None:
    """The first tick after what began since the last one; what counts from a later one is forgotten."""
    apart()
    if Z[r + m.STATE] & m.PENDING:
        if Z[r + m.SINCE_TICK] == m.NOT_YET:
            Z[r + m.SINCE_TICK] = now
        elif Z[r + m.SINCE_TICK] > now:
            Z[r + m.STATE] &= ~m.PENDING
            Z[r + m.SINCE_TICK] = m.NEVER
    if Z[r + m.UNDO_TIME] != m.NEVER and Z[r + m.UNDO] & m.PENDING:
        aside = r + m.UNDO + m.SINCE_TICK - m.STATE
        if Z[aside] == m.NOT_YET:
            Z[aside] = now
        elif Z[aside] > now:
            Z[r + m.UNDO] &= ~m.PENDING


@outlined
def look(R: Any, Z: Any, h: int, now: int) -> None:
    """What is due on one sensor."""
    apart()
    seen = Z[h + m.SEEN]
    expiry = seen + Z[h + m.HOLD]
    wake = quiet = m.FAR
    at = Z[h + m.RULES_AT]
    while Z[at + m.META] & m.OP_MASK != m.OP_END:
        r = Z[at + m.RUNGS_AT]
        changed = False
        for _ in range((Z[at + m.META] >> m.RUNGS_SHIFT) & m.OP_MASK):
            if Z[at + m.META] & m.OP_MASK == m.OP_SILENCE:
                quiet = min(quiet, _silence(R, Z, h, at, r, now))
                r += m.RUNG_WORDS
                continue
            before = Z[r + m.STATE]
            _stamp(Z, r, now)
            state = Z[r + m.STATE]
            if state & m.PENDING:
                delay = Z[r + (m.OFF_DELAY if state & m.OFF_PENDING else m.ON_DELAY)]
                due = Z[r + m.SINCE_TICK] + delay
                if due <= now and due <= expiry and state & m.KNOWN:
                    _complete(R, Z, h, at, r, due)
                else:
                    wake = min(wake, due)
            state = Z[r + m.STATE]
            if state & m.ACTIVE and Z[r + m.TRAITS] & m.TRAIT_EXTREME:
                wake = min(wake, _tell_extreme(R, Z, at, r, now))
            changed = changed or state != before
            r += m.RUNG_WORDS
        if changed:
            set_guards(R, Z, at)
        at += Z[at + m.META] >> m.LENGTH_SHIFT
    Z[h + m.WAKE] = wake
    Z[h + m.QUIET] = quiet
    if seen != m.NEVER and now > expiry:
        # A rung that an over-range value proved ends here too, under that reason.
        reason = Z[h + m.REASON]
        all_unknown(R, Z, h, -1, expiry, m.REASON_SILENT if reason == m.REASON_NONE else reason)
        Z[h + m.SEEN] = m.NEVER


@compiled
def fold_tick(arena: Any, start: int, now: int, moved: int) -> int:
    """Let time pass to tick `now`, from sensor `start` on.

    Args:
        moved: NO_LEAP, LEAP, or PUT_BACK where a person has put log time back since the last tick.

    Returns:
        The sensor before which the desk's room ran out; their number when all are done.
    """
    Z, R = integers_of(arena), floats_of(arena)
    Z[m.DESK_FOUND] = 0
    if start == 0:
        Z[m.DESK_WATCHING] = 0
    enough = Z[m.DESK_ROOM] // 2
    count = Z[m.DESK_SENSORS]
    watching = 0
    number = start
    h = Z[m.DESK_HEADS] + start * m.HEAD_WORDS
    while number < count and Z[m.DESK_FOUND] <= enough:
        if moved == LEAP:
            _begin_anew(R, Z, h, now)
        else:
            if Z[h + m.SEEN] == m.NOT_YET or Z[h + m.SEEN] > now:
                Z[h + m.SEEN] = now
            if Z[h + m.USABLE] == m.NOT_YET or Z[h + m.USABLE] > now:
                Z[h + m.USABLE] = now
            seen = Z[h + m.SEEN]
            if (
                Z[h + m.WAKE] <= now
                or moved == PUT_BACK
                or (seen != m.NEVER and now > seen + Z[h + m.HOLD])
                or Z[h + m.USABLE] + Z[h + m.QUIET] <= now
            ):
                look(R, Z, h, now)
        watching += Z[h + m.FLAGS] & m.FLAG_COUNTED & np.int64(Z[h + m.REASON] == m.REASON_NONE)
        number += 1
        h += m.HEAD_WORDS
    Z[m.DESK_WATCHING] += watching
    if number == count:
        Z[m.DESK_LAST_TICK] = now
    return number


@compiled
def quarantine(arena: Any, number: int, now: int) -> None:
    """The sensor cannot tell, since a record that speaks of it could not be folded."""
    Z, R = integers_of(arena), floats_of(arena)
    Z[m.DESK_FOUND] = 0
    h = Z[m.DESK_HEADS] + number * m.HEAD_WORDS
    all_unknown(R, Z, h, -1, now, m.REASON_QUARANTINED)
