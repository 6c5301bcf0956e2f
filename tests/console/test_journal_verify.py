"""`fenceline journal verify` and `fold`: what is found, where, and what to do about it."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.journal.look import look
from console.journal.repair import repair
from console.roles.engine import EngineWorker
from console.roles.snapshots import EngineSettings
from fenceline.bus import Record, Topic, hash_of
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.found import Findings, Severity
from fenceline.bus.kinds import KINDS, TOPIC_OF
from fenceline.clock import ManualClock
from fenceline.errors import BusError, FencelineError
from fenceline.journal import Epoch, Tick
from fenceline.wire import _MODELS, encode
from tests.console.journal_folders import LAST, LOWER, UPPER, Folder, go_on, station_folder, store_all
from tests.console.worlds import PARK, SECOND, START_NS, journal, write

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def _of(findings: Findings, severity: Severity) -> list[tuple[str, str]]:
    return [(one.where, one.what) for one in findings.found if one.severity is severity]


def _rehash(folder: Folder, topic: str, offset: int, change: Callable[[bytes], bytes]) -> None:
    """Change a record and its hash with it: what only a fresh fold can notice."""
    connection = sqlite3.connect(folder.log)
    with connection:
        kind, key, payload = connection.execute(
            f"SELECT kind, key, payload FROM {topic} WHERE offset = ?", (offset,)
        ).fetchone()
        changed = change(payload)
        digest = bytes.fromhex(hash_of(Record(kind, changed, key)))
        connection.execute(
            f"UPDATE {topic} SET payload = ?, hash = ? WHERE offset = ?", (changed, digest, offset)
        )
    connection.close()


def _command(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "console", "journal", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_kind_stands_in_one_topic() -> None:
    """A kind that is added to the wire is given its topic."""
    assert {*_MODELS, "batch"} == set(TOPIC_OF)
    assert len(TOPIC_OF) == sum(len(kinds) for kinds in KINDS.values())


async def test_a_sound_folder_is_found_sound(tmp_path: Path) -> None:
    """Every record is counted, snapshots and store fit, the fold gives the same."""
    folder = await station_folder(tmp_path)

    found = await look(folder.data, PARK, deep=True)

    assert found.sound
    assert {"findings": 250, "journal": LAST + 1, "deadletter": 30, "alerts": 84} == {
        topic.value: count.records for topic, count in found.topics.items()
    }
    assert [UPPER, LOWER] == [int(one.split("/")[1]) for one in found.snapshots]
    assert ("alerts", "folded afresh from the beginning: 84 records are the same") in _of(
        found, Severity.NOTICE
    )


async def test_the_command_says_it_and_ends_with_it(tmp_path: Path) -> None:
    """0 and `sound`; 1, the offset and what to do; after a repair 0 again."""
    folder = await station_folder(tmp_path)
    words = ("--data", tmp_path, "--park", PARK)
    sound = _command("verify", *words, "--deep")
    folder.sql("UPDATE journal SET payload = x'00' WHERE offset = 430")
    damaged = _command("verify", *words)
    listed = _command("verify", *words, "--json")
    tried = _command("repair", *words, "--dry-run")
    repaired = _command("repair", *words, "--json")
    again = _command("verify", *words, "--deep", "--json")

    assert (0, "sound") == (sound.returncode, sound.stdout.splitlines()[-1])
    assert 1 == damaged.returncode
    assert "damage journal/430: the record differs from its hash" in damaged.stdout
    assert "fenceline journal repair" in damaged.stdout
    assert (1, False) == (listed.returncode, json.loads(listed.stdout)["sound"])
    assert "journal 430: 1 record lost" in tried.stdout
    assert (0, True) == (repaired.returncode, json.loads(repaired.stdout)["done"])
    assert (0, True) == (again.returncode, json.loads(again.stdout)["sound"])


async def test_beside_a_running_station(tmp_path: Path) -> None:
    """While somebody owns the folder and writes, all but what he holds is looked at, and that is said."""
    await station_folder(tmp_path)
    bus = EmbeddedBus(tmp_path / "journal")
    await write(bus, journal(3, 20))

    found = await look(tmp_path, PARK, deep=True)

    assert found.sound
    assert ["bus.sqlite-wal", "store.duckdb"] == [where for where, _ in _of(found, Severity.SKIPPED)]
    assert found.topics[Topic.JOURNAL].records > LAST + 1
    await bus.close()


async def test_no_journal_is_said(tmp_path: Path) -> None:
    """A park that is not there: the parks that are."""
    await station_folder(tmp_path)

    with pytest.raises(BusError, match=r"no journal of park `other`\n.*: p"):
        await look(tmp_path, "other", deep=False)


@pytest.mark.parametrize(
    ("topic", "record", "expected"),
    [
        (Topic.JOURNAL, Record("alert", b"{}"), "`alert` is no kind of this topic"),
        (Topic.FINDINGS, Record("folded", b"{}"), "it has no cause"),
        (Topic.DEADLETTER, Record("dead_letter", b"{}"), "a `dead_letter` record does not read back"),
        (
            Topic.JOURNAL,
            Record("epoch", encode(Epoch(journal=1, park=PARK))),
            "epoch 1 after epoch 1",
        ),
        (Topic.JOURNAL, Record("epoch", encode(Epoch(journal=7, park="q"))), "an epoch of park `q`"),
    ],
)
async def test_records_that_make_no_sense(
    tmp_path: Path, topic: Topic, record: Record, expected: str
) -> None:
    """Sound by their hash and wrong where they stand: damage, with the offset."""
    folder = await station_folder(tmp_path)
    bus = EmbeddedBus(tmp_path / "journal")
    offset = await bus.append(topic, PARK, [record])
    await bus.close()

    found = await look(folder.data, PARK, deep=False)

    said = [what for where, what in _of(found, Severity.DAMAGE) if where == f"{topic}/{offset}"]
    assert expected in " ".join(said)


async def test_what_is_harmless_is_a_notice(tmp_path: Path) -> None:
    """Ticks that do not hold, a second claim, a poison record, a cause written twice: said, and sound."""
    folder = await station_folder(tmp_path)
    bus = EmbeddedBus(tmp_path / "journal")
    ledger = await bus.read(Topic.ALERTS, PARK, 80)
    tick = Tick(filter="f", owner="stranger", term=9, time_ns=START_NS + 10_000 * SECOND)
    claim = (await bus.read(Topic.JOURNAL, PARK, 0, kinds=("claim",)))[0].record
    await bus.append(Topic.JOURNAL, PARK, [Record("tick", encode(tick)), claim, Record("batch", b"poison")])
    await bus.append(Topic.ALERTS, PARK, [ledger[-1].record])
    await EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=None).start()
    await bus.close()

    found = await look(folder.data, PARK, deep=True)

    assert [] == _of(found, Severity.DAMAGE)
    said = " ".join(what for _, what in _of(found, Severity.NOTICE))
    for expected in (
        "a tick of a term that does not hold",
        "a claim that came second",
        "a record that is quarantined",
        "a cause that stood before",
    ):
        assert expected in said


async def test_a_snapshot_that_is_not_whole(tmp_path: Path) -> None:
    """Its number is said; the journal itself is found sound."""
    folder = await station_folder(tmp_path)
    folder.sql("UPDATE chunk SET payload = x'00' WHERE snapshot = 1", path=folder.state)

    found = await look(folder.data, PARK, deep=False)

    assert [("state.sqlite", "1 of 2 snapshots are not whole")] == _of(found, Severity.DAMAGE)


async def test_a_ledger_that_was_changed_by_hand(tmp_path: Path) -> None:
    """Only the fresh fold finds it, with offset and cause; `fold` sets it right, in the store too."""
    folder = await station_folder(tmp_path)
    ((offset, cause),) = folder.sql(
        "SELECT offset, cause_offset FROM alerts WHERE kind = 'alert' ORDER BY offset DESC LIMIT 1"
    )
    _rehash(
        folder, "alerts", int(str(offset)), lambda payload: payload.replace(b'"revision":', b'"revision":9')
    )

    shallow = await look(folder.data, PARK, deep=False)
    found = await look(folder.data, PARK, deep=True)
    report = await repair(folder.data, PARK, again=True)
    after = await look(folder.data, PARK, deep=True)

    assert shallow.sound
    assert [f"alerts/{offset}"] == [where for where, _ in _of(found, Severity.DAMAGE)]
    assert f"(cause 1/{cause}/" in _of(found, Severity.DAMAGE)[0][1]
    assert (-1, 1) == (report.start, report.journal[1])
    assert 1 == len(report.changed_alerts) or report.changed
    assert after.sound
    await go_on(folder)


async def test_what_the_fold_does_not_give_and_what_is_missing(tmp_path: Path) -> None:
    """A record too many and one too few are told apart."""
    folder = await station_folder(tmp_path)
    folder.sql("DELETE FROM alerts WHERE offset = 40")
    folder.sql("INSERT OR REPLACE INTO meta VALUES ('gaps', '{\"alerts\":[[40,40]]}')")
    folder.sql("UPDATE findings SET cause_index = 7 WHERE offset = 50")

    found = await look(folder.data, PARK, deep=True)

    said = dict(_of(found, Severity.DAMAGE))
    assert "is missing" in said["alerts"]
    assert "that the fold does not give" in said["findings/50"]
    assert ("alerts/40-40", "left empty by an earlier repair") in _of(found, Severity.NOTICE)


async def test_a_fold_that_had_not_come_so_far(tmp_path: Path) -> None:
    """What was not derived yet is no damage."""
    await station_folder(tmp_path)
    bus = EmbeddedBus(tmp_path / "journal")
    await write(bus, journal(3, 20)[2:])
    await bus.close()

    found = await look(tmp_path, PARK, deep=True)

    assert found.sound
    assert "are not written yet" in " ".join(what for _, what in _of(found, Severity.NOTICE))


async def test_folding_again_gives_the_same(tmp_path: Path) -> None:
    """From the beginning, or from the lower snapshot where the head was cut: the same bytes."""
    for cut in (False, True):
        folder = await station_folder(tmp_path / str(cut), cut=cut)
        before = folder.sql("SELECT cause_offset, cause_index, kind, payload FROM alerts ORDER BY offset")

        report = await repair(folder.data, PARK, again=True)

        after = folder.sql("SELECT cause_offset, cause_index, kind, payload FROM alerts ORDER BY offset")
        assert before == after
        assert (LOWER if cut else -1) == report.start
        assert ([], [], 0) == (report.vanished, report.changed_alerts, report.told)
        assert (await look(folder.data, PARK, deep=True)).sound
        await go_on(folder)
        assert (await look(folder.data, PARK, deep=True)).sound


async def test_what_cannot_be_folded_again_is_refused(tmp_path: Path) -> None:
    """The head cut and no snapshot left: what was derived is then an original, and stays."""
    folder = await station_folder(tmp_path, cut=True)
    folder.sql("DELETE FROM manifest", path=folder.state)
    before = folder.log.read_bytes()

    with pytest.raises(FencelineError, match="folding it again would lose"):
        await repair(folder.data, PARK, again=True)

    assert before == folder.log.read_bytes()


async def test_findings_that_were_cut_are_not_missed(tmp_path: Path) -> None:
    """After the retention of findings the fold still agrees with what is left."""
    bus = EmbeddedBus(tmp_path / "journal")
    await write(bus, journal(8, 200))
    settings: dict[str, Any] = {"read_limit": 20, "snapshot_records": 100, "findings_days": 60 / 86_400}
    worker = EngineWorker(
        bus=bus,
        park=PARK,
        clock=ManualClock(),
        force=None,
        settings=EngineSettings(**settings),
        needed=lambda: (0,),
        stored=lambda: 10_000,
    )
    await worker.start()
    await store_all(bus, tmp_path)
    head = await bus.head(Topic.FINDINGS, PARK)
    await bus.close()

    found = await look(tmp_path, PARK, deep=True)

    assert head > 50
    assert found.sound
