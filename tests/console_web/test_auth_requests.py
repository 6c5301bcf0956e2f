"""From where and by what means: other sites, other names, proxies, this machine, tokens."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console_web.house import BASE
from tests.console_web.seats import (
    ENGINEER,
    LEAD,
    METRICS_TOKEN,
    MONITOR,
    STATION_TOKEN,
    VIEWER,
    House,
    acted_by,
    house_with,
)

LOOPBACK = {"address": "127.0.0.1", "base": BASE}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path, VIEWER, MONITOR, ENGINEER, LEAD) as house:
        yield house


async def test_an_act_needs_the_header_of_our_own_page(house: House) -> None:
    """What a form or a script of another site cannot send; a login needs it too."""
    seat = await house.seat(MONITOR)
    del seat.client.headers["X-Fenceline"]

    answers = [await seat.acknowledge(), await seat.log_in(MONITOR), await seat.client.post("/api/logout")]

    assert [403, 403, 403] == [answer.status_code for answer in answers]
    assert all("x-fenceline" in answer.json()["error"]["message"] for answer in answers)
    assert [] == await acted_by(house)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://10.0.0.5:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_an_act_from_another_site_is_refused(house: House, headers: dict[str, str]) -> None:
    """Whatever the browser sends along with it: login, logout and acknowledgement."""
    seat = await house.seat(MONITOR)
    seat.client.headers.update(headers)

    answers = [await seat.acknowledge(), await seat.log_in(MONITOR), await seat.client.post("/api/logout")]

    assert [403, 403, 403] == [answer.status_code for answer in answers]
    assert 200 == (await seat.get("/api/alerts")).status_code


async def test_our_own_origin_may_act(house: House) -> None:
    """The page's own requests name where they come from, and pass."""
    seat = await house.seat(MONITOR)
    seat.client.headers.update({"Origin": "http://10.0.0.5:8080", "Sec-Fetch-Site": "same-origin"})

    assert 202 == (await seat.acknowledge()).status_code


async def test_no_other_site_is_given_leave(house: House) -> None:
    """A browser that asks beforehand whether another site may is not told that it may."""
    answer = await (await house.seat()).client.options(
        "/api/login",
        headers={"Origin": "http://evil.example", "Access-Control-Request-Headers": "x-fenceline"},
    )

    assert 401 == answer.status_code
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_probes_are_answered_to_this_machine_and_by_the_token(house: House, path: str) -> None:
    """The loopback without a login; from elsewhere a login or the token; a proxy here counts as elsewhere."""
    stranger, local = await house.seat(), await house.seat(**LOOPBACK)
    bearer = {"Authorization": f"Bearer {METRICS_TOKEN}"}

    answers = [
        await stranger.get(path),
        await stranger.get(path, Authorization="Bearer wrong"),
        await local.get(path, **{"X-Forwarded-For": "203.0.113.9"}),
        await (await house.seat(address="127.0.0.1")).get(path),
    ]
    let_in = [
        await local.get(path),
        await stranger.get(path, **bearer),
        await (await house.seat(VIEWER)).get(path),
    ]

    assert [401] * 4 == [answer.status_code for answer in answers]
    assert all(answer.status_code in (200, 503) for answer in let_in)


async def test_the_token_for_metrics_opens_nothing_else(house: House) -> None:
    """It is for machines that count, not for people."""
    stranger = await house.seat()

    answer = await stranger.get("/api/alerts", Authorization=f"Bearer {METRICS_TOKEN}")

    assert 401 == answer.status_code


async def test_this_machine_needs_a_login_for_the_rest(house: House) -> None:
    """With accounts the loopback is no way round them."""
    local = await house.seat(**LOOPBACK)

    assert 401 == (await local.get("/api/alerts")).status_code
    assert 401 == (await local.acknowledge(name="张三")).status_code
    assert [] == await acted_by(house)


async def test_the_station_file_lets_programs_of_this_machine_redrive_and_no_more(house: House) -> None:
    """Whoever may read the data folder; from elsewhere the token is worth nothing."""
    local, stranger = await house.seat(**LOOPBACK), await house.seat()
    token = {"X-Fenceline-Station": STATION_TOKEN}
    for seat in (local, stranger):
        seat.client.headers.update(token)
        del seat.client.headers["X-Fenceline"]
    path = "/api/deadletters/some-key/redrive"

    inside = await local.client.post(path, json={"name": "张三"})
    nameless = await local.client.post(path, json={})
    outside = await stranger.client.post(path, json={"name": "张三"})

    # 503: this console has no broker to drive it through.
    assert (503, 422, 401) == (inside.status_code, nameless.status_code, outside.status_code)
    assert 401 == (await local.acknowledge(name="张三")).status_code
    assert 401 == (await local.get("/api/alerts")).status_code


async def test_without_accounts_nothing_that_a_proxy_passed_on_is_served(tmp_path: Path) -> None:
    """A proxy would let others in through the loopback."""
    async with house_with(tmp_path) as house:
        local = await house.seat(**LOOPBACK)

        answer = await local.get("/api/alerts", **{"X-Forwarded-For": "203.0.113.9"})

        assert 403 == answer.status_code
        assert "fenceline user add" in answer.json()["error"]["hint"]


@pytest.mark.parametrize("host", ["evil.example:8080", "fenceline.example.org.evil.example", ""])
async def test_names_that_others_pointed_here_are_refused(house: House, host: str) -> None:
    """Beyond the loopback too: an address by number or a name of our own, no other."""
    seat = await house.seat()

    assert 421 == (await seat.get("/api/session", Host=host)).status_code
