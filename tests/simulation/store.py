"""A store in memory with transactions, for the sink: all of a change stands or nothing of it, whatever fails.

It keeps plain rows, so that the judge needs nothing of the pipeline to read them.
"""

from dataclasses import dataclass, field
from typing import Any

from fenceline.bus import Topic
from fenceline.errors import ServiceError
from sinks.changes import Changes
from sinks.query import AppliedTo
from tests.simulation.world import Life


@dataclass(slots=True)
class Rows:
    """What lies on the store's disk."""

    readings: list[tuple[int, str, int, float, int, int]] = field(default_factory=list)
    findings: list[tuple[str, str]] = field(default_factory=list)  # cause, JSON
    ledger: list[tuple[str, str]] = field(default_factory=list)
    applied: dict[Topic, AppliedTo] = field(default_factory=dict)
    account: dict[str, int] = field(default_factory=lambda: {"readings": 0, "unreadable": 0})
    fail: list[str] = field(default_factory=list)  # "before" or "after", for the next transactions


class SimStore:
    """The store as one life of the sink opened it."""

    def __init__(self, life: Life, rows: Rows) -> None:
        self._life, self._rows, self._world = life, rows, life.world

    async def open(self) -> None:
        await self._life.delay(self._world.latency())

    async def apply(self, changes: Changes) -> Changes:
        await self._life.delay(self._world.latency())
        does = self._rows.fail.pop(0) if self._rows.fail else ""
        if does == "before":
            raise ServiceError("the simulated store refuses", hint="wait")
        fresh = changes.above(self._rows.applied)
        self._commit(fresh)
        await self._life.delay(self._world.latency())
        if does == "after":
            raise ServiceError("the simulated store does not answer", hint="wait")
        return fresh

    async def applied(self) -> dict[Topic, AppliedTo]:
        await self._life.delay(0.0)
        return dict(self._rows.applied)

    async def account(self) -> dict[str, int]:
        return dict(self._rows.account)

    async def retain(self, readings_before_ns: int, history_before_ns: int) -> None:
        """Everything is young."""

    def _commit(self, fresh: Changes) -> None:
        rows = self._rows
        for offset, batch in fresh.batches:
            readings = batch.readings
            columns: list[list[Any]] = [
                readings.time.tolist(),
                readings.value.tolist(),
                readings.quality.tolist(),
                readings.sequence.tolist(),
            ]
            names = [readings.sensors[code] for code in readings.code.tolist()]
            rows.readings += [(offset, *row) for row in zip(names, *columns, strict=True)]
        rows.findings += [(str(item.cause), item.record.model_dump_json()) for item in fresh.findings]
        rows.ledger += [(str(item.cause), item.record.model_dump_json()) for item in fresh.ledger]
        rows.applied.update(fresh.applied)
        rows.account["readings"] += fresh.readings
        rows.account["unreadable"] += fresh.unreadable
