"""Guessing is slow, and does not shut out those who work: limits by address and by name."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.web.people.limits import Limiter
from fenceline.clock import ManualClock
from tests.console_web.seats import LEAD, MONITOR, House, acted_by, house_with

WRONG = "not this one at all"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path, MONITOR, LEAD) as house:
        yield house


async def test_one_address_guesses_ten_times_and_then_waits(house: House) -> None:
    """Whatever names it tries; another address is not held up."""
    seat = await house.seat(address="10.0.0.66")

    guesses = [(await seat.log_in(f"name {number}", WRONG)).status_code for number in range(12)]
    refused = await seat.log_in(MONITOR)

    assert [401] * 10 + [429] * 2 == guesses
    assert 429 == refused.status_code
    assert "30" == refused.headers["retry-after"]
    assert 200 == (await (await house.seat()).log_in(MONITOR)).status_code


async def test_after_the_wait_one_more_is_allowed(house: House) -> None:
    """The time is the clock's, and it says the truth in Retry-After."""
    seat = await house.seat(address="10.0.0.66")
    for number in range(10):
        await seat.log_in(f"name {number}", WRONG)
    wait = int((await seat.log_in(MONITOR)).headers["retry-after"])

    await house.clock.advance(wait - 1)
    early = await seat.log_in(MONITOR)
    await house.clock.advance(1)
    late = await seat.log_in(MONITOR)

    assert (429, 200) == (early.status_code, late.status_code)


async def test_one_name_is_guessed_at_five_times_from_everywhere(house: House) -> None:
    """A thousand addresses guess no faster than one; a name that does not exist is treated alike."""
    for name in (MONITOR, "nobody of that name"):
        answers = []
        for number in range(7):
            seat = await house.seat(address=f"10.7.{len(name)}.{number}")
            answers.append((await seat.log_in(name, WRONG)).status_code)

        assert [401] * 5 + [429] * 2 == answers


async def test_the_password_is_not_looked_at_while_a_name_waits(house: House) -> None:
    """The right one is refused as well, so that waiting cannot be told from being wrong."""
    for number in range(6):
        await (await house.seat(address=f"10.7.0.{number}")).log_in(MONITOR, WRONG)

    answer = await (await house.seat(address="10.7.0.99")).log_in(MONITOR)

    assert 429 == answer.status_code


async def test_nobody_is_shut_out_of_their_own_place_by_a_stranger(house: House) -> None:
    """Where a person has logged in before, guessing at the name elsewhere does not count."""
    desk = await house.seat(MONITOR, address="10.0.0.20")
    await desk.client.post("/api/logout")
    for number in range(10):
        await (await house.seat(address=f"10.7.0.{number}")).log_in(MONITOR, WRONG)

    answer = await desk.log_in(MONITOR)

    assert 200 == answer.status_code


async def test_logging_in_again_and_again_is_no_guessing(house: House) -> None:
    """Only failures count: a shift that logs in at one address is not held up."""
    seat = await house.seat(address="10.0.0.20")

    answers = {(await seat.log_in(MONITOR)).status_code for _ in range(30)}

    assert {200} == answers


async def test_one_ipv6_site_counts_as_one_address(house: House) -> None:
    """Whoever has a whole /64 does not get a limit for each of its addresses."""
    answers = []
    for number in range(12):
        seat = await house.seat(address=f"2001:db8:1:2::{number:x}")
        answers.append((await seat.log_in(f"name {number}", WRONG)).status_code)

    assert [401] * 10 + [429] * 2 == answers


async def test_actions_have_a_limit_of_their_own(house: House) -> None:
    """A page gone wild is slowed, the next person is not; nothing is recorded of what was refused."""
    wild, calm = await house.seat(MONITOR), await house.seat(LEAD, address="10.0.0.8")

    answers = [(await wild.acknowledge(f"action-{number:04d}")).status_code for number in range(125)]
    other = await calm.acknowledge("action-9999")

    assert [202] * 120 + [429] * 5 == answers
    assert 202 == other.status_code
    assert 121 == len(await acted_by(house))
    await house.clock.advance(1)
    assert 202 == (await wild.acknowledge("action-8888")).status_code


async def test_a_bucket_fills_with_time_and_not_beyond() -> None:
    """Tokens come back one at a time, up to the burst; time that stands still gives none."""
    clock = ManualClock()
    limiter = Limiter(clock, burst=2, every_seconds=10)

    first = [limiter.take("a"), limiter.take("a"), limiter.take("a")]
    await clock.advance(4)
    waiting = limiter.take("a")
    await clock.advance(1000)
    later = [limiter.take("a"), limiter.take("a"), limiter.take("a")]

    assert [0.0, 0.0, 10.0] == first
    assert 6.0 == pytest.approx(waiting)
    assert [0.0, 0.0, 10.0] == later
    assert 0.0 == limiter.take("b")


def test_what_is_given_back_counts_again() -> None:
    """Up to the burst and no further."""
    limiter = Limiter(ManualClock(), burst=1, every_seconds=10)

    limiter.take("a")
    limiter.give_back("a")
    limiter.give_back("a")

    assert [0.0, 10.0] == [limiter.take("a"), limiter.take("a")]


def test_memory_is_bounded() -> None:
    """Of more keys than are kept those untouched for longest go."""
    limiter = Limiter(ManualClock(), burst=1, every_seconds=10, keys_kept=2)

    for key in ("a", "b", "c"):
        limiter.take(key)

    assert [10.0, 10.0, 0.0] == [limiter.take("c"), limiter.take("b"), limiter.take("a")]
