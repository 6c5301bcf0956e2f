"""Runs a station until Ctrl-C or SIGTERM, with the terminal beside it."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import structlog
from rich.console import Console

from console.site import Site
from console.station import Station
from console.stationoptions import StationOptions
from console.terminal import show
from console.watchdog.builtin import with_canary
from fenceline.clock import SystemClock

# A record passes some threads on its way (the MQTT client's, the journal's writer's). Each hand-over may wait
# for the interpreter's lock as long as this; with Python's own 5 ms a loaded path adds up to tens of them.
SWITCH_SECONDS = 0.0005

Extra = Callable[[Station], Coroutine[Any, Any, None]]


def run_station(site: Site, options: StationOptions, extra: Extra | None = None) -> None:
    """Block until the station has stopped.

    Raises:
        FencelineError: a part that cannot start or go on.
    """
    if options.watchdog != "none":
        site = replace(site, force=with_canary(site.force))
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.run(_run(site, options, extra))


async def _run(site: Site, options: StationOptions, extra: Extra | None) -> None:
    station = Station(site, options, SystemClock(), extra)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, station.stop)
    console = Console(stderr=False)
    beside = [asyncio.create_task(show(station, console)), asyncio.create_task(_settle(station))]
    try:
        await station.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        orphan = None if station.keeper is None else station.keeper.pid
        if orphan is not None and not station.stopping.is_set():
            console.print(
                f"the watchdog (process {orphan}) stays and pages; a new start takes over, `kill` ends it"
            )
    console.print("stopped; starting again continues where this ended")
    structlog.get_logger().info("stopped", park=site.park.id)


async def _settle(station: Station) -> None:
    """Take what stays for good (libraries, models, tables) out of the collector's sight once all is up.

    A full collection over it stood everything still for 200 ms, every few seconds under load.
    """
    await station.ready.wait()
    gc.collect()
    gc.freeze()
