"""The SQLite file of one park's logs: made whole or not at all, and verified when opened."""

import sqlite3
from pathlib import Path

from fenceline.bus import Record, Topic
from fenceline.bus.checks import LOG_TOPICS
from fenceline.bus.faults import damage_error, read_error
from fenceline.bus.logrows import CREATE, insert, last, row_of
from fenceline.bus.sqlitefile import connect, sync
from fenceline.errors import BusError
from fenceline.journal import Epoch
from fenceline.wire import encode

LOG_NAME = "bus.sqlite"
SCHEMA_VERSION = 1
APPLICATION_ID = 0x46656E63  # "Fenc"
QUICK_CHECK_BYTES = 64 * 1024 * 1024  # a file up to here is checked whole in well under a second

_META = """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE head (topic TEXT PRIMARY KEY, start INTEGER NOT NULL) WITHOUT ROWID;
"""


def create(path: Path, park: str, journal: int) -> None:
    """Make the file whole beside its place, then move it there; the first record is the `Epoch`."""
    fresh = path.with_name(path.name + ".new")
    for leftover in fresh.parent.glob(fresh.name + "*"):
        leftover.unlink()
    connection = connect(fresh, mode="rwc")
    try:
        create_tables(connection)
        set_names(connection, {"park": park, "journal": str(journal)})
        epoch = Epoch(journal=journal, park=park)
        insert(connection, Topic.JOURNAL, [row_of(0, Record(epoch.kind, encode(epoch)))])
    finally:
        connection.close()
    sync(fresh)
    fresh.rename(path)
    sync(path.parent)


def create_tables(connection: sqlite3.Connection) -> None:
    """An empty log file's tables, with every head at 0 and no names yet."""
    connection.executescript(_META + "".join(CREATE.values()))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.executemany("INSERT INTO head VALUES (?, 0)", [(topic.value,) for topic in LOG_TOPICS])


def set_names(connection: sqlite3.Connection, names: dict[str, str]) -> None:
    """Write down what a file says of itself: `park`, `journal`, and `gaps` where a repair left some."""
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", names.items())


def names_of(connection: sqlite3.Connection) -> dict[str, str]:
    """What `set_names` wrote."""
    return dict(connection.execute("SELECT name, value FROM meta").fetchall())


def verify(connection: sqlite3.Connection, path: Path, park: str, *, whole: bool) -> int:
    """Look whether this is a file of this release and park, and sound at its ends; its journal's number.

    Raises:
        BusError: it is not; the message names the file.
    """
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if int(connection.execute("PRAGMA application_id").fetchone()[0]) != APPLICATION_ID:
            raise damage_error(path, "it is not a bus of Fenceline")
        if version != SCHEMA_VERSION:
            raise BusError(
                f"`{path}` has format {version}; this release reads {SCHEMA_VERSION}",
                hint="start the release that wrote it",
            )
        if whole and path.stat().st_size <= QUICK_CHECK_BYTES:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise damage_error(path, found)
        names = names_of(connection)
        if names.get("park") != park:
            raise BusError(
                f"`{path}` holds park `{names.get('park')}`, not `{park}`",
                hint="put the file back into the folder of its own park",
            )
        for topic in LOG_TOPICS:
            last(connection, path, topic)
        return int(names["journal"])
    except (sqlite3.Error, KeyError, ValueError) as error:
        raise (
            read_error(path, error) if isinstance(error, sqlite3.Error) else damage_error(path, error)
        ) from error
