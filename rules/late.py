"""The compiled step of a late reading: it decides nothing, and speaks against what was taken for granted."""

from typing import Any

from rules import memory as m
from rules.access import apart
from rules.compiled import outlined
from rules.rungs import back, beyond


@outlined
def contradict(R: Any, Z: Any, h: int, time: int, value: float, bound: bool) -> None:
    """A late reading: a running duration that it speaks against begins anew at the newest reading.

    What stood before the newest reading, and may be taken up again, waits for nothing then.
    """
    apart()
    newest = Z[h + m.NEWEST]
    at = Z[h + m.RULES_AT]
    while Z[at + m.META] & m.OP_MASK != m.OP_END:
        r = Z[at + m.RUNGS_AT]
        for _ in range((Z[at + m.META] >> m.RUNGS_SHIFT) & m.OP_MASK):
            if Z[r + m.TRAITS] & m.TRAIT_DIRECT:
                direction, lower, upper = Z[r + m.DIRECTION], R[r + m.LOWER], R[r + m.UPPER]
                on = not bound and not beyond(direction, value, lower, upper)
                off = not back(direction, value, lower, upper, R[r + m.DEADBAND])
                if bound:
                    off = off and (direction == m.ABOVE or (direction == m.OUTSIDE and value >= lower))
                against = (m.ON_PENDING if on else 0) | (m.OFF_PENDING if off else 0)
                if Z[r + m.STATE] & against and Z[r + m.SINCE] <= time:
                    Z[r + m.SINCE] = newest
                    Z[r + m.SINCE_TICK] = m.NOT_YET
                    Z[h + m.WAKE] = 0
                aside = Z[r + m.UNDO] if Z[r + m.UNDO_TIME] == newest else 0
                if aside & against and Z[r + m.UNDO + m.SINCE - m.STATE] <= time:
                    Z[r + m.UNDO] &= ~m.PENDING
            r += m.RUNG_WORDS
        at += Z[at + m.META] >> m.LENGTH_SHIFT
