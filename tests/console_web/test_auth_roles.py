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
from tests.console_web.seats import (
    ENGINEER,
    LEAD,
    MONITOR,
    VIEWER,
    House,
    acted_by,
    house_with,
)


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
    """403 exactly where the table says so. (A stream does not end; test_auth_sessions.py follows it.)"""
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


def test_safe_methods_are_those_that_change_nothing() -> None:
    """What is asked for in the table by a safe method is only looked at."""
    assert {"GET", "HEAD", "OPTIONS"} == SAFE
    assert {"GET", "POST"} == {method for method, _ in ROUTES}
