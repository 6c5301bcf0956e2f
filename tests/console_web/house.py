"""A console over a bus in memory: the parts put together as the wiring does, with nothing else running."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from console.web.app import create_app
from console.web.following import Following
from console.web.live import Live
from console.web.people.people import People
from console.web.services import WebServices
from console.web.shapes import ParkShape, SensorLimitShape, SensorPlace
from console.web.view import View
from fenceline.alert import Name
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.vocabulary import Level, Tier
from sinks.embedded import EmbeddedStore
from sinks.service import StoreSink
from tests.sinks.records import H2S, PARK, START

BASE = "http://127.0.0.1:8080"


def place(sensor: str) -> SensorPlace:
    return SensorPlace(
        id=sensor,
        name=Name(zh="探头", en=f"detector {sensor}"),
        owner="e01",
        owner_name=Name(zh="甲一化工", en="Works one"),
        tier=Tier.ENTERPRISE,
        placement="unit",
        unit_name=None,
        quantity="h2s",
        quantity_name=H2S,
        unit="ppm",
        range=(0.0, 100.0),
        interval_seconds=5.0,
        hold_seconds=20.0,
        position=(118.0, 34.0),
        limits=[
            SensorLimitShape(
                rule="toxic-gas",
                level=Level.YELLOW,
                name="alarm_1",
                value=10.0,
                unit="ppm",
                direction="above",
                source="[S1]",
            )
        ],
    )


@dataclass
class Console:
    """The console's parts; `follow` keeps its picture up to date."""

    bus: MemoryBus
    clock: ManualClock
    store: EmbeddedStore
    view: View
    live: Live
    sink: StoreSink
    services: WebServices
    app: FastAPI
    client: httpx.AsyncClient
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def follow(self) -> None:
        """Start following, and return once the picture stands."""
        following = Following(
            bus=self.bus,
            park=PARK,
            view=self.view,
            live=self.live,
            clock=self.clock,
            history=self.store,
        )
        self.tasks.append(asyncio.ensure_future(following.run()))
        await asyncio.wait_for(following.started.wait(), 10)

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.client.get(path)
        assert status == answer.status_code, answer.text
        return answer.json()

    async def settle(self) -> None:
        """Let everything that is due happen, without moving time."""
        for _ in range(100):
            await asyncio.sleep(0)


@asynccontextmanager
async def console_over(
    bus: MemoryBus, clock: ManualClock, folder: Path, *, people: People | None = None, **live: int
) -> AsyncIterator[Console]:
    """A console over a bus, with a store of its own in a folder."""
    store = EmbeddedStore(folder / "store.duckdb")
    view = View({sensor: place(sensor) for sensor in ("s1", "s2", "s3")})
    stream = Live(park=PARK, simulated=True, view=view, clock=clock, **live)
    name = Name(zh="演练化工园区", en="Demonstration park")
    services = WebServices(
        park=ParkShape(
            id=PARK,
            name=name,
            simulated=True,
            boundary=[],
            enterprises=[],
            receptors=[],
            substances=[],
        ),
        bus=bus,
        history=store,
        view=view,
        live=stream,
        clock=clock,
        people=people,
        dist=folder / "dist",
    )
    app = create_app(services)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)
    sink = StoreSink(bus=bus, park=PARK, store=store, clock=clock)
    console = Console(bus, clock, store, view, stream, sink, services, app, client)
    try:
        yield console
    finally:
        for task in console.tasks:
            task.cancel()
        await asyncio.gather(*console.tasks, return_exceptions=True)
        await client.aclose()
        await store.close()


def new_clock() -> ManualClock:
    return ManualClock(START)


@dataclass(frozen=True)
class Event:
    """A Server-Sent Event as a browser reads it."""

    name: str
    data: Any
    id: str | None


class Browser:
    """One EventSource: it takes bytes when it may, and keeps the last event id."""

    def __init__(self, app: FastAPI, query: str = "", headers: dict[str, str] | None = None) -> None:
        self.chunks: list[bytes] = []
        self.status = 0
        self.may_take = asyncio.Event()
        self.may_take.set()
        self._gone = asyncio.Event()
        self._task = asyncio.ensure_future(
            app(
                {
                    "type": "http",
                    "http_version": "1.1",
                    "method": "GET",
                    "scheme": "http",
                    "path": "/api/stream",
                    "raw_path": b"/api/stream",
                    "query_string": query.encode(),
                    "root_path": "",
                    "headers": [
                        (b"host", b"127.0.0.1:8080"),
                        *[(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
                    ],
                    "client": ("127.0.0.1", 1),
                    "server": ("127.0.0.1", 8080),
                    "asgi": {"version": "3.0"},
                },
                self._receive,
                self._send,
            )
        )

    @property
    def ended(self) -> bool:
        return self._task.done()

    @property
    def events(self) -> list[Event]:
        """Everything received so far."""
        found = []
        for block in b"".join(self.chunks).decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in fields:
                found.append(Event(fields["event"], json.loads(fields["data"]), fields.get("id")))
        return found

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]

    async def close(self) -> None:
        self._gone.set()
        self.may_take.set()
        await asyncio.wait_for(self._task, 10)

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        await self.may_take.wait()
        self.chunks.append(message["body"])
