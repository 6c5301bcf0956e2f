"""Compiled steps on the keys of a sensor's readings, by which it knows those that come again.

A key is one word: 40 mixed bits of time, value and sequence over 24 bits of the second in which it came.
Only a reading that is not newer than its sensor's newest can be a duplicate, so only those pay for looking
it up.
"""

from typing import Any

import numpy as np

from rules import memory as m
from rules.access import apart
from rules.compiled import inlined, outlined

u = np.uint64


@inlined
def key_of(time: int, value: float, sequence: int, second: int) -> Any:
    """40 mixed bits of time, value and sequence (splitmix64's constants), over the second of log time."""
    bits = np.float64(value + 0.0).view(np.uint64)
    key = u(time) ^ (bits * u(0x9E3779B97F4A7C15))
    key = (key ^ (key >> u(30))) * u(0xBF58476D1CE4E5B9)
    key ^= u(sequence) * u(0x94D049BB133111EB)
    key = (key ^ (key >> u(27))) * u(0x94D049BB133111EB)
    return np.int64((key & u(0xFFFFFFFFFF000000)) | (u(second) & u(0xFFFFFF)))


@inlined
def remember(Z: Any, h: int, key: int) -> None:
    place = Z[h + m.KEY_NEXT]
    Z[place] = key
    place += 1
    Z[h + m.KEY_NEXT] = Z[h + m.KEY_AT] if place == Z[h + m.KEY_END] else place


@inlined
def _age(second: int, kept: int) -> int:
    """Seconds since a key was remembered; less than none where log time was put back since."""
    age = (second - kept) & 0xFFFFFF
    return age - 0x1000000 if age & 0x800000 else age


@outlined
def seen_before(Z: Any, h: int, key: int, window: int) -> bool:
    """True where the same key was remembered within the window of seconds."""
    apart()
    mixed, second = key >> 24, key & 0xFFFFFF
    for place in range(Z[h + m.KEY_AT], Z[h + m.KEY_END]):
        kept = Z[place]
        if kept >> 24 == mixed and kept != m.NEVER and _age(second, kept) <= window:
            return True
    return False
