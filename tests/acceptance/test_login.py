"""The login at the page: acknowledging under its name, what a viewer is told, and that its end is seen."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.publishing import publish
from tests.acceptance.station import ROOT, SENSOR, Station
from tests.parts import need

if TYPE_CHECKING:
    from playwright.async_api import Page

PASSWORD = "correct horse battery"
MONITOR, VIEWER = "张伟", "赵敏"


def user(station: Station, *words: str) -> None:
    """`fenceline user ...` on the station's accounts."""
    command = [sys.executable, "-m", "console", "user", *words, "--data", str(station.data)]
    subprocess.run(command, cwd=ROOT, input=f"{PASSWORD}\n", text=True, check=True, timeout=60)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """One with two accounts; the test's own questions are the viewer's."""
    need("mosquitto")
    need("page")
    one = Station(tmp_path)
    one.data.mkdir()  # it never ran: `fenceline user` makes no folder itself, lest one misspelt be made
    user(one, "add", MONITOR, "--role", "monitor", "--password-stdin")
    user(one, "add", VIEWER, "--role", "viewer", "--password-stdin")
    one.start()
    one.http.headers["X-Fenceline"] = "active"
    one.http.post("/api/login", json={"name": VIEWER, "password": PASSWORD}).raise_for_status()
    yield one
    one.close()


def raise_alert(station: Station) -> dict[str, Any]:
    """The only alert."""
    now_ms = time.time_ns() // 1_000_000
    for number, (seconds, value) in enumerate(((-6, 0.1), (-5, 2.4), (-3, 2.5), (-1, 2.6))):
        publish(station, SENSOR, now_ms + seconds * 1000, value, "mg/m3", number)
    alert: dict[str, Any] = station.until(station.alerts, "the alert is in the ledger")[0]
    return alert


async def log_in(page: "Page", name: str, password: str = PASSWORD) -> None:
    await page.get_by_test_id("login-name").fill(name)
    await page.get_by_test_id("login-password").fill(password)
    await page.get_by_test_id("login-submit").click()


async def test_logging_in_acknowledging_and_being_logged_out(
    station: Station, chromium_page_async: "Page"
) -> None:
    """Nothing is shown before it, the ledger has its name, and its end leaves a blind page."""
    page = chromium_page_async
    await station.until_async(lambda: raise_alert(station), "an alert")

    await page.goto(station.address)
    dialog = page.get_by_test_id("login-dialog")
    await dialog.wait_for()
    await page.get_by_test_id("blind-banner").wait_for()
    assert 0 == await page.get_by_test_id("alert-row").count()

    await log_in(page, MONITOR, "not this one at all")
    await page.get_by_text("姓名或密码不对").wait_for()
    await log_in(page, MONITOR)

    await page.get_by_test_id("alert-row").wait_for()
    await page.get_by_test_id("blind-banner").wait_for(state="detached")
    assert MONITOR == await page.get_by_test_id("person-name").inner_text()
    assert "监测员" == await page.get_by_test_id("person-role").inner_text()

    await page.get_by_test_id("acknowledge-button").first.click()
    assert f"以 {MONITOR} 的名义确认" == await page.get_by_test_id("acknowledge-as").inner_text()
    assert 0 == await page.get_by_test_id("acknowledge-name").count()
    await page.get_by_test_id("acknowledge-submit").click()

    await station.until_async(
        lambda: station.alerts()[0]["state"] == "acknowledged", "the acknowledgement stands"
    )
    assert MONITOR == station.alerts()[0]["acknowledged_by"]
    await page.get_by_test_id("acknowledge-close").click()

    user(station, "role", MONITOR, "viewer")

    await dialog.wait_for()
    await page.get_by_test_id("login-ended").wait_for()
    banner = page.get_by_test_id("blind-banner")
    await banner.wait_for()
    assert "logged_out" == await banner.get_attribute("data-cause")
    assert "true" == await page.get_by_test_id("main").get_attribute("data-stale")

    await log_in(page, MONITOR)
    await dialog.wait_for(state="detached")
    await banner.wait_for(state="detached")
    await page.get_by_text("查看者").wait_for()

    await page.get_by_test_id("logout").click()
    await dialog.wait_for()
    assert 0 == await page.get_by_test_id("alert-row").count()
    assert 0 == await page.get_by_test_id("login-ended").count()


async def test_a_viewer_is_told_why_not(station: Station, chromium_page_async: "Page") -> None:
    """What may not be done is not offered, and the page says who does it, in both languages."""
    page = chromium_page_async
    await station.until_async(lambda: raise_alert(station), "an alert")
    await page.goto(station.address)
    await log_in(page, VIEWER)

    await page.get_by_test_id("acknowledge-not-offered").wait_for()

    assert 0 == await page.get_by_test_id("acknowledge-button").count()
    assert "监测员" in await page.get_by_test_id("acknowledge-not-offered").inner_text()
    await page.get_by_test_id("language-switch").click()
    assert "monitor" in await page.get_by_test_id("acknowledge-not-offered").inner_text()
