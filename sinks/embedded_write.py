"""One transaction of the embedded store: decoded records in, rows out, with their positions.

Everything is inserted as whole columns by Arrow. These functions run in the store's own thread,
inside a transaction that the caller opened.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from fenceline.alert import Alert, AlertRecord, Call, CallRecord, LedgerRecord, PageRecord
from fenceline.bus import Topic
from fenceline.finding import Finding, FindingRecord, Folded, Gap
from fenceline.journal import Batch
from sinks import schema
from sinks.changes import Changes
from sinks.query import AppliedTo, Ledgered

SETTLE_AT_ROWS = 500_000


def insert_readings(
    connection: duckdb.DuckDBPyConnection, codes: dict[str, int], batches: Sequence[tuple[int, Batch]]
) -> dict[str, int]:
    """Insert all readings; return the codes of sensors that are new."""
    filled = [(offset, batch.readings) for offset, batch in batches if len(batch.readings) > 0]
    if not filled:
        return {}
    new: dict[str, int] = {}
    maps = []
    for _, readings in filled:
        maps.append(np.array([_code(sensor, codes, new) for sensor in readings.sensors], dtype=np.int32))
    if new:
        _insert(
            connection,
            "sensors",
            pa.table([list(new.values()), list(new)], schema=schema.SENSORS),
        )
    columns = [
        np.concatenate([to[readings.code] for to, (_, readings) in zip(maps, filled, strict=True)]),
        np.concatenate([readings.time for _, readings in filled]),
        np.concatenate([readings.value for _, readings in filled]),
        np.concatenate([readings.quality for _, readings in filled]),
        np.concatenate([readings.sequence for _, readings in filled]),
        np.repeat(
            np.array([offset for offset, _ in filled], dtype=np.int64),
            [len(readings) for _, readings in filled],
        ),
    ]
    _insert(connection, "readings_new", pa.table(columns, schema=schema.READINGS))
    return new


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Move the new readings, sorted by sensor, to the old ones."""
    connection.execute("INSERT INTO readings_old SELECT * FROM readings_new ORDER BY code, time")
    connection.execute(f"CREATE OR REPLACE TABLE readings_new {schema.READING_COLUMNS}")


def insert_findings(
    connection: duckdb.DuckDBPyConnection, findings: Iterable[Ledgered[FindingRecord]]
) -> None:
    """Insert what was found, and where each condition stands now; ticks folded are not kept."""
    rows: list[list[Any]] = []
    now: dict[tuple[str, str, str], list[Any]] = {}
    for item in findings:
        record = item.record
        if isinstance(record, Folded):
            continue
        text = record.model_dump_json()
        cause = [item.cause.journal, item.cause.offset, item.cause.index]
        if isinstance(record, Finding):
            condition = record.condition.value
            rows.append([*cause, record.kind, record.rule, record.subject, condition, record.at_ns, text])
            key = (record.rule, record.level.value, record.subject)
            now[key] = [*key, condition, text]
        else:
            at_ns = record.to_ns if isinstance(record, Gap) else getattr(record, "at_ns", 0)
            rows.append([*cause, record.kind, None, None, None, at_ns, text])
    _insert(connection, "findings", _table(rows, schema.FINDINGS))
    _insert(connection, "conditions_now", _table(list(now.values()), schema.CONDITIONS_NOW), replace=True)


def insert_ledger(connection: duckdb.DuckDBPyConnection, ledger: Iterable[Ledgered[LedgerRecord]]) -> None:
    """Insert the changes of alerts, calls and pages, and how each alert stands now."""
    rows: list[list[Any]] = []
    now: dict[str, Alert] = {}
    moved: dict[str, Call] = {}  # alerts that stand in the table, and where their paging stands since
    for item in ledger:
        record = item.record
        cause = [item.cause.journal, item.cause.offset, item.cause.index]
        rows.append([*cause, record.kind, *_of_ledger(record), record.model_dump_json()])
        if isinstance(record, AlertRecord):
            now[record.alert.id] = record.alert
            moved.pop(record.alert.id, None)
        elif isinstance(record, CallRecord):
            for alert in record.alerts:
                known = now.get(alert)
                if known is None:
                    moved[alert] = record.call
                else:
                    now[alert] = known.model_copy(update={"call": record.call})
    _insert(connection, "ledger", _table(rows, schema.LEDGER))
    _insert(
        connection,
        "alerts_now",
        _table([_alert_now(alert) for alert in now.values()], schema.ALERTS_NOW),
        replace=True,
    )
    for call in set(moved.values()):
        ids = [alert for alert, its in moved.items() if its == call]
        connection.execute(
            "UPDATE alerts_now SET json = json_merge_patch(json, ?) WHERE id IN (SELECT unnest(?))",
            [f'{{"call": {call.model_dump_json()}}}', ids],
        )


def _alert_now(alert: Alert) -> list[Any]:
    return [
        alert.id,
        alert.tier.value,
        alert.listed_level.value,
        alert.owner,
        alert.quantity,
        alert.raised_ns,
        alert.ended_ns,
        alert.model_dump_json(),
    ]


def _of_ledger(record: LedgerRecord) -> list[Any]:
    """id, change, at, revision, action, alerts."""
    if isinstance(record, AlertRecord):
        alert = record.alert
        return [alert.id, record.change, record.at_ns, alert.revision, record.action, [alert.id]]
    if isinstance(record, PageRecord):
        page = record.page
        return [page.id, record.change, record.at_ns, page.revision, None, list(page.alerts)]
    if isinstance(record, CallRecord):
        return [record.call.id, record.change, record.at_ns, 0, None, list(record.alerts)]
    return [record.alert, "refused", record.at_ns, 0, record.action, [record.alert]]


def write_positions(
    connection: duckdb.DuckDBPyConnection, changes: Changes, before: Mapping[Topic, AppliedTo]
) -> None:
    """The positions that stand with this transaction, as far as they differ from those before."""
    values: list[str | None] = []
    for topic, to in changes.applied.items():
        if before.get(topic) != to:
            values += [topic.value, str(to.position), None if to.cause is None else str(to.cause)]
    if values:
        places = ", ".join(["(?, ?, ?)"] * (len(values) // 3))
        connection.execute(f"INSERT OR REPLACE INTO positions VALUES {places}", values)  # noqa: S608


def write_account(connection: duckdb.DuckDBPyConnection, account: Mapping[str, int]) -> None:
    """What was stored and what could not be, since the store began."""
    values = [part for item in account.items() for part in item]
    places = ", ".join(["(?, ?)"] * len(account))
    connection.execute(f"INSERT OR REPLACE INTO account VALUES {places}", values)  # noqa: S608


def read_positions(connection: duckdb.DuckDBPyConnection) -> dict[Topic, AppliedTo]:
    """The positions as committed."""
    from_text = AppliedTo.from_text
    rows = connection.execute("SELECT topic, position, cause FROM positions").fetchall()
    return {Topic(topic): from_text(position, cause) for topic, position, cause in rows}


def _code(sensor: str, codes: dict[str, int], new: dict[str, int]) -> int:
    code = codes.get(sensor)
    return new.setdefault(sensor, len(codes) + len(new)) if code is None else code


def _table(rows: list[list[Any]], columns: pa.Schema) -> pa.Table:
    if not rows:
        return columns.empty_table()
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=columns)


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, *, replace: bool = False
) -> None:
    if rows.num_rows == 0:
        return
    connection.register("incoming", rows)
    try:
        verb = "INSERT OR REPLACE" if replace else "INSERT"
        connection.execute(f"{verb} INTO {table} SELECT * FROM incoming")  # noqa: S608 - names of our tables
    finally:
        # In a transaction that an error ended this fails too; the first error is the one to tell.
        with contextlib.suppress(duckdb.Error):
            connection.unregister("incoming")
