"""What all tests share: the real broker, the real browser, hypothesis, and the markers that the suites go by.

Each skipped test is written down (one JSON object a line, into the file that FENCELINE_SKIPS names), so that
what was not tested can be said aloud at the end.
"""

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from deploy.services.servers import Kafka
from tests.broker import Mosquitto
from tests.parts import PARTS, in_ci, need

if TYPE_CHECKING:
    from playwright.async_api import Page as AsyncPage
    from playwright.sync_api import Page

TESTS = Path(__file__).resolve().parent
BROWSER_FIXTURES = {"chromium_page", "chromium_page_async", "chromium_program"}

# No deadline: a busy machine is not wrong. The same examples each time in CI.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "quick", deadline=None, max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if in_ci() else "default"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test by where it stands and by what it takes, so that no test can land in no suite."""
    for item in items:
        if not item.path.is_relative_to(TESTS):
            continue
        folder = item.path.relative_to(TESTS).parts[0]
        fixtures = set(getattr(item, "fixturenames", ()))
        if folder == "acceptance":
            item.add_marker("acceptance")
        if folder == "browser" or fixtures & BROWSER_FIXTURES:
            item.add_marker("browser")
        if folder == "contract" or "contract" in item.path.stem:
            item.add_marker("contract")
        if "mosquitto" in fixtures:
            item.add_marker("broker")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Writes down what was skipped and why."""
    target = os.environ.get("FENCELINE_SKIPS")
    # With several workers each report passes twice: in the worker, and in the process that collects them.
    seen_elsewhere = "PYTEST_XDIST_WORKER" in os.environ
    if target is None or seen_elsewhere or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    with Path(target).open("a", encoding="utf-8") as skips:
        skips.write(json.dumps({"test": report.nodeid, "reason": reason.removeprefix("Skipped: ")}) + "\n")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running Mosquitto with a folder and a port of its own; gone after the test."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(need("mosquitto"), folder, publish_program=PARTS["mosquitto_pub"].path())
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A running Kafka for the tests of one process, that leave it running; each takes topics of its own."""
    server = Kafka(Path(need("kafka")), tmp_path_factory.mktemp("kafka"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def chromium_program() -> str:
    """The path of a Chromium, for tests that start it themselves."""
    return need("chromium")


@pytest.fixture
def chromium_page(chromium_program: str) -> "Iterator[Page]":
    """An empty page in a real Chromium, for plain tests; an uncaught error inside the page fails the test."""
    from tests.browser import open_page

    with open_page(chromium_program) as page:
        yield page


@pytest.fixture
async def chromium_page_async(chromium_program: str) -> "AsyncIterator[AsyncPage]":
    """The same for tests that are coroutines."""
    from tests.browser import open_page_async

    async with open_page_async(chromium_program) as page:
        yield page
