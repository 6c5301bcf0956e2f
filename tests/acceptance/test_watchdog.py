"""The watch over Fenceline itself: each part of the real process is stopped, and somebody must say so."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.publishing import publish
from tests.acceptance.station import SENSOR, PageReceiver
from tests.acceptance.watched import Watched, lives, until
from tests.broker import Mosquitto, free_port
from tests.parts import need

if TYPE_CHECKING:
    from playwright.async_api import Page

TOLD_SECONDS = 10.0  # from the fault to the page, as promised
SLACK_SECONDS = 2.0  # of a busy machine

Start = Callable[..., Watched]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a station with its watchdog; all of it is gone after the test."""
    need("mosquitto")
    started: list[Watched] = []

    def begin(page_url: str | None = None, **settings: Any) -> Watched:
        started.append(Watched(tmp_path, page_url, **settings))
        started[-1].start()
        return started[-1]

    yield begin
    for one in started:
        one.close()


@pytest.mark.slow
def test_killed_station_is_told_taken_over_and_told_as_over(start: Start) -> None:
    """kill -9: the watchdog lives on and pages; a new start takes over, and people hear that it is over."""
    watched = start()
    before = watched.door()
    assert before is not None

    watched.station.kill()
    told, seconds = until(lambda: watched.news("station"), "the death is told", TOLD_SECONDS + SLACK_SECONDS)
    after = watched.start()
    until(lambda: watched.news("station", over=True), "the return is told")

    print(f"killed: told after {seconds:.1f} s")
    assert seconds <= TOLD_SECONDS
    assert told[0]["simulated"] is True
    assert "演练" in told[0]["title"]
    assert "Fenceline does not answer" in told[0]["text"]["en"][0]
    assert before.pid != after.pid
    assert not lives(before.pid)
    assert 1 == len(watched.news("station"))


@pytest.mark.slow
async def test_a_station_that_stands_still_is_told_and_blinds_its_screens(
    start: Start, chromium_page_async: "Page"
) -> None:
    """SIGSTOP: the screen says within its bound that it is blind, the watchdog pages; both end after it."""
    page = chromium_page_async
    watched = start()
    station = watched.station
    await page.goto(station.address)
    await page.get_by_test_id("quiet-panel").wait_for()
    blind = page.get_by_test_id("blind-banner")
    assert not await blind.is_visible()

    watched.signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        await blind.wait_for(timeout=9_000)
        dark = time.monotonic() - began
        _, seconds = await in_thread(lambda: until(lambda: watched.news("station"), "it is told", 12.0))
        seconds += dark
    finally:
        watched.signal(signal.SIGCONT)

    await blind.wait_for(state="hidden")
    await in_thread(lambda: until(lambda: watched.news("station", over=True), "the return is told"))
    print(f"stopped: blind after {dark:.1f} s, told after {seconds:.1f} s")
    assert dark <= 5.0 + SLACK_SECONDS
    assert seconds <= TOLD_SECONDS + SLACK_SECONDS
    assert {"station"} == {one["page"].split(".")[1] for one in watched.told.pages}


async def in_thread(work: Callable[[], Any]) -> Any:
    """Beside the browser's event loop."""
    import asyncio

    return await asyncio.to_thread(work)


@pytest.mark.slow
def test_a_broker_that_stands_still_stops_the_ticks_which_is_told(
    tmp_path: Path, mosquitto: Mosquitto, start: Start
) -> None:
    """Without word from the broker no tick is written; ten seconds later the watchdog says it."""
    watched = start(mqtt_port=mosquitto.port)

    mosquitto.stop()
    told, seconds = until(lambda: watched.news("ticks"), "it is told", 20.0)
    mosquitto.start()
    until(lambda: watched.news("ticks", over=True), "the return is told", 30.0)

    print(f"broker gone: told after {seconds:.1f} s")
    assert "no ticks" in told[0]["text"]["en"][0]
    assert [] == watched.news("engine")


@pytest.mark.slow
def test_a_pager_that_reaches_nobody_is_told_over_the_other_channel(start: Start) -> None:
    """An alert whose page finds its webhook dead: the watchdog's own channel says so, and what fails."""
    watched = start(f"http://127.0.0.1:{free_port()}/nobody")
    now_ms = time.time_ns() // 1_000_000

    for number, (seconds, value) in enumerate(((-6, 0.1), (-5, 2.4), (-3, 2.5), (-1, 2.6))):
        publish(watched.station, SENSOR, now_ms + seconds * 1000, value, "mg/m3", number)
    watched.station.until(watched.station.alerts, "the alert is in the ledger")
    told, after = until(lambda: watched.news("channels"), "it is told", 25.0)

    print(f"webhook dead: told {after:.1f} s after the alert")
    assert "webhook" in told[0]["text"]["en"][1]


@pytest.mark.slow
def test_the_canary_travels_and_nobody_sees_it(start: Start) -> None:
    """From MQTT to the sandbox, answered, ended, again and again; lists, counts, channels know nothing."""
    receiver = PageReceiver()
    watched = start(receiver.url, canary_every_seconds=2)
    station = watched.station
    try:
        until(lambda: figure(watched, "fenceline_canary_rounds_total", "arrived") >= 3, "three rounds", 30.0)
    finally:
        receiver.close()

    print(f"canary: {figure(watched, 'fenceline_canary_latency_seconds'):.3f} s")
    assert 0 < figure(watched, "fenceline_canary_latency_seconds") < 5
    assert 0 == figure(watched, "fenceline_canary_rounds_total", "failed")
    assert [] == station.alerts("all")
    assert [] == receiver.pages
    assert [] == watched.told.pages
    sensors = station.get("/api/sensors")["sensors"]
    assert "watchdog-canary" not in {sensor["id"] for sensor in sensors}
    assert "canary" not in {one["id"] for one in station.get("/api/park")["substances"]}
    # Asked for by its owner it is there, ended and answered by the watchdog.
    ended = station.get("/api/alerts?state=ended&owner=watchdog")["alerts"]
    assert {("normal", "看门狗 Watchdog")} == {(one["state"], one["acknowledged_by"]) for one in ended}
    counts = counts_of_stream(watched)
    assert (len(sensors), 0, 0) == (counts["sensors"], counts["watching"], counts["open"])


def counts_of_stream(watched: Watched) -> dict[str, Any]:
    """The first status that a screen is sent; nothing of the canary comes before it."""
    import json

    with watched.station.http.stream("GET", "/api/stream?last_event_id=0") as stream:
        event = ""
        for line in stream.iter_lines():
            assert "canary" not in line
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            if line.startswith("data: ") and event == "status":
                counts: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return counts
    raise AssertionError("the stream ended")


def figure(watched: Watched, name: str, *words: str) -> float:
    """One figure of /metrics; -1 where there is none."""
    for line in watched.station.http.get("/metrics").text.splitlines():
        if line.startswith(name) and all(word in line for word in words):
            return float(line.rsplit(" ", 1)[1])
    return -1.0


@pytest.mark.slow
def test_a_canary_that_finds_no_broker_is_told(mosquitto: Mosquitto, start: Start) -> None:
    """A broker that is gone fails the canary before ticks are missed for long enough, and then it is over."""
    watched = start(mqtt_port=mosquitto.port, canary_every_seconds=2, canary_within_seconds=3)
    until(lambda: figure(watched, "fenceline_canary_rounds_total", "arrived") >= 1, "a first round", 20.0)

    mosquitto.stop()
    told, _ = until(lambda: watched.news("canary"), "it is told", 15.0)
    mosquitto.start()

    assert "the canary did not arrive" in told[0]["text"]["en"][0]
    until(lambda: watched.news("canary", over=True), "the return is told", 40.0)


@pytest.mark.slow
def test_an_orderly_stop_is_silence(start: Start) -> None:
    """Ctrl-C ends the watchdog with the station, and nobody is told anything."""
    watched = start()
    door = watched.door()
    assert door is not None

    assert 0 == watched.station.stop()

    assert not lives(door.pid)
    assert watched.door() is None
    assert [] == watched.told.pages


@pytest.mark.slow
def test_a_watchdog_that_is_killed_is_started_anew(start: Start) -> None:
    """The station keeps its watchdog as the watchdog keeps it."""
    watched = start()
    door = watched.door()
    assert door is not None

    os.kill(door.pid, signal.SIGKILL)

    def another() -> bool:
        found = watched.door()
        return found is not None and found.pid != door.pid

    until(another, "another watchdog", 20.0)
    until(lambda: watched.station.get("/readyz")["ready"], "ready again", 20.0)
    assert [] == watched.told.pages
