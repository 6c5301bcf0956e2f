"""One compiled step out of those of all kinds: which is called is data, in the rule's first word.

Steps take (R, Z, at, h, moved, previous_time, previous_value, time, value): the arena as reals and as
integers (as in mathematics), the places of the rule and of its sensor's head, what is new of the reading
(`memory.SAME_TIME` and following), the reading before, and the reading. They return the signal: NaN where
there is too little data, `NO_VALUE` where there is more than a window holds. State is changed by the reading
before, when a new time begins, and never by the reading itself: another one of its time finds what it found.
"""

from typing import Any

from rules import memory as m
from rules.compiled import inlined
from rules.registry import STEPS

_GIVEN = "R, Z, at, h, moved, previous_time, previous_value, time, value"


def _chosen() -> Any:
    """A chain of comparisons, written out: as nested functions each would be compiled anew in the next."""
    lines = [f"def signal_of(op, {_GIVEN}):"]
    lines += [
        f"    if op == {m.FIRST_OP + number}:\n        return step_{number}({_GIVEN})"
        for number in range(len(STEPS))
    ]
    steps = {f"step_{number}": step for number, step in enumerate(STEPS)}
    exec("\n".join([*lines, "    return value"]), steps)  # noqa: S102 - made of nothing but the numbers here
    return inlined(steps["signal_of"])


signal_of = _chosen()
