"""Looks over the station's shoulder: copies every record of its four logs as it appears, by SQLite alone.

So the judge has the whole journal although the engine cuts its head, knows when each record could first be
read, and sees whether anything that once was there has changed or gone.
"""

import contextlib
import sqlite3
import threading
from pathlib import Path

from tests.faults.history import History
from tests.faults.site import PARK

FILE = "witness.sqlite"
LOGS = ("journal", "findings", "alerts", "deadletter")
LOOK_SECONDS = 0.1
AT_ONCE = 2_000

_COLUMNS = "offset, kind, cause_journal, cause_offset, cause_index, hash, payload, key"


def source_of(data: Path) -> Path:
    """Where the station keeps its logs."""
    return data / "journal" / PARK / "bus.sqlite"


class Witness:
    """Copies until `end`."""

    def __init__(self, folder: Path, data: Path, history: History) -> None:
        self._source = source_of(data)
        self._history = history
        self._stop = threading.Event()
        self._kept = sqlite3.connect(folder / FILE, check_same_thread=False)
        self._kept.execute("PRAGMA synchronous = OFF")
        self._kept.execute("PRAGMA journal_mode = WAL")
        for log in LOGS:
            self._kept.execute(f"CREATE TABLE IF NOT EXISTS {log} (seen REAL, {_COLUMNS})")
        self.next = dict.fromkeys(LOGS, 0)
        self.problems: list[str] = []
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Once more what stands now, then no more. The station must have stopped."""
        self._stop.set()
        self._thread.join()
        while self._look():
            pass
        self._kept.close()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            # It is being made, recovered or moved at this very moment: the next look sees it.
            with contextlib.suppress(sqlite3.OperationalError):
                while self._look() and not self._stop.is_set():
                    pass

    def _look(self) -> bool:
        """Copy what is new; whether there may be more at once."""
        if not self._source.exists():
            return False
        more = False
        # Read-only: it must not heal a crashed file before the station does.
        connection = sqlite3.connect(f"{self._source.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            for log in LOGS:
                rows = connection.execute(
                    f"SELECT {_COLUMNS} FROM {log} WHERE offset >= ? ORDER BY offset LIMIT ?",
                    (self.next[log], AT_ONCE),
                ).fetchall()
                if rows:
                    self._keep(log, rows)
                    more = more or len(rows) == AT_ONCE
        finally:
            connection.close()
        return more

    def _keep(self, log: str, rows: list[tuple[int, ...]]) -> None:
        if log == "journal" and rows[0][0] != self.next[log]:
            self.problems.append(f"the journal was cut up to {rows[0][0]} before the witness read it")
        now = self._history.now()
        marks = ", ".join("?" * 9)
        self._kept.executemany(f"INSERT INTO {log} VALUES ({marks})", [(now, *row) for row in rows])
        self._kept.commit()
        self.next[log] = rows[-1][0] + 1
