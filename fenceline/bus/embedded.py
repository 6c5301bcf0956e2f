"""The bus on this machine's disk: SQLite, one file per park for its logs and another for its snapshots.

`append` returns when its records would survive a power cut; appends that come together share one
sync. Usable from several threads and event loops at once; one process owns the folder, others read
it with `fenceline.bus.readonly.ReadOnlyBus`.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from fenceline.bus import Record, Snapshot, Stored, Topic
from fenceline.bus.checks import check_log, check_park, check_records, closed_error
from fenceline.bus.folderlock import FolderLock
from fenceline.bus.parkfiles import ParkFiles, make_folder
from fenceline.clock import Clock, SystemClock

READ_THREADS = 4

Answer = TypeVar("Answer")


class EmbeddedBus:
    """The owner of a data folder.

    Args:
        folder: made where it is missing.
        clock: what `wait` measures its seconds with.
        max_journal_bytes: a park's log file grows no further than this, as if the disk were full
            then; none for as long as the disk has room.

    Raises:
        BusError: another process owns the folder, or it cannot be used.
    """

    def __init__(
        self, folder: Path, *, clock: Clock | None = None, max_journal_bytes: int | None = None
    ) -> None:
        make_folder(folder)
        self._folder = folder
        self._clock = SystemClock() if clock is None else clock
        self._max_journal_bytes = max_journal_bytes
        self._lock = FolderLock(folder)
        self._readers = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="bus-read")
        # One thread writes and reads snapshots and opens parks: what is long never delays a reader.
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="bus-keep")
        self._parks: dict[str, ParkFiles] = {}
        self._gate = threading.Lock()
        self._closed = False

    async def append(self, topic: Topic, park: str, records: Sequence[Record]) -> int:
        size = check_records(topic, records)
        files = await self._open(park)
        if not records:
            return files.writer.end(topic) - 1
        return await asyncio.wrap_future(files.writer.append(topic, tuple(records), size))

    async def read(
        self,
        topic: Topic,
        park: str,
        start: int,
        *,
        limit: int = 1000,
        kinds: Sequence[str] | None = None,
    ) -> list[Stored]:
        files = await self._open(park)
        if topic is Topic.STATE:
            found = await self._keep(lambda: files.snapshots.manifests(park))
            wanted = (one for one in found if one.offset >= start and (kinds is None or one.kind in kinds))
            return list(wanted)[: max(limit, 0)]
        newest = files.newest(topic, start, limit, kinds)
        return await files.reader.read(topic, start, limit, kinds) if newest is None else newest

    async def wait(self, topic: Topic, park: str, start: int, *, seconds: float) -> bool:
        files = await self._open(park)

        def ready() -> bool:
            if self._closed:
                raise closed_error()
            return files.ready(topic, start)

        return await files.bells[topic].wait(ready, seconds)

    async def head(self, topic: Topic, park: str) -> int:
        return (await self._open(park)).head(topic)

    async def end(self, topic: Topic, park: str) -> int:
        return (await self._open(park)).end(topic)

    async def last(self, topic: Topic, park: str) -> Stored | None:
        files = await self._open(park)
        if topic is Topic.STATE:
            found = await self._keep(lambda: files.snapshots.manifests(park))
            return found[-1] if found else None
        return await files.reader.last(topic)

    async def cut(self, topic: Topic, park: str, before: int) -> None:
        check_log(topic)
        files = await self._open(park)
        await asyncio.wrap_future(files.writer.cut(topic, before))

    async def journal_id(self, park: str) -> int:
        return (await self._open(park)).journal

    async def put_snapshot(self, park: str, snapshot: Snapshot) -> None:
        files = await self._open(park)
        await self._keep(lambda: files.put_snapshot(snapshot))

    async def snapshots(self, park: str) -> list[Snapshot]:
        files = await self._open(park)
        return await self._keep(files.snapshots.snapshots)

    async def drop_snapshots(self, park: str, below: int) -> None:
        files = await self._open(park)
        await self._keep(lambda: files.snapshots.drop(below))

    async def close(self) -> None:
        with self._gate:
            if self._closed:
                return
            self._closed = True
        await asyncio.to_thread(self._close)

    async def _open(self, park: str) -> ParkFiles:
        if self._closed:
            raise closed_error()
        files = self._parks.get(park)
        if files is not None:
            return files
        check_park(park)
        return await self._keep(lambda: self._open_files(park))

    def _open_files(self, park: str) -> ParkFiles:
        files = self._parks.get(park)
        if files is None:
            files = ParkFiles(
                self._folder,
                park,
                clock=self._clock,
                pool=self._readers,
                max_journal_bytes=self._max_journal_bytes,
                unclean=self._lock.unclean,
            )
            self._parks[park] = files
        return files

    async def _keep(self, work: Callable[[], Answer]) -> Answer:
        with self._gate:
            if self._closed:
                raise closed_error()
            future = self._keeper.submit(work)
        return await asyncio.wrap_future(future)

    def _close(self) -> None:
        self._keeper.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        for files in self._parks.values():
            files.close()
        self._lock.release()
