"""Who may do what: one table, every route in it, refused where it says nothing, and a name on every act."""

import itertools
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from console.web.people.gate import SAFE, decide
from console.web.people.roles import LEAST_ROLE, ROUTES, Door, Permission, Role, permissions_of
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


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of everything that OpenAPI knows."""
    paths = app.openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def without_types(path: str) -> str:
    """`{alert_id:path}` as OpenAPI writes it."""
    return re.sub(r":\w+\}", "}", path)


def example(path: str) -> str:
    """An address that the path stands for."""
    return re.sub(r"\{[^}]*\}", "some-thing", path)


async def test_every_route_has_a_decided_permission(house: House) -> None:
    """A route that is added to the app is refused until somebody has decided who may use it."""
    decided = {(method, without_types(path)) for method, path in ROUTES}

    assert set() == routes_of(house.console.app) - decided


async def test_the_table_means_the_route_that_answers(house: House) -> None:
    """For each path of the table its own line is the first that fits, as it is in the app."""
    meant = {key: decide(key[0], example(key[1])) for key in ROUTES}

    assert {key: (key[1], needs) for key, needs in ROUTES.items()} == {
        key: (one.path, one.needs) if not isinstance(one, int) else one for key, one in meant.items()
    }


async def test_a_route_nobody_decided_on_is_refused(house: House) -> None:
    """Also to a lead, and where only its method is new."""

    @house.console.app.get("/api/new")
    async def new() -> str:
        return "secret"

    @house.console.app.delete("/api/park")
    async def other_method() -> str:
        return "secret"

    app = house.console.app
    for _ in range(2):  # before the page's own route, which takes every address
        app.router.routes.insert(0, app.router.routes.pop())
    seat = await house.seat(LEAD)

    answers = [await seat.get("/api/new"), await seat.client.request("DELETE", "/api/park", json={})]

    assert [404, 405] == [answer.status_code for answer in answers]
    assert all("secret" not in answer.text for answer in answers)


async def test_a_route_in_the_place_of_the_page_is_refused(house: House) -> None:
    """What stands outside the API and before the page is not the page, and not for everybody."""
    app = house.console.app

    @app.get("/inside")
    async def inside() -> str:
        return "secret"

    app.router.routes.insert(0, app.router.routes.pop())

    answer = await (await house.seat()).get("/inside")

    assert 403 == answer.status_code
    assert "secret" not in answer.text


def test_each_role_may_what_those_before_it_may() -> None:
    """viewer < monitor < engineer < lead, each with one thing more."""
    may = [permissions_of(role) for role in Role]

    assert [1, 2, 3, 4] == [len(one) for one in may]
    assert all(lower < higher for lower, higher in itertools.pairwise(may))
    assert {
        Permission.SEE: Role.VIEWER,
        Permission.ACKNOWLEDGE: Role.MONITOR,
        Permission.REDRIVE: Role.ENGINEER,
        Permission.MANAGE: Role.LEAD,
    } == LEAST_ROLE


async def ask(seat_client: httpx.AsyncClient, method: str, path: str) -> int:
    answer = await seat_client.request(method, example(path), json={} if method == "POST" else None)
    return answer.status_code


async def test_without_a_login_nothing_is_served(house: House) -> None:
    """Every route but those of the login asks for one; nothing of the body is looked at before."""
    seat = await house.seat()
    asked = {key: needs for key, needs in ROUTES.items() if needs is not Door.ANYONE}

    answers = {key: await ask(seat.client, *key) for key in asked}

    assert {key: 403 if needs is Door.WATCHDOG else 401 for key, needs in asked.items()} == answers


@pytest.mark.parametrize("name", [VIEWER, MONITOR, ENGINEER, LEAD])
async def test_each_role_is_refused_what_it_may_not(house: House, name: str) -> None:
    """403 exactly where the table says so. (A stream does not end; test_auth_login.py follows it.)"""
    seat = await house.seat(name)
    may = permissions_of(Role((await seat.get("/api/session")).json()["role"]))
    asked = {
        key: needs
        for key, needs in ROUTES.items()
        if isinstance(needs, Permission) and key != ("GET", "/api/stream")
    }

    refused = {key for key in asked if await ask(seat.client, *key) == 403}

    assert {key for key, needs in asked.items() if needs not in may} == refused


async def test_the_login_and_the_page_are_for_everybody(house: House) -> None:
    """Whoever is to log in needs the page and the login; nothing of the park is in them."""
    seat = await house.seat()

    answers = {
        path: (await seat.get(path)).status_code for path in ("/healthz", "/api/session", "/", "/alerts/x")
    }

    # 503: the page has not been built here.
    assert {"/healthz": 200, "/api/session": 200, "/": 503, "/alerts/x": 503} == answers


async def test_unknown_addresses_of_the_api_say_nothing_to_strangers(house: House) -> None:
    """401 to whoever is not logged in, 404 and 405 to whoever is."""
    stranger, viewer = await house.seat(), await house.seat(VIEWER)

    assert 401 == (await stranger.get("/api/nothing")).status_code
    assert 404 == (await viewer.get("/api/nothing")).status_code
    assert 405 == (await viewer.client.request("DELETE", "/api/park", json={})).status_code
    assert 405 == (await viewer.client.post("/", json={})).status_code


async def test_the_name_of_an_action_is_the_logins(house: House) -> None:
    """With no name in the body, and with the same one."""
    seat = await house.seat(MONITOR)

    answers = [
        await seat.acknowledge("action-0001"),
        await seat.acknowledge("action-0002", name=f" {MONITOR}"),
    ]

    assert [202, 202] == [answer.status_code for answer in answers]
    assert [MONITOR, MONITOR] == await acted_by(house)


async def test_what_another_began_is_not_recorded_as_mine(house: House) -> None:
    """A page that still carries somebody's unfinished act does not turn it into the next person's."""
    seat = await house.seat(MONITOR)

    answer = await seat.acknowledge(name=LEAD)

    assert 403 == answer.status_code
    assert LEAD in answer.json()["error"]["message"]
    assert [] == await acted_by(house)


async def test_a_viewer_does_not_acknowledge(house: House) -> None:
    """The answer says which role it takes; nothing is recorded."""
    answer = await (await house.seat(VIEWER)).acknowledge()

    assert 403 == answer.status_code
    assert "`monitor`" in answer.json()["error"]["message"]
    assert [] == await acted_by(house)


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


def test_safe_methods_are_those_that_change_nothing() -> None:
    """What is asked for in the table by a safe method is only looked at."""
    assert {"GET", "HEAD", "OPTIONS"} == SAFE
    assert {"GET", "POST"} == {method for method, _ in ROUTES}
