"""Journals that earlier releases wrote are read by this one: files, records, and what they give."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from console.fold import ParkFold
from console.journal.look import look
from console.journal.repair import repair
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.kinds import KINDS
from fenceline.bus.readonly import ReadOnlyBus
from tests.cases.journal.make import digest_of, make
from tests.console.journal_folders import Folder, go_on
from tests.console.worlds import PARK

CASES = Path(__file__).resolve().parents[1] / "cases" / "journal"
GOLDEN = sorted(path.parent for path in CASES.glob("*/expected.json"))
MOST_BYTES = 200_000
MADE_BY = "this build decides otherwise than the release that wrote it; see tests/cases/journal/make.py"


@pytest.fixture(params=GOLDEN, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """A copy of what a release left."""
    shutil.copytree(request.param, tmp_path / "data")
    return Folder(tmp_path / "data")


async def _digests(folder: Folder) -> dict[str, object]:
    bus = EmbeddedBus(folder.data / "journal")
    found: dict[str, object] = {topic.value: await digest_of(bus, topic) for topic in KINDS}
    await bus.close()
    return found


async def test_it_reads_as_it_was_written(golden: Folder) -> None:
    """Every record of every topic, with its cause and its bytes; all kinds there were stand in it."""
    expected = json.loads((golden.data / "expected.json").read_text("utf-8"))

    found = await _digests(golden)

    assert expected == found
    bus = ReadOnlyBus(golden.data / "journal")
    for topic, kinds in KINDS.items():
        assert set(kinds) == {one.kind for one in await bus.read(topic, PARK, 0, limit=100_000)}
    await bus.close()


async def test_it_gives_what_it_gave(golden: Folder) -> None:
    """A fresh fold of it gives its findings and its ledger, byte for byte; so does one from its snapshots."""
    found = await look(golden.data, PARK, deep=True)

    assert [] == [one for one in found.found if one.severity != "notice"], MADE_BY
    bus = ReadOnlyBus(golden.data / "journal")
    snapshots = await bus.snapshots(PARK)
    assert snapshots
    for snapshot in snapshots:
        assert ParkFold.restore(snapshot.state).dump()
    await bus.close()
    golden.sql("INSERT OR REPLACE INTO meta VALUES ('origin', '1')")  # from a snapshot, not the beginning
    shorter = await look(golden.data, PARK, deep=True)
    assert [] == [one for one in shorter.found if one.severity != "notice"]


async def test_it_is_folded_again_and_goes_on(golden: Folder) -> None:
    """What is derived can be dropped and comes out the same; a station goes on with it."""
    query = "SELECT cause_offset, cause_index, kind, payload FROM {} ORDER BY offset"
    before = [golden.sql(query.format(topic)) for topic in ("findings", "alerts")]

    await repair(golden.data, PARK, again=True)

    assert before == [golden.sql(query.format(topic)) for topic in ("findings", "alerts")]
    await go_on(golden)
    assert (await look(golden.data, PARK, deep=True)).sound


def test_it_is_small() -> None:
    """Test data that stays for ever takes little room."""
    assert GOLDEN
    for folder in GOLDEN:
        assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < MOST_BYTES


def test_the_script_makes_one_that_is_sound(tmp_path: Path) -> None:
    """What the script makes today every kind stands in, and it folds to itself."""
    asyncio.run(make(tmp_path))

    ran = subprocess.run(
        [sys.executable, "-m", "console", "journal", "verify", "--data", tmp_path, "--park", PARK, "--deep"],
        cwd=CASES.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "sound") == (ran.returncode, ran.stdout.splitlines()[-1]), ran.stdout + ran.stderr
