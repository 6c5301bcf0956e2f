"""What the embedded bus promises beyond the contract: kills, owners, threads, other processes that look."""

import asyncio
import os
import random
import threading
from pathlib import Path

import pytest

from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.logrows import READ_BYTES
from fenceline.bus.readonly import ReadOnlyBus
from fenceline.errors import BusError
from tests.contract.appender import OWNERS, records_of
from tests.contract.folders import kill_after, looked_at, refused, start_appender
from tests.contract.places import PARK


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


async def test_a_read_is_bounded_in_bytes(tmp_path: Path) -> None:
    """However many records are asked for, one read holds little more than its bound."""
    bus = EmbeddedBus(tmp_path)
    size = 8 * 1024 * 1024
    for _ in range(6):
        await bus.append(Topic.FINDINGS, PARK, [Record("gap", bytes(size))])

    found = await bus.read(Topic.FINDINGS, PARK, 0, limit=1000)

    assert READ_BYTES // size + 1 == len(found)
    await bus.close()


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
