"""`fenceline journal repair` on real files damaged in every way: what is saved and lost, what goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from console.journal.look import look
from console.journal.repair import repair
from console.journal.stored import EXPORT_NAME
from fenceline.bus.embedded import EmbeddedBus
from fenceline.journal import Epoch
from tests.console.journal_folders import (
    LAST,
    LOWER,
    UPPER,
    Folder,
    flip,
    standing_of,
    station_folder,
    zero_page,
)
from tests.console.journal_judging import flipped, goes_on, sound
from tests.console.worlds import PARK

pytestmark = pytest.mark.slow

Lost = list[tuple[str, int, int, bool]]


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
    flipped(430), "the record differs from its hash", [("journal", 430, 430, False)], journal=2, start=UPPER
)
BETWEEN = Case(
    flipped(310), "the record differs from its hash", [("journal", 310, 310, False)], journal=2, start=UPPER
)
FINDING = Case(
    lambda folder: folder.sql("DELETE FROM findings WHERE offset BETWEEN 100 AND 110"),
    "11 records are missing",
    [("findings", 100, 110, True)],
    journal=1,
    start=LOWER,
)
LETTER = Case(flipped(7, "deadletter"), "deadletter/7", [("deadletter", 7, 7, False)], journal=1, start=None)
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
    [("journal", 401, LAST, False), ("findings", 219, 249, True), ("alerts", 72, 83, True)],
    journal=2,
    start=LOWER,
)
EMPTIED = Case(
    lambda folder: folder.log.write_bytes(b""),
    "is not a bus of Fenceline",
    [("journal", 0, LAST, False), ("findings", 0, 249, False), ("alerts", 0, 83, False)],
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
    await sound(folder)
    await goes_on(folder)


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
    await sound(folder)


async def test_nothing_is_changed_where_nothing_is_damaged(tmp_path: Path) -> None:
    """A sound folder stays as it is, byte for byte, and no copy is made."""
    folder = await station_folder(tmp_path)
    before = folder.log.read_bytes(), folder.state.read_bytes()

    report = await repair(folder.data, PARK)

    assert (False, False) == (report.changed, report.done)
    assert before == (folder.log.read_bytes(), folder.state.read_bytes())
    assert not [path for path in folder.park.iterdir() if path.is_dir()]
