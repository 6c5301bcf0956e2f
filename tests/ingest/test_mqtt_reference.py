"""docs/reference/mqtt.md: every example is run as it stands, and does what is said above it."""

import asyncio
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import SystemClock
from fenceline.park import load_park
from fenceline.reason import Rejected
from fenceline.substance import load_substances
from fenceline.vocabulary import QUALITY_BY_WORD
from fenceline.wire import decode
from ingest.service import Ingestor
from ingest.settings import IngestSettings
from tests.broker import Mosquitto
from tests.ingest.service_bench import ROOT, WAIT_SECONDS
from tests.parts import need

TEXT = (ROOT / "docs" / "reference" / "mqtt.md").read_text("utf-8")
EXAMPLES = re.findall(r"<!-- expect: ([^>]+) -->\n```sh\n(.*?)```", TEXT, re.DOTALL)


def expected(said: str) -> tuple[int, Counter[str]]:
    """`1 reading, not_a_number` as a number of readings and the reasons."""
    readings, reasons = 0, Counter[str]()
    for part in said.split(", "):
        count = re.fullmatch(r"(\d+) readings?", part)
        if count is None:
            reasons[part] += 1
        else:
            readings += int(count[1])
    return readings, reasons


def run(command: str, broker: Mosquitto, folder: Path) -> None:
    """The command in a shell, with the broker's port as mosquitto_pub's default."""
    (folder / "mosquitto_pub").write_text(f"-h {broker.host}\n-p {broker.port}\n", "utf-8")
    path = f"{Path(need('mosquitto_pub')).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"XDG_CONFIG_HOME": str(folder), "PATH": path}
    subprocess.run(["bash", "-euc", command], env=environment, check=True, timeout=30)


async def test_every_example(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Each example gives the readings and reasons that are said above it, in the demonstration park."""
    substances = load_substances(ROOT / "config" / "substances.yaml")
    park = load_park(ROOT / "config" / "parks" / "demo" / "park.yaml", substances)
    bus = MemoryBus()
    ingestor = Ingestor(
        bus=bus,
        park=park,
        substances=substances,
        settings=IngestSettings(port=mosquitto.port),
        clock=SystemClock(),
        owner="reference",
    )
    running = asyncio.ensure_future(ingestor.run())
    async with asyncio.timeout(WAIT_SECONDS):
        # The first mark comes once the broker has answered.
        while not await bus.read(Topic.JOURNAL, park.id, 0, kinds=("batch",)):
            await bus.wait(
                Topic.JOURNAL, park.id, await bus.end(Topic.JOURNAL, park.id), seconds=WAIT_SECONDS
            )

    for said, command in EXAMPLES:
        start = await bus.end(Topic.JOURNAL, park.id)
        await asyncio.to_thread(run, command, mosquitto, tmp_path)
        async with asyncio.timeout(WAIT_SECONDS):
            while not (batch := await next_batch(bus, park.id, start)):
                end = await bus.end(Topic.JOURNAL, park.id)
                await bus.wait(Topic.JOURNAL, park.id, end, seconds=WAIT_SECONDS)
        assert expected(said) == batch, command

    await ingestor.stop()
    await running


async def next_batch(bus: MemoryBus, park: str, start: int) -> tuple[int, Counter[str]] | None:
    """Readings and reasons of the first batch with a message at `start` or later."""
    for stored in await bus.read(Topic.JOURNAL, park, start, kinds=("batch",)):
        batch = decode(stored.kind, stored.payload)
        if batch.messages:
            return len(batch.readings), Counter(reason for _, reason in batch.rejected)
    return None


def test_every_command_is_an_example_that_is_run() -> None:
    """No command stands in the page untested."""
    assert TEXT.count("```sh") == len(EXAMPLES) > 5


def test_every_reason_and_every_quality_word_is_explained() -> None:
    """Each word that a device builder can meet has its line."""
    assert [] == [reason for reason in Rejected if f"| `{reason}` |" not in TEXT]
    assert [] == [word for word in QUALITY_BY_WORD if f"| `{word}` |" not in TEXT]
