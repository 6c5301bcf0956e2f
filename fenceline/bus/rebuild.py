"""A park's files built anew in a work folder: damaged ones in, which are only read, sound ones out."""

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fenceline.bus import Position, Snapshot, Topic
from fenceline.bus.logfile import LOG_NAME
from fenceline.bus.mending import Mend, Mender
from fenceline.bus.salvage import Salvaged, salvage_log, salvage_snapshots
from fenceline.bus.snapshotfile import STATE_NAME, SnapshotFile
from fenceline.bus.sqlitefile import connect
from fenceline.bus.swap import Originals
from fenceline.errors import BusError

WORK_NAME = "repair"


@dataclass(slots=True)
class Rebuilding:
    """Files in the making.

    Args:
        work: a data folder of its own, in which the park has its place.
        connection: to the new log.
        snapshots: all that were found whole.
    """

    work: Path
    park: str
    connection: sqlite3.Connection
    salvaged: Salvaged
    snapshots: list[Snapshot]

    @property
    def place(self) -> Path:
        return self.work / self.park

    def finish(
        self,
        *,
        known: Sequence[Position],
        known_ends: Mapping[Topic, int],
        unreadable: frozenset[Topic],
        again: bool,
    ) -> Mend:
        """Decide what stays, and write the snapshots that do; the arguments are those of `Mender`."""
        connection = self.connection
        connection.execute("BEGIN")
        mend = Mender(
            connection,
            self.salvaged,
            self.park,
            self.snapshots,
            known=known,
            known_ends=known_ends,
            unreadable=unreadable,
            again=again,
        ).mend()
        connection.execute("COMMIT")
        file = SnapshotFile(self.place / STATE_NAME)
        try:
            for snapshot in reversed(mend.snapshots):
                file.put(self.park, snapshot)
        finally:
            file.close()
        return mend

    def close(self) -> None:
        self.connection.close()


def rebuild(originals: Originals, park_folder: Path, park: str) -> Rebuilding:
    """Save what can be saved into a fresh work folder.

    Raises:
        BusError: the file is of another park, or of a later release.
    """
    work = park_folder / WORK_NAME
    shutil.rmtree(work, ignore_errors=True)
    place = work / park
    place.mkdir(parents=True)
    salvaged = salvage_log(originals.log, place / LOG_NAME)
    if salvaged.park not in (None, park):
        raise BusError(
            f"`{originals.log}` holds park `{salvaged.park}`, not `{park}`",
            hint="put the file back into the folder of its own park",
        )
    if salvaged.strange:
        raise BusError(
            f"`{originals.log}` holds {salvaged.strange} records of kinds that this release does not know",
            hint="repair it with the release that wrote them",
        )
    connection = connect(place / LOG_NAME, mode="rw")
    return Rebuilding(work, park, connection, salvaged, salvage_snapshots(originals.state))
