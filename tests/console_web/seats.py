"""A console where people must log in, and the browsers they sit at."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from console.web.people.accounts import Account, Accounts, change_accounts
from console.web.people.loginlog import FILE_NAME as LOGINS_NAME
from console.web.people.loginlog import LoginLog
from console.web.people.origins import Origins
from console.web.people.passwords import Passwords
from console.web.people.people import People
from console.web.people.roles import Role
from console.web.people.settings import PeopleSettings
from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from tests.console_web.house import Console, console_over, new_clock
from tests.sinks.records import PARK, alert, append, raised

PASSWORD = "correct horse battery"
OTHER_PASSWORD = "staple of another kind"
VIEWER, MONITOR, ENGINEER, LEAD = "赵敏", "张伟", "李娜", "王芳"
ROLES = {VIEWER: Role.VIEWER, MONITOR: Role.MONITOR, ENGINEER: Role.ENGINEER, LEAD: Role.LEAD}
STATION_TOKEN = "a token out of the station file"
METRICS_TOKEN = "a token for the metrics"


class CountingPasswords(Passwords):
    """Cheap hashes, with a count of how often one was compared."""

    def __init__(self) -> None:
        super().__init__(PasswordHasher.from_parameters(CHEAPEST))
        self.compared = 0

    def matches(self, stored: str | None, password: str) -> bool:
        self.compared += 1
        return super().matches(stored, password)


PASSWORDS = CountingPasswords()


def account(name: str, role: Role, password: str = PASSWORD) -> Account:
    moment = "2026-03-01T02:00:00Z"
    return Account(
        name=name,
        display_name=f"{name}（值班）",
        role=role,
        password=PASSWORDS.hash(password),
        created_at=moment,
        password_changed_at=moment,
    )


def change(users: Path, one: Account) -> None:
    """As `fenceline user` would, in another process."""
    change_accounts(users, lambda accounts: accounts.with_account(one))


def remove(users: Path, name: str) -> None:
    change_accounts(users, lambda accounts: accounts.without(name))


class Seat:
    """One browser."""

    def __init__(
        self, house: "House", *, address: str = "10.0.0.7", base: str = "http://10.0.0.5:8080"
    ) -> None:
        transport = httpx.ASGITransport(app=house.console.app, client=(address, 50_000))
        self.client = httpx.AsyncClient(transport=transport, base_url=base, headers={"X-Fenceline": "active"})

    async def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return await self.client.post("/api/login", json={"name": name, "password": password})

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def acknowledge(self, action: str = "action-0001", **changed: Any) -> httpx.Response:
        body = {"revision": 1, "action_id": action} | changed
        return await self.client.post(f"/api/alerts/{alert().id}/acknowledge", json=body)

    @property
    def cookie(self) -> str:
        """The header that the browser would send with a stream."""
        return "; ".join(f"{one.name}={one.value}" for one in self.client.cookies.jar)


@dataclass
class House:
    """The console, its clock and its accounts file."""

    console: Console
    clock: ManualClock
    users: Path
    people: People

    async def seat(self, name: str | None = None, **where: str) -> Seat:
        """A browser, logged in where a name is given."""
        seat = Seat(self, **where)
        if name is not None:
            answer = await seat.log_in(name)
            assert 200 == answer.status_code, answer.text
        return seat


@asynccontextmanager
async def house_with(
    folder: Path, *people: str, origins: Origins | None = None, following: bool = True, **settings: Any
) -> AsyncIterator[House]:
    """A console with these people's accounts, reached from the network, over a ledger with one alert.

    Args:
        following: whether it shows the ledger, which it pulses for each second; days are long then.
    """
    clock = new_clock()
    users = folder / "users.json"
    if people:
        change_accounts(users, lambda _: Accounts(accounts=tuple(account(one, ROLES[one]) for one in people)))
    known = People(
        clock=clock,
        users=users,
        settings=PeopleSettings(metrics_token=METRICS_TOKEN, **settings),
        origins=Origins(None, bool(people)) if origins is None else origins,
        passwords=PASSWORDS,
        station_token=STATION_TOKEN,
        logins=LoginLog(folder / LOGINS_NAME, clock),
    )
    bus = MemoryBus(clock=clock)
    async with console_over(bus, clock, folder, people=known) as console:
        await append(bus, Topic.ALERTS, raised(alert()))
        if following:
            await console.follow()
        yield House(console, clock, users, known)


async def acted_by(house: House) -> list[str]:
    """The names in the journal's actions."""
    stored = await house.console.bus.read(Topic.JOURNAL, PARK, 0, kinds=("action",))
    return [json.loads(one.payload)["by"] for one in stored]
