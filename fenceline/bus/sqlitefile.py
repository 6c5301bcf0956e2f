"""SQLite as the bus uses it: what a commit returned from is on the disk, power cut or not."""

import os
import sqlite3
from pathlib import Path


def connect(path: Path, *, mode: str) -> sqlite3.Connection:
    """A connection in which every commit is on the disk when it returns; `mode` is SQLite's (ro, rw, rwc)."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=10,
    )
    if mode != "ro":
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
    return connection


def sync(path: Path) -> None:
    """Make a file's content, or a folder's list of names, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
