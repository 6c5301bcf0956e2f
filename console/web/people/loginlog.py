"""Who came, went, or was not let in: one JSON line each, beside the journal, kept when the process is killed.

It is no part of the journal: nothing is decided by it, and where the disk is full people must still get in.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from fenceline.clock import Clock

FILE_NAME = "logins.jsonl"
MOST_BYTES = 10_000_000  # then it is set aside as logins.jsonl.1, and the one set aside before is gone
OWNER_ONLY = 0o600

_log = structlog.get_logger()


class What(StrEnum):
    """What happened."""

    IN = "in"
    OUT = "out"
    FAILED = "failed"
    PUT_OFF = "put_off"  # too many have failed
    ENDED = "ended"  # the account was changed or removed


class Entry(BaseModel):
    """One line.

    Args:
        name: as it stands in the accounts; of a name that is none, which may be a password, `unknown`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    time: str
    what: What
    name: str
    role: str = ""
    address: str = ""


class LoginLog:
    """Appends to one file.

    Args:
        path: none where nothing is kept.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._failing = False

    def note(self, what: What, name: str, *, role: str = "", address: str = "") -> None:
        """Write a line; where it cannot be written, say so and go on."""
        if self._path is None:
            return
        moment = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC).isoformat(timespec="milliseconds")
        line = Entry(time=moment, what=what, name=name, role=role, address=address).model_dump_json() + "\n"
        try:
            self._append(self._path, line.encode())
        except OSError as error:
            if not self._failing:
                _log.error("logins cannot be recorded", file=str(self._path), error=error.strerror)
            self._failing = True
        else:
            self._failing = False

    def keep(self) -> None:
        """Have the disk take what was written; it may take some milliseconds."""
        if self._path is None:
            return
        try:
            file = os.open(self._path, os.O_RDONLY)
        except OSError:
            return  # `note` has said it
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def _append(self, path: Path, line: bytes) -> None:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        try:
            os.write(file, line)
            size = os.fstat(file).st_size
        finally:
            os.close(file)
        if size >= MOST_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))


def read_logins(path: Path) -> Iterator[Entry]:
    """Every line that reads back, the oldest first; a line that a power cut left half is passed over."""
    for file in (path.with_name(f"{path.name}.1"), path):
        if not file.exists():
            continue
        with file.open("rb") as lines:
            for line in lines:
                try:
                    yield Entry.model_validate_json(line)
                except ValidationError:
                    continue
