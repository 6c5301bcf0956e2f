"""Where a data folder's watchdog is found: a lock that its process holds, and a file with its port and token.

One watchdog holds a folder. A new one asks the old one to go, and ends it where it does not.
"""

import contextlib
import fcntl
import os
import secrets
import signal
from pathlib import Path

from pydantic import BaseModel, ValidationError

FOLDER, LOCK, DOOR = "watchdog", "lock", "door.json"
MOST_BYTES = 64
_BEGUN_AFTER_NAME = 19  # the 22nd word of /proc/PID/stat, where the name, which may hold anything, is the 2nd


class Door(BaseModel):
    """How the watchdog of a folder is reached.

    Args:
        apart: started by hand or by a service manager, not by the station.
        token: who knows it may say farewell and bring the canary's page.
    """

    pid: int
    port: int
    token: str
    apart: bool

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def read_door(data: Path) -> Door | None:
    """What the last watchdog of this folder wrote; it may be gone."""
    try:
        return Door.model_validate_json((data / FOLDER / DOOR).read_bytes())
    except (OSError, ValidationError):
        return None


def begun_at(pid: int) -> int | None:
    """When a process began, in ticks since the machine did; none where that cannot be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        return int(stat.rpartition(b")")[2].split()[_BEGUN_AFTER_NAME])
    except (OSError, ValueError, IndexError):
        return None


class Place:
    """The right to be the watchdog of a data folder, held until the process ends or `release`."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.token = secrets.token_urlsafe(24)
        self.pid = os.getpid()

    def take(self) -> bool:
        """Whether it is ours now; false while another process holds it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def end_holder(self) -> bool:
        """Kill the process that holds it: it was asked to go and did not, as when it stands still.

        A number alone names nobody: it may by now be another process's. False where the one that wrote it
        is gone, or the machine does not tell when a process began.
        """
        try:
            pid, begun = (int(word) for word in os.pread(self._file, MOST_BYTES, 0).split())
            handle = os.pidfd_open(pid)
        except (OSError, ValueError, AttributeError):
            return False
        try:
            # Looked at after the handle was taken: it cannot come to mean another process in between.
            if begun_at(pid) != begun:
                return False
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        except OSError:
            return False
        finally:
            os.close(handle)
        return True

    def announce(self, port: int, *, apart: bool) -> None:
        """Say where the watchdog is, to whoever may read the folder."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{self.pid} {begun_at(self.pid) or ''}".encode(), 0)
        door = Door(pid=self.pid, port=port, token=self.token, apart=apart)
        path = self._folder / f"{DOOR}.new"
        path.touch(mode=0o600)
        path.write_text(door.model_dump_json(), encoding="utf-8")
        path.replace(self._folder / DOOR)

    def is_gone(self) -> bool:
        """Whether the folder was removed: then there is nothing left to watch."""
        return not (self._folder / LOCK).exists()

    def release(self) -> None:
        """Let go; the next one may take it."""
        with contextlib.suppress(OSError):
            (self._folder / DOOR).unlink()
        os.close(self._file)
