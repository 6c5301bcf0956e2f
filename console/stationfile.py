"""Where a running station can be asked: written into its data folder when it answers, removed when it stops.

A file that a killed station left behind names a process that is gone, and counts as none.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

NAME = "station.json"


class StationFile(BaseModel):
    """A station that answers; whoever may read the file may act on dead letters by its token."""

    model_config = ConfigDict(frozen=True)

    pid: int
    park: str
    web: str
    token: str = ""
    mqtt_host: str
    mqtt_port: int
    mqtt_protocol: str
    own_broker: bool
    config: str

    def write(self, data: Path) -> None:
        """Put it there whole or not at all."""
        new = data / f"{NAME}.new"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        new.replace(data / NAME)

    @staticmethod
    def remove(data: Path) -> None:
        """Take away what this process wrote; a start that was refused leaves the running station's alone."""
        try:
            found = StationFile.model_validate_json((data / NAME).read_bytes())
        except (OSError, ValidationError):
            return
        if found.pid == os.getpid():
            (data / NAME).unlink(missing_ok=True)


def running_station(data: Path) -> StationFile | None:
    """The station that owns this data folder now, if it answers on the web."""
    try:
        found = StationFile.model_validate_json((data / NAME).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if _lives(found.pid) and owner_pid(data) == found.pid else None


def owner_pid(data: Path) -> int | None:
    """The process that owns the journal of this folder, by the text of its lock; none where it is gone."""
    try:
        words = (data / "journal" / "lock").read_text(encoding="utf-8", errors="replace").split()
        pid = int(words[1])
    except (OSError, ValueError, IndexError):
        return None
    return pid if _lives(pid) else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
