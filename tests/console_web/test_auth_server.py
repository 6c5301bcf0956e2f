"""Served beyond this machine, on real sockets: the loopback stays, and only a trusted proxy is believed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from console.web.people.origins import Origins
from console.web.server import listen, serve
from tests.console_web.seats import LEAD, MONITOR, PASSWORD, House, house_with

PUBLIC = Origins("https://fenceline.example.org", True)
BY_PROXY = {
    "Host": "fenceline.example.org",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Fenceline": "active",
}


@asynccontextmanager
async def served(house: House, host: str, trusted_proxy: str | None = None) -> AsyncIterator[int]:
    """The console at an address; its port."""
    ports: asyncio.Queue[int] = asyncio.Queue()
    server = asyncio.ensure_future(
        serve(
            house.console.app,
            host,
            0,
            with_accounts=True,
            trusted_proxy=trusted_proxy,
            before_stop=house.console.live.close,
            started=ports.put_nowait,
        )
    )
    try:
        yield await asyncio.wait_for(ports.get(), 10)
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path, MONITOR, LEAD, origins=PUBLIC, following=False) as house:
        yield house


async def log_in_through(port: int, name: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        return await client.post("/api/login", json={"name": name, "password": PASSWORD}, headers=BY_PROXY)


async def test_a_trusted_proxy_says_who_asks_and_how(house: House) -> None:
    """Limits and sessions then count the person's own address, and the cookie is for https."""
    async with served(house, "127.0.0.1", "127.0.0.1") as port:
        answer = await log_in_through(port, MONITOR)

    assert 200 == answer.status_code
    assert "; Secure" in answer.headers["set-cookie"]
    assert ["203.0.113.9"] == [one.address for one in house.people.sessions.all()]


async def test_anybody_else_is_not_believed(house: House) -> None:
    """Whoever could name any address could guess without end."""
    async with served(house, "127.0.0.1") as port:
        await log_in_through(port, MONITOR)

    assert ["127.0.0.1"] == [one.address for one in house.people.sessions.all()]


async def test_every_address_and_the_loopback_are_served(house: House) -> None:
    """The watchdog and the command line of this machine ask by the loopback, whatever the address is."""
    own = socket.gethostbyname(socket.gethostname())
    for host in ("0.0.0.0", own):
        async with (
            served(house, host) as port,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            asked = {
                "0.0.0.0": ("127.0.0.1", own),
                own: (own,) if own.startswith("127.") else (own, "127.0.0.1"),
            }
            answers = [await client.get(f"http://{at}:{port}/readyz") for at in asked[host]]
            stranger = await client.get(f"http://{own}:{port}/api/alerts")

        assert all(answer.status_code in (200, 401, 503) for answer in answers)
        assert 401 == stranger.status_code


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_the_loopback_needs_no_accounts(host: str) -> None:
    """As before."""
    listen(host, 0).close()


def test_with_accounts_any_address_of_this_machine_may_be_served() -> None:
    """Whoever comes must log in."""
    listen("0.0.0.0", 0, with_accounts=True).close()
