"""All that the embedded bus has open for one park: the logs' writer and reader, the snapshots, the bells."""

import errno
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fenceline.bus import Snapshot, Stored, Topic
from fenceline.bus.bell import Bell
from fenceline.bus.faults import FULL_ERRNOS, full_error, is_full, read_error
from fenceline.bus.logfile import LOG_NAME, create, verify
from fenceline.bus.logreader import LogReader
from fenceline.bus.snapshotfile import STATE_NAME, SnapshotFile
from fenceline.bus.sqlitefile import connect, sync
from fenceline.bus.writer import LogWriter
from fenceline.clock import Clock
from fenceline.errors import BusError

FIRST_JOURNAL = 1


class ParkFiles:
    """Opened, and made where the park is new.

    Args:
        folder: the data folder; the park has a folder of its name in it.
        park: a checked park id.
        clock: what waiting is measured with.
        pool: the threads that read.
        max_journal_bytes: how large the log file may grow.
        unclean: whether the process before did not close well, so that more is verified.

    Raises:
        BusError: a file is damaged, of another park or of another release.
    """

    def __init__(
        self,
        folder: Path,
        park: str,
        *,
        clock: Clock,
        pool: ThreadPoolExecutor,
        max_journal_bytes: int | None,
        unclean: bool,
    ) -> None:
        self.park = park
        self.bells = {topic: Bell(clock) for topic in Topic}
        path = folder / park / LOG_NAME
        try:
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                sync(folder)
                create(path, park, FIRST_JOURNAL)
            self.journal = _verified(path, park, whole=unclean)
            self.snapshots = SnapshotFile(folder / park / STATE_NAME)
            self._snapshots_end = self.snapshots.end()
            self.writer = LogWriter(
                path, max_bytes=max_journal_bytes, committed=lambda topic: self.bells[topic].ring()
            )
        except (sqlite3.Error, OSError) as error:
            if is_full(error):
                raise full_error(path, error) from error
            raise read_error(path, error) from error
        self.reader = LogReader(path, pool)

    def head(self, topic: Topic) -> int:
        """The first offset that can be read."""
        return 0 if topic is Topic.STATE else self.writer.head(topic)

    def end(self, topic: Topic) -> int:
        """The offset after the last record; of `state`, after the last manifest."""
        return self._snapshots_end if topic is Topic.STATE else self.writer.end(topic)

    def ready(self, topic: Topic, start: int) -> bool:
        """Whether a record at `start` or later can be read."""
        return self.end(topic) > max(start, self.head(topic))

    def newest(
        self, topic: Topic, start: int, limit: int, kinds: Sequence[str] | None
    ) -> list[Stored] | None:
        """As `Bus.read`, without the file; none where the file must be asked."""
        return None if start < self.head(topic) else self.writer.tails[topic].read(start, limit, kinds)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Store it and tell those who wait on `state`; in the thread that keeps the snapshots."""
        self.snapshots.put(self.park, snapshot)
        self._snapshots_end = self.snapshots.end()
        self.bells[Topic.STATE].ring()

    def close(self) -> None:
        """Write what was accepted and let go of the files, once nobody reads or keeps any more."""
        self.reader.close()
        self.snapshots.close()
        self.writer.close()  # the last one out: it puts everything into the file itself
        for bell in self.bells.values():
            bell.ring()


def make_folder(folder: Path) -> None:
    """Make the data folder, durably, where it is missing.

    Raises:
        BusError: it cannot be made; JournalFull: there is no room for it.
    """
    try:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for one in missing:
            sync(one.parent)
    except OSError as error:
        if error.errno in FULL_ERRNOS:
            raise full_error(folder, error) from error
        what = "is a file" if error.errno in (errno.EEXIST, errno.ENOTDIR) else str(error)
        raise BusError(
            f"the data folder `{folder}` cannot be made: {what}",
            hint="name another folder, or give this user the right to write there",
        ) from error


def _verified(path: Path, park: str, *, whole: bool) -> int:
    connection = connect(path, mode="ro")  # what is not ours is left as it is
    try:
        return verify(connection, path, park, whole=whole)
    finally:
        connection.close()
