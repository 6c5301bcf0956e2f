"""What the doctor sees of real things: a disk, a lock file, brokers, a journal, channels, ports."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.channel import Outcome
from alerts.channels.scripted import ScriptedChannel
from console.doctor import look_broker, look_machine, look_site
from console.doctor.journal import journal as judged_journal
from console.doctor.verdict import State
from console.site import Site, load_site
from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.journal import Tick
from fenceline.wire import encode
from ingest.settings import IngestSettings
from tests.broker import ROOT, Mosquitto, free_port
from tests.console.worlds import SECOND, START_NS
from tests.parts import need

PARK = "demo"


def test_the_disk_under_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    """The nearest folder above is looked at; nothing stays behind there."""
    facts = look_machine.disk(tmp_path / "not" / "yet")

    assert str(tmp_path) == facts.path
    assert 0 < facts.free_bytes <= facts.total_bytes
    assert look_machine.SYNCS == len(facts.sync_ms)
    assert facts.kind is not None
    assert [] == list(tmp_path.iterdir())


async def test_clock_memory_and_cache() -> None:
    """The machine's own figures; a zone that does not exist is not known."""
    known, unknown = await look_machine.clock("Asia/Shanghai"), await look_machine.clock("Asia/Nowhere")
    memory, cache = look_machine.memory(), look_machine.cache()

    assert (True, False) == (known.zone_known, unknown.zone_known)
    assert abs(known.drift_seconds) < 60
    assert memory is None or 0 < memory.available_bytes <= memory.total_bytes
    assert cache.folder is not None


def test_libraries_against_a_lock(tmp_path: Path) -> None:
    """Another version and a missing library are told; one that only other machines need is not."""
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "orjson==0.0.1 \\\n    --hash=sha256:00\n"
        "no-such-library==1.0 \\\n    --hash=sha256:00\n"
        "only-elsewhere==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n",
        "utf-8",
    )

    facts = look_machine.versions(lock)

    assert 3 == facts.locked
    assert {"orjson", "no-such-library"} == set(facts.differing)
    assert (None, "1.0") == facts.differing["no-such-library"]
    assert look_machine.versions(tmp_path / "none").locked is None


@pytest.fixture
def bare_mosquitto(tmp_path: Path) -> Iterator[int]:
    """The port of a Mosquitto with none of our settings."""
    port, config = free_port(), tmp_path / "bare.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n", "utf-8")
    process = subprocess.Popen([need("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    yield port
    process.terminate()
    process.wait(10)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_broker_as_it_should_be(mosquitto: Mosquitto, tmp_path: Path, protocol: str) -> None:
    """The shipped configuration grants the window to both versions, and the broker says who it is."""
    settings = IngestSettings.model_validate({"port": mosquitto.port, "protocol": protocol})

    facts = await look_broker.broker(settings, own=False, data=tmp_path, running=False)

    assert (None, look_broker.WINDOW) == (facts.problem, facts.window)
    assert facts.version is not None
    assert "mosquitto" in facts.version


async def test_a_broker_as_it_comes(bare_mosquitto: int, tmp_path: Path) -> None:
    """Without settings Mosquitto gives a 3.1.1 client twenty messages; that is measured, not believed."""
    settings = IngestSettings(port=bare_mosquitto, protocol="3.1.1")

    facts = await look_broker.broker(settings, own=False, data=tmp_path, running=False)

    assert (None, 20) == (facts.problem, facts.window)


async def test_no_broker(tmp_path: Path) -> None:
    """A site's own that is not there is a problem; one of ours is not expected without a station."""
    settings = IngestSettings(port=free_port())

    site = await look_broker.broker(settings, own=False, data=tmp_path, running=False)
    own = await look_broker.broker(settings, own=True, data=tmp_path, running=False)

    assert (True, False) == (site.expected, own.expected)
    assert site.problem is not None
    assert own.program is not None


async def test_a_journal_with_a_snapshot_of_another(tmp_path: Path) -> None:
    """Ends, last records, last tick, snapshots that fit and do not; the owner keeps it open meanwhile."""
    bus = EmbeddedBus(tmp_path / "journal")
    ticks = [Tick(filter="f", owner="o", term=1, time_ns=START_NS + number * SECOND) for number in range(10)]
    end = await bus.append(Topic.JOURNAL, PARK, [Record(one.kind, encode(one)) for one in ticks])
    stored = (await bus.read(Topic.JOURNAL, PARK, 5, limit=1))[0]
    await bus.put_snapshot(PARK, Snapshot(Position(1, 5, stored.hash), b"state"))
    await bus.put_snapshot(PARK, Snapshot(Position(1, 7, "0" * 32), b"state"))

    facts = await look_site.journal(tmp_path, PARK)
    none = await look_site.journal(tmp_path, "other")
    await bus.close()

    assert (True, None, 0, end + 1, end + 1) == (
        facts.exists,
        facts.problem,
        facts.head,
        facts.end,
        facts.verified,
    )
    assert START_NS + 9 * SECOND == facts.tick_ns
    assert [(7, 3, None, False), (5, 5, 5.0, True)] == [
        (one.offset, one.behind_records, one.behind_seconds, one.fits) for one in facts.snapshots
    ]
    assert not none.exists


async def test_a_misspelt_folder_or_park_is_said(tmp_path: Path) -> None:
    """What is not there is not judged as if it were new: somebody may look at the wrong place."""
    (tmp_path / "journal" / "other").mkdir(parents=True)

    folder = await look_site.journal(tmp_path / "misspelt", PARK)
    park = await look_site.journal(tmp_path, PARK)
    new = await look_site.journal(tmp_path / "journal", PARK)

    said = [judged_journal(facts, START_NS, None)[0] for facts in (folder, park, new)]
    assert [State.WARNING, State.WARNING, State.OK] == [one.state for one in said]
    assert f"there is no folder `{tmp_path / 'misspelt'}`" == said[0].says
    assert "but of other" in said[1].says
    assert "--data" in said[0].do
    assert "--park" in said[1].do


async def test_a_damaged_journal_is_said(tmp_path: Path) -> None:
    """What is no journal is named, and nothing is raised."""
    (tmp_path / "journal" / PARK).mkdir(parents=True)
    (tmp_path / "journal" / PARK / "log.sqlite").write_bytes(b"something else" * 500)

    facts = await look_site.journal(tmp_path, PARK)

    assert facts.problem is not None


def shipped(environ: dict[str, str]) -> Site:
    return load_site(ROOT / "config", PARK, environ)


async def test_a_test_page_says_that_it_is_one() -> None:
    """Every channel but the log is tried; what fails is told with its reason."""
    good, bad = ScriptedChannel(), ScriptedChannel(then=Outcome(False, "404 Not Found"))
    broken = ScriptedChannel(then=OSError("no way"))
    site = shipped({})
    site = replace(site, channels={**site.channels, "good": good, "bad": bad, "broken": broken})

    silent = await look_site.pagers(site, send_test=False, now_ns=START_NS)
    facts = await look_site.pagers(site, send_test=True, now_ns=START_NS)

    assert {} == silent.tested
    assert {"good": True, "bad": False, "broken": False} == {
        name: delivered for name, (delivered, _) in facts.tested.items()
    }
    assert "OSError" in facts.tested["broken"][1]
    assert 1 == len(good.sent)
    assert "测试" in good.sent[0].title
    assert "TEST" in good.sent[0].title
    assert good.sent[0].simulated


def test_a_configuration_that_does_not_load(tmp_path: Path) -> None:
    """The sentence of `fenceline check`, and no site; the shipped one passes."""
    broken, none = look_site.config(tmp_path, PARK, {})
    well, site = look_site.config(ROOT / "config", PARK, {})

    assert none is None
    assert broken.problem is not None
    assert (None, ()) == (well.problem, well.failed_examples)
    assert site is not None


def test_ports() -> None:
    """A port that somebody listens on is taken, unless our own station does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        free = free_port()
        facts = look_site.ports(taken, free, own_broker=True, running=False)
        ours = look_site.ports(taken, free, own_broker=False, running=True)

    assert [True, False] == [one.taken for one in facts]
    assert [False] == [one.taken for one in ours]


async def test_a_station_file_of_a_process_that_is_gone(tmp_path: Path) -> None:
    """A killed station counts as none; a process that owns the folder and says nothing is seen."""
    from console.stationfile import owner_pid, running_station

    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "lock").write_text("process 4194305\n", "utf-8")  # above the highest there can be
    gone = await look_site.station(tmp_path, running_station(tmp_path))
    (tmp_path / "journal" / "lock").write_text(f"process {os.getpid()}\n", "utf-8")
    silent = await look_site.station(tmp_path, running_station(tmp_path))

    assert (None, os.getpid()) == (gone.pid, silent.pid)
    assert not silent.answers
    assert os.getpid() == owner_pid(tmp_path)
