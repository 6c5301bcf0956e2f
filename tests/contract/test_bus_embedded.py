"""What the embedded bus promises beyond the contract: kills, owners, damage, threads, other processes."""

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.logfile import LOG_NAME
from fenceline.bus.readonly import ReadOnlyBus
from fenceline.bus.snapshotfile import STATE_NAME
from fenceline.errors import BusError, HeadCut, JournalFull
from tests.contract.appender import OWNERS, records_of

PARK = "demo"
ROOT = Path(__file__).resolve().parents[2]


def command(module: str, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", f"tests.contract.{module}", *map(str, arguments)]


def start_appender(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(command("appender", folder), cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill_after(process: subprocess.Popen[str], lines: int) -> dict[tuple[int, int], int]:
    """Kill it after so many acknowledgements; all those it said: (owner, number) → offset."""
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    whole = [line.split() for line in said if line.endswith("\n")]
    return {(int(owner), int(number)): int(offset) for owner, number, offset in whole}


def refused(folder: Path) -> BusError:
    with pytest.raises(BusError) as caught:
        asyncio.run(looked_at(folder))
    return caught.value


async def looked_at(folder: Path) -> None:
    bus = EmbeddedBus(folder)
    try:
        await bus.read(Topic.JOURNAL, PARK, 0)
    finally:
        await bus.close()


async def filled(folder: Path, count: int = 20) -> None:
    bus = EmbeddedBus(folder)
    await bus.append(Topic.JOURNAL, PARK, [Record("tick", b"%d" % number * 500) for number in range(count)])
    await bus.close()


async def judged(folder: Path, start: int, acknowledged: dict[tuple[int, int], int]) -> int:
    """All that was acknowledged stands at its offsets, and each owner's records in his order; the end."""
    bus = EmbeddedBus(folder)
    stored = await bus.read(Topic.JOURNAL, PARK, start, limit=100_000)
    await bus.close()
    by_offset = {one.offset: one.record for one in stored}
    for (owner, number), last in acknowledged.items():
        written = records_of(owner, number)
        assert written == [by_offset[last - len(written) + n + 1] for n in range(len(written))]
    for owner in range(OWNERS):
        own = [one.record for one in stored if one.payload.startswith(b"%d " % owner)]
        whole = [record for number in range(len(own)) for record in records_of(owner, number)]
        assert whole[: len(own)] == own
    return start + len(stored)


def test_a_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Killed (-9) in mid-append, again and again: all that was acknowledged is there, whole, in order."""
    chance = random.Random(4)
    start = 1

    for _ in range(4):
        acknowledged = kill_after(start_appender(tmp_path), chance.randrange(1, 150))
        end = asyncio.run(judged(tmp_path, start, acknowledged))

        assert start + len(acknowledged) <= end
        start = end


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    """A second process is refused with the first one's number; a killed owner holds nothing."""
    process = start_appender(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()

    error = refused(tmp_path)

    assert f"in use by process {process.pid}" in error.message
    assert "stop that one first" in error.hint
    kill_after(process, 1)
    asyncio.run(looked_at(tmp_path))


async def test_a_folder_has_one_owner_in_a_process(tmp_path: Path) -> None:
    """Also two buses of one process do not share a folder; closing the refused one changes nothing."""
    bus = EmbeddedBus(tmp_path)

    for _ in range(2):
        with pytest.raises(BusError, match=f"in use by process {os.getpid()}"):
            EmbeddedBus(tmp_path)

    assert 0 == await bus.append(Topic.ALERTS, PARK, [Record("alert", b"")])
    await bus.close()
    await EmbeddedBus(tmp_path).close()


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file where the folder should be: a sentence with the path."""
    (tmp_path / "data").write_text("")

    with pytest.raises(BusError, match="data` cannot be made: is a file"):
        EmbeddedBus(tmp_path / "data")


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


def test_roles_in_threads_of_their_own_share_a_bus(tmp_path: Path) -> None:
    """Several event loops append, wait and read at once; each sees every record once, in one order."""
    bus = EmbeddedBus(tmp_path)
    seen: dict[int, list[bytes]] = {}
    each, threads = 50, 4

    async def role(number: int) -> None:
        async def write() -> None:
            for n in range(each):
                await bus.append(Topic.JOURNAL, PARK, [Record("tick", b"%d %d" % (number, n))])

        async def follow() -> None:
            at = 1
            seen[number] = []
            while len(seen[number]) < each * threads:
                assert await bus.wait(Topic.JOURNAL, PARK, at, seconds=30)
                for stored in await bus.read(Topic.JOURNAL, PARK, at):
                    seen[number].append(stored.payload)
                    at = stored.offset + 1

        await asyncio.gather(write(), follow())

    running = [threading.Thread(target=lambda n=n: asyncio.run(role(n))) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    asyncio.run(bus.close())

    assert each * threads == len(set(seen[0]))
    assert all(seen[0] == seen[number] for number in range(threads))


async def test_an_abandoned_loop_harms_nobody(tmp_path: Path) -> None:
    """A loop that ended while it waited or appended leaves the others working."""
    bus = EmbeddedBus(tmp_path)
    await bus.append(Topic.JOURNAL, PARK, [Record("tick", b"")])

    async def leave() -> None:
        begun = [
            asyncio.ensure_future(bus.wait(Topic.JOURNAL, PARK, 1000, seconds=60)),
            asyncio.ensure_future(bus.append(Topic.JOURNAL, PARK, [Record("tick", bytes(1_000_000))])),
        ]
        await asyncio.wait(begun, timeout=0)

    thread = threading.Thread(target=lambda: asyncio.run(leave()))
    thread.start()
    await asyncio.to_thread(thread.join)

    assert 2 <= await bus.append(Topic.JOURNAL, PARK, [Record("tick", b"")])
    await bus.close()


async def test_others_look_while_one_owns(tmp_path: Path) -> None:
    """A reader beside the owner sees what is committed, waits for more, and cannot write."""
    bus = EmbeddedBus(tmp_path)
    await bus.append(Topic.ALERTS, PARK, [Record("alert", b"1")])
    await bus.put_snapshot(PARK, Snapshot(Position(1, 5, "ab"), b"state"))
    look = ReadOnlyBus(tmp_path)

    assert [PARK] == look.parks()
    assert [b"1"] == [stored.payload for stored in await look.read(Topic.ALERTS, PARK, 0)]
    assert await bus.snapshots(PARK) == await look.snapshots(PARK)
    assert await bus.last(Topic.STATE, PARK) == await look.last(Topic.STATE, PARK)
    assert 1 == await look.journal_id(PARK)
    waiting = asyncio.ensure_future(look.wait(Topic.ALERTS, PARK, 1, seconds=60))
    await bus.append(Topic.ALERTS, PARK, [Record("alert", b"2")])
    assert True is await waiting
    assert False is await look.wait(Topic.ALERTS, PARK, 2, seconds=0)
    with pytest.raises(BusError, match="for reading only"):
        await look.append(Topic.ALERTS, PARK, [Record("alert", b"3")])
    with pytest.raises(BusError, match=r"no journal of park `demmo`\n.*demo"):
        await look.end(Topic.ALERTS, "demmo")
    assert not (tmp_path / "demmo").exists()
    await look.close()
    await bus.close()


def test_others_look_at_what_a_killed_one_left(tmp_path: Path) -> None:
    """Where the owner was killed, all it acknowledged can be looked at before anybody opens it."""
    acknowledged = kill_after(start_appender(tmp_path), 50)

    async def look() -> set[int]:
        bus = ReadOnlyBus(tmp_path)
        found = await bus.read(Topic.JOURNAL, PARK, 0, limit=100_000)
        await bus.close()
        return {stored.offset for stored in found}

    assert set(acknowledged.values()) <= asyncio.run(look())
