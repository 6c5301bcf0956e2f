"""Reads every record and snapshot of a park's files and compares each with what it says of itself.

Nothing is changed; a station may own the folder meanwhile. What only the fold can tell (whether what
was derived follows from the journal) is not looked at here.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from fenceline.bus import Position, Topic
from fenceline.bus import logrows as rows
from fenceline.bus.checks import LOG_TOPICS
from fenceline.bus.contents import Contents
from fenceline.bus.found import Findings, LogCount
from fenceline.bus.logfile import LOG_NAME, names_of, verify
from fenceline.bus.logrows import Row
from fenceline.bus.pagefile import PageFile
from fenceline.bus.salvage import Gap, known_gaps
from fenceline.bus.snapshotfile import STATE_NAME, SnapshotFile
from fenceline.bus.sqlitefile import connect
from fenceline.bus.swap import interrupted
from fenceline.errors import BusError

REPAIR = "stop the station, then `fenceline journal repair --dry-run` says what can be saved"
_READ_ROWS = 500


def verify_park(folder: Path, park: str, *, owned: bool) -> Findings:
    """Look at everything of one park.

    Args:
        folder: the bus's data folder.
        owned: whether a running process writes there meanwhile.
    """
    findings = Findings(park)
    path = folder / park / LOG_NAME
    if (aside := interrupted(folder / park)) is not None:
        advice = "run `fenceline journal repair` again: it begins anew from the copies"
        findings.damage(LOG_NAME, f"a repair was interrupted; the damaged files are in `{aside}`", advice)
        return findings
    if owned:
        findings.skipped(
            f"{LOG_NAME}-wal", "a station writes it now", "look again when it has stopped, if in doubt"
        )
    elif not _check_wal(path, findings):
        return findings
    try:
        connection = connect(path, mode="ro")
    except sqlite3.Error as error:
        findings.damage(LOG_NAME, f"it cannot be opened: {error}", REPAIR)
        return findings
    try:
        findings.journal = verify(connection, path, park, whole=False)
    except BusError as error:
        findings.damage(LOG_NAME, error.message, REPAIR)
    try:
        _check_tree(connection, findings)
        _count_logs(connection, findings)
        gaps = known_gaps(_names(connection))
        contents = Contents(findings)
        for topic, count in findings.topics.items():
            for row in _LogCheck(connection, topic, count, findings, gaps.get(topic, [])).rows():
                contents.take(topic, row)
        contents.finish()
        _check_snapshots(folder / park / STATE_NAME, connection, findings)
    finally:
        connection.close()
    return findings


def check_held(connection: sqlite3.Connection, position: Position, journal: int | None) -> str | None:
    """Why a position that somebody holds does not fit this journal; none where it does."""
    if journal is not None and position.journal != journal:
        return f"it is of journal {position.journal}; this is {journal}"
    if position.offset < 0:
        return None
    try:
        head = rows.heads(connection)[Topic.JOURNAL]
        row = connection.execute("SELECT * FROM journal WHERE offset = ?", (position.offset,)).fetchone()
    except (sqlite3.Error, KeyError):
        return None  # said already
    if row is None and position.offset < head:
        return f"the head was cut at {head}, above it" if position.hash else None
    if row is None:
        return "the journal holds no record there"
    return None if not position.hash or row[6].hex() == position.hash else "another record stands there"


class _LogCheck:
    """Reads one log from its head to the end that it had at the beginning."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        topic: Topic,
        count: LogCount,
        findings: Findings,
        known: list[Gap],
    ) -> None:
        self._connection, self._topic, self._count = connection, topic, count
        self._findings, self._known = findings, known

    def rows(self) -> Iterator[Row]:
        """Every sound row; what is not sound is written down."""
        expected, end = self._count.head, self._count.end
        while expected < end:
            before = expected
            try:
                for row in self._piece(expected):
                    if row[0] > expected:
                        self._missing(expected, row[0] - 1)
                    expected = row[0] + 1
                    if self._is_whole(row):
                        yield row
            except sqlite3.Error as error:
                if expected > before:
                    continue
                single = self._single(expected)
                if single is None:
                    expected = self._skip(expected, error)
                    continue
                expected += 1
                if self._is_whole(single):
                    yield single
            if expected == before:
                self._missing(expected, end - 1)
                return

    def _piece(self, start: int) -> sqlite3.Cursor:
        return self._connection.execute(
            f"SELECT * FROM {self._topic.value} WHERE offset BETWEEN ? AND ? ORDER BY offset LIMIT ?",  # noqa: S608
            (start, self._count.end - 1, _READ_ROWS),
        )

    def _single(self, offset: int) -> Row | None:
        question = f"SELECT * FROM {self._topic.value} WHERE offset = ?"  # noqa: S608
        try:
            row: Row | None = self._connection.execute(question, (offset,)).fetchone()
        except sqlite3.Error:
            return None
        return row

    def _is_whole(self, row: Row) -> bool:
        if not rows.is_whole(row):
            self._findings.damage(f"{self._topic}/{row[0]}", "the record differs from its hash", REPAIR)
            return False
        self._count.records += 1
        self._count.bytes += len(row[7])
        return True

    def _skip(self, start: int, error: sqlite3.Error) -> int:
        """The next offset that can be read again; what lies before it is said."""
        place = start
        while place < self._count.end and self._single(place) is None:
            place += 1
        where = f"{self._topic}/{start}-{place - 1}"
        self._findings.damage(where, f"the file cannot be read there: {error}", REPAIR)
        return place

    def _missing(self, first: int, last: int) -> None:
        if (first, last) in self._known:
            self._findings.notice(f"{self._topic}/{first}-{last}", "left empty by an earlier repair")
        elif last >= self._head_now():  # a station may cut meanwhile
            self._findings.damage(
                f"{self._topic}/{first}-{last}", f"{last - first + 1} records are missing", REPAIR
            )

    def _head_now(self) -> int:
        try:
            return rows.heads(self._connection)[self._topic]
        except (sqlite3.Error, KeyError):
            return 0


def _count_logs(connection: sqlite3.Connection, findings: Findings) -> None:
    """All ends at one moment: a running station derives from nothing behind them what stands before them."""
    connection.execute("BEGIN")
    try:
        heads, ends = rows.heads(connection), {}
        for topic in LOG_TOPICS:
            try:
                ends[topic] = rows.end(connection, topic)
            except sqlite3.Error as error:
                findings.damage(topic.value, f"it cannot be read: {error}", REPAIR)
        for topic in (Topic.FINDINGS, Topic.JOURNAL, Topic.DEADLETTER, Topic.ALERTS):
            if topic in ends:
                findings.topics[topic] = LogCount(head=heads.get(topic, 0), end=ends[topic])
    except (sqlite3.Error, ValueError) as error:
        findings.damage(LOG_NAME, f"it does not say where its logs begin: {error}", REPAIR)
    finally:
        with contextlib.suppress(sqlite3.Error):  # of a damaged file even this may fail
            connection.rollback()


def _names(connection: sqlite3.Connection) -> dict[str, str]:
    try:
        return names_of(connection)
    except sqlite3.Error:  # said already, by the check of the file
        return {}


def _check_wal(path: Path, findings: Findings) -> bool:
    try:
        file = PageFile(path)
    except OSError as error:
        findings.damage(str(path), f"it cannot be read: {error.strerror}", "restore the folder from a copy")
        return False
    behind = file.wal.behind
    file.close()
    if behind:
        findings.damage(
            f"{LOG_NAME}-wal",
            f"it is damaged, and {behind} committed pages behind the damage would be left out",
            f"do not start the station, it would overwrite them; {REPAIR}",
        )
    return True


def _check_tree(connection: sqlite3.Connection, findings: Findings) -> None:
    try:
        said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    except sqlite3.Error as error:
        said = [str(error)]
    if said != ["ok"]:
        findings.damage(LOG_NAME, "; ".join(part.replace("\n", " ") for part in said), REPAIR)


def _check_snapshots(path: Path, connection: sqlite3.Connection, findings: Findings) -> None:
    advice = "the next snapshot replaces it; nothing to do while the journal reaches back to another one"
    if not path.exists():
        findings.notice(STATE_NAME, "there are no snapshots yet")
        return
    try:
        file = SnapshotFile(path, readonly=True)
    except BusError as error:
        findings.damage(STATE_NAME, error.message, REPAIR)
        return
    try:
        whole = file.snapshots()
        written = file.manifests(findings.park)
    except (BusError, sqlite3.Error) as error:
        findings.damage(STATE_NAME, str(error), REPAIR)
        return
    finally:
        file.close()
    findings.snapshots = [str(snapshot.position) for snapshot in whole]
    if len(written) > len(whole):
        findings.damage(
            STATE_NAME, f"{len(written) - len(whole)} of {len(written)} snapshots are not whole", advice
        )
    for snapshot in whole:
        why = check_held(connection, snapshot.position, findings.journal)
        if why is not None:
            findings.damage(
                STATE_NAME,
                f"the snapshot at `{snapshot.position}` does not fit the journal: {why}",
                f"the journal was replaced or cut short; {REPAIR}",
            )
