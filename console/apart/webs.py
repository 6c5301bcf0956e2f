"""The web role apart: the page, the API and the live stream of one park, with the store they ask.

The embedded store is a file of one process, so this role also keeps it. What readings an ingestor in another
process has refused stands in the fold's account; its own words on broker and journal stand among the alerts.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from console.apart.setting import SAY_SECONDS, SINKS, Setting
from console.oversight import Oversight
from console.partstates import store_state
from console.redrive import redriver
from console.web.app import create_app
from console.web.following import Following
from console.web.live import Live
from console.web.people.people import People
from console.web.server import serve
from console.web.services import WebServices
from console.web.view import View
from console.webdoor import WebDoor
from console.webparts import park_shape, sensor_places, store_stage
from fenceline.bus import Topic
from fenceline.errors import BusError
from ingest.settings import IngestSettings
from sinks.embedded import EmbeddedStore
from sinks.service import StoreSink

_log = structlog.get_logger()


async def run_web(setting: Setting, door: WebDoor, mqtt: IngestSettings) -> None:
    """Serve until told to stop.

    Args:
        mqtt: where mended dead letters are sent.

    Raises:
        FencelineError: a port that is taken, accounts that are missing, a bus or store that cannot be read.
    """
    people = door.people(setting.clock)  # first what another program may hold
    store = EmbeddedStore(setting.data / "store.duckdb")
    await store.open()
    try:
        await _serve(setting, door, mqtt, people, store)
    finally:
        await store.close()


async def _serve(
    setting: Setting, door: WebDoor, mqtt: IngestSettings, people: People, store: EmbeddedStore
) -> None:
    site, bus, clock = setting.site, setting.bus, setting.clock
    park = site.park.id
    sink = StoreSink(bus=bus, park=park, store=store, clock=clock)
    view = View(sensor_places(site.force))
    live = Live(park=park, simulated=site.park.simulated, view=view, clock=clock)
    following = Following(bus=bus, park=park, view=view, live=live, clock=clock, history=store)
    oversight = Oversight(
        bus=bus,
        park=park,
        clock=clock,
        owner=setting.owner(),
        start=await bus.end(Topic.JOURNAL, park),
        view=view,
        sink=sink,
        ingest=None,
        accounts={"store": lambda: store_stage(sink.account)},
    )
    app = create_app(
        WebServices(
            park=park_shape(site.force),
            bus=bus,
            history=store,
            view=view,
            live=live,
            clock=clock,
            accounts=oversight.accounts,
            contradictions=oversight.balance.contradictions,
            redrive=redriver(bus, park, mqtt, clock),
            checks={"store": lambda: store_state(sink, clock)},
            people=people,
        )
    )
    serving = serve(
        app,
        door.host,
        door.port,
        with_accounts=people.accounts.exist(),
        trusted_proxy=door.settings.trusted_proxy,
        before_stop=live.close,
        started=lambda _port: setting.ready.set(),
    )
    work: list[Coroutine[Any, Any, None]] = [
        sink.run(),
        following.run(),
        serving,
        oversight.run(),
        _say(setting, sink),
    ]
    tasks = [asyncio.create_task(one) for one in work]
    stop = asyncio.create_task(setting.stopping.wait())
    try:
        done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task is not stop:
                task.result()
    finally:
        for one in (*tasks, stop):
            one.cancel()
        await asyncio.gather(*tasks, stop, return_exceptions=True)


async def _say(setting: Setting, sink: StoreSink) -> None:
    """Tell the engine how far the store is, so that it cuts nothing that the store has not."""
    park = setting.site.park.id
    while True:
        await setting.clock.sleep(SAY_SECONDS)
        position, findings = sink.position, sink.findings_offset
        if position is None or findings is None or sink.problem is not None:
            continue
        try:
            offsets = {Topic.JOURNAL: position.offset, Topic.FINDINGS: findings + 1}
            await setting.bus.say_needed(park, SINKS, offsets)
        except BusError as error:
            _log.warning(
                "how far the store is could not be said; nothing is cut meanwhile", error=error.message
            )
