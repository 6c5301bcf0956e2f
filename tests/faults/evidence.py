"""What a run left behind, read with SQLite, pyarrow, DuckDB and json alone, by none of the pipeline's code.

A judge takes everything from here and decides nothing here.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tests.faults import history
from tests.faults.witness import FILE, LOGS, source_of

Reading = tuple[str, int, int, float]  # sensor, time (ns), sequence, value


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a log, and the second of the run at which the witness first saw it."""

    seen: float
    offset: int
    kind: str
    cause: tuple[int, int, int] | None
    hash: bytes
    payload: bytes
    key: str

    @property
    def said(self) -> dict[str, Any]:
        """A record that is JSON."""
        found: dict[str, Any] = json.loads(self.payload)
        return found


@dataclass(frozen=True, slots=True)
class BatchRead:
    """A batch of the journal."""

    offset: int
    seen: float
    header: dict[str, Any]
    readings: list[Reading]


@dataclass
class Evidence:
    """A run's folder, after its station has stopped."""

    folder: Path
    events: list[history.Event] = field(default_factory=list)
    logs: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.events = list(history.read(self.folder))
        connection = sqlite3.connect(self.folder / FILE)
        self.logs = {log: [_row(row) for row in _select(connection, log)] for log in LOGS}
        connection.close()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def of(self, *names: str) -> Iterator[history.Event]:
        """The events with these names, in order."""
        return (event for event in self.events if event["event"] in names)

    @cached_property
    def batches(self) -> list[BatchRead]:
        """The journal's batches, by pyarrow."""
        found = []
        for row in self.logs["journal"]:
            if row.kind == "batch":
                with pa.ipc.open_stream(row.payload) as stream:
                    header = json.loads(stream.schema.metadata[b"fenceline"])
                    columns = stream.read_next_batch()
                parts = (
                    columns.column("sensor").to_pylist(),
                    columns.column("time").cast(pa.int64()).to_pylist(),
                    columns.column("sequence").to_pylist(),
                    columns.column("value").to_pylist(),
                )
                found.append(BatchRead(row.offset, row.seen, header, list(zip(*parts, strict=True))))
        return found

    @cached_property
    def derived(self) -> dict[str, list[Row]]:
        """Findings and ledger as a reader has them that drops what is not above the highest cause before."""
        return {log: list(_rising(self.logs[log])) for log in ("findings", "alerts")}

    def station_file(self, log: str) -> list[Row]:
        """What stands in the station's own file now."""
        connection = sqlite3.connect(f"{source_of(self.data).as_uri()}?mode=ro", uri=True)
        try:
            columns = "0.0, offset, kind, cause_journal, cause_offset, cause_index, hash, payload, key"
            return [_row(row) for row in connection.execute(f"SELECT {columns} FROM {log} ORDER BY offset")]
        finally:
            connection.close()

    def pages_in_log(self) -> Counter[tuple[str, int]]:
        """Page and attempt of each line that the channel `log` wrote."""
        found: Counter[tuple[str, int]] = Counter()
        for path in sorted(self.data.glob("fenceline.log*")):
            for line in path.read_text("utf-8", errors="replace").splitlines():
                if '"page: ' not in line:
                    continue
                try:
                    said = json.loads(line)
                except ValueError:
                    continue  # the line at which it was killed
                found[said["page"], said["attempt"]] += 1
        return found

    def stored(self) -> tuple[Counter[Reading], list[tuple[int, int, int, str]]]:
        """The store's readings, and its ledger by cause."""
        connection = duckdb.connect(str(self.data / "store.duckdb"), read_only=True)
        try:
            rows = connection.execute("SELECT sensor, time, sequence, value FROM readings").fetchall()
            ledger = connection.execute(
                "SELECT cause_journal, cause_offset, cause_index, json FROM ledger ORDER BY 1, 2, 3"
            ).fetchall()
        finally:
            connection.close()
        return Counter(rows), ledger


def _select(connection: sqlite3.Connection, log: str) -> sqlite3.Cursor:
    columns = "seen, offset, kind, cause_journal, cause_offset, cause_index, hash, payload, key"
    return connection.execute(f"SELECT {columns} FROM {log} ORDER BY offset")


def _row(row: Any) -> Row:
    seen, offset, kind, journal, at, index, hashed, payload, key = row
    cause = None if journal is None else (journal, at, index)
    return Row(seen, offset, kind, cause, hashed, payload, key)


def _rising(rows: list[Row]) -> Iterator[Row]:
    highest = (-1, -1, -1)
    for row in rows:
        if row.cause is not None and row.cause > highest:
            highest = row.cause
            yield row
