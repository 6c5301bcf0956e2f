"""`/api/watch`: what the watchdog is told, and that nobody else answers its canary, nor it anything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from alerts.pager import PagerState
from console.watchdog.report import TOKEN_HEADER, RoundReport, StationReport, WatchdogState
from console.web.app import create_app
from console.web.services import PartState, Watched
from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from tests.console_web.house import BASE, console_over, new_clock
from tests.sinks.records import PARK

CANARY = "watchdog-canary.watchdog-canary.20260101t000000.000z"


class Station:
    """The figures that `/api/watch` adds to the picture."""

    def __init__(self) -> None:
        self.token: str | None = "a-token"
        self.pager = PagerState(
            synced=True,
            durable=True,
            pages_due=0,
            in_flight=0,
            delivered=0,
            failed=0,
            last_sent_ns=None,
            failing={"sandbox": "refused", "webhook": "dead"},
        )
        self.seen: WatchdogState | None = None

    def watched(self) -> Watched:
        return Watched(
            ticks=lambda: 0,
            pager=lambda: self.pager,
            timezone="Asia/Shanghai",
            canary_in_force=True,
            token=lambda: self.token,
            seen=lambda: self.seen,
            part=lambda: PartState(self.seen is not None, "no watchdog"),
        )


@asynccontextmanager
async def served(station: Station, folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, MemoryBus]]:
    clock = new_clock()
    bus = MemoryBus(clock=clock)
    async with console_over(bus, clock, folder) as console:
        app = create_app(replace(console.services, watched=station.watched()))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            yield client, bus


def answer(token: str, alert: str = CANARY) -> dict[str, Any]:
    return {
        "json": {"alert": alert, "revision": 1, "action_id": f"{alert}-1"},
        "headers": {TOKEN_HEADER: token},
    }


async def test_missing_is_said_as_missing(tmp_path: Path) -> None:
    """Before the first tick: no time folded to, no canary, no page that waits; but zero ticks are zero."""
    async with served(Station(), tmp_path) as (client, _):
        report = StationReport.model_validate((await client.get("/api/watch")).json())

    assert (None, None, None) == (report.folded_ns, report.canary, report.pager.oldest_waiting_seconds)
    assert 0 == report.ticks
    assert {"webhook": "dead"} == report.pager.failing


async def test_the_watchdogs_answer_is_recorded_under_its_name(tmp_path: Path) -> None:
    """An action like a person's, for the canary's alert."""
    async with served(Station(), tmp_path) as (client, bus):
        done = await client.post("/api/watch/acknowledge", **answer("a-token"))
        stored = await bus.read(Topic.JOURNAL, PARK, 0)

    assert 202 == done.status_code
    assert b"Watchdog" in stored[-1].payload


async def test_nobody_else_may_answer_and_it_may_answer_nothing_else(tmp_path: Path) -> None:
    """Without the token, with no watchdog there, or for another alert: refused, and nothing is recorded."""
    station = Station()
    async with served(station, tmp_path) as (client, bus):
        stranger = await client.post("/api/watch/acknowledge", **answer("another"))
        other = await client.post(
            "/api/watch/acknowledge", **answer("a-token", "high.s1.20260101t000000.000z")
        )
        station.token = None
        nobody = await client.post("/api/watch/acknowledge", **answer(""))
        stored = await bus.read(Topic.JOURNAL, PARK, 0)

    assert (403, 422, 403) == (stranger.status_code, other.status_code, nobody.status_code)
    assert [] == [one for one in stored if one.kind == "action"]


async def test_figures_of_the_watchdog(tmp_path: Path) -> None:
    """Absent is zero up and no canary at all; a failed round has an age and no latency."""
    station = Station()
    async with served(station, tmp_path) as (client, _):
        without = (await client.get("/metrics")).text
        ready = (await client.get("/readyz")).json()["parts"]["watchdog"]
        failed = RoundReport(at_ns=1_000_000_000, ok=False, latency_seconds=None, problem="no page")
        station.seen = WatchdogState(
            pid=1,
            apart=False,
            now_ns=3_000_000_000,
            mood="watching",
            alarms=["canary"],
            rounds=3,
            failed_rounds=1,
            canary=failed,
        )
        there = (await client.get("/metrics")).text

    assert {"ready": False, "detail": "no watchdog"} == ready
    assert 'fenceline_watchdog_up{park="demo"} 0.0' in without
    assert "fenceline_canary" not in without
    assert 'fenceline_watchdog_up{park="demo"} 1.0' in there
    assert 'fenceline_canary_rounds_total{park="demo",result="arrived"} 2.0' in there
    assert 'fenceline_canary_age_seconds{park="demo"} 2.0' in there
    assert "fenceline_canary_latency_seconds" not in there
