"""Repairs where pages are damaged: of the file, and of the log of committed pages beside it."""

from pathlib import Path

import pytest

from console.journal.look import look
from console.journal.repair import repair
from fenceline.bus.pagefile import PageFile
from fenceline.bus.pagerows import rows_of
from tests.console.journal_folders import (
    LAST,
    LETTERS,
    LOWER,
    UPPER,
    flip,
    standing_of,
    station_folder,
    zero_page,
)
from tests.console.journal_judging import repaired, sound
from tests.console.worlds import PARK

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("sixteenths", [1, 3, 5, 8, 15])
async def test_a_log_of_committed_pages_that_was_cut_off(tmp_path: Path, sixteenths: int) -> None:
    """SQLite does not notice; the positions of snapshots and store do where journal records are missing."""
    folder = await station_folder(tmp_path / "a", live=tmp_path / "b")
    content = folder.wal.read_bytes()
    folder.wal.write_bytes(content[: len(content) * sixteenths // 16])

    said = await look(folder.data, PARK, deep=False)
    report = await repaired(folder)

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

    report = await repaired(folder)

    assert ("journal", 1, LAST) in [(one.topic, one.first, one.last) for one in report.lost]
    assert open_before
    assert report.told >= len(open_before)


async def test_a_flipped_byte_in_the_log_of_committed_pages(tmp_path: Path) -> None:
    """SQLite leaves out everything behind it; `verify` warns of a start, `repair` saves what stands there."""
    folder = await station_folder(tmp_path / "a", live=tmp_path / "b")
    flip(folder.wal, folder.wal.stat().st_size // 3)

    said = await look(folder.data, PARK, deep=False)
    report = await repaired(folder)

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
    await sound(folder)


@pytest.mark.parametrize("offset", [0, 1, 2, 60, LOWER, 310, UPPER, UPPER + 1, LAST])
async def test_a_zeroed_page_anywhere_in_the_journal(tmp_path: Path, offset: int) -> None:
    """Whatever stood on it, all else is saved, and all agrees."""
    folder = await station_folder(tmp_path)
    zero_page(folder.log, folder.page_of(offset))

    report = await repaired(folder)

    (lost,) = [one for one in report.lost if one.topic == "journal"]
    assert lost.first <= offset <= lost.last
    assert 2 == report.journal[1]
