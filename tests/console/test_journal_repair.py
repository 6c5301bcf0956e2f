"""`fenceline journal repair` on real files damaged in every way: what is saved and lost, what goes on."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from console.journal.look import look
from console.journal.repair import repair
from console.journal.report import Repair
from console.journal.stored import EXPORT_NAME
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.folderlock import LOCK_NAME
from fenceline.bus.pagefile import PageFile
from fenceline.bus.pagerows import rows_of
from fenceline.bus.swap import check_room, copy_aside, originals_of, put_in_place
from fenceline.errors import BusError, FencelineError, JournalFull
from fenceline.journal import Epoch
from tests.console.journal_folders import (
    LAST,
    LETTERS,
    LOWER,
    UPPER,
    Folder,
    flip,
    go_on,
    standing_of,
    station_folder,
    zero_page,
)
from tests.console.worlds import PARK

pytestmark = pytest.mark.slow

Lost = list[tuple[str, int, int, bool]]


def _flipped(offset: int, table: str = "journal") -> Callable[[Folder], object]:
    statement = (
        f"UPDATE {table} SET payload = CAST(x'00' || substr(payload, 2) AS BLOB) WHERE offset = {offset}"
    )
    return lambda folder: folder.sql(statement)


def _cut_short(folder: Folder) -> None:
    """As where a log of committed pages was thrown away: a sound file of an earlier moment."""
    folder.sql("DELETE FROM journal WHERE offset > 400")
    folder.sql("DELETE FROM findings WHERE cause_offset > 400")
    folder.sql("DELETE FROM alerts WHERE cause_offset > 400")
    folder.sql("DELETE FROM sqlite_sequence")


@dataclass(frozen=True)
class Case:
    """One damage.

    Args:
        damage: does it.
        said: a part of what `verify` says of it.
        lost: topic, first, last, whether it is folded again.
        journal: the number afterwards.
        start: behind which offset everything derived is folded again; none where nothing is.
        state_lost: whether the engine begins with nothing.
    """

    damage: Callable[[Folder], Any]
    said: str
    lost: Lost
    journal: int
    start: int | None
    state_lost: bool = False


BEHIND = Case(
    _flipped(430), "the record differs from its hash", [("journal", 430, 430, False)], journal=2, start=UPPER
)
BETWEEN = Case(
    _flipped(310), "the record differs from its hash", [("journal", 310, 310, False)], journal=2, start=UPPER
)
FINDING = Case(
    lambda folder: folder.sql("DELETE FROM findings WHERE offset BETWEEN 100 AND 110"),
    "11 records are missing",
    [("findings", 100, 110, True)],
    journal=1,
    start=LOWER,
)
LETTER = Case(_flipped(7, "deadletter"), "deadletter/7", [("deadletter", 7, 7, False)], journal=1, start=None)
FIRST_PAGE = Case(
    lambda folder: zero_page(folder.log, 1), "is damaged: file is not a database", [], journal=1, start=None
)
HEADER = Case(lambda folder: flip(folder.log, 60, 30), "is damaged", [], journal=1, start=None)
STATE = Case(
    lambda folder: folder.state.write_bytes(b"no snapshots here" * 500),
    "state.sqlite` is damaged",
    [],
    journal=1,
    start=None,
)
SHORT = Case(
    _cut_short,
    "the journal holds no record there",
    [("journal", 401, LAST, False), ("findings", 213, 242, True), ("alerts", 72, 83, True)],
    journal=2,
    start=LOWER,
)
EMPTIED = Case(
    lambda folder: folder.log.write_bytes(b""),
    "is not a bus of Fenceline",
    [("journal", 0, LAST, False), ("findings", 0, 242, False), ("alerts", 0, 83, False)],
    journal=2,
    start=UPPER,
)
REPLACED = Case(
    lambda folder: folder.log.write_bytes(b"this is not a journal\n" * 5000),
    "is damaged: file is not a database",
    EMPTIED.lost,
    journal=2,
    start=UPPER,
)
NO_LEDGER = Case(
    lambda folder: folder.sql("DROP TABLE alerts"),
    "no such table: alerts",
    [("alerts", 0, 83, True)],
    journal=1,
    start=-1,
)
NO_JOURNAL = Case(
    lambda folder: folder.sql("DROP TABLE journal"),
    "no such table: journal",
    [("journal", 0, LAST, False)],
    journal=2,
    start=UPPER,
)
CASES = {
    "a record behind the snapshots": BEHIND,
    "a record between the snapshots": BETWEEN,
    "findings": FINDING,
    "a dead letter": LETTER,
    "the first page": FIRST_PAGE,
    "the header": HEADER,
    "the snapshots": STATE,
    "the end": SHORT,
    "emptied": EMPTIED,
    "replaced": REPLACED,
    "no table of the ledger": NO_LEDGER,
    "no table of the journal": NO_JOURNAL,
}
HEAD_CUT = {
    "the snapshots": Case(STATE.damage, STATE.said, [], journal=2, start=None, state_lost=True),
    "no table of the ledger": Case(
        NO_LEDGER.damage, NO_LEDGER.said, [("alerts", 0, 83, False)], journal=1, start=LOWER
    ),
}


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "head-cut"])
@pytest.mark.parametrize("name", CASES)
async def test_what_can_be_saved_is_saved_and_the_rest_is_said(tmp_path: Path, name: str, cut: bool) -> None:
    """Each damage: said by `verify`, repaired with the exact loss, sound afterwards; the station goes on."""
    case = HEAD_CUT.get(name, CASES[name]) if cut else CASES[name]
    folder = await station_folder(tmp_path, cut=cut)
    before = dict(folder.sql("SELECT offset, payload FROM journal"))
    case.damage(folder)
    damaged = folder.files()

    said = await look(folder.data, PARK, deep=False)
    tried = await repair(folder.data, PARK, dry_run=True)

    assert not said.sound
    assert case.said in " ".join(f"{one.where} {one.what}" for one in said.found)
    assert all(one.advice for one in said.found if one.severity == "damage")
    assert damaged == {name: content for name, content in folder.files().items() if name in damaged}

    report = await repair(folder.data, PARK)

    assert case.lost == [(one.topic, one.first, one.last, one.again) for one in report.lost]
    assert (case.journal, case.start, case.state_lost) == (report.journal[1], report.start, report.state_lost)
    assert report.lines()[:-1] == [line for line in tried.lines() if "taken out" not in line] + [
        line for line in report.lines() if "taken out" in line
    ]
    aside = folder.park / "damaged-1"
    assert all((aside / name).read_bytes() == content for name, content in damaged.items())
    after = dict(folder.sql("SELECT offset, payload FROM journal WHERE kind <> 'epoch'"))
    assert after == {offset: before[offset] for offset in after}  # type: ignore[index]
    await _sound(folder)
    await _goes_on(folder)


async def _sound(folder: Folder) -> None:
    """Files and fold agree."""
    found = await look(folder.data, PARK, deep=True)
    assert [] == [one for one in found.found if one.severity != "notice"]


async def _goes_on(folder: Folder) -> None:
    """A station starts, and in the end files, fold and store agree."""
    await go_on(folder)
    await _sound(folder)
    ledger, stored = standing_of(folder)
    assert ledger == {name: state for name, state in stored.items() if name in ledger}
    assert {name for name, state in ledger.items() if state != "normal"} == {
        name for name, state in stored.items() if state != "normal"
    }


async def test_an_epoch_stands_where_records_are_missing(tmp_path: Path) -> None:
    """The last of the lost places holds an epoch that names the position before; the number is raised."""
    folder = await station_folder(tmp_path)
    folder.sql("DELETE FROM journal WHERE offset BETWEEN 410 AND 415")
    ((digest,),) = folder.sql("SELECT lower(hex(hash)) FROM journal WHERE offset = 409")

    await repair(folder.data, PARK)

    ((payload,),) = folder.sql("SELECT payload FROM journal WHERE offset = 415")
    assert Epoch(journal=2, park=PARK, previous=f"1/409/{digest}") == Epoch.model_validate_json(payload)  # type: ignore[arg-type]
    bus = EmbeddedBus(folder.data / "journal")
    assert 2 == await bus.journal_id(PARK)
    assert [(2, LAST), (2, UPPER)] == [
        (one.position.journal, one.position.offset) for one in await bus.snapshots(PARK)
    ]
    await bus.close()


async def test_alerts_that_do_not_come_out_again_are_named(tmp_path: Path) -> None:
    """What people were paged for and the repaired journal no longer gives is said, alert by alert."""
    folder = await station_folder(tmp_path)
    raised = folder.sql(
        "SELECT cause_offset FROM alerts WHERE kind = 'alert' AND payload LIKE '%\"raised\"%'"
        f" AND cause_offset > {UPPER}"
    )
    first = min(int(str(offset)) for (offset,) in raised) if raised else UPPER + 1
    folder.sql(f"DELETE FROM journal WHERE offset >= {first - 5}")
    before = standing_of(folder)[0]

    report = await repair(folder.data, PARK)

    after = standing_of(folder)[0]
    assert before.keys() - after.keys() == {one.id for one in report.vanished}
    assert {name for name in after if before[name] != after[name]} == {
        line.split(":")[0] for line in report.changed_alerts
    }
    export = folder.park / "damaged-1" / EXPORT_NAME
    exported = [orjson.loads(line) for line in export.read_bytes().splitlines()]
    assert {"findings", "alerts"} == {line["topic"] for line in exported}
    await _sound(folder)


async def test_nothing_is_changed_where_nothing_is_damaged(tmp_path: Path) -> None:
    """A sound folder stays as it is, byte for byte, and no copy is made."""
    folder = await station_folder(tmp_path)
    before = folder.log.read_bytes(), folder.state.read_bytes()

    report = await repair(folder.data, PARK)

    assert (False, False) == (report.changed, report.done)
    assert before == (folder.log.read_bytes(), folder.state.read_bytes())
    assert not [path for path in folder.park.iterdir() if path.is_dir()]


class _Stopped(Exception):
    """The process ends here."""


def _stop() -> None:
    raise _Stopped


def _interrupt(folder: Folder) -> None:
    """A repair that ends when the stone stands and the store is next."""
    aside = copy_aside(folder.park, originals_of(folder.park))
    with pytest.raises(_Stopped):
        put_in_place(folder.park, folder.park / "repair", aside, _stop)


@pytest.mark.parametrize("state", ["as it was", "gone", "of the repair"])
async def test_an_interrupted_exchange_is_begun_anew(tmp_path: Path, state: str) -> None:
    """Killed among the exchanged files: no bus opens what is half done, and a second repair is whole."""
    folder = await station_folder(tmp_path / "a", live=tmp_path / "b")
    other = await station_folder(tmp_path / "c")
    _flipped(430)(other)
    await repair(other.data, PARK)
    folder.sql("UPDATE journal SET payload = x'00' WHERE offset = 430")
    _interrupt(folder)
    if state != "as it was":
        folder.state.unlink()
    if state == "of the repair":
        shutil.copyfile(other.state, folder.state)

    bus = EmbeddedBus(folder.data / "journal")
    with pytest.raises(BusError, match="damaged"):
        await bus.journal_id(PARK)
    await bus.close()
    said = await look(folder.data, PARK, deep=False)
    report = await repair(folder.data, PARK)

    assert "a repair was interrupted" in said.found[0].what
    assert [("journal", 430, 430)] == [(one.topic, one.first, one.last) for one in report.lost]
    assert (2, UPPER) == (report.journal[1], report.start)
    await _sound(folder)
    await _goes_on(folder)


async def test_an_interrupted_copy_is_begun_anew(tmp_path: Path) -> None:
    """Killed while it copied or built: what is half made counts for nothing."""
    folder = await station_folder(tmp_path)
    _flipped(430)(folder)
    for name in ("damaged-1.new", "repair"):
        (folder.park / name).mkdir()
        (folder.park / name / "bus.sqlite").write_bytes(b"half of it")

    report = await repair(folder.data, PARK)

    assert 2 == report.journal[1]
    assert ["damaged-1"] == [path.name for path in folder.park.iterdir() if path.is_dir()]
    await _sound(folder)


async def test_a_folder_in_use_is_not_repaired(tmp_path: Path) -> None:
    """While somebody owns the folder nothing is done."""
    folder = await station_folder(tmp_path)
    bus = EmbeddedBus(folder.data / "journal")

    with pytest.raises(BusError, match="in use by process"):
        await repair(folder.data, PARK)

    await bus.close()


async def test_a_repair_that_did_nothing_leaves_the_folder_unclean(tmp_path: Path) -> None:
    """What a killed station left is still looked at whole by the next one after a refused repair."""
    folder = await station_folder(tmp_path)
    lock = folder.data / "journal" / LOCK_NAME
    lock.write_text("process 1\n")
    _flipped(430)(folder)

    with pytest.raises(FencelineError, match="folding it again would lose"):
        await repair(folder.data, PARK, again=True)

    assert lock.read_text() != ""


async def test_without_room_nothing_is_begun(tmp_path: Path) -> None:
    """Less room than copy and repaired files need: refused, with the figures."""
    folder = await station_folder(tmp_path)

    with pytest.raises(JournalFull, match="bytes of room"):
        check_room(folder.park, originals_of(folder.park), copies=2**50)


async def test_the_file_of_another_time(tmp_path: Path) -> None:
    """Sound, of this park, and not the one that store and snapshots know: said; it goes on from its own."""
    folder = await station_folder(tmp_path / "a")
    other = await station_folder(tmp_path / "b", seed=9)
    shutil.copyfile(other.log, folder.log)

    said = await look(folder.data, PARK, deep=False)
    report = await _repaired(folder)

    found = [one for one in said.found if one.severity == "damage"]
    assert ["state.sqlite", "state.sqlite", "store.duckdb"] == [one.where for one in found]
    assert (2, -1) == (report.journal[1], report.start)


async def test_the_file_of_another_park_is_refused(tmp_path: Path) -> None:
    """A file that says it is of another park is not made one of this."""
    folder = await station_folder(tmp_path)
    folder.sql("UPDATE meta SET value = 'other' WHERE name = 'park'")

    with pytest.raises(BusError, match="holds park `other`"):
        await repair(folder.data, PARK)


async def test_a_damaged_store_is_said_and_left(tmp_path: Path) -> None:
    """The journal is repaired all the same; the store is to be moved away."""
    folder = await station_folder(tmp_path)
    _flipped(430)(folder)
    (folder.data / "store.duckdb").write_bytes(b"nothing of the kind" * 1000)

    report = await repair(folder.data, PARK)

    assert report.done
    assert "move `" in " ".join(report.notes)
    assert b"nothing of the kind" * 1000 == (folder.data / "store.duckdb").read_bytes()


async def _repaired(live: Folder) -> Repair:
    report = await repair(live.data, PARK)
    await _sound(live)
    await _goes_on(live)
    return report


@pytest.mark.parametrize("sixteenths", [1, 3, 5, 8, 15])
async def test_a_log_of_committed_pages_that_was_cut_off(tmp_path: Path, sixteenths: int) -> None:
    """SQLite does not notice; the positions of snapshots and store do where journal records are missing."""
    folder = await station_folder(tmp_path / "a", live=tmp_path / "b")
    content = folder.wal.read_bytes()
    folder.wal.write_bytes(content[: len(content) * sixteenths // 16])

    said = await look(folder.data, PARK, deep=False)
    report = await _repaired(folder)

    lost = [one for one in report.lost if one.topic == "journal"]
    assert bool(lost) == (not said.sound)
    assert [LAST] * len(lost) == [one.last for one in lost]
    assert bool(lost) == ("does not fit the journal" in " ".join(one.what for one in said.found))
    if lost:
        assert (2, UPPER) == (report.journal[1], report.start)


async def test_a_log_of_committed_pages_that_is_gone(tmp_path: Path) -> None:
    """Only the newest snapshot is left to go on from: its alerts stand in the ledger again."""
    folder = await station_folder(tmp_path / "a", live=tmp_path / "b")
    open_before = {name for name, state in standing_of(folder)[0].items() if state != "normal"}
    folder.wal.unlink()

    report = await _repaired(folder)

    assert ("journal", 1, LAST) in [(one.topic, one.first, one.last) for one in report.lost]
    assert open_before
    assert report.told >= len(open_before)


async def test_a_flipped_byte_in_the_log_of_committed_pages(tmp_path: Path) -> None:
    """SQLite leaves out everything behind it; `verify` warns of a start, `repair` saves what stands there."""
    folder = await station_folder(tmp_path / "a", live=tmp_path / "b")
    flip(folder.wal, folder.wal.stat().st_size // 3)

    said = await look(folder.data, PARK, deep=False)
    report = await _repaired(folder)

    assert "do not start the station" in " ".join(one.advice for one in said.found)
    lost = sum(one.count for one in report.lost if one.topic == "journal")
    assert lost <= 20


async def test_dead_letters_of_a_zeroed_page(tmp_path: Path) -> None:
    """Those on other pages are kept; the journal's decisions stay as they are."""
    folder = await station_folder(tmp_path)
    file = PageFile(folder.log)
    pages = [row.page for row in rows_of(file) if row.values[1:2] == ("dead_letter",)]
    file.close()
    zero_page(folder.log, pages[LETTERS // 2])

    report = await repair(folder.data, PARK)

    assert {"deadletter"} == {one.topic for one in report.lost}
    assert 1 == report.journal[1]
    await _sound(folder)


@pytest.mark.parametrize("offset", [0, 1, 2, 60, LOWER, 310, UPPER, UPPER + 1, LAST])
async def test_a_zeroed_page_anywhere_in_the_journal(tmp_path: Path, offset: int) -> None:
    """Whatever stood on it, all else is saved, and all agrees."""
    folder = await station_folder(tmp_path)
    zero_page(folder.log, folder.page_of(offset))

    report = await _repaired(folder)

    (lost,) = [one for one in report.lost if one.topic == "journal"]
    assert lost.first <= offset <= lost.last
    assert 2 == report.journal[1]
