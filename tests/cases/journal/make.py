"""Writes a golden journal: a small park's data folder in which every kind of record stands, seeded.

`python tests/cases/journal/make.py FOLDER` makes one, as this release writes it. A folder beside this file is
what a release left: once that is out it is never written again, and every later release must read it. Where
a release decides or words something otherwise on purpose, it adds a folder of its own.
"""

import asyncio
import hashlib
import json
import sqlite3
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from console.roles.engine import EngineWorker  # noqa: E402 - run as a script, from wherever
from console.roles.snapshots import EngineSettings  # noqa: E402
from fenceline.bus import Record, Topic  # noqa: E402
from fenceline.bus.embedded import EmbeddedBus  # noqa: E402
from fenceline.bus.logfile import LOG_NAME  # noqa: E402
from fenceline.bus.snapshotfile import STATE_NAME  # noqa: E402
from fenceline.clock import ManualClock  # noqa: E402
from fenceline.journal import (  # noqa: E402
    Attempt,
    Batch,
    Claim,
    DeadLetter,
    JournalRecord,
    Receipt,
    Said,
    Tick,
    TimeSet,
)
from fenceline.reading import Readings  # noqa: E402
from fenceline.vocabulary import Condition  # noqa: E402
from fenceline.wire import encode, kind_of  # noqa: E402
from tests.console.worlds import PARK, SECOND, START_NS, journal  # noqa: E402

SEED, SECONDS = 212, 24
PAGED = "high.example.20260101t000005.000z~1.1"  # in the journal that this seed gives


def records() -> list[JournalRecord | Batch | Record]:
    """Readings and people as the tests' park has them, then what happens seldom, in one order."""
    end = START_NS + 10_000 * SECOND
    later = [Tick(filter="f", owner="p", term=2, time_ns=end + second * SECOND) for second in (0, 1, 2, 20)]
    batch = Batch(
        "f", "p", 2, end, Readings.from_rows([("example", end, 21.5, 0, -1)]), (), 1, {"note": "空"}
    )
    # A page reaches somebody who does not answer: its call goes on to the next step.
    delivered = [
        Attempt(page=PAGED, number=1, channel="log", nonce="last"),
        Receipt(page=PAGED, number=1, result="delivered"),
    ]
    waited = [Tick(filter="f", owner="p", term=2, time_ns=end + second * SECOND) for second in range(22, 30)]
    # Of a format that no release writes: quarantined in words of our own, not of a library's release.
    poison = Record("batch", encode(batch).replace(b'"format":1', b'"format":0'))
    return [
        *journal(SEED, SECONDS),
        Said(
            role="station",
            owner="o",
            condition="broker-lost",
            holds=Condition.TRUE,
            since_ns=end,
            detail="the broker at `127.0.0.1:1883` does not answer",
            evidence={"tries": 3},
        ),
        poison,
        TimeSet(action="t", by="tester", time_ns=end),
        Claim(filter="f", owner="p", term=2),
        batch,
        *later,
        Said(
            role="station", owner="p", condition="broker-lost", holds=Condition.FALSE, since_ns=end + SECOND
        ),
        Tick(filter="f", owner="p", term=2, time_ns=end + 21 * SECOND),
        *delivered,
        *waited,
    ]


def dead_letters() -> list[DeadLetter]:
    """One of text, one that is none."""
    plain = DeadLetter(
        key="a" * 64,
        reason="not_json",
        detail="no JSON",
        topic="fenceline/p/e/d/readings",
        received_ns=START_NS,
        length=12,
        sha256="b" * 64,
        encoding="text",
        raw="浓度 not json",
    )
    return [
        plain,
        plain.model_copy(update={"key": "c" * 64, "encoding": "base64", "raw": "/w==", "length": 1}),
    ]


async def make(folder: Path) -> None:
    """The data folder, closed well, and `expected.json` beside it."""
    bus = EmbeddedBus(folder / "journal", clock=ManualClock())
    written = [one if isinstance(one, Record) else Record(kind_of(one), encode(one)) for one in records()]
    await bus.append(
        Topic.DEADLETTER, PARK, [Record(one.kind, encode(one), one.key) for one in dead_letters()]
    )
    settings = EngineSettings(read_limit=10, snapshot_records=40, findings_days=None)
    worker = EngineWorker(
        bus=bus, park=PARK, clock=ManualClock(), force=None, settings=settings, needed=lambda: (0,)
    )
    await bus.append(Topic.JOURNAL, PARK, written)
    await worker.start()
    expected = {topic.value: await digest_of(bus, topic) for topic in Topic if topic is not Topic.STATE}
    await bus.close()
    for name in (LOG_NAME, STATE_NAME):  # no page but those that are needed
        connection = sqlite3.connect(folder / "journal" / PARK / name)
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    (folder / "journal" / "lock").unlink()
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


async def digest_of(bus: EmbeddedBus, topic: Topic) -> dict[str, int | str]:
    """How many records stand in a topic, and the hash of their causes and bytes in order."""
    digest = hashlib.blake2b(digest_size=16)
    found = await bus.read(topic, PARK, 0, limit=100_000)
    for one in found:
        for part in (str(one.offset), one.kind, one.key, str(one.cause), one.payload):
            content = part if isinstance(part, bytes) else part.encode()
            digest.update(len(content).to_bytes(8, "big") + content)
    return {"records": len(found), "hash": digest.hexdigest()}


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
