"""The embedded store beside a journal that is repaired: its positions in, and what no longer follows out.

Readings stay, also those whose records the journal has lost. Findings and ledger behind the place from
which they are folded again are written down in a file and taken out: the store reads the new ones.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from fenceline.alert import Alert, AlertRecord, CallRecord
from fenceline.bus import Cause, Position, Topic
from fenceline.finding import Finding
from fenceline.wire import decode
from sinks.embedded_write import read_positions
from sinks.query import AppliedTo

STORE_NAME = "store.duckdb"
EXPORT_NAME = "store-taken-out.jsonl"
_TABLES = {Topic.FINDINGS: "findings", Topic.ALERTS: "ledger"}


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the store is to go on.

    Args:
        journal: its position in the repaired journal.
        after: what was derived from offsets behind this one is taken out; none where nothing is.
        derived: the last record of each derived topic that stays, none where none does.
    """

    journal: Position | None
    after: int | None
    derived: dict[Topic, AppliedTo | None]


@contextlib.contextmanager
def opened(path: Path, *, readonly: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """The store's file.

    Raises:
        duckdb.Error: it is locked by a running station, or damaged.
    """
    connection = duckdb.connect(str(path), read_only=readonly)
    try:
        yield connection
    finally:
        connection.close()


def positions(path: Path) -> dict[Topic, AppliedTo]:
    """How far the store has come.

    Raises:
        duckdb.Error: it cannot be opened or read.
    """
    with opened(path, readonly=True) as connection:
        return read_positions(connection)


def open_alerts(path: Path) -> list[Alert]:
    """The alerts that stand open in the store.

    Raises:
        duckdb.Error: it cannot be opened or read.
    """
    with opened(path, readonly=True) as connection:
        rows = connection.execute("SELECT json FROM alerts_now WHERE ended_ns IS NULL ORDER BY id").fetchall()
    return [Alert.model_validate_json(text) for (text,) in rows]


def mend_store(path: Path, placed: Placed, export: Path) -> int:
    """Set its positions and take out what no longer follows, in one transaction; how much was taken out.

    Raises:
        duckdb.Error: nothing of it was done.
    """
    with opened(path, readonly=False) as connection:
        connection.execute("BEGIN")
        taken = 0
        applied = read_positions(connection)
        if placed.after is not None:
            taken = _take_out(connection, placed.after, export)
            for topic, to in placed.derived.items():
                before = applied.get(topic)
                if before is not None and before.cause is not None and before.cause.offset > placed.after:
                    _set_position(connection, topic, to)
        if placed.journal is not None and Topic.JOURNAL in applied:
            _set_position(connection, Topic.JOURNAL, AppliedTo(placed.journal))
        connection.execute("COMMIT")
        return taken


def _set_position(connection: duckdb.DuckDBPyConnection, topic: Topic, to: AppliedTo | None) -> None:
    if to is None:
        connection.execute("DELETE FROM positions WHERE topic = ?", [topic.value])
        return
    cause = None if to.cause is None else str(to.cause)
    row = [topic.value, str(to.position), cause]
    connection.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", row)


def _take_out(connection: duckdb.DuckDBPyConnection, after: int, export: Path) -> int:
    taken = 0
    alerts: set[str] = set()
    conditions: set[tuple[str, str, str]] = set()
    with export.open("ab") as file:
        for topic, table in _TABLES.items():
            rows = connection.execute(
                f"SELECT cause_journal, cause_offset, cause_index, kind, json FROM {table}"  # noqa: S608
                " WHERE cause_offset > ? ORDER BY ALL",
                [after],
            ).fetchall()
            for journal, offset, index, kind, text in rows:
                line = {"topic": topic.value, "cause": str(Cause(journal, offset, index))}
                file.write(orjson.dumps({**line, "record": orjson.loads(text)}) + b"\n")
                record = decode(kind, text.encode())
                if isinstance(record, AlertRecord):
                    alerts.add(record.alert.id)
                elif isinstance(record, CallRecord):
                    alerts |= set(record.alerts)
                elif isinstance(record, Finding):
                    conditions.add((record.rule, record.level.value, record.subject))
            taken += len(rows)
            connection.execute(f"DELETE FROM {table} WHERE cause_offset > ?", [after])  # noqa: S608
    for alert in sorted(alerts):
        _alert_now(connection, alert)
    for condition in sorted(conditions):
        _condition_now(connection, condition)
    return taken


_LATEST = "ORDER BY cause_journal DESC, cause_offset DESC, cause_index DESC LIMIT 1"


def _alert_now(connection: duckdb.DuckDBPyConnection, alert: str) -> None:
    """How an alert stands by what is left of it, if anything."""
    found = connection.execute(
        "SELECT json, cause_journal, cause_offset, cause_index FROM ledger"  # noqa: S608
        f" WHERE kind = 'alert' AND id = ? {_LATEST}",
        [alert],
    ).fetchone()
    if found is None:
        connection.execute("DELETE FROM alerts_now WHERE id = ?", [alert])
        return
    now = AlertRecord.model_validate_json(found[0]).alert
    called = connection.execute(
        f"""
        SELECT json FROM ledger WHERE kind = 'call' AND list_contains(alerts, ?)
        AND (cause_journal, cause_offset, cause_index) > (?, ?, ?) {_LATEST}
        """,  # noqa: S608
        [alert, *found[1:]],
    ).fetchone()
    if called is not None:
        now = now.model_copy(update={"call": CallRecord.model_validate_json(called[0]).call})
    row: list[Any] = [now.id, now.tier.value, now.listed_level.value, now.owner, now.quantity]
    row += [now.raised_ns, now.ended_ns, now.model_dump_json()]
    connection.execute("INSERT OR REPLACE INTO alerts_now VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def _condition_now(connection: duckdb.DuckDBPyConnection, key: tuple[str, str, str]) -> None:
    """How a condition stands by what is left of its findings, if anything."""
    rule, level, subject = key
    found = connection.execute(
        "SELECT condition, json FROM findings WHERE kind = 'finding' AND rule = ? AND subject = ?"  # noqa: S608
        f" AND json_extract_string(json, '$.level') = ? {_LATEST}",
        [rule, subject, level],
    ).fetchone()
    if found is None:
        connection.execute(
            "DELETE FROM conditions_now WHERE rule = ? AND level = ? AND subject = ?", [rule, level, subject]
        )
    else:
        connection.execute("INSERT OR REPLACE INTO conditions_now VALUES (?, ?, ?, ?, ?)", [*key, *found])
