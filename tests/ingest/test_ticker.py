"""The ticker's time: steps, leaps and stalls of the clocks, as tables of clock readings."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenceline.logtime import LEAP_NS
from ingest.ticker import SLEW, Ticker

SECOND = 1_000_000_000
NOON = 1_782_907_200 * SECOND


def test_undisturbed_it_says_the_wall_time() -> None:
    """With clocks that agree a tick says the wall time, each second."""
    ticker = Ticker(0, NOON, 100.0)

    ticks = [ticker.take(NOON + n * SECOND, 100.0 + n) for n in range(5)]

    assert [NOON + 1, *(NOON + n * SECOND for n in range(1, 5))] == [tick.time_ns for tick in ticks]
    assert [0.0] * 5 == [tick.stepped_seconds for tick in ticks]


def test_due_once_a_second_without_drift() -> None:
    """Late wake-ups do not add up: ticks stay on the grid of the first."""
    ticker = Ticker(0, NOON, 0.0)
    taken = []

    for step in range(100):
        at = step * 0.3
        if ticker.is_due(at):
            ticker.take(NOON + round(at * SECOND), at)
            taken.append(at)

    assert 30 == len(taken)
    assert ticker.due_in(29.7) == pytest.approx(0.3)


def test_after_a_stall_the_grid_starts_anew() -> None:
    """A process that stood still for ten seconds owes one tick, not ten."""
    ticker = Ticker(0, NOON, 0.0)
    ticker.take(NOON, 0.0)

    late = ticker.take(NOON + 10 * SECOND, 10.0)

    assert NOON + 10 * SECOND == late.time_ns
    assert not ticker.is_due(10.9)
    assert ticker.is_due(11.0)


@pytest.mark.parametrize("step_seconds", [0.5, 2.0, 4.9, -0.5, -2.0, -3600.0])
def test_a_small_step_or_any_step_back_is_slewed(step_seconds: float) -> None:
    """Per second of monotonic time the ticker moves by 0.95 to 1.05 s until it has met the wall clock."""
    ticker = Ticker(0, NOON, 0.0)
    ticker.take(NOON, 0.0)
    step = round(step_seconds * SECOND)

    first = ticker.take(NOON + SECOND + step, 1.0)
    ticks = [first.time_ns] + [ticker.take(NOON + n * SECOND + step, float(n)).time_ns for n in range(2, 120)]

    moves = [after - before for before, after in pairwise(ticks)]
    assert all((1 - SLEW) * SECOND <= move <= (1 + SLEW) * SECOND for move in moves)
    assert step_seconds == pytest.approx(first.stepped_seconds) or abs(step_seconds) < 1
    if abs(step_seconds) < 5:
        assert NOON + 119 * SECOND + step == ticks[-1]


def test_a_step_forward_beyond_the_bound_is_one_leap() -> None:
    """A clock set forward by a minute makes one tick that leaps, which the fold records as one gap."""
    ticker = Ticker(0, NOON, 0.0)
    before = ticker.take(NOON, 0.0)

    leap = ticker.take(NOON + 61 * SECOND, 1.0)
    after = ticker.take(NOON + 62 * SECOND, 2.0)

    assert NOON + 61 * SECOND == leap.time_ns
    assert leap.time_ns - before.time_ns > LEAP_NS
    assert 60.0 == pytest.approx(leap.stepped_seconds)
    assert SECOND == after.time_ns - leap.time_ns


def test_a_suspended_machine_leaps() -> None:
    """Where the monotonic clock stood still with the machine, the next tick leaps to the wall time."""
    ticker = Ticker(0, NOON, 0.0)
    ticker.take(NOON, 0.0)

    woken = ticker.take(NOON + 3600 * SECOND, 0.5)

    assert NOON + 3600 * SECOND == woken.time_ns


def test_a_new_ticker_does_not_go_behind_the_journal() -> None:
    """Where log time is ahead of this machine's clock, ticks go on from there, slowed down."""
    ticker = Ticker(NOON + 10 * SECOND, NOON, 0.0)

    ticks = [ticker.take(NOON + n * SECOND, float(n)).time_ns for n in range(300)]

    assert 10.0 == ticker.behind_seconds
    assert all(after > before for before, after in pairwise([NOON + 10 * SECOND, *ticks]))
    assert NOON + 299 * SECOND == ticks[-1]


def test_a_tick_grows_stale_after_a_second() -> None:
    """A tick that could not be appended within a second is to be replaced."""
    due = Ticker(0, NOON, 5.0).take(NOON, 5.0)

    assert not due.is_stale(6.0)
    assert due.is_stale(6.001)


@given(
    st.integers(-(10**12), 10**12),
    st.lists(
        st.tuples(st.floats(0, 100, allow_subnormal=False), st.integers(-(10**13), 10**13)), max_size=30
    ),
)
def test_it_never_goes_back(log_offset_ns: int, moves: list[tuple[float, int]]) -> None:
    """Whatever the two clocks do, each tick is later than the one before."""
    monotonic, wall = 0.0, NOON
    last = NOON + log_offset_ns
    ticker = Ticker(last, wall, monotonic)

    for elapsed, step_ns in moves:
        monotonic += elapsed
        wall += round(elapsed * SECOND) + step_ns
        tick = ticker.take(wall, monotonic).time_ns
        assert tick > last
        last = tick
