"""One process owns a data folder: a lock of the operating system, gone with its process, naming it.

The lock file's text stays behind where a process was killed, which tells the next owner to look
more closely at what it opens.
"""

import fcntl
import os
from pathlib import Path

from fenceline.errors import BusError

LOCK_NAME = "lock"


class FolderLock:
    """Held from construction to `release`.

    Raises:
        BusError: another bus, of this process or another one, holds the folder.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_NAME
        # `flock` belongs to the opened file, unlike `lockf`: a second bus in one process is refused too.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(self._file, 100).decode(errors="replace").strip() or "another process"
            os.close(self._file)
            raise BusError(
                f"the data folder `{folder}` is in use by {owner}",
                hint="stop that one first, or give this one another data folder",
            ) from error
        self.unclean = os.read(self._file, 1) != b""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"process {os.getpid()}\n".encode(), 0)

    def release(self, *, well: bool = True) -> None:
        """Say that all was closed well, unless it was not, and let go."""
        if well:
            os.ftruncate(self._file, 0)
        os.close(self._file)


def is_owned(folder: Path) -> bool:
    """Whether some process owns the folder now; owns nothing itself."""
    try:
        file = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
