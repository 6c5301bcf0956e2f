"""A repair that is interrupted, refused, or meets files that are not its own."""

import shutil
from pathlib import Path

import pytest

from console.journal.look import look
from console.journal.repair import repair
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.folderlock import LOCK_NAME
from fenceline.bus.swap import check_room, copy_aside, originals_of, put_in_place
from fenceline.errors import BusError, FencelineError, JournalFull
from tests.console.journal_folders import UPPER, Folder, station_folder
from tests.console.journal_judging import flipped, goes_on, repaired, sound
from tests.console.worlds import PARK

pytestmark = pytest.mark.slow


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
    flipped(430)(other)
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
    await sound(folder)
    await goes_on(folder)


async def test_an_interrupted_copy_is_begun_anew(tmp_path: Path) -> None:
    """Killed while it copied or built: what is half made counts for nothing."""
    folder = await station_folder(tmp_path)
    flipped(430)(folder)
    for name in ("damaged-1.new", "repair"):
        (folder.park / name).mkdir()
        (folder.park / name / "bus.sqlite").write_bytes(b"half of it")

    report = await repair(folder.data, PARK)

    assert 2 == report.journal[1]
    assert ["damaged-1"] == [path.name for path in folder.park.iterdir() if path.is_dir()]
    await sound(folder)


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
    flipped(430)(folder)

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
    report = await repaired(folder)

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
    flipped(430)(folder)
    (folder.data / "store.duckdb").write_bytes(b"nothing of the kind" * 1000)

    report = await repair(folder.data, PARK)

    assert report.done
    assert "move `" in " ".join(report.notes)
    assert b"nothing of the kind" * 1000 == (folder.data / "store.duckdb").read_bytes()
