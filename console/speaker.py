"""A role's voice in the journal: conditions as they are seen, each second, in; `said` records out, on change.

A condition is said once it has held for its time, and said to be over once it has been over for a while; once
after each start it is said in any case, since a word from before stands until another is said. What cannot be
written yet (the disk is full, and that is what is to be said) is written in its order when there is room.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from fenceline.bus import Bus, Record, Topic
from fenceline.clock import Clock
from fenceline.errors import NotDurable
from fenceline.journal import Said, SystemCondition
from fenceline.vocabulary import Condition
from fenceline.wire import encode

_log = structlog.get_logger()
OVER_SECONDS = 5.0
AFTER_SECONDS: Mapping[SystemCondition, float] = {
    "account-imbalance": 30.0,
    "journal-full": 0.0,
    "broker-lost": 15.0,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A condition at this moment, with a sentence and figures where it holds."""

    holds: bool
    detail: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Follow:
    holds: bool
    since: float
    since_ns: int
    said: bool | None = None


class Speaker:
    """Says what `look` is shown.

    Args:
        role: the same after every start, so that a new start takes back what the one before said.
        owner: this start of this process.
    """

    def __init__(self, bus: Bus, park: str, clock: Clock, *, role: str, owner: str) -> None:
        self._bus, self._park, self._clock = bus, park, clock
        self._role, self._owner = role, owner
        self._follow: dict[SystemCondition, _Follow] = {}
        self.unsaid: list[Said] = []

    async def look(self, seen: Mapping[SystemCondition, Seen]) -> None:
        """Take note of every condition as it is now, and say what is due."""
        for condition, now in seen.items():
            record = self._due(condition, now)
            if record is not None:
                self._take(record)
        if self.unsaid:
            await self._say()

    def _due(self, condition: SystemCondition, now: Seen) -> Said | None:
        at, at_ns = self._clock.monotonic(), self._clock.now_ns()
        follow = self._follow.get(condition)
        if follow is None:
            follow = self._follow[condition] = _Follow(now.holds, at, at_ns)
        if follow.holds is not now.holds:
            follow.holds, follow.since, follow.since_ns = now.holds, at, at_ns
        wait_seconds = AFTER_SECONDS[condition] if now.holds else OVER_SECONDS
        if follow.said is now.holds or at - follow.since < wait_seconds:
            return None
        follow.said = now.holds
        return Said(
            role=self._role,
            owner=self._owner,
            condition=condition,
            holds=Condition.TRUE if now.holds else Condition.FALSE,
            since_ns=follow.since_ns,
            detail=now.detail,
            evidence=dict(now.evidence),
        )

    def _take(self, record: Said) -> None:
        """At most two words on a condition wait: that it held, and that it is over."""
        waiting = [one for one in self.unsaid if one.condition == record.condition]
        if len(waiting) == 2:
            # Held, over, holds again: for whoever could read none of it, it held all the time.
            self.unsaid.remove(waiting[-1])
            return
        self.unsaid.append(record)

    async def _say(self) -> None:
        records = [Record(one.kind, encode(one)) for one in self.unsaid]
        said = list(self.unsaid)
        try:
            await self._bus.append(Topic.JOURNAL, self._park, records)
        except NotDurable:
            return  # said again at the next look; twice is once
        del self.unsaid[: len(said)]
        for one in said:
            if one.holds is Condition.TRUE:
                _log.error("a condition of the system is said", condition=one.condition, detail=one.detail)
            else:
                _log.info("a condition of the system is said to be over", condition=one.condition)
