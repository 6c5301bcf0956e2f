"""One thread writes one park's log file: everything that waits goes into one transaction, one sync.

In go records from any thread, out come futures with the last offset, resolved only when the commit
is on the disk. Memory is bounded by the callers: each is held until its records are durable, and a
transaction takes `GROUP_BYTES` and one append more at most.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from fenceline.bus import Record, Stored, Topic
from fenceline.bus import logrows as rows
from fenceline.bus.checks import LOG_TOPICS, closed_error
from fenceline.bus.faults import is_full, write_error
from fenceline.bus.sqlitefile import connect
from fenceline.bus.tail import Tail

GROUP_BYTES = 8 * 1024 * 1024

log = structlog.get_logger()


@dataclass(slots=True)
class _Append:
    topic: Topic
    records: Sequence[Record]
    size: int
    future: "Future[int]"


@dataclass(slots=True)
class _Cut:
    topic: Topic
    before: int
    future: "Future[None]"
    begun: bool = False


class LogWriter:
    """The only writer of a log file.

    Args:
        path: an existing log file.
        max_bytes: the file grows no further than this; none for as long as the disk has room.
        committed: called in the writer's thread for each topic that got longer.
    """

    def __init__(self, path: Path, *, max_bytes: int | None, committed: Callable[[Topic], None]) -> None:
        self.tails = {topic: Tail() for topic in LOG_TOPICS}
        self._path = path
        self._max_bytes = max_bytes
        self._committed = committed
        self._appends: deque[_Append] = deque()
        self._cuts: deque[_Cut] = deque()
        self._closing = False
        self._full = False
        self._condition = threading.Condition()
        self._connection: sqlite3.Connection | None = None
        # Replaced whole at each commit, never changed: readers in other threads need no lock.
        self._ends: dict[Topic, int] = {}
        self._heads: dict[Topic, int] = {}
        self._connected()
        self._leftover = set(self._heads)
        self._thread = threading.Thread(target=self._run, name=f"bus {path.parent.name}", daemon=True)
        self._thread.start()

    def end(self, topic: Topic) -> int:
        """The offset after the last durable record."""
        return self._ends[topic]

    def head(self, topic: Topic) -> int:
        """The first offset that can be read."""
        return self._heads[topic]

    def append(self, topic: Topic, records: Sequence[Record], size: int) -> "Future[int]":
        """Queue records; a future cancelled before the writer came to it is not recorded."""
        future: Future[int] = Future()
        with self._condition:
            if self._closing:
                raise closed_error()
            self._appends.append(_Append(topic, records, size, future))
            self._condition.notify()
        return future

    def cut(self, topic: Topic, before: int) -> "Future[None]":
        """Queue a cut; it is done in pieces, with appends in between."""
        future: Future[None] = Future()
        with self._condition:
            if self._closing:
                raise closed_error()
            self._cuts.append(_Cut(topic, before, future))
            self._condition.notify()
        return future

    def close(self) -> None:
        """Write what was accepted, then end the thread and let go of the file."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not (self._appends or self._cuts or self._leftover or self._closing):
                    self._condition.wait()
                group = self._take_group()
                cut = self._cuts[0] if self._cuts else None
                ending = self._closing
            if group:
                self._commit(group)
            if cut is not None:
                self._cut_piece(cut, ending=ending)
            elif self._leftover and not ending:
                self._delete_leftover()
            elif ending and not group:
                break
        self._disconnect()

    def _take_group(self) -> list[_Append]:
        group: list[_Append] = []
        size = 0
        while self._appends and size <= GROUP_BYTES:
            size += self._appends[0].size
            group.append(self._appends.popleft())
        return [append for append in group if append.future.set_running_or_notify_cancel()]

    def _commit(self, group: list[_Append]) -> None:
        lasts: list[int] = []
        fresh: dict[Topic, list[Stored]] = {}
        try:
            connection = self._connected()
            ends = dict(self._ends)
            connection.execute("BEGIN IMMEDIATE")
            for append in group:
                first = ends[append.topic]
                made = [rows.row_of(first + n, record) for n, record in enumerate(append.records)]
                rows.insert(connection, append.topic, made)
                fresh.setdefault(append.topic, []).extend(map(rows.written_of, made, append.records))
                ends[append.topic] = first + len(made)
                lasts.append(first + len(made) - 1)
            connection.execute("COMMIT")
        except Exception as error:  # whatever it was, every caller must learn of it
            unchanged = self._undo()
            self._say_failed(error, sum(len(append.records) for append in group))
            for append in group:
                append.future.set_exception(write_error(self._path, error, nothing_recorded=unchanged))
            return
        # Before the ends: whoever sees a record's end finds it in memory.
        for topic, written in fresh.items():
            self.tails[topic].push(written)
        self._ends = ends
        if self._full:
            self._full = False
            log.info("the journal has room again and takes in", file=str(self._path))
        for append, last in zip(group, lasts, strict=True):
            append.future.set_result(last)
        for topic in fresh:
            self._committed(topic)

    def _cut_piece(self, cut: _Cut, *, ending: bool) -> None:
        try:
            connection = self._connected()
            if not cut.begun:
                before = min(cut.before, self._ends[cut.topic])
                if before > self._heads[cut.topic]:
                    rows.set_head(connection, cut.topic, before)
                    self._heads = {**self._heads, cut.topic: before}
                cut.begun = True
            # A cut that is interrupted here is a cut: the head is durable, the rest goes at the next opening.
            left = not ending and rows.delete_piece(connection, cut.topic, self._heads[cut.topic])
        except Exception as error:  # whatever it was, the caller must learn of it
            self._undo()
            self._say_failed(error, 0)
            self._finish(cut, write_error(self._path, error, nothing_recorded=True))
            return
        if not left:
            self._finish(cut, None)

    def _finish(self, cut: _Cut, error: Exception | None) -> None:
        with self._condition:
            self._cuts.popleft()
        if not cut.future.set_running_or_notify_cancel():
            return
        if error is None:
            cut.future.set_result(None)
        else:
            cut.future.set_exception(error)

    def _delete_leftover(self) -> None:
        """What lies before the head since an interrupted cut; a failure leaves it to the next opening."""
        topic = next(iter(self._leftover))
        try:
            if not rows.delete_piece(self._connected(), topic, self._heads[topic]):
                self._leftover.discard(topic)
        except Exception as error:
            self._undo()
            self._say_failed(error, 0)
            self._leftover.clear()

    def _undo(self) -> bool:
        """Go back to what the file holds; true where that is what it held before."""
        before = self._ends
        try:
            connection = self._connected()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._find_ends(connection)
        except sqlite3.Error:
            # The next write begins with a new connection, and with the ends that it finds.
            self._disconnect()
            return False
        return self._ends == before

    def _say_failed(self, error: Exception, records: int) -> None:
        if not is_full(error):
            log.error(
                "a write to the journal failed", file=str(self._path), records=records, error=str(error)
            )
        elif not self._full:
            self._full = True
            log.error("the journal has no room and takes in nothing", file=str(self._path), error=str(error))

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = connect(self._path, mode="rw")
            if self._max_bytes is not None:
                page_bytes = int(connection.execute("PRAGMA page_size").fetchone()[0])
                connection.execute(f"PRAGMA max_page_count = {self._max_bytes // page_bytes}")
            self._find_ends(connection)
            self._connection = connection
        return self._connection

    def _find_ends(self, connection: sqlite3.Connection) -> None:
        ends = rows.ends(connection)
        for topic, tail in self.tails.items():
            if ends[topic] != self._ends.get(topic):
                tail.clear()  # a commit that failed and yet stands: the file knows, this does not
        self._ends = ends
        self._heads = rows.heads(connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(sqlite3.Error):  # what was committed is on the disk, closed well or not
                connection.close()
