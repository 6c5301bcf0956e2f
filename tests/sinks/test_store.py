"""The embedded store: applied once, whole or not at all, kept for its time, and plain about its faults."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenceline.alert import LedgerRecord
from fenceline.bus import Cause, Position, Topic
from fenceline.errors import ServiceError
from fenceline.finding import FindingRecord
from fenceline.journal import Batch
from fenceline.vocabulary import Condition
from sinks.changes import Changes
from sinks.embedded import EmbeddedStore
from sinks.query import AlertFilter, AppliedTo, Ledgered
from tests.sinks.records import SECOND, START, alert, batch, ended, finding, raised

DAY = 86_400 * SECOND

# Dies inside the transaction, after the rows were inserted and before they are committed.
DYING = """
import asyncio, os, sys
from pathlib import Path
from sinks.embedded import EmbeddedStore
from tests.sinks.records import batch
from tests.sinks.test_store import changes_of

class Dying(EmbeddedStore):
    def _commit(self, connection):
        if self._applied:
            os._exit(9)
        super()._commit(connection)

async def main():
    store = Dying(Path(sys.argv[1]))
    await store.apply(changes_of(batches=[(0, batch(("s1", 0, 1.0)))]))
    await store.apply(changes_of(batches=[(1, batch(("s1", 1, 2.0), ("s9", 1, 2.0)))]))

asyncio.run(main())
"""


def changes_of(
    *,
    batches: list[tuple[int, Batch]] | None = None,
    findings: list[tuple[int, FindingRecord]] | None = None,
    ledger: list[tuple[int, LedgerRecord]] | None = None,
) -> Changes:
    """Changes whose positions are those of their last records."""
    changes = Changes(batches=batches or [])
    if changes.batches:
        changes.applied[Topic.JOURNAL] = AppliedTo(Position(1, changes.batches[-1][0], "h"))
    for offset, found in findings or []:
        changes.findings.append(Ledgered(Cause(1, offset, 0), found))
        changes.applied[Topic.FINDINGS] = AppliedTo(Position(1, offset, "h"), Cause(1, offset, 0))
    for offset, changed in ledger or []:
        changes.ledger.append(Ledgered(Cause(1, offset, 0), changed))
        changes.applied[Topic.ALERTS] = AppliedTo(Position(1, offset, "h"), Cause(1, offset, 0))
    return changes


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "store.duckdb", settle_at_rows=4)
    yield store
    await store.close()


async def values(store: EmbeddedStore, sensor: str) -> list[float]:
    series = await store.readings(sensor, 0, 2 * START, points=1000, gap_ns=10 * DAY)
    return list(series.value.tolist())


async def test_apply_twice_stores_once(store: EmbeddedStore) -> None:
    """Records at positions and causes that were applied change nothing when they come again."""
    changes = changes_of(
        batches=[(3, batch(("s1", 0, 1.0), ("s2", 0, 0.0)))],
        findings=[(4, finding(Condition.TRUE))],
        ledger=[(4, raised(alert()))],
    )

    first = await store.apply(changes)
    again = await store.apply(changes)

    assert (2, 0) == (first.readings, again.readings)
    assert [1.0] == await values(store, "s1")
    assert {"readings": 2, "unreadable": 0} == await store.account()
    assert 1 == len(await store.alert_history(alert().id))


async def test_what_is_partly_new_is_stored_for_its_new_part(store: EmbeddedStore) -> None:
    """A batch of changes that overlaps what was applied adds only what lies above it."""
    await store.apply(changes_of(batches=[(0, batch(("s1", 0, 1.0)))]))

    await store.apply(changes_of(batches=[(0, batch(("s1", 0, 1.0))), (1, batch(("s1", 1, 2.0)))]))

    assert [1.0, 2.0] == await values(store, "s1")
    assert 1 == (await store.applied())[Topic.JOURNAL].position.offset


def run_python(script: str, path: Path) -> "subprocess.CompletedProcess[str]":
    """Run a script in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", script, str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


async def test_a_crash_before_the_commit_leaves_nothing_of_it(tmp_path: Path) -> None:
    """Killed between insert and commit, the store reopens with the earlier rows and position."""
    path = tmp_path / "store.duckdb"

    dead = await asyncio.to_thread(run_python, DYING, path)
    store = EmbeddedStore(path)

    assert 9 == dead.returncode
    assert 0 == (await store.applied())[Topic.JOURNAL].position.offset
    assert [1.0] == await values(store, "s1")
    await store.apply(changes_of(batches=[(1, batch(("s1", 1, 2.0), ("s9", 1, 2.0)))]))
    assert [1.0, 2.0] == await values(store, "s1")
    assert [2.0] == await values(store, "s9")
    await store.close()


async def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    """Positions, counts, sensors and alerts are those of the last commit."""
    first = EmbeddedStore(tmp_path / "store.duckdb")
    await first.apply(changes_of(batches=[(7, batch(("s1", 0, 0.0)))], ledger=[(8, raised(alert()))]))
    applied = await first.applied()
    await first.close()

    second = EmbeddedStore(tmp_path / "store.duckdb")

    assert applied == await second.applied()
    assert {"readings": 1, "unreadable": 0} == await second.account()
    assert [0.0] == await values(second, "s1")
    assert alert() == await second.alert(alert().id)
    await second.close()


async def test_settled_readings_are_found_like_new_ones(store: EmbeddedStore) -> None:
    """Readings that were sorted away and readings as they came make one series."""
    for number in range(7):
        rows = (("s1", number, float(number)), ("s2", number, 0.0))
        await store.apply(changes_of(batches=[(number, batch(*rows))]))

    assert [float(number) for number in range(7)] == await values(store, "s1")
    assert [0.0] * 7 == await values(store, "s2")


async def test_retention_goes_by_the_age_of_the_reading(store: EmbeddedStore) -> None:
    """Readings of an earlier event time go, whenever they were stored; the rest stays."""
    await store.apply(changes_of(batches=[(0, batch(("s1", 0, 1.0), ("s1", 100, 2.0)))]))
    await store.apply(changes_of(batches=[(1, batch(("s1", 5, 3.0)))]))

    await store.retain(START + 50 * SECOND, 0)

    assert [2.0] == await values(store, "s1")


async def test_retention_of_history_spares_what_is_open(store: EmbeddedStore) -> None:
    """An ended alert goes with its changes once it is old; an open one stays, however old."""
    old, still_open = alert(1), alert(2)
    await store.apply(changes_of(ledger=[(1, raised(old)), (2, raised(still_open)), (3, ended(old))]))

    await store.retain(0, START + DAY)

    assert None is await store.alert(old.id)
    assert [] == await store.alert_history(old.id)
    assert still_open == await store.alert(still_open.id)
    assert 1 == len(await store.alert_history(still_open.id))


async def test_retention_does_not_delete_what_ended_lately(store: EmbeddedStore) -> None:
    """An alert raised long ago that ended after the bound keeps its whole history."""
    lately = ended(alert(1))
    await store.apply(changes_of(ledger=[(1, raised(alert(1))), (2, lately)]))

    await store.retain(0, START + 30 * SECOND)

    assert 2 == len(await store.alert_history(lately.alert.id))
    assert [lately.alert] == await store.alerts(AlertFilter("ended"), limit=10)


async def test_a_second_process_is_told_what_to_do(store: EmbeddedStore, tmp_path: Path) -> None:
    """A store that another process has open says so, with a hint."""
    await store.open()
    asking = (
        "import asyncio, pathlib, sys; from sinks.embedded import EmbeddedStore;"
        "asyncio.run(EmbeddedStore(pathlib.Path(sys.argv[1])).open())"
    )

    second = await asyncio.to_thread(run_python, asking, tmp_path / "store.duckdb")

    assert 1 == second.returncode
    assert "is open in another process" in second.stderr
    assert "hint: ask that process" in second.stderr


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """A file that is no store gives a sentence and leaves the file as it is."""
    path = tmp_path / "store.duckdb"
    path.write_bytes(b"not a store" * 1000)

    with pytest.raises(ServiceError, match="is damaged") as raised_error:
        await EmbeddedStore(path).open()

    assert "filled again from the journal" in raised_error.value.hint
    assert path.read_bytes().startswith(b"not a store")


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder that does not exist is said, not made."""
    with pytest.raises(ServiceError, match="does not exist"):
        await EmbeddedStore(tmp_path / "nowhere" / "store.duckdb").open()


async def test_a_full_disk_is_said_and_nothing_is_half_stored(tmp_path: Path) -> None:
    """Where there is no room the change is refused whole, and stored once there is."""
    script = """
import asyncio, resource, sys
from pathlib import Path
from fenceline.errors import ServiceError
from sinks.embedded import EmbeddedStore
from tests.sinks.records import batch
from tests.sinks.test_store import changes_of
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

async def main():
    store = EmbeddedStore(Path(sys.argv[1]))
    await store.apply(changes_of(batches=[(0, batch(("s1", 0, 1.0)))]))
    many = batch(*[("s1", number, number * 1.1) for number in range(200_000)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
    try:
        await store.apply(changes_of(batches=[(1, many)]))
        print("stored")
    except ServiceError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(await store.account())
    await store.apply(changes_of(batches=[(1, many)]))
    print(await store.account())
    await store.close()

asyncio.run(main())
"""
    done = await asyncio.to_thread(run_python, script, tmp_path / "store.duckdb")

    assert "" == done.stderr
    lines = done.stdout.splitlines()
    assert "no room to write the store" in lines[0]
    assert ["{'readings': 1, 'unreadable': 0}", "{'readings': 200001, 'unreadable': 0}"] == lines[2:]
