"""`fenceline doctor` as a user runs it: beside a running station, and on the folder it leaves behind."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.station import ROOT, PageReceiver, Station
from tests.parts import need


@pytest.fixture
def receiver() -> Iterator[PageReceiver]:
    place = PageReceiver()
    yield place
    place.close()


@pytest.fixture
def station(tmp_path: Path, receiver: PageReceiver) -> Iterator[Station]:
    need("mosquitto")
    one = Station(tmp_path, receiver.url)
    one.start()
    yield one
    one.close()


def doctor(station: Station, *words: str, page_url: str = "") -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and topic → (state, what it says)."""
    command = [
        *(sys.executable, "-m", "console", "doctor", "--json", *words),
        *("--data", str(station.data), "--config", str(station.config)),
    ]
    answer = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/usr/sbin:/bin", "HOME": "/tmp", "FENCELINE_PAGE_URL": page_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "" == answer.stderr
    found = json.loads(answer.stdout)["findings"]
    return answer.returncode, {one["topic"]: (one["state"], one["says"]) for one in found}


def test_beside_a_running_station_and_after_it(station: Station, receiver: PageReceiver) -> None:
    """It finds the station by its folder, tries its broker, sends a marked page, and disturbs nothing."""
    before = station.get("/api/accounting")["stages"]
    station.until(lambda: station.get("/api/accounting")["stages"][0]["balanced"], "it balances")

    code, found = doctor(station, "--send-test", page_url=receiver.url)

    assert {"ok", "warning"} >= {state for state, _ in found.values()}, found
    assert 0 == code
    assert "mosquitto" in found["broker"][1]
    assert found["broker window"][0] == "ok"
    assert found["broker persistence"][0] == "ok"
    assert "is ready" in found["station"][1]
    assert found["log time"][0] == "ok"
    tested = station.until(lambda: receiver.pages, "the test page arrives")
    assert "TEST" in tested[0]["title"]
    rejected = [stage["rejected"] for stage in station.get("/api/accounting")["stages"]]
    assert [stage["rejected"] for stage in before] == rejected

    assert 0 == station.stop()
    code, found = doctor(station)

    assert 1 == code  # no channel is configured without the address
    assert found["channels"][0] == "problem"
    assert "none runs" in found["station"][1]
    assert found["journal"][0] == "ok"
    assert found["snapshots"][0] == "ok"
