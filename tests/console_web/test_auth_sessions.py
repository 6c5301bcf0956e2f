"""The end of a session: by time, by hand, by a change of its account; what ended does not come back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.web.people.roles import Role
from tests.console_web.house import Browser
from tests.console_web.seats import (
    LEAD,
    MONITOR,
    OTHER_PASSWORD,
    PASSWORD,
    VIEWER,
    House,
    account,
    acted_by,
    change,
    house_with,
    remove,
)

HOUR = 3600.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path, VIEWER, MONITOR, LEAD) as house:
        yield house


@pytest.fixture
async def quiet_house(tmp_path: Path) -> AsyncIterator[House]:
    """One where days pass quickly."""
    async with house_with(tmp_path, VIEWER, MONITOR, following=False) as house:
        yield house


async def test_logging_out_ends_it_for_good(house: House) -> None:
    """The id is worth nothing any more, also for whoever copied it."""
    seat = await house.seat(MONITOR)
    copied = seat.cookie

    answer = await seat.client.post("/api/logout")
    after = await seat.get("/api/alerts")
    copy = await (await house.seat()).get("/api/alerts", Cookie=copied)

    assert 204 == answer.status_code
    assert 'fenceline-session=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (401, 401) == (after.status_code, copy.status_code)


async def test_a_session_ends_when_nobody_used_it(quiet_house: House) -> None:
    """Twelve hours without a person's hand; what the page asks by itself is no use."""
    used, idle = await quiet_house.seat(MONITOR), await quiet_house.seat(VIEWER)
    for _ in range(13):
        await quiet_house.clock.advance(0.99 * HOUR)
        await used.get("/api/sensors")
        await idle.get("/api/sensors", **{"X-Fenceline": "idle"})

    answers = [(await seat.get("/api/alerts")).status_code for seat in (used, idle)]

    assert [200, 401] == answers


async def test_a_session_ends_after_seven_days_whatever_is_done(quiet_house: House) -> None:
    """The longest time counts from the login."""
    seat = await quiet_house.seat(MONITOR)
    for _ in range(24 * 7 - 1):
        await quiet_house.clock.advance(HOUR)
        await seat.get("/api/session")
    before = (await seat.get("/api/alerts")).status_code

    await quiet_house.clock.advance(HOUR)

    assert (200, 401) == (before, (await seat.get("/api/alerts")).status_code)


async def test_the_limits_are_settings(tmp_path: Path) -> None:
    """A site decides for how long."""
    async with house_with(tmp_path, MONITOR, following=False, session_idle_hours=0.5) as house:
        seat = await house.seat(MONITOR)
        await house.clock.advance(0.6 * HOUR)

        assert 401 == (await seat.get("/api/alerts")).status_code


async def test_a_removed_account_is_logged_out(house: House) -> None:
    """Within a second of the file's change, without a restart; it cannot log in again."""
    seat = await house.seat(MONITOR)

    remove(house.users, MONITOR)
    await house.clock.advance(1.0)

    assert 401 == (await seat.get("/api/alerts")).status_code
    assert 401 == (await seat.log_in(MONITOR)).status_code


async def test_a_new_password_ends_the_sessions_of_the_old(house: House) -> None:
    """Whoever stole the old one is out; the new one lets in at once."""
    seat = await house.seat(MONITOR)

    change(house.users, account(MONITOR, Role.MONITOR, OTHER_PASSWORD))
    await house.clock.advance(1.0)

    assert 401 == (await seat.get("/api/alerts")).status_code
    assert 401 == (await seat.log_in(MONITOR, PASSWORD)).status_code
    assert 200 == (await seat.log_in(MONITOR, OTHER_PASSWORD)).status_code


async def test_another_role_counts_from_the_next_login(house: House) -> None:
    """The session with the old role ends; what it was allowed is gone with it."""
    seat = await house.seat(MONITOR)

    change(house.users, account(MONITOR, Role.VIEWER))
    await house.clock.advance(1.0)
    ended = await seat.acknowledge()
    await seat.log_in(MONITOR)
    refused = await seat.acknowledge()

    assert (401, 403) == (ended.status_code, refused.status_code)
    assert [] == await acted_by(house)


async def test_a_new_account_lets_in_at_once(house: House) -> None:
    """A login looks at the file itself."""
    change(house.users, account("新人", Role.VIEWER))

    assert 200 == (await (await house.seat()).log_in("新人")).status_code


async def test_a_stream_ends_with_its_session(house: House) -> None:
    """A screen whose login ended is sent nothing more; it does not come back without a login."""
    seat = await house.seat(MONITOR)
    headers = {"Cookie": seat.cookie}
    browser = Browser(house.console.app, headers=headers)
    await house.clock.advance(1.0)
    before = len(browser.named("status"))

    remove(house.users, MONITOR)
    await house.clock.advance(3.0)

    assert before >= 1
    assert browser.ended
    assert len(browser.named("status")) <= before + 1
    again = Browser(house.console.app, headers=headers)
    await house.console.settle()
    assert 401 == again.status


async def test_an_open_stream_is_no_use(tmp_path: Path) -> None:
    """A screen that nobody sits at goes blind when its time is over, though its stream was open."""
    async with house_with(tmp_path, MONITOR, session_idle_hours=0.01) as house:
        seat = await house.seat(MONITOR)
        browser = Browser(house.console.app, headers={"Cookie": seat.cookie})

        await house.clock.advance(34)
        held = not browser.ended
        await house.clock.advance(3)

        assert held
        assert browser.ended


async def test_the_first_account_ends_open_screens(tmp_path: Path) -> None:
    """A station that runs without accounts asks for a login as soon as there are some."""
    async with house_with(tmp_path) as house:
        browser = Browser(house.console.app)
        await house.console.settle()
        seat = await house.seat(address="127.0.0.1", base="http://127.0.0.1:8080")
        before = (await seat.get("/api/alerts")).status_code

        change(house.users, account(LEAD, Role.LEAD))
        await house.clock.advance(3.0)

        assert (200, 401) == (before, (await seat.get("/api/alerts")).status_code)
        assert browser.ended


async def test_a_lead_sees_and_ends_sessions(house: House) -> None:
    """Who is logged in, from where; ending them ends them."""
    lead, monitor = await house.seat(LEAD), await house.seat(MONITOR, address="10.0.0.9")

    listed = (await lead.get("/api/sessions")).json()["sessions"]
    ended = await lead.client.post("/api/sessions/end", json={"name": MONITOR})

    assert [(LEAD, "10.0.0.7"), (MONITOR, "10.0.0.9")] == [(one["name"], one["address"]) for one in listed]
    assert {"ended": 1} == ended.json()
    assert 401 == (await monitor.get("/api/alerts")).status_code
    assert 200 == (await lead.get("/api/alerts")).status_code


async def test_one_account_holds_twenty_sessions(house: House) -> None:
    """The oldest gives way, so that nothing grows without bound."""
    seats = [await house.seat(MONITOR, address=f"10.0.1.{number}") for number in range(21)]

    answers = [(await seat.get("/api/alerts")).status_code for seat in seats]

    assert [401] + [200] * 20 == answers
