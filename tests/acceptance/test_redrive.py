"""A bad reading is refused, mended, driven again once, and then in the store, with the real process."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fenceline.bus import Topic
from fenceline.bus.readonly import ReadOnlyBus
from fenceline.journal import Batch
from fenceline.wire import decode
from tests.acceptance.publishing import publish_raw
from tests.acceptance.station import PARK, ROOT, SENSOR, TOPIC, Station
from tests.parts import need


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    need("mosquitto")
    one = Station(tmp_path)
    one.start()
    yield one
    one.close()


def deadletter(station: Station, *words: str) -> "subprocess.CompletedProcess[str]":
    """`fenceline deadletter ...` on the station's folder."""
    command = [sys.executable, "-m", "console", "deadletter", *words, "--data", str(station.data)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def letters(station: Station) -> list[dict[str, Any]]:
    answer = deadletter(station, "list", "--json")
    assert 0 == answer.returncode, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def stage(station: Station, name: str) -> dict[str, Any]:
    stages = {one["stage"]: one for one in station.get("/api/accounting")["stages"]}
    found: dict[str, Any] = stages.get(name, {})
    return found


def reading(value: object, time_ms: int) -> str:
    return json.dumps({"sensor": SENSOR, "time": time_ms, "value": value, "unit": "ppm"})


def test_refused_mended_driven_again_once_and_stored(station: Station, tmp_path: Path) -> None:
    """The letter and its new reading both stand in the account; a second time is refused with a sentence."""
    now_ms = time.time_ns() // 1_000_000
    publish_raw(station, TOPIC, reading("0.25", now_ms).encode())
    station.until(lambda: stage(station, "engine").get("in") == 1, "the refused reading is counted")
    letter = letters(station)[0]
    mended = tmp_path / "mended.json"
    mended.write_text(reading(0.25, now_ms), "utf-8")

    driven = deadletter(station, "redrive", letter["key"][:12], "--payload", str(mended), "--by", "张伟")

    assert 0 == driven.returncode, driven.stderr
    station.until(lambda: stage(station, "engine").get("in") == 2, "the mended reading is counted")
    values = station.until(
        lambda: station.get(f"/api/readings?sensor={SENSOR}")["values"], "the reading is in the store"
    )
    assert [0.25] == values
    engine = stage(station, "engine")
    assert (1, 1, True) == (engine["out"], engine["rejected"], engine["balanced"])
    assert (2, True) == (stage(station, "journal")["in"], stage(station, "journal")["balanced"])
    assert [] == station.get("/api/accounting")["contradictions"]
    assert [True] == [one["redriven"] for one in letters(station)]

    again = deadletter(station, "redrive", letter["key"], "--payload", str(mended), "--by", "李娜")

    assert 1 == again.returncode
    assert "was driven again before" in again.stderr
    assert "hint:" in again.stderr
    assert (
        409
        == station.http.post(f"/api/deadletters/{letter['key']}/redrive", json={"name": "李娜"}).status_code
    )


async def test_driven_again_in_the_folder_of_a_stopped_station(station: Station) -> None:
    """Where no station owns the folder the reading goes straight into the journal, once."""
    now_ms = time.time_ns() // 1_000_000
    publish_raw(station, TOPIC, reading("0.5", now_ms).encode())
    await station.until_async(
        lambda: stage(station, "engine").get("in") == 1, "the refused reading is counted"
    )
    assert 0 == station.stop()
    letter = letters(station)[0]
    mended = station.data / "mended.json"
    mended.write_text(reading(0.5, now_ms), "utf-8")
    words = (
        "redrive",
        letter["key"],
        "--payload",
        str(mended),
        "--by",
        "张伟",
        "--config",
        str(station.config),
    )

    driven, again = deadletter(station, *words), deadletter(station, *words)

    assert 0 == driven.returncode, driven.stderr
    assert "1 readings stand in the journal" in driven.stdout
    assert 1 == again.returncode
    assert "was driven again before" in again.stderr
    bus = ReadOnlyBus(station.data / "journal")
    records = await bus.read(Topic.JOURNAL, PARK, 0, limit=100_000, kinds=("batch",))
    batches: list[Batch] = [decode(one.kind, one.payload) for one in records]
    await bus.close()
    assert [0.5] == [value for one in batches for value in one.readings.value.tolist()]
