"""The canary's rounds against a scripted station: what arrives, what does not, and nothing is left open."""

import asyncio

from console.watchdog.asking import NoAnswer
from console.watchdog.canary import Canary
from console.watchdog.report import AcknowledgeCanary, CanaryAlert, RoundReport, StationReport
from fenceline.clock import ManualClock
from fenceline.errors import ServiceError
from tests.console.watchdog_looks import START_NS, Scene


class House:
    """A station that answers readings with an alert and a page; its faults are set by the test."""

    def __init__(self) -> None:
        self.clock = ManualClock(START_NS)
        self.canary = Canary(
            publish=self.publish,
            ask=self.ask,
            acknowledge=self.acknowledge,
            clock=self.clock,
            within_seconds=10.0,
        )
        self.sent: list[float] = []
        self.answers: list[AcknowledgeCanary] = []
        self.alert: CanaryAlert | None = None
        self.page_after: float | None = 0.04
        self.broker: str | None = None
        self.hangs = False
        self.silent = False
        self.ends = True
        self._paging: set[asyncio.Task[None]] = set()

    async def publish(self, value: float, time_ns: int) -> None:
        if self.broker is not None:
            raise ServiceError(self.broker)
        if self.hangs:
            await asyncio.Event().wait()
        self.sent.append(value)
        if value > 0:
            stamp = (time_ns - START_NS) // 1_000_000
            name = f"watchdog-canary.watchdog-canary.20260101t0000{stamp // 1000:02d}.{stamp % 1000:03d}z"
            self.alert = CanaryAlert(id=name, revision=1, acknowledged=False)
            if self.page_after is not None:
                task = asyncio.ensure_future(self._page(name, self.page_after))
                self._paging.add(task)
        else:
            self._end()

    async def _page(self, name: str, after: float) -> None:
        await self.clock.sleep(after)
        self.canary.page_came([name])

    async def ask(self) -> StationReport:
        if self.silent:
            raise NoAnswer("refused")
        return Scene().report().model_copy(update={"canary": self.alert})

    async def acknowledge(self, body: AcknowledgeCanary) -> None:
        self.answers.append(body)
        assert self.alert is not None
        self.alert = self.alert.model_copy(update={"acknowledged": True})
        self._end()

    def _end(self) -> None:
        quiet, answered = self.sent[-1:] == [0.0], self.alert is not None and self.alert.acknowledged
        if self.ends and quiet and answered:
            self.alert = None

    async def round(self) -> RoundReport:
        running = asyncio.ensure_future(self.canary.round())
        while not running.done():
            await self.clock.advance(0.01)
        return running.result()


async def test_a_round_measures_the_way_and_leaves_nothing_open() -> None:
    """Up, page, down, answered, ended; the time is that of the way alone."""
    house = House()

    done = await house.round()

    assert (True, 0.04, "") == (done.ok, round(done.latency_seconds or 0, 2), done.problem)
    assert [1.0, 0.0] == house.sent
    assert house.alert is None
    assert 1 == len(house.answers)


async def test_a_page_that_does_not_come_breaks_the_round() -> None:
    """After ten seconds, not before; the alert stays for the next round to clear."""
    house = House()
    house.page_after = None
    began = house.clock.monotonic()

    broken = await house.round()
    house.page_after = 0.04
    mended = await house.round()

    assert (False, None, "no page came within 10 s") == (broken.ok, broken.latency_seconds, broken.problem)
    assert 10.0 <= house.clock.monotonic() - began < 11.0
    assert mended.ok
    assert [1.0, 0.0, 1.0, 0.0] == house.sent


async def test_a_page_of_another_round_is_not_taken_for_this_one() -> None:
    """A late page of the round before proves nothing now."""
    house = House()
    house.page_after = 15.0
    late = await house.round()
    house.page_after = None

    nothing = await house.round()

    assert (False, False) == (late.ok, nothing.ok)
    assert not house.canary.page_came(["watchdog-canary.watchdog-canary.20200101t000000.000z"])


async def test_a_broker_that_refuses_or_hangs_breaks_the_round() -> None:
    """Its own words where it has any; the bound where it has none."""
    refusing, hanging = House(), House()
    refusing.broker = "no broker at `mqtt://127.0.0.1:1883`"
    hanging.hangs = True

    assert "no broker at `mqtt://127.0.0.1:1883`" == (await refusing.round()).problem
    assert "the broker did not take the reading within 10 s" == (await hanging.round()).problem


async def test_a_station_that_is_silent_breaks_the_round() -> None:
    """It cannot be asked what stands."""
    house = House()
    house.silent = True

    assert "refused, after 10 s" == (await house.round()).problem


async def test_an_alert_that_does_not_end_breaks_the_round_though_the_page_came() -> None:
    """The way to the page worked, and its time is kept; the lifecycle did not."""
    house = House()
    house.ends = False

    done = await house.round()

    assert (False, "the alert does not end, after 10 s") == (done.ok, done.problem)
    assert done.latency_seconds is not None
    assert 1 == len(house.answers)
