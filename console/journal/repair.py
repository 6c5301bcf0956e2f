"""Behind `fenceline journal repair` and `fold`: a damaged folder in, one that a station can go on with out.

The damaged files are copied aside before anything changes, and only read; see `fenceline.bus.swap`.
"""

import contextlib
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from console.fold import ParkFold
from console.journal.ledger import Standing, empty_fold, reconciled, standing
from console.journal.report import Lost, Repair
from console.journal.stored import EXPORT_NAME, STORE_NAME, Placed, mend_store, open_alerts, positions
from console.roles.engine import EngineWorker
from console.roles.snapshots import EngineSettings
from fenceline.alert import Alert
from fenceline.bus import Cause, Position, Snapshot, Topic
from fenceline.bus.checks import LOG_TOPICS, check_park
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.folderlock import FolderLock
from fenceline.bus.logfile import LOG_NAME, set_names
from fenceline.bus.logrows import ends, insert, row_of
from fenceline.bus.mending import DERIVED, Mend
from fenceline.bus.rebuild import WORK_NAME, Rebuilding, rebuild
from fenceline.bus.snapshotfile import STATE_NAME, SnapshotFile
from fenceline.bus.sqlitefile import connect
from fenceline.bus.swap import Originals, check_room, copy_aside, originals_of, put_in_place
from fenceline.bus.verify import verify_park
from fenceline.clock import SystemClock
from fenceline.errors import BusError, FencelineError, WireError
from fenceline.journal import Tick
from fenceline.wire import decode
from sinks.query import AppliedTo

NEVER = 2**62
TOLD_INDEX = 1_000_000  # above all that the last record derived


async def repair(data: Path, park: str, *, again: bool = False, dry_run: bool = False) -> Repair:
    """Save what can be saved, fold again what must be.

    Args:
        data: the station's data folder.
        again: fold everything again that can be, damaged or not.
        dry_run: only say what would come of it.

    Raises:
        FencelineError: a station owns the folder, there is no room, or nothing can be done; nothing changed.
    """
    check_park(park)
    folder = data / "journal"
    if not folder.is_dir():
        raise BusError(f"there is no journal in `{data}`", hint="name the station's folder with --data")
    lock = FolderLock(folder)
    done = False
    try:
        found = await _Repairing(data, park, again=again).run(dry_run=dry_run)
        done = found.done
        return found
    finally:
        lock.release(well=done or not lock.unclean)


class _Repairing:
    """One repair of one park."""

    def __init__(self, data: Path, park: str, *, again: bool) -> None:
        self._data, self._park, self._again = data, park, again
        self._place = data / "journal" / park
        self._store = data / STORE_NAME
        self._report = Repair()

    async def run(self, *, dry_run: bool) -> Repair:
        originals = originals_of(self._place)
        check_room(self._place, originals, copies=1 if dry_run or originals.aside else 2)
        try:
            await self._run(originals, dry_run=dry_run)
        finally:
            shutil.rmtree(self._place / WORK_NAME, ignore_errors=True)
        return self._report

    async def _run(self, originals: Originals, *, dry_run: bool) -> None:
        applied = self._applied()
        held = applied.get(Topic.JOURNAL)
        looked = None if originals.aside else verify_park(self._place.parent, self._park, owned=False)
        unreadable = frozenset(LOG_TOPICS) - set(LOG_TOPICS if looked is None else looked.topics)
        built = rebuild(originals, self._place, self._park)
        try:
            before = standing(built.connection)
            self._report.saved = _counts(built.connection)
            mend = built.finish(
                known=[] if held is None else [held.position],
                known_ends={topic: to.position.offset + 1 for topic, to in applied.items()},
                unreadable=unreadable,
                again=self._again,
            )
            self._refuse_a_fold(mend)
            placed = _placed(built.connection, mend, applied)
            self._say(built, mend, unreadable)
            if mend.state_lost:
                self._begin_empty(built, mend)
        finally:
            built.close()
        moved = held is not None and placed.journal not in (None, held.position)
        unsound = looked is None or not looked.sound
        self._report.changed = mend.changes or moved or unsound
        if not self._report.changed:
            return
        if mend.again or mend.state_lost:
            fold = await _fold(built.work, self._park)
            self._reconcile(built.place / LOG_NAME, mend, fold)
        self._compare(before, built.place / LOG_NAME)
        if not dry_run:
            self._put_in_place(originals, built, placed)

    def _applied(self) -> dict[Topic, AppliedTo]:
        if not self._store.exists():
            return {}
        try:
            return positions(self._store)
        except duckdb.Error as error:
            self._report.notes.append(
                f"the store cannot be read ({str(error).splitlines()[0]}): move `{self._store}` away, it is"
                " filled again as far back as the journal reaches"
            )
            return {}

    def _refuse_a_fold(self, mend: Mend) -> None:
        if self._again and (mend.state_lost or mend.epochs):
            raise FencelineError(
                "the journal is damaged: folding it again would lose what was decided on what is missing",
                hint="run `fenceline journal repair --dry-run`",
            )

    def _say(self, built: Rebuilding, mend: Mend, unreadable: frozenset[Topic]) -> None:
        report, connection = self._report, built.connection
        report.journal = (built.salvaged.journal, mend.journal)
        report.snapshots = [str(one.position) for one in mend.snapshots]
        report.dropped_snapshots = [str(one) for one in mend.dropped_snapshots]
        report.state_lost = mend.state_lost
        report.start = mend.start if mend.again else None
        for topic, gaps in mend.lost.items():
            for first, last in gaps:
                folded = mend.again and (topic, (first, last)) in mend.given_again
                between = _ticks_around(connection, first, last) if topic is Topic.JOURNAL else (None, None)
                report.lost.append(Lost(topic.value, first, last, between, again=folded))
        for topic in sorted(one for one in unreadable if not report.saved[one]):
            report.notes.append(f"the table of `{topic}` could not be read: what it held is not known")
        if not built.salvaged.heads_known:
            report.notes.append("where the topics begin could not be read: what was lost before is not known")

    def _begin_empty(self, built: Rebuilding, mend: Mend) -> None:
        """The snapshot that the engine begins with, and the end of what nobody knows any more."""
        connection = built.connection
        fold = empty_fold(connection)
        digest = connection.execute("SELECT hash FROM journal WHERE offset = ?", (mend.start,)).fetchone()[0]
        position = Position(mend.journal, mend.start, digest.hex())
        file = SnapshotFile(built.place / STATE_NAME)
        try:
            file.put(self._park, Snapshot(position, fold.dump(), dict(fold.log.terms)))
        finally:
            file.close()

    def _reconcile(self, path: Path, mend: Mend, fold: ParkFold) -> None:
        """Where records of the ledger were lost for good, it must not contradict the engine's state."""
        also: list[Alert] = []
        if mend.state_lost and self._store.exists():
            with contextlib.suppress(duckdb.Error):  # said already, when its positions were asked
                also = open_alerts(self._store)
        connection = connect(path, mode="rw")
        try:
            cause = Cause(mend.journal, mend.last, TOLD_INDEX)
            records = reconciled(connection, fold, also, cause)
            if records:
                at = ends(connection)[Topic.ALERTS]
                insert(connection, Topic.ALERTS, [row_of(at + n, one) for n, one in enumerate(records)])
                set_names(connection, {"origin": str(mend.last)})
        finally:
            connection.close()
        self._report.told = len(records)

    def _compare(self, before: dict[str, Standing], path: Path) -> None:
        connection = connect(path, mode="ro")
        after = standing(connection)
        connection.close()
        self._report.vanished = [one for name, one in before.items() if name not in after]
        self._report.changed_alerts = [
            f"{name}: {one.level} {one.state}, now {after[name].level} {after[name].state}"
            for name, one in before.items()
            if name in after and after[name] != one
        ]

    def _put_in_place(self, originals: Originals, built: Rebuilding, placed: Placed) -> None:
        aside = copy_aside(self._place, originals)
        self._report.aside = str(aside)
        put_in_place(self._place, built.place, aside, lambda: self._mend_store(placed, aside))
        self._report.done = True

    def _mend_store(self, placed: Placed, aside: Path) -> None:
        if not self._store.exists():
            return
        try:
            taken = mend_store(self._store, placed, aside / EXPORT_NAME)
        except duckdb.Error as error:
            self._report.notes.append(
                f"the store could not be set to the repaired journal ({str(error).splitlines()[0]}): move"
                f" `{self._store}` away, it is filled again as far back as the journal reaches"
            )
            return
        if taken:
            self._report.notes.append(
                f"{taken} findings and ledger records were taken out of the store; they are in"
                f" `{aside / EXPORT_NAME}`"
            )


async def _fold(work: Path, park: str) -> ParkFold:
    """What a station's engine would do at its next start, without its configuration."""
    settings = EngineSettings(snapshot_records=NEVER, snapshot_seconds=float(NEVER), findings_days=None)
    bus = EmbeddedBus(work)
    try:
        worker = EngineWorker(
            bus=bus, park=park, clock=SystemClock(), force=None, settings=settings, needed=lambda: [0]
        )
        await worker.start()
        await worker.stop()
        return worker.fold
    finally:
        await bus.close()


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    questions = {topic.value: f"SELECT count(*) FROM {topic.value}" for topic in LOG_TOPICS}  # noqa: S608
    return {name: int(connection.execute(text).fetchone()[0]) for name, text in questions.items()}


def _placed(connection: sqlite3.Connection, mend: Mend, applied: dict[Topic, AppliedTo]) -> Placed:
    derived: dict[Topic, AppliedTo | None] = {}
    for topic in DERIVED if mend.again else ():
        row = connection.execute(
            "SELECT offset, hash, cause_journal, cause_offset, cause_index"  # noqa: S608
            f" FROM {topic.value} ORDER BY offset DESC LIMIT 1"
        ).fetchone()
        derived[topic] = (
            None if row is None else AppliedTo(Position(mend.journal, row[0], row[1].hex()), Cause(*row[2:]))
        )
    held = applied.get(Topic.JOURNAL)
    after = mend.start if mend.again else None
    return Placed(None if held is None else _moved(connection, mend, held.position), after, derived)


def _moved(connection: sqlite3.Connection, mend: Mend, position: Position) -> Position:
    """Where a reader at `position` goes on: at its record, or at the epoch that stands for the lost ones."""
    if position.offset < 0 or not position.hash:
        return Position(mend.journal, position.offset, position.hash)
    rows = connection.execute(
        "SELECT offset, hash FROM journal WHERE offset = ? OR offset > ? AND kind = 'epoch' ORDER BY offset",
        (position.offset, position.offset),
    )
    for offset, digest in rows:
        if offset in mend.epochs or digest.hex() == position.hash:
            return Position(mend.journal, offset, digest.hex())
    return position


def _ticks_around(connection: sqlite3.Connection, first: int, last: int) -> tuple[str | None, str | None]:
    question = "SELECT payload FROM journal WHERE kind = 'tick' AND offset {} ? ORDER BY offset {} LIMIT 1"
    before = connection.execute(question.format("<", "DESC"), (first,)).fetchone()
    after = connection.execute(question.format(">", "ASC"), (last,)).fetchone()
    return _moment(before), _moment(after)


def _moment(row: tuple[bytes] | None) -> str | None:
    if row is None:
        return None
    try:
        tick = decode("tick", row[0])
    except WireError:
        return None
    assert isinstance(tick, Tick)
    return datetime.fromtimestamp(tick.time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
