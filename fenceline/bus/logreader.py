"""Reads a park's log file through connections of its own, apart from the writer, off the event loop."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from fenceline.bus import Stored, Topic
from fenceline.bus import logrows as rows
from fenceline.bus.checks import closed_error
from fenceline.bus.faults import read_error
from fenceline.bus.sqlitefile import connect

Answer = TypeVar("Answer")


class LogReader:
    """One connection for each thread of the pool that comes by."""

    def __init__(self, path: Path, pool: ThreadPoolExecutor) -> None:
        self._path = path
        self._pool = pool
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[sqlite3.Connection] = []

    async def read(self, topic: Topic, start: int, limit: int, kinds: Sequence[str] | None) -> list[Stored]:
        return await self._ask(lambda found: rows.select(found, self._path, topic, start, limit, kinds))

    async def last(self, topic: Topic) -> Stored | None:
        return await self._ask(lambda found: rows.last(found, self._path, topic))

    async def end(self, topic: Topic) -> int:
        return await self._ask(lambda found: rows.ends(found)[topic])

    async def head(self, topic: Topic) -> int:
        return await self._ask(lambda found: rows.heads(found)[topic])

    def close(self) -> None:
        """Let go of the file; the pool has been shut down before."""
        for connection in self._connections:
            connection.close()

    async def _ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        try:
            future = self._pool.submit(self._answer, question)
        except RuntimeError as error:  # the pool was shut down: so was the bus
            raise closed_error() from error
        return await asyncio.wrap_future(future)

    def _answer(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        try:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = connect(self._path, mode="ro")
                self._local.connection = connection
                with self._lock:
                    self._connections.append(connection)
            return question(connection)
        except sqlite3.Error as error:
            raise read_error(self._path, error) from error
