"""A park on a memory bus for the pager's tests: clock, ticks and ledger are moved by hand."""

import asyncio
from collections.abc import Mapping
from typing import Any

from alerts.channels.channel import Channel
from alerts.pager import Pager
from fenceline.alert import AttemptMade, Name, Page, PageRecord
from fenceline.bus import Bus, Cause, Record, Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import NANOSECONDS, ManualClock
from fenceline.journal import Attempt, Claim, Receipt, Tick
from fenceline.vocabulary import Level, Tier
from fenceline.wire import decode, encode

PARK = "demo"
FILTER = "fenceline/demo/#"
START_NS = 1_760_000_000 * NANOSECONDS


async def settle(turns: int = 300) -> None:
    """Let everything that can go on without time go on."""
    for _ in range(turns):
        await asyncio.sleep(0)


def page_named(name: str = "a1~1.1", **changes: Any) -> Page:
    """A page that is due at the start and expires after five minutes."""
    fields: dict[str, Any] = {
        "id": name,
        "number": 1,
        "revision": 1,
        "call": name.rpartition(".")[0],
        "alerts": ("a1",),
        "recipient": "duty",
        "recipient_name": Name(zh="值班", en="Duty"),
        "channels": ("first", "second"),
        "step": 0,
        "cycle": 0,
        "level": Level.ORANGE,
        "tier": Tier.ENTERPRISE,
        "due_ns": START_NS,
        "expires_ns": START_NS + 300 * NANOSECONDS,
        "state": "due",
        "text": {"zh": ("橙色Ⅱ级 甲一化工", "2.3 ppm"), "en": ("Orange II · Enterprise 1", "2.3 ppm")},
        "link": "/#/alerts/a1",
    }
    return Page(**(fields | changes))


class World:
    """One park, its bus and its time."""

    def __init__(self) -> None:
        self.clock = ManualClock(START_NS)
        self.memory = MemoryBus(clock=self.clock)
        self.bus: Bus = self.memory
        self.tasks: list[asyncio.Task[None]] = []
        self._log_ns = START_NS
        self._index = 0

    async def begin(self) -> None:
        """A ticker claims the park, and log time begins."""
        await self.journal(Claim(filter=FILTER, owner="ingest-1", term=1))
        await self.tick(0)

    async def journal(self, *records: Attempt | Receipt | Claim | Tick) -> int:
        return await self.memory.append(
            Topic.JOURNAL, PARK, [Record(record.kind, encode(record)) for record in records]
        )

    async def tick(self, seconds: float = 1.0) -> None:
        """Log time moves, the clock does not."""
        self._log_ns += round(seconds * NANOSECONDS)
        await self.journal(Tick(filter=FILTER, owner="ingest-1", term=1, time_ns=self._log_ns))

    async def pass_time(self, seconds: int) -> None:
        """Both times move, a tick a second."""
        for _ in range(seconds):
            await self.tick()
            await self.clock.advance(1.0)
            await settle()

    async def ledger(self, change: Any, page: Page, cause: Cause | None = None) -> None:
        """Write what an engine that is not behind would write."""
        if cause is None:
            self._index += 1
            cause = Cause(1, await self.memory.end(Topic.JOURNAL, PARK) - 1, self._index)
        record = PageRecord(change=change, at_ns=self._log_ns, page=page)
        await self.memory.append(Topic.ALERTS, PARK, [Record(record.kind, encode(record), "", cause)])

    def pager(self, channels: Mapping[str, Channel], owner: str = "pager-1", **choices: Any) -> Pager:
        """A pager that runs; `bus` among the choices stands before the world's own."""
        bus = choices.pop("bus", self.bus)
        pager = Pager(
            bus=bus,
            park=PARK,
            channels=channels,
            clock=self.clock,
            owner=owner,
            link_base="http://127.0.0.1:8080/",
            **choices,
        )
        self.tasks.append(asyncio.create_task(pager.run(), name=owner))
        return pager

    async def end(self) -> None:
        """Cancel every pager that still runs; one that failed fails the test."""
        for task in self.tasks:
            task.cancel()
        results = await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def records(self, kind: str) -> list[Any]:
        """What the journal holds of a kind, in order."""
        head = await self.memory.head(Topic.JOURNAL, PARK)
        found = await self.memory.read(Topic.JOURNAL, PARK, head, limit=100_000, kinds=(kind,))
        return [decode(stored.kind, stored.payload) for stored in found]

    async def attempts(self) -> list[tuple[str, int, str]]:
        return [(one.page, one.number, one.channel) for one in await self.records("attempt")]

    async def receipts(self) -> list[tuple[str, int, str]]:
        return [(one.page, one.number, one.result) for one in await self.records("receipt")]


def with_attempts(page: Page, *attempts: AttemptMade) -> Page:
    return page.model_copy(update={"attempts": attempts})
