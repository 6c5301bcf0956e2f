"""Ingest, engine and store in one process on the bus in memory: every account is asked at every moment.

The bus and the store look at all accounts before and after each of their own steps, so that nothing that does
not balance in the middle of a batch goes unseen.
"""

from collections.abc import Sequence
from pathlib import Path

from console.balance import Appended, Balance, Mark
from console.journalcount import JournalCount
from console.roles.engine import EngineSettings, EngineWorker
from console.web.account import StageAccount, of_engine
from console.web.view import View
from console.webparts import ingest_stage, store_stage
from fenceline.bus import Record, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.errors import ServiceError
from fenceline.finding import Folded
from fenceline.journal import Batch, Claim
from fenceline.reading import Readings
from fenceline.wire import decode, encode
from ingest.account import Account
from ingest.core import IngestCore
from ingest.directory import directory_of
from ingest.inbox import Inbound, Inbox
from ingest.settings import IngestSettings
from ingest.ticker import Ticker
from ingest.writer import Writer
from sinks.changes import Changes
from sinks.embedded import EmbeddedStore
from sinks.service import StoreSink
from tests.console.worlds import SECOND, START_NS, force

PARK = "example"
TOPIC = f"fenceline/{PARK}/e01/example/readings"
CLAIM = Claim(filter=f"fenceline/{PARK}/#", owner="me", term=1)


class WatchedBus(MemoryBus):
    """Has every account looked at whenever somebody appends."""

    world: "World"

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        self.world.must_balance()
        try:
            return await super().append(topic, park, records)
        finally:
            self.world.must_balance()


class WatchedStore(EmbeddedStore):
    """The same for the store; fails the next applications on demand, committed or not."""

    world: "World"
    failures: tuple[str, ...] = ()  # `before` or `after` the commit, one for each application to come

    async def apply(self, changes: Changes) -> Changes:
        self.world.must_balance()
        fault, self.failures = (self.failures[0] if self.failures else ""), self.failures[1:]
        if fault == "before":
            raise ServiceError("no room", hint="free some")
        stored = await super().apply(changes)
        if fault == "after":
            raise ServiceError("no answer", hint="look at the disk")
        self.world.must_balance()
        return stored


class World:
    """Everything of one station that has an account."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(START_NS)
        self.bus = WatchedBus(clock=self.clock)
        self.bus.world = self
        self.store = WatchedStore(folder / "store.duckdb")
        self.store.world = self
        self.intake = Account()
        self.inbox = Inbox(self.intake, 10)
        self.ticker = Ticker(0, START_NS, 0.0)
        site = force()
        self.core = IngestCore(
            settings=IngestSettings(gather_seconds=0, max_payload_bytes=1000, ahead_seconds=600),
            directory=directory_of(site.park, site.substances),
            inbox=self.inbox,
            writer=Writer(self.bus, PARK, self.intake, self.clock),
            clock=self.clock,
            claim=CLAIM,
            ticker=self.ticker,
            has_word=lambda: True,
        )
        self.view = View({})
        self.engine = self.new_engine()
        self.sink = self.new_sink()
        self.count = JournalCount(self.bus, PARK, 0)
        self.balance = Balance(self.count, self._engine_mark, self._store_mark, self._appended, self.stages)
        self._findings = 0
        self.looked = 0

    def new_engine(self) -> EngineWorker:
        settings = EngineSettings(read_limit=3)
        return EngineWorker(bus=self.bus, park=PARK, clock=self.clock, force=force(), settings=settings)

    def new_sink(self) -> StoreSink:
        return StoreSink(bus=self.bus, park=PARK, store=self.store, clock=self.clock)

    async def start(self) -> None:
        """The configuration in force, the claim written, the first tick there."""
        await self.engine.start()
        await self.bus.append(Topic.JOURNAL, PARK, [Record(CLAIM.kind, encode(CLAIM))])
        await self.sink._start()
        await self.run()

    def receive(self, payload: bytes, topic: str = TOPIC, *, qos: int = 1) -> None:
        self.inbox.put(Inbound(topic, payload, (lambda: None) if qos else None))

    async def intake_step(self, seconds: float = 1.0) -> None:
        """One step of ingest, with this much time passing while it waits."""
        import asyncio

        working = asyncio.ensure_future(self.core.step())
        await self.clock.advance(seconds)
        await working

    async def run(self) -> None:
        """Ingest takes what waits and ticks; engine, store and count follow to the end."""
        await self.intake_step()
        await self.follow()

    async def follow(self) -> None:
        while await self.engine._step():
            self.must_balance()
        while await self.sink.step():
            pass
        await self.sink.step()
        found = await self.bus.read(Topic.FINDINGS, PARK, self._findings)
        for stored in found:
            assert stored.cause is not None
            record = decode(stored.kind, stored.payload)
            if isinstance(record, Folded):
                self.view.take_finding(stored.cause, record)
            self._findings = stored.offset + 1
        while await self.count.step():
            pass

    async def contradictions(self) -> list[str]:
        """After two looks: what ingest says at one is found at the next."""
        self.balance.look(await self.bus.end(Topic.JOURNAL, PARK))
        return self.balance.look(await self.bus.end(Topic.JOURNAL, PARK))

    def stages(self) -> dict[str, StageAccount]:
        """The accounts of this moment; the engine's is the fold's own, in the middle of whatever it does."""
        return {
            "ingest": ingest_stage(self.intake.snapshot(self.clock.monotonic())),
            "engine": of_engine(self.engine.fold.rules.account),
            "store": store_stage(self.sink.account),
        }

    def must_balance(self) -> None:
        for stage, account in self.stages().items():
            assert account.balanced, (stage, account)
        snapshot = self.intake.snapshot(self.clock.monotonic())
        assert snapshot.balanced, snapshot
        self.looked += 1

    def _engine_mark(self) -> Mark | None:
        folded, offset = self.view.folded, self.view.folded_offset
        return None if folded is None or offset is None else Mark(offset, folded.account.received)

    def _store_mark(self) -> Mark | None:
        position = self.sink.position
        return None if position is None else Mark(position.offset, self.sink.account.out)

    def _appended(self) -> Appended:
        account = self.intake.snapshot(self.clock.monotonic())
        return Appended(CLAIM.owner, account.readings_accepted + account.readings_rejected)


def reading(
    second: float = 0.0,
    value: object = 1.0,
    *,
    sequence: int | None = None,
    **others: object,
) -> bytes:
    """One reading as a device sends it, `second` after the start."""
    import json

    time_ms = round((START_NS + second * SECOND) / 1e6)
    body = {"sensor": "example", "time": time_ms, "value": value} | others
    if sequence is not None:
        body["sequence"] = sequence
    return json.dumps(body).encode()


async def append(
    world: World,
    rows: list[tuple[str, int, float, int, int]],
    rejected: tuple[tuple[str, str], ...] = (),
    owner: str = "another",
) -> None:
    """A batch as another ingestor would write it."""
    batch = Batch("other", owner, 1, START_NS, Readings.from_rows(rows), rejected, 1)
    await world.bus.append(Topic.JOURNAL, PARK, [Record("batch", encode(batch))])
