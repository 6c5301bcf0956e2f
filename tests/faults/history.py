"""What happened during a run, one JSON object a line: written as it happens, read again by the judge.

Every event carries `at`, seconds on one monotonic clock, and `wall_ns`.
"""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = "history.jsonl"

Event = dict[str, Any]


class History:
    """Takes events from any thread.

    Args:
        trace: print what is not a single message, too.
    """

    def __init__(self, folder: Path, *, trace: bool = False) -> None:
        self._file = (folder / FILE).open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._trace = trace
        self._made = self._began = time.monotonic()

    def now(self) -> float:
        """Seconds on the clock of the events."""
        return time.monotonic() - self._made

    def begin(self) -> None:
        """Everything is up: what is drawn from the seed counts from here."""
        self._began = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since `begin`."""
        return time.monotonic() - self._began

    def note(self, event: str, *, at: float | None = None, **said: Any) -> None:
        """Write one event; `at` where it was before now."""
        with self._lock:
            at = round(self.now() if at is None else at, 4)
            line = json.dumps(
                {"at": at, "wall_ns": time.time_ns(), "event": event, **said}, ensure_ascii=False
            )
            self._file.write(line + "\n")
        if self._trace and event not in ("sent", "acknowledged"):
            told = " ".join(f"{name}={value}" for name, value in said.items())
            print(f"{at:9.3f}  {event:<20} {told}", flush=True)

    def close(self) -> None:
        """Everything is on file."""
        with self._lock:
            self._file.close()


def read(folder: Path) -> Iterator[Event]:
    """The events of a folder, in order."""
    with (folder / FILE).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
