"""Known bugs, each put in on purpose by a switch of the tests: the judge has to find every one of them.

A mutant is a context in which the real code has the bug; it takes the `Makers` of the run's roles.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alerts import outbox
from alerts.channels.message import message_of
from alerts.pager import Pager
from console.roles.engine import EngineWorker
from console.roles.snapshots import SnapshotKeeper
from fenceline.bus import Record, Snapshot, Stored, Topic
from fenceline.errors import NotDurable
from fenceline.journal import Batch, Tick
from fenceline.logtime import LogTime, Moved
from fenceline.vocabulary import Condition
from ingest.core import IngestCore
from ingest.inbox import Inbound
from ingest.writer import Writer
from rules import memory
from rules.engine import RuleEngine
from sinks import changes, follow
from tests.simulation.park import PARK
from tests.simulation.roles import Makers

Mutant = Callable[[Makers], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def _instead(place: Any, name: str, bug: Any) -> Iterator[None]:
    right = getattr(place, name)
    setattr(place, name, bug)
    try:
        yield
    finally:
        setattr(place, name, right)


class _EarlySnapshot(EngineWorker):
    async def _write(self, pending: Any, records: Sequence[Stored]) -> None:
        if records:
            self._next, self._last_hash = records[-1].offset + 1, records[-1].hash
            if self.snapshots.due(self._next):
                await self._snapshot()
        await super()._write(pending, records)


class _StopsAhead(EngineWorker):
    async def stop(self) -> None:
        if self.snapshots.behind(self._next):
            await self._snapshot()


class _WritesOn(EngineWorker):
    async def _write(self, pending: Any, records: Sequence[Stored]) -> None:
        with contextlib.suppress(NotDurable):
            await super()._write(pending, records)
        if records:
            self._next, self._last_hash = records[-1].offset + 1, records[-1].hash


class _CommittedOffset(EngineWorker):
    async def _restore(self) -> None:
        await super()._restore()
        if self._written.findings is not None and self._next > 0:
            self._next = max(self._next, self._written.findings.offset + 1)


class _SendsUnread(Pager):
    async def _append(self, records: list[Record]) -> bool:
        durable = await super()._append(records)
        for key, claim in list(self._claims.items()):
            page = self._feed.outbox.page(claim.page)
            if page is not None:
                del self._claims[key]
                self._sending.begin(message_of(page, claim.number, self._link_base), claim.channel, 0.5)
        return durable


def _engine(worker: Callable[..., EngineWorker]) -> Mutant:
    @contextlib.contextmanager
    def mutant(makers: Makers) -> Iterator[None]:
        makers.engine = worker
        yield

    return mutant


def _pager(pager: Callable[..., Pager]) -> Mutant:
    @contextlib.contextmanager
    def mutant(makers: Makers) -> Iterator[None]:
        makers.pager = pager
        yield

    return mutant


def _replaced(place: Any, name: str, make: Callable[[Any], Any]) -> Mutant:
    """`make` is given the right function."""

    def mutant(_makers: Makers) -> contextlib.AbstractContextManager[None]:
        return _instead(place, name, make(getattr(place, name)))

    return mutant


def _cut_without_asking(**arguments: Any) -> EngineWorker:
    return EngineWorker(**{**arguments, "needed": lambda: ()})


def _late_keeps_speaking(right: Any) -> Any:
    def batch(self: RuleEngine, batch: Batch, log_ns: int) -> Any:
        tables = self._tables
        newest: dict[str, int] = {}
        if tables is not None:
            words = tables.arena.integers
            heads = {name: tables.arena.head(code) for name, code in tables.code.items()}
            newest = {name: int(words[head + memory.NEWEST]) for name, head in heads.items()}
        found = right(self, batch, log_ns)
        readings = batch.readings
        for code, time in zip(readings.code.tolist(), readings.time.tolist(), strict=True):
            name = readings.sensors[code]
            if time < newest.get(name, 0):
                words[heads[name] + memory.SEEN] = memory.NOT_YET
        return found

    return batch


def _missing_is_false(right: Any) -> Any:
    def tick(self: RuleEngine, moved: Moved) -> Any:
        return [
            one.model_copy(update={"condition": Condition.FALSE})
            if getattr(one, "condition", None) is Condition.UNKNOWN
            else one
            for one in right(self, moved)
        ]

    return tick


def _forgets_rejected(right: Any) -> Any:
    def count(self: RuleEngine, batch: Batch, *more: Any) -> None:
        if not (batch.rejected and len(batch.readings)):
            right(self, batch, *more)

    return count


def _dump_forgets_keys(right: Any) -> Any:
    def dump(self: RuleEngine) -> Any:
        head, arrays = right(self)
        return {**head, "rejected_keys": []}, arrays

    return dump


def _acknowledges_first(right: Any) -> Any:
    async def append(self: IngestCore, messages: list[Inbound]) -> None:
        for message in messages:
            if message.acknowledge is not None:
                message.acknowledge()
        await right(self, [Inbound(message.topic, message.payload, None) for message in messages])

    return append


def _letters_after(right: Any) -> Any:
    async def append(self: Writer, topic: Topic, records: Sequence[Record]) -> None:
        if topic is Topic.DEADLETTER:
            self.__dict__["held"] = records
            return
        await right(self, topic, records)
        held = self.__dict__.pop("held", None)
        if held:
            await right(self, Topic.DEADLETTER, held)

    return append


def _any_term(_right: Any) -> Any:
    def tick(self: LogTime, tick: Tick) -> Moved | None:
        self.ticker = tick.filter
        if tick.time_ns <= self.now_ns:
            return None
        moved = Moved(self.now_ns, tick.time_ns)
        self.now_ns = tick.time_ns
        return moved

    return tick


def _last_attempt_holds(right: Any) -> Any:
    def journal(self: outbox.Outbox, offset: int, record: Any) -> None:
        right(self, offset, record)
        entry = self._entries.get(getattr(record, "page", ""))
        if record.kind == "attempt" and entry is not None:
            entry.tries[record.number] = outbox._Try(record.nonce, offset)

    return journal


def _cut_at_newest(_right: Any) -> Any:
    async def put(self: SnapshotKeeper, snapshot: Snapshot) -> None:
        await self._bus.put_snapshot(PARK, snapshot)
        self.begin(snapshot.position.offset + 1)
        await self._bus.drop_snapshots(PARK, snapshot.position.offset)
        await self._bus.cut(Topic.JOURNAL, PARK, max(0, min([snapshot.position.offset, *self._needed()])))

    return put


def _shown_by(mutant: Mutant, kind: str, *details: Any) -> Mutant:
    """The mutant in runs that have this fault thrice beside their own: without it the search is long."""

    @contextlib.contextmanager
    def with_fault(makers: Makers) -> Iterator[None]:
        makers.fault = (kind, details)
        with mutant(makers):
            yield

    return with_fault


@contextlib.contextmanager
def _no_dedupe(_makers: Makers) -> Iterator[None]:
    with (
        _instead(follow, "_rising", lambda found, _highest: list(found)),
        _instead(changes, "_above", lambda _item, _applied: True),
        _instead(outbox.Outbox, "admit", lambda _self, _cause: True),
    ):
        yield


MUTANTS: dict[str, Mutant] = {
    "snapshot-before-output": _engine(_EarlySnapshot),
    "last-snapshot-ahead-of-output": _engine(_StopsAhead),
    "goes-on-after-failed-write": _engine(_WritesOn),
    "starts-at-committed-offset": _engine(_CommittedOffset),
    "cut-above-the-sink": _engine(_cut_without_asking),
    "cut-behind-one-snapshot": _replaced(SnapshotKeeper, "_put", _cut_at_newest),
    "late-completes-duration": _replaced(RuleEngine, "batch", _late_keeps_speaking),
    "missing-clears": _replaced(RuleEngine, "tick", _missing_is_false),
    "account-loses-rejected": _replaced(RuleEngine, "_count_rejected", _forgets_rejected),
    "snapshot-forgets-letters": _replaced(RuleEngine, "dump", _dump_forgets_keys),
    "tick-of-an-old-term": _replaced(LogTime, "tick", _any_term),
    "puback-before-durable": _replaced(IngestCore, "_append_batch", _acknowledges_first),
    "letters-after-their-batch": _replaced(Writer, "append", _letters_after),
    "sent-before-read-back": _pager(_SendsUnread),
    "pager-forgets-receipts": _replaced(outbox, "_receive", lambda _right: lambda _entry, _receipt: None),
    "last-attempt-holds": _replaced(outbox.Outbox, "journal", _last_attempt_holds),
    "readers-keep-what-comes-twice": _no_dedupe,
}

# For the tests, which must end soon: the same bugs, the rare ones with the fault that shows them.
QUICKLY_FOUND: dict[str, Mutant] = MUTANTS | {
    "snapshot-before-output": _shown_by(
        MUTANTS["snapshot-before-output"], "trap", "engine", "put", 1, "kill_after", 0.3
    ),
    "last-snapshot-ahead-of-output": _shown_by(MUTANTS["last-snapshot-ahead-of-output"], "stop", "engine"),
    "starts-at-committed-offset": _shown_by(MUTANTS["starts-at-committed-offset"], "kill", "engine", 0.8),
    "cut-behind-one-snapshot": _shown_by(MUTANTS["cut-behind-one-snapshot"], "rot", 0.3),
    "snapshot-forgets-letters": _shown_by(MUTANTS["snapshot-forgets-letters"], "kill", "engine", 0.3),
    "tick-of-an-old-term": _shown_by(
        MUTANTS["tick-of-an-old-term"], "trap", "ingest", "append:journal:tick", 1, "overtake", 0.8
    ),
    "pager-forgets-receipts": _shown_by(
        MUTANTS["pager-forgets-receipts"], "trap", "engine", "append:findings", 1, "kill_before", 6.0
    ),
    "cut-above-the-sink": _shown_by(MUTANTS["cut-above-the-sink"], "kill", "sink", 4.5),
    "goes-on-after-failed-write": _shown_by(
        MUTANTS["goes-on-after-failed-write"], "trap", "engine", "append:alerts", 1, "fail", 0.0
    ),
    "readers-keep-what-comes-twice": _shown_by(
        MUTANTS["readers-keep-what-comes-twice"], "trap", "engine", "append:alerts", 1, "overtake", 0.8
    ),
}
