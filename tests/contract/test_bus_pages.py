"""What is read of a file without SQLite is what SQLite reads of it, and what lies behind damage besides."""

import random
import sqlite3
from pathlib import Path

import pytest

from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.logfile import LOG_NAME
from fenceline.bus.pagefile import PageFile
from fenceline.bus.pagerows import rows_of
from fenceline.bus.salvage import Salvaged, salvage_log, salvage_snapshots
from fenceline.bus.snapshotfile import STATE_NAME
from tests.contract.places import PARK

Rows = list[tuple[object, ...]]


def _rows(path: Path) -> Rows:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    found = connection.execute("SELECT * FROM deadletter ORDER BY offset").fetchall()
    connection.close()
    return found


async def _filled(folder: Path, seed: int, count: int = 60) -> EmbeddedBus:
    """Letters of every length around those at which SQLite changes how it keeps them."""
    chance = random.Random(seed)
    bus = EmbeddedBus(folder)
    lengths = [0, 1, 127, 128, 400, 4000, 4061, 4062, 4096, 5000, 20_000, 300_000]
    for _ in range(count):
        size = max(0, chance.choice(lengths) + chance.randint(-40, 40))
        key = "空" * chance.randint(0, 5)
        await bus.append(Topic.DEADLETTER, PARK, [Record("dead_letter", chance.randbytes(size), key)])
    return bus


def _salvaged(folder: Path, into: Path) -> tuple[Salvaged, Rows]:
    salvaged = salvage_log(folder / PARK / LOG_NAME, into)
    return salvaged, _rows(into)


@pytest.mark.parametrize("seed", range(3))
async def test_every_row_is_found(tmp_path: Path, seed: int) -> None:
    """With the log of committed pages beside it and without: the same rows, heads, ends and names."""
    bus = await _filled(tmp_path / "data", seed)
    await bus.cut(Topic.DEADLETTER, PARK, 7)

    beside, rows_beside = _salvaged(tmp_path / "data", tmp_path / "beside.sqlite")
    expected = _rows(tmp_path / "data" / PARK / LOG_NAME)
    await bus.close()
    alone, rows_alone = _salvaged(tmp_path / "data", tmp_path / "alone.sqlite")

    assert 53 == len(expected)
    assert expected == rows_beside
    assert expected == rows_alone
    for one in (beside, alone):
        assert (PARK, 1, 7, 60) == (
            one.park,
            one.journal,
            one.heads[Topic.DEADLETTER],
            one.ends[Topic.DEADLETTER],
        )
        assert 0 == one.behind


async def test_what_is_not_committed_is_not_taken(tmp_path: Path) -> None:
    """Pages behind the last commit are nothing, as for SQLite."""
    bus = await _filled(tmp_path / "data", 1)
    path = tmp_path / "data" / PARK / LOG_NAME
    wal = path.with_name(f"{LOG_NAME}-wal")
    content = wal.read_bytes()
    await bus.close()
    path.with_name(f"{LOG_NAME}-wal").write_bytes(content[: len(content) - 1])
    expected = _rows(path)

    found = _salvaged(tmp_path / "data", tmp_path / "found.sqlite")[1]

    assert expected == found


async def test_behind_a_damaged_page_of_the_log(tmp_path: Path) -> None:
    """A flipped byte: SQLite ends there; here only what stood on that page may be missing."""
    bus = await _filled(tmp_path / "data", 2)
    path = tmp_path / "data" / PARK / LOG_NAME
    whole = _rows(path)
    wal = path.with_name(f"{LOG_NAME}-wal")
    content = bytearray(wal.read_bytes())
    base = path.read_bytes()
    await bus.close()
    content[len(content) // 2] ^= 1
    path.write_bytes(base)
    wal.write_bytes(content)

    salvaged, found = _salvaged(tmp_path / "data", tmp_path / "found.sqlite")

    assert salvaged.behind > 10
    assert len(_rows(path)) < len(found)
    assert set(found) <= set(whole)
    assert len(found) >= len(whole) - 2


@pytest.mark.parametrize("seed", range(20))
async def test_random_damage_never_invents_a_record(tmp_path: Path, seed: int) -> None:
    """Whatever is overwritten, all that comes out stood there, and reading ends."""
    chance = random.Random(seed)
    await (await _filled(tmp_path / "data", 3, 20)).close()
    path = tmp_path / "data" / PARK / LOG_NAME
    whole = set(_rows(path))
    content = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 30)):
        at, size = chance.randrange(len(content)), chance.choice([1, 2, 4, 100, 4096])
        content[at : at + size] = chance.choice([bytes(size), chance.randbytes(size), b"\xff" * size])
    path.write_bytes(content[: chance.randint(len(content) // 2, len(content))])

    found = _salvaged(tmp_path / "data", tmp_path / "found.sqlite")[1]

    assert set(found) <= whole


async def test_a_page_made_up_inside_a_record_is_none(tmp_path: Path) -> None:
    """A message whose bytes look like a page of records, as somebody may send one, brings none in."""
    forged = tmp_path / "forged"
    bus = EmbeddedBus(forged)
    await bus.append(Topic.DEADLETTER, PARK, [Record("dead_letter", b"forged %d" % n) for n in range(30)])
    await bus.close()
    file = PageFile(forged / PARK / LOG_NAME)
    page = next(row.page for row in rows_of(file) if row.values[1:2] == ("dead_letter",))
    planted = file.page(page)
    file.close()
    bus = EmbeddedBus(tmp_path / "data")
    await bus.append(Topic.DEADLETTER, PARK, [Record("dead_letter", b"true")])
    payloads = [bytes(shift) + planted + planted[4:] + bytes(9000) for shift in range(0, 4100, 4)]
    await bus.append(Topic.DEADLETTER, PARK, [Record("dead_letter", one) for one in payloads])
    await bus.close()

    found = _salvaged(tmp_path / "data", tmp_path / "found.sqlite")[1]

    assert _rows(tmp_path / "data" / PARK / LOG_NAME) == found


async def test_snapshots_are_found_whole(tmp_path: Path) -> None:
    """Of one chunk and of several; not those of which a chunk is damaged."""
    bus = EmbeddedBus(tmp_path)
    kept = [
        Snapshot(Position(1, offset, f"{offset:032x}"), bytes([offset]) * size, {"f": (2, "o")})
        for offset, size in ((3, 0), (5, 1_500_000), (7, 30))
    ]
    for one in kept:
        await bus.put_snapshot(PARK, one)
    beside = salvage_snapshots(tmp_path / PARK / STATE_NAME)
    await bus.close()
    alone = salvage_snapshots(tmp_path / PARK / STATE_NAME)
    connection = sqlite3.connect(tmp_path / PARK / STATE_NAME)
    with connection:
        connection.execute("UPDATE chunk SET payload = x'00' WHERE snapshot = 1 AND number = 1")
    connection.close()

    assert kept[::-1] == beside
    assert kept[::-1] == alone
    assert [kept[2], kept[0]] == salvage_snapshots(tmp_path / PARK / STATE_NAME)
    assert [] == salvage_snapshots(tmp_path / "none")
