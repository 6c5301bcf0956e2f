"""The desk's changes in, records of the topic `findings` out."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from fenceline.finding import Extreme, Finding
from fenceline.journal import Batch
from fenceline.vocabulary import Quality
from rules import memory as m
from rules.compile import RungInfo
from rules.place import Arena
from rules.words import CONDITIONS, reason_word


class Change(NamedTuple):
    """A change as the kernels write it: `memory.OUT_…`, word by word."""

    reading: int  # -1 where a tick decided
    due: int
    since: int
    value: float
    aux: float
    extreme: float
    extreme_at: int
    rung: int
    condition: int
    reason: int
    conflict: int
    kind: int


def written(arena: Arena) -> Iterator[Change]:
    """What the last call left on the desk."""
    found = int(arena.integers[m.DESK_FOUND])
    if not found:
        return
    first = int(arena.integers[m.DESK_OUT])
    last = first + found * m.OUT_WORDS
    integers = arena.integers[first:last].reshape(found, m.OUT_WORDS).tolist()
    floats = arena.floats[first:last].reshape(found, m.OUT_WORDS).tolist()
    for whole, real in zip(integers, floats, strict=True):
        yield Change(*whole[: m.OUT_VALUE], *real[m.OUT_VALUE : m.OUT_EXTREME_AT], *whole[m.OUT_EXTREME_AT :])


def record_of(info: RungInfo, change: Change, batch: Batch | None, log_ns: int) -> Finding | Extreme:
    """A change as a record.

    Args:
        batch: the batch whose reading decided; none at a tick.
    """
    if change.kind == m.OUT_NEW_EXTREME:
        return Extreme(
            rule=info.rule.name,
            version=info.version,
            level=info.level,
            subject=info.sensor,
            since_ns=change.since,
            at_ns=log_ns,
            extreme=change.extreme,
            extreme_at_ns=change.extreme_at,
        )
    evidence: dict[str, Any] = {"decided_by": "tick", "log_ns": log_ns}
    # Of several values at one time the worst decides a limit; it may be one that came before.
    decided = info.limit is not None and change.condition != m.UNKNOWN
    value = change.value if decided else None
    at_ns = log_ns
    if batch is not None:
        readings, reading = batch.readings, change.reading
        evidence["decided_by"] = "reading"
        at_ns, quality = int(readings.time[reading]), Quality(int(readings.quality[reading]))
        evidence["quality"] = (Quality.CONFLICT if change.conflict else quality).word
        value = change.value if decided else float(readings.value[reading])
    if decided and info.aux is not None and math.isfinite(change.aux):
        evidence[info.aux] = change.aux
    if math.isfinite(change.extreme):
        evidence["extreme"], evidence["extreme_at_ns"] = change.extreme, change.extreme_at
    return Finding(
        rule=info.rule.name,
        version=info.version,
        level=info.level,
        subject=info.sensor,
        condition=CONDITIONS[change.condition],
        since_ns=change.since,
        at_ns=at_ns,
        value=value,
        limit=info.limit,
        reason=reason_word(change.reason),
        evidence=evidence | info.evidence,
    )
