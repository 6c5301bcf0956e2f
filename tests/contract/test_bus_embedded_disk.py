"""The embedded bus on a disk that is full, fails or damages its files."""

import asyncio
import json
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.logfile import LOG_NAME
from fenceline.bus.snapshotfile import STATE_NAME
from fenceline.bus.sqlitefile import connect
from fenceline.errors import BusError, HeadCut, JournalFull
from tests.contract.folders import ROOT, command, filled, looked_at, refused
from tests.contract.places import PARK


@pytest.mark.parametrize("name", [LOG_NAME, STATE_NAME])
def test_commits_wait_for_the_disk(tmp_path: Path, name: str) -> None:
    """Every writing connection syncs the log of each commit, also on systems whose sync needs asking."""
    asyncio.run(filled(tmp_path))

    connection = connect(tmp_path / PARK / name, mode="rw")

    assert ("wal",) == connection.execute("PRAGMA journal_mode").fetchone()
    for pragma, expected in (("synchronous", 2), ("fullfsync", 1), ("checkpoint_fullfsync", 1)):
        assert (expected,) == connection.execute(f"PRAGMA {pragma}").fetchone()
    connection.close()


async def test_a_full_journal_takes_in_again(tmp_path: Path) -> None:
    """At its largest size: `JournalFull`, nothing recorded; after a cut it goes on, offsets unbroken."""
    bus = EmbeddedBus(tmp_path, max_journal_bytes=1024 * 1024)
    last = -1

    async def fill() -> None:
        nonlocal last
        while True:
            last = await bus.append(Topic.FINDINGS, PARK, [Record("gap", bytes(10_000))])

    with pytest.raises(JournalFull, match=LOG_NAME):
        await fill()
    for _ in range(3):
        with pytest.raises(JournalFull):
            await bus.append(Topic.FINDINGS, PARK, [Record("gap", bytes(100_000))])

    assert last + 1 == await bus.end(Topic.FINDINGS, PARK)
    assert last > 50
    assert last + 1 == len(await bus.read(Topic.FINDINGS, PARK, 0))
    await bus.cut(Topic.FINDINGS, PARK, last)
    assert last + 1 == await bus.append(Topic.FINDINGS, PARK, [Record("gap", bytes(100_000))])
    await bus.close()


@dataclass
class Starved:
    """What the starved process saw."""

    errors: list[str]
    acknowledged: list[int]
    read_while_full: int
    offsets: list[int]
    last: str


def starve(folder: Path, how: str, *prefix: str) -> Starved:
    ran = subprocess.run(
        [*prefix, *command("starved", folder, how)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert 0 == ran.returncode, ran.stderr
    return Starved(**json.loads(ran.stdout.splitlines()[-1]))  # what is logged stands before it


def judge_starved(seen: Starved) -> None:
    assert set(seen.acknowledged) <= set(seen.offsets)
    assert list(range(len(seen.offsets))) == seen.offsets
    assert seen.read_while_full + 1 == len(seen.offsets)
    assert "after" == seen.last


def own_disk_refused() -> str:
    """Why no small disk can be had here; empty where it can."""
    if shutil.which("unshare") is None:
        return "`unshare` is not here"
    tried = subprocess.run(
        ["unshare", "-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip()


def test_a_full_disk_takes_in_again(tmp_path: Path) -> None:
    """On a real disk without room: `JournalFull`, nothing recorded; with room again it goes on by itself."""
    if why := own_disk_refused():
        pytest.skip(f"a small disk of its own: {why}")
    mount = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"'

    seen = starve(tmp_path, "disk", "unshare", "-Urm", "sh", "-c", mount, str(tmp_path))

    assert ["JournalFull"] * 3 == seen.errors
    assert seen.acknowledged == seen.offsets
    judge_starved(seen)


def test_a_write_that_fails_is_not_known_to_be_recorded(tmp_path: Path) -> None:
    """Another error of the disk than being full: `NotDurable`; once it is over the bus goes on by itself."""
    seen = starve(tmp_path, "limit")

    assert ["NotDurable"] * 3 == seen.errors
    judge_starved(seen)


async def test_a_damaged_record_is_said(tmp_path: Path) -> None:
    """A changed byte in a record: reading it names file and offset, and never returns it."""
    await filled(tmp_path)
    connection = sqlite3.connect(tmp_path / PARK / LOG_NAME)
    with connection:
        connection.execute(
            "UPDATE journal SET payload = CAST(x'00' || substr(payload, 2) AS BLOB) WHERE offset = 7"
        )
    connection.close()

    bus = EmbeddedBus(tmp_path)
    with pytest.raises(BusError, match=rf"{LOG_NAME}` is damaged: the record at offset 7 of `journal`"):
        await bus.read(Topic.JOURNAL, PARK, 0)

    assert 7 == len(await bus.read(Topic.JOURNAL, PARK, 0, limit=7))
    assert 13 == len(await bus.read(Topic.JOURNAL, PARK, 8))
    await bus.close()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE journal SET payload = x'00' WHERE offset = 20", "the record at offset 20 of `journal`"),
        ("UPDATE journal SET payload = 'text' WHERE offset = 20", "the record at offset 20 of `journal`"),
        ("UPDATE meta SET value = 'other' WHERE name = 'park'", "holds park `other`, not `demo`"),
        ("DELETE FROM meta WHERE name = 'journal'", "is damaged: 'journal'"),
        ("PRAGMA user_version = 2", "has format 2; this release reads 1"),
        ("PRAGMA application_id = 5", "is damaged: it is not a bus of Fenceline"),
        ("DROP TABLE findings", "cannot be read: no such table: findings"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, statement: str, expected: str) -> None:
    """What opening finds wrong is said with the file's name, and the file is left as it is."""
    asyncio.run(filled(tmp_path))
    path = tmp_path / PARK / LOG_NAME
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()
    before = path.read_bytes()

    error = refused(tmp_path)

    assert expected in error.message
    assert str(path) in error.message
    assert error.hint
    assert before == path.read_bytes()


@pytest.mark.parametrize("harm", ["nothing left", "text", "overwritten", "cut in half"])
def test_a_damaged_file_is_refused(tmp_path: Path, harm: str) -> None:
    """A journal that was emptied, replaced or truncated is said to be damaged, never begun anew."""
    asyncio.run(filled(tmp_path, 2000))
    path = tmp_path / PARK / LOG_NAME
    whole = path.read_bytes()
    middle = len(whole) // 2
    content = {
        "nothing left": b"",
        "text": b"this is not a journal\n" * 500,
        "overwritten": whole[:middle] + b"\xff" * 40_000 + whole[middle + 40_000 :],
        "cut in half": whole[:middle],
    }[harm]
    path.write_bytes(content)
    (tmp_path / "lock").write_text("process 1\n")  # as a killed process leaves it: looked at whole

    error = refused(tmp_path)

    assert f"`{path}` is damaged" in error.message
    assert "copy the whole data folder" in error.hint
    assert content == path.read_bytes()


def test_damaged_snapshots_are_said(tmp_path: Path) -> None:
    """A snapshot file that is no database of ours is named."""
    asyncio.run(filled(tmp_path))
    path = tmp_path / PARK / STATE_NAME
    path.write_bytes(b"no snapshots here" * 100)

    error = refused(tmp_path)

    assert f"`{path}` is damaged" in error.message


async def test_a_half_made_journal_is_made_anew(tmp_path: Path) -> None:
    """Killed while the very first file was made, before it had its name: the next start makes it."""
    (tmp_path / PARK).mkdir()
    (tmp_path / PARK / f"{LOG_NAME}.new").write_bytes(b"half of it")
    (tmp_path / PARK / f"{LOG_NAME}.new-wal").write_bytes(b"half of it")

    await looked_at(tmp_path)

    assert [LOG_NAME, STATE_NAME] == sorted(path.name for path in (tmp_path / PARK).iterdir())


async def test_an_interrupted_cut_is_a_cut(tmp_path: Path) -> None:
    """Rows that a killed cut left before the head are not read, and are deleted after the next opening."""
    await filled(tmp_path, 2000)
    path = tmp_path / PARK / LOG_NAME
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE head SET start = 1990 WHERE topic = 'journal'")

    bus = EmbeddedBus(tmp_path)
    with pytest.raises(HeadCut):
        await bus.read(Topic.JOURNAL, PARK, 1989)
    assert 11 == len(await bus.read(Topic.JOURNAL, PARK, 1990))
    await bus.cut(Topic.JOURNAL, PARK, 1991)
    await bus.close()

    assert (1991,) == connection.execute("SELECT min(offset) FROM journal").fetchone()
    connection.close()


async def test_unfinished_snapshots_go_at_the_next_opening(tmp_path: Path) -> None:
    """Chunks without a manifest, as a kill leaves them, take no room after the next start."""
    await filled(tmp_path)
    connection = sqlite3.connect(tmp_path / PARK / STATE_NAME)
    with connection:
        connection.execute("INSERT INTO chunk VALUES (7, 0, x'00')")
    bus = EmbeddedBus(tmp_path)
    await bus.put_snapshot(PARK, Snapshot(Position(1, 5, "ab"), b"state"))
    await bus.close()

    assert [(1,)] == connection.execute("SELECT count(*) FROM chunk").fetchall()
    connection.close()
