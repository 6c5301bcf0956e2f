"""The real roles, each as a coroutine of one life; only what lies beyond their edges is simulated."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.pager import Pager
from console.roles.engine import EngineWorker
from console.roles.snapshots import EngineSettings
from fenceline.bus import Record, Topic
from fenceline.clock import Clock
from fenceline.errors import NotDurable
from fenceline.journal import Action
from fenceline.wire import encode
from ingest.account import Account
from ingest.inbox import Inbox
from ingest.service import Ingestor
from ingest.settings import IngestSettings
from sinks.service import StoreSink
from tests.simulation.broker import SimBroker, SimConnection
from tests.simulation.channels import SimChannel, Ways
from tests.simulation.disk import Disk, SimBus
from tests.simulation.park import (
    ATTEMPTS_PER_CHANNEL,
    CHANNELS,
    PARK,
    RECEIPT_SECONDS,
    RETRY_SECONDS,
    force,
    park,
    substances,
)
from tests.simulation.rawledger import raw_changes
from tests.simulation.store import Rows, SimStore
from tests.simulation.world import Life, World


@dataclass(slots=True)
class Makers:
    """What a mutant puts in the place of the real parts, and which faults a run has beside those of its seed.

    Args:
        fault: one more, thrice: kind and details, as in `tests/simulation/plan.py`.
        alone: only that fault, once and from the beginning; "" is none at all.
    """

    fault: tuple[str, tuple[Any, ...]] | None = None
    alone: bool = False
    engine: Callable[..., EngineWorker] = EngineWorker
    pager: Callable[..., Pager] = Pager
    ingestor: Callable[..., Ingestor] = Ingestor
    sink: Callable[..., StoreSink] = StoreSink


@dataclass(slots=True)
class House:
    """What the roles of one run share."""

    world: World
    disk: Disk
    broker: SimBroker
    ways: Ways
    rows: Rows
    makers: Makers
    engine_settings: EngineSettings
    ingestors: list[Ingestor] = field(default_factory=list)
    filters: tuple[str, ...] = ()
    window: int = 2000
    build: int = 0

    def bus(self, life: Life) -> SimBus:
        return SimBus(life, self.disk)

    def needed(self) -> Sequence[int]:
        """The journal offsets that pagers and store still need, as the station asks them."""
        found = []
        for process in self.world.processes.values():
            if process.role == "pager":
                pager = process.memory.get("pager")
                found.append(0 if pager is None else pager.position)
        applied = self.rows.applied.get(Topic.JOURNAL)
        return [*found, 0 if applied is None else applied.position.offset]

    def stored(self) -> int | None:
        """The last finding that the store has."""
        applied = self.rows.applied.get(Topic.FINDINGS)
        return None if applied is None else applied.position.offset

    def ingest(self, filter_: str, *, ticks: bool) -> Callable[[Life], Any]:
        """An ingestor of one topic filter."""

        async def live(life: Life) -> None:
            def connect(
                settings: IngestSettings,
                client_id: str,
                filter_: str,
                inbox: Inbox,
                account: Account,
                clock: Clock,
            ) -> SimConnection:
                return SimConnection(life, self.broker, settings, client_id, filter_, inbox, account)

            settings = IngestSettings(
                topic_filter=filter_,
                ticks=ticks,
                receive_maximum=self.window,
                reconnect_most_seconds=1.0,
            )
            ingestor = self.makers.ingestor(
                bus=self.bus(life),
                park=park(),
                substances=substances(),
                settings=settings,
                clock=life.clock,
                owner=life.uid,
                connect=connect,
            )
            self.ingestors.append(ingestor)
            life.process.memory["ingestor"] = ingestor
            life.soft_end = ingestor.stop
            await ingestor.run()

        return live

    async def engine(self, life: Life) -> None:
        worker = self.makers.engine(
            bus=self.bus(life),
            park=PARK,
            clock=life.clock,
            force=force(self.build),
            settings=self.engine_settings,
            needed=self.needed,
            stored=self.stored,
        )
        life.process.memory["engine"] = worker

        async def end() -> None:
            """As the station ends it: the work is broken off, then a last snapshot is taken."""
            life.ending = True
            assert life.task is not None
            life.task.cancel()
            await asyncio.wait([life.task])
            await worker.stop()

        life.soft_end = end
        await worker.run()

    async def pager(self, life: Life) -> None:
        pager = self.makers.pager(
            bus=self.bus(life),
            park=PARK,
            channels={name: SimChannel(life, self.ways, name) for name in CHANNELS},
            clock=life.clock,
            owner=life.uid,
            link_base="http://127.0.0.1",
            attempts_per_channel=ATTEMPTS_PER_CHANNEL,
            receipt_seconds=RECEIPT_SECONDS,
            retry_seconds=RETRY_SECONDS,
        )
        life.process.memory["pager"] = pager

        async def end() -> None:
            pager.stop()
            await life.clock.sleep(2.0)

        life.soft_end = end
        await pager.run()

    async def sink(self, life: Life) -> None:
        sink = self.makers.sink(
            bus=self.bus(life),
            park=PARK,
            store=SimStore(life, self.rows),
            clock=life.clock,
            window_seconds=0.3,
            retry_seconds=0.5,
        )
        life.process.memory["sink"] = sink
        await sink.run()

    async def operator(self, life: Life) -> None:
        """Looks at the ledger and acknowledges: sometimes an old revision, twice, or never."""
        bus, rng = self.bus(life), self.world.rng
        following, highest, count = 0, (-1, -1, -1), 0
        answers: dict[str, float] = {}
        revisions: dict[str, int] = {}
        while True:
            await bus.wait(Topic.ALERTS, PARK, following, seconds=0.7)
            found = await bus.read(Topic.ALERTS, PARK, following, kinds=("alert",))
            highest, changes = raw_changes(found, highest)
            for alert in changes:
                name = alert["id"]
                if rng.random() < 0.7 or name not in revisions:
                    revisions[name] = alert["revision"]
                if alert["state"] in ("unacknowledged", "returned"):
                    wait = rng.choice((0.3, 1.5, 4.0, 9.0, 1e6))
                    answers.setdefault(name, life.clock.monotonic() + wait)
                else:
                    answers.pop(name, None)
            following = found[-1].offset + 1 if found else following
            due = [name for name, at in answers.items() if at <= life.clock.monotonic()]
            for name in due:
                del answers[name]
                count += 1
                action = Action(
                    action=f"{life.uid}-{count}",
                    verb="acknowledge",
                    alert=name,
                    revision=revisions[name],
                    by="anna" if rng.random() < 0.97 else "bert",
                )
                await _act(bus, action, times=rng.choice((1, 1, 1, 2)))
            await life.clock.sleep(rng.uniform(0.2, 0.8))


async def _act(bus: SimBus, action: Action, *, times: int) -> None:
    """The screen sends an action again under its id until it is known to be recorded."""
    for _ in range(times):
        for _ in range(4):
            try:
                await bus.append(Topic.JOURNAL, PARK, [Record(action.kind, encode(action))])
            except NotDurable:
                continue
            break
