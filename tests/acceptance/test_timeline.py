"""The spine as a timeline: somebody else's client publishes, the alert comes, is paged, answered, cleared."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.apart import StationApart
from tests.acceptance.publishing import publish, publish_raw
from tests.acceptance.station import OWNER, ROOT, SENSOR, TOPIC, PageReceiver, Station
from tests.parts import need

if TYPE_CHECKING:
    from playwright.async_api import Page


@pytest.fixture
def receiver() -> Iterator[PageReceiver]:
    place = PageReceiver()
    yield place
    place.close()


@pytest.fixture(params=["embedded", "apart"])
def station(request: pytest.FixtureRequest, tmp_path: Path, receiver: PageReceiver) -> Iterator[Station]:
    """One process with its own broker and disk; and a process for each role, over a real Kafka."""
    if request.param == "embedded":
        need("mosquitto")
        one = Station(tmp_path, receiver.url)
    else:
        broker, kafka = request.getfixturevalue("mosquitto"), request.getfixturevalue("kafka_server")
        one = StationApart(tmp_path, receiver.url, broker=broker, kafka=kafka)
    one.start()
    yield one
    one.close()


async def test_leak_is_seen_paged_acknowledged_and_cleared(
    station: Station, receiver: PageReceiver, chromium_page_async: "Page"
) -> None:
    """From mosquitto_pub to the ledger, the browser, the store and the webhook, and back to quiet."""
    page = chromium_page_async
    await page.goto(station.address)
    await page.get_by_test_id("quiet-panel").wait_for()
    now_ms = time.time_ns() // 1_000_000

    # Above alarm 2 for its on-delay of 3 s, by the readings' own times.
    for number, (seconds, value) in enumerate(((-6, 0.1), (-5, 2.4), (-3, 2.5), (-1, 2.6))):
        publish(station, SENSOR, now_ms + seconds * 1000, value, "mg/m3", number)

    alert = (await station.until_async(station.alerts, "the alert is in the ledger"))[0]
    assert ("yellow", "unacknowledged", "enterprise", OWNER, "cl2") == (
        alert["level"],
        alert["state"],
        alert["tier"],
        alert["owner"],
        alert["quantity"],
    )
    row = page.get_by_test_id("alert-row")
    await row.wait_for()
    paged = await station.until_async(lambda: receiver.pages, "the webhook is called")
    assert paged[0]["simulated"] is True
    assert "演练" in paged[0]["title"]
    await station.until_async(
        lambda: len(station.get(f"/api/readings?sensor={SENSOR}")["values"]) == 4,
        "the readings are in the store",
    )

    await page.get_by_test_id("acknowledge-button").first.click()
    await page.get_by_test_id("acknowledge-name").fill("张伟")
    await page.get_by_test_id("acknowledge-submit").click()

    await station.until_async(
        lambda: station.alerts()[0]["state"] == "acknowledged", "the acknowledgement stands"
    )
    assert "张伟" == station.alerts()[0]["acknowledged_by"]

    for number, (seconds, value) in enumerate(((0, 0.2), (1, 0.1), (3, 0.0)), 4):
        publish(station, SENSOR, now_ms + seconds * 1000, value, "mg/m3", number)

    await station.until_async(lambda: not station.alerts(), "the alert has ended")
    assert ["normal"] == [one["state"] for one in station.alerts("ended")]
    await page.get_by_test_id("quiet-panel").wait_for()


def test_bad_message_is_refused_with_reason_and_counted(station: Station) -> None:
    """One bad reading goes to the dead letters; the rest of its message goes on; the account balances."""
    now_ms = time.time_ns() // 1_000_000
    bad = f'{{"sensor":"{SENSOR}","time":{now_ms},"value":"4.2"}}'
    good = f'{{"sensor":"{SENSOR}","time":{now_ms},"value":0.0}}'
    publish_raw(station, TOPIC, f"[{bad},{good}]".encode())
    publish_raw(station, TOPIC, b"\xff\xfe not utf-8")

    def engine() -> dict[str, int] | None:
        stages = {stage["stage"]: stage for stage in station.get("/api/accounting")["stages"]}
        found = stages.get("engine")
        return found if found and found["in"] == 3 else None

    account = station.until(engine, "the account has all three")
    assert {"not_a_number": 1, "not_utf8": 1} == account["reasons"]["rejected"]
    assert (1, 2, True) == (account["out"], account["rejected"], account["balanced"])


def test_second_start_on_the_same_folder_or_port_says_what_to_do(station: Station, tmp_path: Path) -> None:
    """A taken port is a sentence with a way out, and exit code 1."""
    again = subprocess.run(
        [
            sys.executable,
            "-m",
            "console",
            "up",
            "--data",
            str(tmp_path / "other"),
            "--port",
            str(station.web_port),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert 1 == again.returncode
    assert f"port `{station.web_port}`" in again.stderr
    assert "hint:" in again.stderr
    assert "Traceback" not in again.stderr
