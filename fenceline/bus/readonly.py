"""Looks at an embedded bus's folder, while another process owns it or none does; changes nothing."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn, TypeVar

from fenceline.bus import Record, Snapshot, Stored, Topic
from fenceline.bus.checks import check_park, closed_error
from fenceline.bus.faults import read_error
from fenceline.bus.logfile import LOG_NAME, verify
from fenceline.bus.logreader import LogReader
from fenceline.bus.snapshotfile import STATE_NAME, SnapshotFile
from fenceline.bus.sqlitefile import connect
from fenceline.clock import Clock, SystemClock
from fenceline.errors import BusError

LOOK_SECONDS = 0.1

Answer = TypeVar("Answer")


class ReadOnlyBus:
    """The reading half of the bus, for `fenceline tap` and its like.

    `wait` looks again every tenth of a second: no notice comes from the owner's process.

    Args:
        folder: the data folder of an `EmbeddedBus`.
        clock: what `wait` measures its seconds with.
    """

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = SystemClock() if clock is None else clock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="bus-look")
        self._parks: dict[str, tuple[LogReader, int]] = {}
        self._closed = False

    def parks(self) -> list[str]:
        """The parks that have a journal in this folder."""
        return sorted(path.parent.name for path in self._folder.glob(f"*/{LOG_NAME}"))

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        self._refuse()

    async def read(
        self,
        topic: Topic,
        park: str,
        start: int,
        *,
        limit: int = 1000,
        kinds: Sequence[str] | None = None,
    ) -> list[Stored]:
        if topic is Topic.STATE:
            found = await self._run(lambda: self._manifests(park))
            wanted = (one for one in found if one.offset >= start and (kinds is None or one.kind in kinds))
            return list(wanted)[: max(limit, 0)]
        return await (await self._reader(park)).read(topic, start, limit, kinds)

    async def wait(self, topic: Topic, park: str, start: int, *, seconds: float) -> bool:
        until = self._clock.monotonic() + seconds
        while await self.end(topic, park) <= max(start, await self.head(topic, park)):
            left = until - self._clock.monotonic()
            if left <= 0:
                return False
            await self._clock.sleep(min(LOOK_SECONDS, left))
        return True

    async def head(self, topic: Topic, park: str) -> int:
        return 0 if topic is Topic.STATE else await (await self._reader(park)).head(topic)

    async def end(self, topic: Topic, park: str) -> int:
        if topic is Topic.STATE:
            return await self._run(lambda: self._state(park, SnapshotFile.end, 0))
        return await (await self._reader(park)).end(topic)

    async def last(self, topic: Topic, park: str) -> Stored | None:
        if topic is Topic.STATE:
            found = await self.read(topic, park, 0)
            return found[-1] if found else None
        return await (await self._reader(park)).last(topic)

    async def cut(self, topic: Topic, park: str, before: int) -> None:
        self._refuse()

    async def journal_id(self, park: str) -> int:
        await self._reader(park)
        return self._parks[park][1]

    async def put_snapshot(self, park: str, snapshot: Snapshot) -> None:
        self._refuse()

    async def snapshots(self, park: str) -> list[Snapshot]:
        return await self._run(lambda: self._state(park, SnapshotFile.snapshots, []))

    async def drop_snapshots(self, park: str, below: int) -> None:
        self._refuse()

    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        for reader, _ in self._parks.values():
            reader.close()

    def _refuse(self) -> NoReturn:
        raise BusError(
            f"the data folder `{self._folder}` was opened for reading only",
            hint="let the process that owns it write",
        )

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        if self._closed:
            raise closed_error()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _reader(self, park: str) -> LogReader:
        if self._closed:
            raise closed_error()
        if park not in self._parks:
            check_park(park)
            self._parks[park] = await self._run(lambda: self._opened(park))
        return self._parks[park][0]

    def _opened(self, park: str) -> tuple[LogReader, int]:
        path = self._folder / park / LOG_NAME
        if not path.exists():
            raise BusError(
                f"`{self._folder}` holds no journal of park `{park}`",
                hint=f"the parks there are: {', '.join(self.parks()) or 'none'}",
            )
        try:
            connection = connect(path, mode="ro")
        except sqlite3.Error as error:
            raise read_error(path, error) from error
        try:
            return LogReader(path, self._pool), verify(connection, path, park, whole=False)
        finally:
            connection.close()

    def _manifests(self, park: str) -> list[Stored]:
        none: list[Stored] = []
        return self._state(park, lambda file: file.manifests(park), none)

    def _state(self, park: str, question: Callable[[SnapshotFile], Answer], without: Answer) -> Answer:
        check_park(park)
        path = self._folder / park / STATE_NAME
        if not path.exists():
            return without
        file = SnapshotFile(path, readonly=True)
        try:
            return question(file)
        finally:
            file.close()
