"""Logging in, sessions and their end: what ended does not come back, for whoever holds its id."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import Type, extract_parameters

from console.web.people.origins import Origins
from console.web.people.passwords import Passwords
from console.web.people.roles import Role
from tests.console_web.house import Browser
from tests.console_web.seats import (
    LEAD,
    MONITOR,
    OTHER_PASSWORD,
    PASSWORD,
    PASSWORDS,
    VIEWER,
    House,
    account,
    acted_by,
    change,
    house_with,
    remove,
)

HOUR = 3600.0
HTTPS = Origins("https://fenceline.example.org", True)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path, VIEWER, MONITOR, LEAD) as house:
        yield house


@pytest.fixture
async def quiet_house(tmp_path: Path) -> AsyncIterator[House]:
    """One where days pass quickly."""
    async with house_with(tmp_path, VIEWER, MONITOR, following=False) as house:
        yield house


async def test_without_accounts_everybody_at_the_loopback_types_a_name(tmp_path: Path) -> None:
    """As before there were accounts: nobody is logged in, all is offered, the typed name is recorded."""
    async with house_with(tmp_path) as house:
        seat = await house.seat(address="127.0.0.1", base="http://127.0.0.1:8080")

        session = (await seat.get("/api/session")).json()
        answer = await seat.acknowledge(name="张三")
        login = await seat.log_in("张三")

        assert (False, None) == (session["accounts"], session["name"])
        assert "acknowledge" in session["may"]
        assert 202 == answer.status_code
        assert ["张三"] == await acted_by(house)
        assert 404 == login.status_code


async def test_who_is_logged_in_is_told(house: House) -> None:
    """The session names the person, the role, what it may and when it ends at the latest."""
    seat = await house.seat()
    before = (await seat.get("/api/session")).json()

    answered = (await seat.log_in(MONITOR)).json()
    after = (await seat.get("/api/session")).json()

    assert (True, None, []) == (before["accounts"], before["name"], before["may"])
    assert answered == after
    assert {
        "accounts": True,
        "name": MONITOR,
        "display_name": f"{MONITOR}（值班）",
        "role": "monitor",
        "may": ["see", "acknowledge"],
        "ends_at": "2023-11-21T22:13:20.000Z",
    } == after


@pytest.mark.parametrize("name", ["  张伟 ", "张伟"])
async def test_a_name_is_found_however_it_is_typed(house: House, name: str) -> None:
    """Space around a name does not count, and the account's own spelling is what is recorded."""
    seat = await house.seat()

    assert MONITOR == (await seat.log_in(name)).json()["name"]


async def test_wrong_name_and_wrong_password_are_answered_alike(house: House) -> None:
    """Nobody learns which names there are, by the answer or by the work that was done for it."""
    seat = await house.seat()
    before = PASSWORDS.compared

    wrong = await seat.log_in(MONITOR, "not this one at all")
    one = PASSWORDS.compared - before
    unknown = await seat.log_in("nobody of that name", "not this one at all")
    two = PASSWORDS.compared - before

    assert (401, 401) == (wrong.status_code, unknown.status_code)
    assert wrong.json() == unknown.json()
    assert "set-cookie" not in wrong.headers
    assert (1, 2) == (one, two)


async def test_the_cookie_is_kept_from_scripts_and_other_sites(house: House) -> None:
    """HttpOnly, SameSite=Strict, for the whole console; not Secure where it is served by plain http."""
    seat = await house.seat()

    cookie = (await seat.log_in(MONITOR)).headers["set-cookie"]

    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", "max-age=604800"} == parts
    assert 43 <= len(cookie.split(";")[0].split("=", 1)[1])  # 32 bytes as base64


@pytest.mark.parametrize("base", ["https://10.0.0.5:8080", "http://fenceline.example.org"])
async def test_by_https_the_cookie_is_secure_and_the_browser_stays_with_it(tmp_path: Path, base: str) -> None:
    """By TLS here or at the proxy of the public address: Secure, bound to the host, HSTS on every answer."""
    async with house_with(tmp_path, MONITOR, origins=HTTPS) as house:
        seat = await house.seat(base=base)

        answer = await seat.log_in(MONITOR)

        assert answer.headers["set-cookie"].startswith("__Host-fenceline-session=")
        assert "; Secure" in answer.headers["set-cookie"]
        assert "max-age=31536000" == answer.headers["strict-transport-security"]


async def test_by_http_there_is_no_hsts(house: House) -> None:
    """A promise of https is made only by https."""
    seat = await house.seat()

    assert "strict-transport-security" not in (await seat.get("/healthz")).headers


async def test_each_login_has_an_id_of_its_own(house: House) -> None:
    """An id that somebody planted before the login is worth nothing after it, and the one before ends."""
    seat = await house.seat()
    seat.client.cookies.set("fenceline-session", "planted", domain="10.0.0.5")
    await seat.log_in(MONITOR)
    first = seat.client.cookies["fenceline-session"]
    await seat.log_in(MONITOR)
    second = seat.client.cookies["fenceline-session"]

    thief = await house.seat()
    answers = []
    for secret in ("planted", first, second):
        thief.client.cookies.clear()
        thief.client.cookies.set("fenceline-session", secret, domain="10.0.0.5")
        answers.append((await thief.get("/api/alerts")).status_code)

    assert 3 == len({"planted", first, second})
    assert [401, 401, 200] == answers


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


def test_hashes_are_argon2id_as_rfc_9106_recommends() -> None:
    """RFC 9106 section 4, the second recommended option: t=3, p=4, m=64 MiB, 128-bit salt, 256-bit tag."""
    stored = Passwords().hash(PASSWORD)

    found = extract_parameters(stored)

    assert (Type.ID, 3, 4, 65_536, 16, 32) == (
        found.type,
        found.time_cost,
        found.parallelism,
        found.memory_cost,
        found.salt_len,
        found.hash_len,
    )


def test_the_same_password_on_another_keyboard_is_the_same() -> None:
    """Composed and decomposed characters are one password; case is not."""
    passwords = Passwords()
    stored = passwords.hash("caf\u00e9 au lait noir")

    assert passwords.matches(stored, "cafe\u0301 au lait noir")
    assert not passwords.matches(stored, "Caf\u00e9 au lait noir")
    assert not passwords.matches(None, "caf\u00e9 au lait noir")
