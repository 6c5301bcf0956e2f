"""Clocks that are set by hand, beside one that nobody sets: what the watchdog says, and what ingest does."""

import asyncio

import pytest

from console.roles.ingest import ingest_forever
from console.watchdog.clockcheck import ClockCheck
from console.watchdog.ownclock import OwnClock
from fenceline.bus import Topic
from fenceline.clock import ManualClock
from ingest.clocks import ClocksDisagree
from tests.console.watchdog_looks import START_NS
from tests.ingest.test_core import Bench


def check_of(clock: ManualClock) -> ClockCheck:
    return ClockCheck(clock, elapsed=clock.monotonic)


async def test_the_watchdogs_clock_does_not_follow_a_step() -> None:
    """Somebody sets the machine's clock an hour ahead: this one goes on as before."""
    machine = ManualClock(START_NS)
    own = OwnClock(machine.now_ns, machine.monotonic)

    await machine.advance(5.0)
    machine.step(3600.0)
    await machine.advance(5.0)

    assert START_NS + 10_000_000_000 == own.now_ns()


@pytest.mark.parametrize("step", [3600.0, 2.5, -2.5, -3600.0])
async def test_a_step_shows_at_once_and_is_over_when_it_is_set_back(step: float) -> None:
    """No new answer of the watchdog is needed to see it."""
    clock = ManualClock(START_NS)
    check = check_of(clock)
    check.answered(clock.now_ns(), clock.monotonic(), clock.monotonic())
    assert check() is None

    clock.step(step)

    assert check.offset_seconds == pytest.approx(step)
    assert f"{step:+.1f} s apart" in (check() or "")
    clock.step(-step)
    assert check() is None


async def test_two_seconds_are_allowed() -> None:
    """The bound itself is no disagreement; nor is none at all, which is zero and not unknown."""
    clock = ManualClock(START_NS)
    check = check_of(clock)
    check.answered(clock.now_ns(), clock.monotonic(), clock.monotonic())
    assert 0.0 == check.offset_seconds

    clock.step(2.0)

    assert check() is None


@pytest.mark.parametrize("before", [0.0, 3.0, 6.0])
async def test_a_process_held_in_the_middle_of_the_question_is_no_disagreement(before: float) -> None:
    """Held for six seconds before, around or after the watchdog's word: only what is certain counts."""
    clock = ManualClock(START_NS)
    check = check_of(clock)
    asked = clock.monotonic()

    await clock.advance(before)
    told_ns = clock.now_ns()
    await clock.advance(6.0 - before)
    check.answered(told_ns, asked, clock.monotonic())

    assert check() is None
    clock.step(9.0)
    assert check() is not None
    clock.step(-18.0)
    assert check() is not None


async def test_a_watchdog_that_cannot_be_asked_stops_nobody() -> None:
    """Before its first answer, and ten seconds after its last, there is nothing to compare with."""
    clock = ManualClock(START_NS)
    check = check_of(clock)
    clock.step(3600.0)
    assert check() is None
    assert check.offset_seconds is None

    check.answered(START_NS, clock.monotonic(), clock.monotonic())
    assert check() is not None
    await clock.advance(10.5)

    assert check() is None


@pytest.mark.parametrize("ticks", [False, True])
async def test_ingest_writes_nothing_while_the_clocks_disagree(ticks: bool) -> None:
    """Neither batch nor tick nor mark; what waited is neither acknowledged nor lost."""
    bench = Bench(ticks=ticks)
    check = check_of(bench.clock)
    bench.core._clock_check = check
    check.answered(bench.clock.now_ns(), bench.clock.monotonic(), bench.clock.monotonic())
    await bench.step()
    before = len(await bench.bus.read(Topic.JOURNAL, "demo", 0))
    bench.clock.step(3.0)

    bench.receive("a")
    with pytest.raises(ClocksDisagree):
        await bench.core.step()
    await bench.clock.advance(2.0)
    with pytest.raises(ClocksDisagree):
        await bench.core.step()

    assert before == len(await bench.bus.read(Topic.JOURNAL, "demo", 0))
    assert [] == bench.acknowledged


class Ingestor:
    """Ends at once, as often as it is told to."""

    def __init__(self, disagreements: int) -> None:
        self.left = disagreements
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        if self.left:
            self.left -= 1
            raise ClocksDisagree("3 s apart")


async def test_ingest_begins_again_once_the_clocks_agree() -> None:
    """And not before."""
    clock = ManualClock(START_NS)
    apart = [True]
    ingestor = Ingestor(1)

    running = asyncio.ensure_future(
        ingest_forever(ingestor, lambda: "3 s apart" if apart[0] else None, clock)  # type: ignore[arg-type]
    )
    await clock.advance(60.0)
    assert 1 == ingestor.runs
    apart[0] = False
    await clock.advance(2.0)

    await running
    assert 2 == ingestor.runs
