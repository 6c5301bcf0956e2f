"""Logging in: who is let in, what the browser is given, and what nobody learns from a refusal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import Type, extract_parameters

from console.web.people.origins import Origins
from console.web.people.passwords import Passwords
from tests.console_web.seats import (
    LEAD,
    MONITOR,
    PASSWORD,
    PASSWORDS,
    VIEWER,
    House,
    acted_by,
    house_with,
)

HTTPS = Origins("https://fenceline.example.org", True)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path, VIEWER, MONITOR, LEAD) as house:
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
