"""The embedded store: changes and questions in, rows of one DuckDB file and answers out.

A transaction holds its records and the positions they reach, so that applying again after a crash
changes nothing. All of DuckDB's work is done in one thread; the process that owns the file answers.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import duckdb

from fenceline.alert import ActionRefused, Alert, AlertRecord, CallRecord, PageRecord
from fenceline.bus import Topic
from fenceline.errors import ServiceError
from sinks import embedded_read, embedded_write, schema
from sinks.changes import Changes
from sinks.embedded_faults import store_error
from sinks.query import AlertFilter, AppliedTo, HourlyMean, Ledgered, OpenLedger, Series
from sinks.thin import thin

ROW_GROUP_ROWS = 8192  # small groups: one sensor's settled hour then lies in few of them

Answer = TypeVar("Answer")


class EmbeddedStore:
    """A store in one file.

    Args:
        path: the file; its folder must exist.
        settle_at_rows: how many new readings are kept as they came before they are sorted away.
    """

    def __init__(self, path: Path, *, settle_at_rows: int = embedded_write.SETTLE_AT_ROWS) -> None:
        self.path = path
        self._settle_at_rows = settle_at_rows
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._codes: dict[str, int] = {}
        self._applied: dict[Topic, AppliedTo] = {}
        self._account: dict[str, int] = {}
        self._unsettled = 0

    # Life

    async def open(self) -> None:
        """Open or create the file.

        Raises:
            ServiceError: locked by another process, damaged, of a later release, or no room.
        """
        await self._do(lambda _: None)

    async def close(self) -> None:
        """Write the log back into the file and let go of it."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    # Writing

    async def apply(self, changes: Changes) -> Changes:
        """Commit what was not applied before, with its positions; return just that.

        Raises:
            ServiceError: nothing of it is stored.
        """
        return await self._do(lambda connection: self._apply(connection, changes))

    async def applied(self) -> dict[Topic, AppliedTo]:
        """How far each topic was applied, as committed."""
        return await self._do(lambda _: dict(self._applied))

    async def account(self) -> dict[str, int]:
        """`readings` stored and records `unreadable`, since the store began."""
        return await self._do(lambda _: dict(self._account))

    async def retain(self, readings_before_ns: int, history_before_ns: int) -> None:
        """Delete readings of an event time before one time, and what ended before another.

        Open alerts stay with their whole history, however old.
        """
        await self._do(lambda connection: _retain(connection, readings_before_ns, history_before_ns))

    # Asking

    async def readings(self, sensor: str, start_ns: int, end_ns: int, *, points: int, gap_ns: int) -> Series:
        def ask(connection: duckdb.DuckDBPyConnection) -> Series:
            code = self._codes.get(sensor, -1)
            found = embedded_read.readings(connection, code, start_ns, end_ns)
            return thin(found, points=points, gap_ns=gap_ns)

        return await self._do(ask)

    async def hourly_means(self, sensors: Sequence[str], start_ns: int, end_ns: int) -> list[HourlyMean]:
        return await self._do(
            lambda connection: embedded_read.hourly_means(connection, sensors, start_ns, end_ns)
        )

    async def alerts(self, wanted: AlertFilter, *, limit: int) -> list[Alert]:
        return await self._do(lambda connection: embedded_read.alerts(connection, wanted, limit))

    async def alert(self, alert: str) -> Alert | None:
        return await self._do(lambda connection: embedded_read.alert(connection, alert))

    async def alert_history(self, alert: str) -> list[Ledgered[AlertRecord | CallRecord]]:
        return await self._do(lambda connection: embedded_read.alert_history(connection, alert))

    async def pages(self, alert: str) -> list[Ledgered[PageRecord]]:
        return await self._do(lambda connection: embedded_read.pages(connection, alert))

    async def action(self, action: str) -> AlertRecord | ActionRefused | None:
        return await self._do(lambda connection: embedded_read.action(connection, action))

    async def open_ledger(self) -> OpenLedger:
        return await self._do(lambda connection: embedded_read.open_ledger(connection, self._applied))

    # In the store's thread

    async def _do(self, work: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._guarded, work)

    def _guarded(self, work: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        try:
            if self._connection is None:
                self._connection = self._connect()
            return work(self._connection)
        except (duckdb.Error, OSError) as error:
            # After an error of the disk DuckDB may refuse all further work until opened again.
            self._disconnect()
            raise store_error(self.path, error) from error

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        try:
            # Every name is bound to the attached file; `path` is quoted as SQL text.
            quoted = str(self.path).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS store (ROW_GROUP_SIZE {ROW_GROUP_ROWS})")
            connection.execute("USE store")
            connection.execute(schema.TABLES)
            row = connection.execute("SELECT max(format) FROM about").fetchone()
            if row is None or row[0] is None:
                connection.execute("INSERT INTO about VALUES (?)", [schema.STORE_FORMAT])
            elif row[0] != schema.STORE_FORMAT:
                raise ServiceError(
                    f"the store `{self.path}` has format {row[0]}; this release reads {schema.STORE_FORMAT}",
                    hint="open it with the release that wrote it, or move it away: it is filled anew",
                )
            self._load(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _load(self, connection: duckdb.DuckDBPyConnection) -> None:
        """What memory keeps of the file."""
        sensors = connection.execute("SELECT sensor, code FROM sensors").fetchall()
        self._codes = dict(sensors)
        self._applied = embedded_write.read_positions(connection)
        counts = connection.execute("SELECT word, count FROM account").fetchall()
        self._account = {"readings": 0, "unreadable": 0} | dict(counts)
        row = connection.execute("SELECT count(*) FROM readings_new").fetchone()
        self._unsettled = 0 if row is None else int(row[0])

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(duckdb.Error):
                connection.close()

    def _apply(self, connection: duckdb.DuckDBPyConnection, changes: Changes) -> Changes:
        fresh = changes.above(self._applied)
        rows = fresh.readings
        account = {
            "readings": self._account["readings"] + rows,
            "unreadable": self._account["unreadable"] + fresh.unreadable,
        }
        new_codes: dict[str, int] = {}
        connection.begin()
        try:
            new_codes = embedded_write.insert_readings(connection, self._codes, fresh.batches)
            embedded_write.insert_findings(connection, fresh.findings)
            embedded_write.insert_ledger(connection, fresh.ledger)
            embedded_write.write_positions(connection, fresh, self._applied)
            if account != self._account:
                embedded_write.write_account(connection, account)
            self._commit(connection)
        except BaseException:
            _roll_back(connection)
            raise
        self._codes.update(new_codes)
        self._applied.update(fresh.applied)
        self._account = account
        self._unsettled += rows
        if self._unsettled >= self._settle_at_rows:
            self._settle(connection)
        return fresh

    def _commit(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.commit()

    def _settle(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.begin()
        try:
            embedded_write.settle(connection)
            connection.commit()
        except BaseException:
            _roll_back(connection)
            raise
        self._unsettled = 0


def _retain(connection: duckdb.DuckDBPyConnection, readings_before_ns: int, history_before_ns: int) -> None:
    connection.begin()
    try:
        connection.execute("DELETE FROM readings_old WHERE time < ?", [readings_before_ns])
        connection.execute("DELETE FROM readings_new WHERE time < ?", [readings_before_ns])
        connection.execute("DELETE FROM findings WHERE at_ns < ?", [history_before_ns])
        connection.execute(
            """
            DELETE FROM ledger WHERE at_ns < ? AND NOT list_has_any(
                alerts, coalesce((SELECT list(id) FROM alerts_now
                                  WHERE ended_ns IS NULL OR ended_ns >= ?), []))
            """,
            [history_before_ns, history_before_ns],
        )
        connection.execute("DELETE FROM alerts_now WHERE ended_ns < ?", [history_before_ns])
        connection.commit()
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    # After some errors there is nothing left to roll back; the first error is the one to tell.
    with contextlib.suppress(duckdb.Error):
        connection.rollback()
