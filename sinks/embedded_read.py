"""The embedded store's answers: a connection and a question in, records out.

These functions run in the store's own thread.
"""
# ruff: noqa: S608 - the texts put together here are constants of this file; values go in as parameters

from collections.abc import Sequence

import duckdb
import numpy as np

from fenceline.alert import ActionRefused, Alert, AlertRecord, CallRecord, PageRecord
from fenceline.bus import Cause, Topic
from fenceline.finding import Finding
from fenceline.park import WATCHDOG_OWNER
from fenceline.vocabulary import FIRST_BAD_QUALITY
from sinks.query import AlertFilter, AppliedTo, HourlyMean, Ledgered, OpenLedger, Series
from sinks.thin import tidy

HOUR_NS = 3_600_000_000_000

_CHANGES: dict[str, type[AlertRecord | CallRecord]] = {"alert": AlertRecord, "call": CallRecord}
_BY_CAUSE = "cause_journal, cause_offset, cause_index"


def readings(connection: duckdb.DuckDBPyConnection, code: int, start_ns: int, end_ns: int) -> Series:
    """Every reading of a sensor in an interval, in time order, each once."""
    columns = "time, value, quality, sequence"
    where = "WHERE code = ? AND time >= ? AND time < ?"
    found = connection.execute(
        f"SELECT {columns} FROM readings_old {where} UNION ALL SELECT {columns} FROM readings_new {where}",
        [code, start_ns, end_ns] * 2,
    ).fetchnumpy()
    return tidy(
        np.asarray(found["time"], dtype=np.int64),
        np.asarray(found["value"], dtype=np.float64),
        np.asarray(found["quality"], dtype=np.uint8),
        np.asarray(found["sequence"], dtype=np.int64),
    )


def hourly_means(
    connection: duckdb.DuckDBPyConnection, sensors: Sequence[str], start_ns: int, end_ns: int
) -> list[HourlyMean]:
    """Means of usable values by sensor and hour."""
    rows = connection.execute(
        f"""
        SELECT sensor, hour, mean, used, readings FROM (
            SELECT code, time // {HOUR_NS} AS hour,
                avg(value) FILTER (quality < {FIRST_BAD_QUALITY}) AS mean,
                count(*) FILTER (quality < {FIRST_BAD_QUALITY}) AS used,
                count(*) AS readings
            FROM (SELECT * FROM readings_old UNION ALL SELECT * FROM readings_new)
            WHERE time >= ? AND time < ?
                AND code IN (SELECT code FROM sensors WHERE list_contains(?, sensor))
            GROUP BY code, hour
        ) JOIN sensors USING (code) ORDER BY sensor, hour
        """,
        [start_ns, end_ns, list(sensors)],
    ).fetchall()
    return [HourlyMean(sensor, hour * HOUR_NS, mean, used, count) for sensor, hour, mean, used, count in rows]


def alerts(connection: duckdb.DuckDBPyConnection, wanted: AlertFilter, limit: int) -> list[Alert]:
    """Alerts as they stand, the one raised last first."""
    clauses, values = ["true"], []
    for column, value in (
        ("tier", wanted.tier),
        ("level", wanted.level),
        ("owner", wanted.owner),
        ("quantity", wanted.substance),
    ):
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(str(value))
    if wanted.owner is None:
        clauses.append("owner <> ?")
        values.append(WATCHDOG_OWNER)
    if wanted.state != "all":
        clauses.append("ended_ns IS NOT NULL" if wanted.state == "ended" else "ended_ns IS NULL")
    rows = connection.execute(
        f"SELECT json FROM alerts_now WHERE {' AND '.join(clauses)} ORDER BY raised_ns DESC, id LIMIT ?",
        [*values, limit],
    ).fetchall()
    return [Alert.model_validate_json(text) for (text,) in rows]


def alert(connection: duckdb.DuckDBPyConnection, wanted: str) -> Alert | None:
    """One alert as it stands."""
    row = connection.execute("SELECT json FROM alerts_now WHERE id = ?", [wanted]).fetchone()
    return None if row is None else Alert.model_validate_json(row[0])


def alert_history(
    connection: duckdb.DuckDBPyConnection, wanted: str
) -> list[Ledgered[AlertRecord | CallRecord]]:
    """Every change of an alert, and of its calls."""
    rows = connection.execute(
        f"""
        SELECT {_BY_CAUSE}, kind, json FROM ledger
        WHERE (kind = 'alert' AND id = ?) OR (kind = 'call' AND list_contains(alerts, ?)) ORDER BY {_BY_CAUSE}
        """,
        [wanted, wanted],
    ).fetchall()
    return [Ledgered(Cause(*row[:3]), _CHANGES[row[3]].model_validate_json(row[4])) for row in rows]


def pages(connection: duckdb.DuckDBPyConnection, wanted: str) -> list[Ledgered[PageRecord]]:
    """The newest record of each page that speaks of an alert, in the order they became due."""
    rows = connection.execute(
        f"""
        SELECT {_BY_CAUSE}, json FROM ledger WHERE kind = 'page' AND list_contains(alerts, ?)
        QUALIFY row_number() OVER (
            PARTITION BY id ORDER BY cause_journal DESC, cause_offset DESC, cause_index DESC) = 1
        """,
        [wanted],
    ).fetchall()
    found = [Ledgered(Cause(*row[:3]), PageRecord.model_validate_json(row[3])) for row in rows]
    return sorted(found, key=lambda item: (item.record.page.due_ns, item.record.page.number))


def action(connection: duckdb.DuckDBPyConnection, wanted: str) -> AlertRecord | ActionRefused | None:
    """The ledger's first word on an action."""
    row = connection.execute(
        f"SELECT kind, json FROM ledger WHERE action = ? ORDER BY {_BY_CAUSE} LIMIT 1", [wanted]
    ).fetchone()
    if row is None:
        return None
    model = AlertRecord if row[0] == "alert" else ActionRefused
    return model.model_validate_json(row[1])


def open_ledger(connection: duckdb.DuckDBPyConnection, applied: dict[Topic, AppliedTo]) -> OpenLedger:
    """The alerts that have not ended, their pages, and the conditions that are unknown."""
    open_alerts = connection.execute(
        "SELECT json FROM alerts_now WHERE ended_ns IS NULL ORDER BY raised_ns, id"
    ).fetchall()
    page_rows = connection.execute(
        """
        SELECT json FROM ledger
        WHERE kind = 'page' AND list_has_any(alerts, (SELECT list(id) FROM alerts_now WHERE ended_ns IS NULL))
        QUALIFY row_number() OVER (
            PARTITION BY id ORDER BY cause_journal DESC, cause_offset DESC, cause_index DESC) = 1
        """
    ).fetchall()
    unknown = connection.execute(
        "SELECT json FROM conditions_now WHERE condition = 'unknown' ORDER BY subject, rule, level"
    ).fetchall()
    return OpenLedger(
        alerts=tuple(Alert.model_validate_json(text) for (text,) in open_alerts),
        pages=tuple(PageRecord.model_validate_json(text) for (text,) in page_rows),
        unknown=tuple(Finding.model_validate_json(text) for (text,) in unknown),
        applied=dict(applied),
    )
