"""A station with its watchdog as a user runs it: both processes, and the receiver of what is told."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml

from console.watchdog.place import Door, read_door
from tests.acceptance.station import POLL_SECONDS, WITHIN_SECONDS, PageReceiver, Station

CONFIG = {
    "channels": {
        "log": {"kind": "log"},
        "webhook": {"kind": "webhook", "url_env": "FENCELINE_WATCHDOG_URL"},
    },
}


class Watched:
    """A `fenceline up` with its own watchdog.

    Args:
        settings: of config/watchdog.yaml.
    """

    def __init__(
        self, folder: Path, page_url: str | None = None, *, mqtt_port: int | None = None, **settings: float
    ) -> None:
        self.told = PageReceiver()
        os.environ["FENCELINE_WATCHDOG_URL"] = self.told.url
        self.station = Station(folder, page_url, mqtt_port=mqtt_port)
        text = yaml.safe_dump(CONFIG | settings)
        (self.station.config / "watchdog.yaml").write_text(text, "utf-8")
        self._pids: set[int] = set()
        self.pid = 0

    def start(self) -> Door:
        """Start, and return once the watchdog watches; how it is reached."""
        self.station.start()
        self.pid = self.station.get("/api/watch")["pid"]
        door: Door = self.station.until(self.door, "the watchdog is there")
        self._pids.add(door.pid)
        return door

    def door(self) -> Door | None:
        """The watchdog that lives."""
        door = read_door(self.station.data)
        return door if door is not None and lives(door.pid) else None

    def signal(self, number: signal.Signals) -> None:
        """Send the station's process a signal."""
        os.kill(self.pid, number)

    def news(self, concern: str, *, over: bool = False) -> list[dict[str, Any]]:
        """What the watchdog told of a concern."""
        found = [page for page in self.told.pages if page["page"].startswith(f"watchdog.{concern}.")]
        return [page for page in found if page["page"].endswith(".clear") == over]

    def close(self) -> None:
        """Whatever is left, the watchdogs too."""
        door = self.door()
        if door is not None:
            self._pids.add(door.pid)
        try:
            self.station.close()
        finally:
            for pid in self._pids:
                if lives(pid):
                    os.kill(pid, signal.SIGKILL)
            self.told.close()
            del os.environ["FENCELINE_WATCHDOG_URL"]


def lives(pid: int) -> bool:
    """Whether a process is there that has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(check: Callable[[], Any], what: str, within: float = WITHIN_SECONDS) -> tuple[Any, float]:
    """The first true answer and after how many seconds it came, whatever the station's process does."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < within:
        try:
            found = check()
        except httpx.HTTPError:
            found = None
        if found:
            return found, passed
        threading.Event().wait(POLL_SECONDS)
    raise AssertionError(f"not within {within} s: {what}")
