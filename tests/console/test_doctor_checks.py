"""The doctor's judgement on made-up facts: each finding, its weight, and that it says what to do."""

from dataclasses import replace
from typing import Any

import pytest

from console.doctor.facts import (
    BrokerFacts,
    CacheFacts,
    ClockFacts,
    ConfigFacts,
    DiskFacts,
    Facts,
    JournalFacts,
    MemoryFacts,
    PagerFacts,
    PortFacts,
    SnapshotFacts,
    StationFacts,
    VersionFacts,
)
from console.doctor.judge import judge
from console.doctor.verdict import State

SECOND = 1_000_000_000
NOW_NS = 1_782_907_200 * SECOND
GIB = 1024**3

WELL = Facts(
    clock=ClockFacts(NOW_NS, 0.0001, 0.5, "Asia/Shanghai", True, True, "chrony"),
    disk=DiskFacts("/data", 50 * GIB, 100 * GIB, 900, 1000, "ext4", (0.3, 0.4, 5.0)),
    memory=MemoryFacts(3 * GIB, 4 * GIB),
    versions=VersionFacts("0.1.0", "3.11.7", "3.11", {}, 70),
    cache=CacheFacts("/cache", True),
    config=ConfigFacts("config", sensors=3, rules=2),
    broker=BrokerFacts(
        "mqtt://127.0.0.1:1883",
        expected=True,
        program="/usr/sbin/mosquitto",
        version="mosquitto version 2.0.18",
        window_asked=100,
        window=100,
        session_seconds=7 * 86_400,
        packet_bytes=1_048_576,
        settings={"persistence": "true", "autosave_interval": "1", "max_queued_messages": "500000"},
    ),
    ports=(PortFacts("page", 8080, False, "--port"),),
    pagers=PagerFacts({"log": "log", "duty": "loud"}, {}, {"leader": ("duty", "log")}),
    journal=JournalFacts(
        "demo",
        exists=True,
        end=1000,
        verified=1000,
        tick_ns=NOW_NS - SECOND,
        snapshots=(SnapshotFacts(900, 99, 60.0, True),),
    ),
    station=StationFacts(7, True, "http://127.0.0.1:8080", {"ingest": (True, "connected")}),
)


def verdicts(facts: Facts) -> list[tuple[str, str]]:
    """(topic, state) of everything that is not in order; each of those says what to do."""
    found = [one for one in judge(facts, NOW_NS) if one.state is not State.OK]
    assert all(one.do and one.says for one in found)
    return [(one.topic, one.state.value) for one in found]


def test_all_well() -> None:
    """Every part is looked at and in order."""
    found = judge(WELL, NOW_NS)

    assert {State.OK} == {one.state for one in found}
    assert 20 <= len(found)


def test_nothing_seen_nothing_said() -> None:
    """What could not be looked at is not judged."""
    assert [] == judge(Facts(), NOW_NS)


CASES: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("clock", {"now_ns": 0}, [("clock", "problem")]),
    ("clock", {"drift_seconds": 0.3}, [("clock", "problem")]),
    ("clock", {"drift_seconds": -0.3}, [("clock", "problem")]),
    ("clock", {"synchronised": None}, [("time service", "warning")]),
    ("clock", {"synchronised": False}, [("time service", "problem")]),
    ("clock", {"zone_known": False}, [("time zone", "problem")]),
    ("disk", {"problem": "Read-only file system"}, [("disk", "problem")]),
    ("disk", {"free_bytes": 0}, [("disk room", "problem")]),
    ("disk", {"free_bytes": 4 * GIB}, [("disk room", "warning")]),
    ("disk", {"free_bytes": 9 * GIB}, [("disk room", "warning")]),
    ("disk", {"free_inodes": 9}, [("disk names", "problem")]),
    ("disk", {"free_inodes": 0, "total_inodes": 0}, []),
    ("disk", {"kind": None}, [("file system", "warning")]),
    ("disk", {"kind": "nfs4"}, [("file system", "problem")]),
    ("disk", {"kind": "fuse.sshfs"}, [("file system", "problem")]),
    ("disk", {"kind": "tmpfs"}, [("file system", "problem")]),
    ("disk", {"sync_ms": (30.0, 30.0)}, [("disk sync", "warning")]),
    ("disk", {"sync_ms": (300.0, 300.0)}, [("disk sync", "problem")]),
    ("disk", {"sync_ms": (0.001, 0.001)}, [("disk sync", "warning")]),
    ("disk", {"sync_ms": ()}, []),
    ("memory", {"available_bytes": GIB // 2}, [("memory", "warning")]),
    ("memory", {"available_bytes": 0}, [("memory", "problem")]),
    ("versions", {"python": "3.10.1"}, [("python", "problem")]),
    ("versions", {"python": "3.12.0"}, []),
    ("versions", {"locked": None}, []),
    ("versions", {"differing": {"duckdb": (None, "1.3")}}, [("libraries", "problem")]),
    ("versions", {"differing": {"duckdb": ("1.2", "1.3")}}, [("libraries", "warning")]),
    ("cache", {"writable": False}, [("kernel cache", "warning")]),
    ("config", {"problem": "no such park", "hint": "see"}, [("configuration", "problem")]),
    ("config", {"failed_examples": ("rule a: not alarming",)}, [("configuration", "problem")]),
    ("broker", {"problem": "Connection refused"}, [("broker", "problem")]),
    ("broker", {"problem": "Connection refused", "expected": False}, []),
    ("broker", {"program": "amqtt"}, [("broker program", "warning")]),
    ("broker", {"window": 20}, [("broker window", "problem")]),
    ("broker", {"window": None}, [("broker window", "warning")]),
    ("broker", {"session_seconds": 3600}, [("broker session", "problem")]),
    ("broker", {"session_seconds": None}, []),
    ("broker", {"packet_bytes": 1000}, [("broker packet size", "warning")]),
    ("broker", {"settings": None}, [("broker persistence", "warning")]),
    ("broker", {"settings": {}}, [("broker persistence", "problem"), ("broker queue", "problem")]),
    ("broker", {"settings": {"persistence": "true", "max_queued_messages": "0"}}, []),
    (
        "broker",
        {"settings": {"persistence": "true", "max_queued_messages": "0", "retain_available": "false"}},
        [("broker retained", "warning")],
    ),
    ("pagers", {"channels": {"log": "log"}}, [("channels", "problem")]),
    ("pagers", {"absent": {"webhook": "its variable is not set"}}, [("channels left out", "warning")]),
    ("pagers", {"recipients": {"desk": ("log",)}}, [("recipients", "warning")]),
    ("pagers", {"tested": {"duty": (False, "404")}}, [("channel duty", "problem")]),
    ("pagers", {"tested": {"duty": (True, "200")}}, []),
    ("journal", {"exists": False}, []),
    ("journal", {"problem": "damaged"}, [("journal", "problem")]),
    ("journal", {"tick_ns": NOW_NS + 3 * SECOND}, [("log time", "problem")]),
    ("journal", {"tick_ns": NOW_NS - 11 * SECOND}, [("log time", "problem")]),
    ("journal", {"tick_ns": None}, []),
    ("journal", {"snapshots": ()}, []),
    ("journal", {"snapshots": (), "head": 5}, [("snapshots", "problem")]),
    ("journal", {"snapshots": (SnapshotFacts(9, 0, 0.0, False),)}, [("snapshots", "problem")]),
    ("journal", {"snapshots": (SnapshotFacts(9, 0, 7200.0, True),)}, [("snapshots", "warning")]),
    ("journal", {"snapshots": (SnapshotFacts(9, 200_000, None, True),)}, [("snapshots", "warning")]),
    ("journal", {"dead_letters": 20_000}, [("dead letters", "warning")]),
    ("station", {"answers": False}, [("station", "problem")]),
    ("station", {"parts": {"store": (False, "no room")}}, [("station: store", "problem")]),
    ("station", {"contradictions": ("engine: 1 fewer",)}, [("account", "problem")]),
]


@pytest.mark.parametrize(("part", "changed", "expected"), CASES)
def test_one_thing_wrong(part: str, changed: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Where one fact is other than well, just that is said."""
    facts = replace(WELL, **{part: replace(getattr(WELL, part), **changed)})

    assert expected == verdicts(facts)


def test_a_taken_port_names_the_option() -> None:
    """Each port says how to choose another."""
    found = judge(Facts(ports=(PortFacts("broker", 1883, True, "--mqtt-port"),)), NOW_NS)

    assert [State.PROBLEM] == [one.state for one in found]
    assert "--mqtt-port" in found[0].do


def test_an_old_tick_is_in_order_where_no_station_runs() -> None:
    """A stopped station's journal ends where it was stopped."""
    facts = replace(WELL, station=StationFacts(None), journal=replace(WELL.journal, tick_ns=1))  # type: ignore[type-var]

    assert [] == verdicts(facts)
