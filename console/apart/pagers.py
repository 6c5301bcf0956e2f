"""The pager role apart: a pager for each park. A second process is a standby by itself: of two attempts on a
page the first in the journal holds, and only its pager sends.
"""

import asyncio

import structlog

from alerts.channels.registry import close_channels
from alerts.pager import Pager
from console.apart.setting import PAGER, SAY_SECONDS, Setting
from fenceline.bus import Topic
from fenceline.errors import BusError

STOP_SECONDS = 2.0

_log = structlog.get_logger()


async def run_pager(setting: Setting, link_base: str) -> None:
    """Send what is due until told to stop.

    Args:
        link_base: the page's address, for links in pages.

    Raises:
        FencelineError: the ledger cannot be read.
    """
    pagers: list[Pager] = []
    for park, site in setting.sites.items():
        routes = site.force.routes
        pagers.append(
            Pager(
                bus=setting.bus,
                park=park,
                channels=site.channels,
                clock=setting.clock,
                owner=setting.owner(),
                link_base=link_base,
                attempts_per_channel=routes.attempts_per_channel,
                receipt_seconds=routes.receipt_seconds,
            )
        )
    tasks = [asyncio.create_task(pager.run()) for pager in pagers]
    tasks += [
        asyncio.create_task(_say(setting, park, pager))
        for park, pager in zip(setting.sites, pagers, strict=True)
    ]
    stop = asyncio.create_task(setting.stopping.wait())
    setting.ready.set()
    try:
        done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task is not stop:
                task.result()
    finally:
        for pager in pagers:
            pager.stop()  # what is being sent gets its receipt, so that it is not sent again
        await asyncio.wait(tasks[: len(pagers)], timeout=STOP_SECONDS)
        for one in (*tasks, stop):
            one.cancel()
        await asyncio.gather(*tasks, stop, return_exceptions=True)
        for site in setting.sites.values():
            await close_channels(site.channels.values())


async def _say(setting: Setting, park: str, pager: Pager) -> None:
    """Tell the engine how far this pager is, so that it cuts nothing that is still needed."""
    while True:
        await setting.clock.sleep(SAY_SECONDS)
        try:
            await setting.bus.say_needed(park, PAGER, {Topic.JOURNAL: pager.position})
        except BusError as error:
            _log.warning(
                "how far the pager is could not be said; nothing is cut meanwhile", error=error.message
            )
