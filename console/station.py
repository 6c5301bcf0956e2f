"""Every role of one park in one process, on the embedded default: started in order, stopped in order.

The engine restores and catches up before anything else runs, so that nobody sees an old picture as
the present one; ingest starts last and stops first.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog

from alerts.channels.registry import close_channels
from alerts.pager import Pager
from console.broker import Broker
from console.oversight import Oversight
from console.partstates import ingest_state, pager_state, store_state
from console.redrive import redriver
from console.roles.engine import EngineWorker
from console.roles.folding import fold_forever, last_snapshot
from console.roles.ingest import ingest_forever
from console.site import Site
from console.stationfile import StationFile
from console.stationoptions import StationOptions
from console.watchdog.beside import keeper_of, watched_of, with_sandbox
from console.watchdog.keeper import Keeper
from console.web.app import create_app
from console.web.following import Following
from console.web.live import Live
from console.web.people.people import People
from console.web.server import serve
from console.web.services import WebServices
from console.web.view import View
from console.webparts import ingest_stage, park_shape, sensor_places, store_stage
from fenceline.bus.embedded import EmbeddedBus
from fenceline.clock import Clock
from ingest.clocks import never_compared
from ingest.service import Ingestor
from sinks.embedded import EmbeddedStore
from sinks.service import StoreSink

_log = structlog.get_logger()
PAGER_STOP_SECONDS = 2.0
# Against the flow: first nothing more comes in, then what came in is folded and stored.
STOPPED_IN_ORDER = (
    *("extra", "oversight", "watchdog", "ingest", "pager", "web", "following", "engine", "store", "broker"),
)


@dataclass(slots=True)
class Station:
    """The running whole; the parts are there for whoever shows or tests them."""

    site: Site
    options: StationOptions
    clock: Clock
    extra: Callable[["Station"], Coroutine[Any, Any, None]] | None = None  # runs beside
    broker: Broker | None = None
    engines: list[EngineWorker] = field(default_factory=list)  # the one at work stands last
    ingestor: Ingestor | None = None
    pager: Pager | None = None
    sink: StoreSink | None = None
    oversight: Oversight | None = None
    live: Live | None = None
    keeper: Keeper | None = None
    people: People | None = None
    web_port: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Ask it to end; `run` returns once everything is saved."""
        self.stopping.set()

    async def run(self) -> None:
        """Run until `stop`.

        Raises:
            FencelineError: a part that cannot start or go on, in a sentence with a hint.
        """
        options, park = self.options, self.site.park.id
        # First what another program may hold, so that a second start fails before it touches anything.
        self.people = options.door.people(self.clock)
        closers: list[Callable[[], Awaitable[None]]] = []
        self.keeper = keeper_of(options.watchdog, options.data, self.site, options.mqtt, self.clock)
        try:
            bus = EmbeddedBus(options.data / "journal", clock=self.clock)
            closers.append(bus.close)
            if options.own_broker:
                self.broker = Broker(options.data / "broker", options.mqtt.port)
                await self.broker.start()
                closers.append(self.broker.stop)
            closers.append(lambda: close_channels(with_sandbox(self.site.channels, self.keeper).values()))
            store = EmbeddedStore(options.data / "store.duckdb")
            await store.open()
            closers.append(store.close)
            self.sink = StoreSink(bus=bus, park=park, store=store, clock=self.clock)
            self.engines.append(self._new_engine(bus))
            await self.engine.start()
            closers.append(lambda: last_snapshot(self.engine))
            await self._run_roles(bus, store, closers)
        finally:
            StationFile.remove(options.data)
            for close in reversed(closers):
                await close()

    async def _run_roles(
        self, bus: EmbeddedBus, store: EmbeddedStore, closers: list[Callable[[], Awaitable[None]]]
    ) -> None:
        site, park = self.site, self.site.park.id
        routes = site.force.routes
        owner = _owner()
        clock_check = never_compared if self.keeper is None else self.keeper.clock_check
        self.ingestor = Ingestor(
            bus=bus,
            park=site.park,
            substances=site.force.substances,
            settings=self.options.mqtt,
            clock=self.clock,
            owner=owner,
            clock_check=clock_check,
        )
        self.pager = Pager(
            bus=bus,
            park=park,
            channels=with_sandbox(site.channels, self.keeper),
            clock=self.clock,
            owner=_owner(),
            link_base=self.options.door.public(self.options.web_port),
            attempts_per_channel=routes.attempts_per_channel,
            receipt_seconds=routes.receipt_seconds,
        )
        view = View(sensor_places(site.force))
        self.live = Live(park=park, simulated=site.park.simulated, view=view, clock=self.clock)
        following = Following(bus=bus, park=park, view=view, live=self.live, clock=self.clock, history=store)
        assert self.sink is not None
        sink, ingestor, pager = self.sink, self.ingestor, self.pager
        oversight = self.oversight = Oversight(
            bus=bus,
            park=park,
            clock=self.clock,
            owner=owner,
            start=self.engine.position.offset + 1,
            view=view,
            sink=sink,
            ingest=ingestor.snapshot,
            accounts={
                "ingest": lambda: ingest_stage(ingestor.snapshot()),
                "store": lambda: store_stage(sink.account),
            },
        )
        app = create_app(
            WebServices(
                park=park_shape(site.force),
                bus=bus,
                history=store,
                view=view,
                live=self.live,
                clock=self.clock,
                accounts=oversight.accounts,
                contradictions=oversight.balance.contradictions,
                intake=lambda: ingestor.snapshot().journal,
                redrive=redriver(bus, park, self.options.mqtt, self.clock),
                checks={
                    "ingest": lambda: ingest_state(ingestor),
                    "store": lambda: store_state(sink, self.clock),
                    "pager": lambda: pager_state(pager),
                },
                people=self.people,
                watched=watched_of(self.keeper, site, ingestor, self.pager),
            )
        )
        tasks: list[asyncio.Task[None]] = []

        def begin(name: str, work: Coroutine[Any, Any, None]) -> None:
            tasks.append(asyncio.create_task(work, name=name))

        begin("engine", fold_forever(lambda: self._new_engine(bus), self.clock, self.engines))
        begin("store", self.sink.run())
        begin("following", following.run())
        begin("pager", self.pager.run())
        assert self.people is not None
        begin(
            "web",
            serve(
                app,
                self.options.web_host,
                self.options.web_port,
                with_accounts=self.people.accounts.exist(),
                trusted_proxy=self.options.people.trusted_proxy,
                before_stop=self.live.close,
                started=self._web_up,
            ),
        )
        begin("ingest", ingest_forever(self.ingestor, clock_check, self.clock))
        begin("oversight", oversight.run())
        if self.broker is not None:
            begin("broker", self.broker.wait())
        if self.keeper is not None:
            begin("watchdog", self.keeper.run(self.ready, lambda: self.web_port))
        if self.extra is not None:
            begin("extra", self.extra(self))
        stop = asyncio.create_task(self.stopping.wait(), name="stop")
        try:
            done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task is not stop:
                    task.result()
        finally:
            await self._end(tasks, stop)

    async def _end(self, tasks: list[asyncio.Task[None]], stop: "asyncio.Task[bool]") -> None:
        """Against the flow: first nothing more comes in, then what came in is folded and stored."""
        by_name = {task.get_name(): task for task in tasks}
        if self.keeper is not None:
            by_name["watchdog"].cancel()
            await self.keeper.close(orderly=self.stopping.is_set())
        for name in STOPPED_IN_ORDER:
            task = by_name.get(name)
            if task is not None:
                if name == "ingest" and self.ingestor is not None and not task.done():
                    await self.ingestor.stop()
                if name == "pager" and self.pager is not None and not task.done():
                    self.pager.stop()  # what is being sent gets its receipt, so that it is not sent again
                    await asyncio.wait({task}, timeout=PAGER_STOP_SECONDS)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        stop.cancel()
        await asyncio.gather(stop, return_exceptions=True)

    @property
    def engine(self) -> EngineWorker:
        """The one at work."""
        return self.engines[-1]

    def _new_engine(self, bus: EmbeddedBus) -> EngineWorker:
        return EngineWorker(
            bus=bus,
            park=self.site.park.id,
            clock=self.clock,
            force=self.site.force,
            needed=self._needed,
            stored=lambda: None if self.sink is None else self.sink.findings_offset,
        )

    def _needed(self) -> list[int]:
        """The journal offsets that the other readers still need."""
        pager = 0 if self.pager is None else self.pager.position
        position = None if self.sink is None else self.sink.position
        counted = [] if self.oversight is None else [self.oversight.count.next - 1]
        return [pager, 0 if position is None else position.offset, *counted]

    def _web_up(self, port: int) -> None:
        self.web_port = port
        self._station_file().write(self.options.data)
        self.ready.set()

    def _station_file(self) -> StationFile:
        options = self.options
        return StationFile(
            pid=os.getpid(),
            park=self.site.park.id,
            web=options.door.local(self.web_port),
            token="" if self.people is None else self.people.station_token,
            mqtt_host=options.mqtt.host,
            mqtt_port=options.mqtt.port,
            mqtt_protocol=options.mqtt.protocol,
            own_broker=options.own_broker,
            config=str(self.site.folder),
        )


def _owner() -> str:
    """Names this start of this process; no other start ever has the same."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
