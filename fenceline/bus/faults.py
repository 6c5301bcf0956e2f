"""What SQLite and the operating system say, in the bus's own errors: full, damaged, or not known."""

import errno
import sqlite3
from pathlib import Path

from fenceline.errors import BusError, JournalFull, NotDurable

FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
_DAMAGE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_ROOM_HINT = "free space on that disk, or let the head be cut; the bus goes on by itself"


def is_full(error: Exception) -> bool:
    """Whether there was no room; then nothing of the transaction was recorded."""
    if isinstance(error, OSError):
        return error.errno in FULL_ERRNOS
    code = getattr(error, "sqlite_errorcode", 0)
    # The index in shared memory lies on the same disk and grows with it.
    return code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE


def is_damage(error: Exception) -> bool:
    """Whether the file is not what was written."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE_CODES


def full_error(path: Path, error: Exception) -> JournalFull:
    """There was no room in `path`."""
    return JournalFull(f"no room in `{path}`: {error}", hint=_ROOM_HINT)


def write_error(path: Path, error: Exception, *, nothing_recorded: bool) -> NotDurable:
    """What a failed write is to its caller; only what is surely not recorded is called full."""
    if nothing_recorded and is_full(error):
        return full_error(path, error)
    return NotDurable(
        f"a write to `{path}` is not known to be recorded: {error}",
        hint="the same records may be appended again; look at the disk if this goes on",
    )


def damage_error(path: Path, what: object) -> BusError:
    """`path` does not hold what was written."""
    return BusError(
        f"`{path}` is damaged: {what}",
        hint="stop, copy the whole data folder, then run `fenceline journal verify`",
    )


def read_error(path: Path, error: Exception) -> BusError:
    """What a failed read is to its caller."""
    if is_damage(error):
        return damage_error(path, error)
    return BusError(f"`{path}` cannot be read: {error}", hint="look at the disk and the rights of the file")
