"""A small park and a seeded journal for the tests of the fold: everything that can happen, in one order."""

import random
from functools import cache
from pathlib import Path

from alerts.routes import Recipient, Route, Routes, Step
from console.inforce import Build, InForceSet
from fenceline.bus import Bus, Record, Topic
from fenceline.journal import Action, Attempt, Batch, Claim, JournalRecord, Receipt, Tick
from fenceline.localname import LocalName
from fenceline.park import example_park
from fenceline.reading import Readings
from fenceline.substance import Substances, load_substances
from fenceline.vocabulary import Level, Quality
from fenceline.wire import encode, kind_of
from rules.config import Timing
from rules.kinds.silence import SilenceRule
from rules.kinds.threshold import ThresholdRule
from rules.rule import LevelRule, LimitValue

PARK = "p"
SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND
WORDS = LocalName(zh="示例", en="example")
CONFIG = Path(__file__).resolve().parents[2] / "config"


@cache
def substances() -> Substances:
    """The site's table, of which these journals need one entry."""
    table = load_substances(CONFIG / "substances.yaml")
    one = tuple(substance for substance in table.substances if substance.id == "h2s")
    return Substances(sources=table.sources, substances=one, quantities=())


def force() -> InForceSet:
    """One sensor, two levels, silence, one step of paging."""
    limits = (
        LevelRule(
            level=Level.BLUE, limit=LimitValue(value=10, unit="mg/m3", source="test"), on_delay_seconds=3
        ),
        LevelRule(level=Level.RED, limit=LimitValue(value=20, unit="mg/m3", source="test")),
    )
    rules = (
        ThresholdRule(name="high", kind="threshold", title=WORDS, levels=limits, off_delay_seconds=2),
        SilenceRule(name="silent", kind="silence", title=WORDS, after_seconds=6),
    )
    routes = Routes(
        recipients={"desk": Recipient(name=WORDS, channels=("log",))},
        routes=(Route(level=(Level.ATTENTION,)), Route(steps=(Step(to=("desk",), wait_seconds=5),))),
    )
    park = example_park(interval_seconds=1, hold_seconds=4)
    build = Build(version="test", fingerprint="test")
    return InForceSet(park, substances(), rules, routes, Timing(delayed_after_seconds=5), build)


def journal(seed: int, seconds: int = 120) -> list[JournalRecord | Batch]:
    """Readings that rise, fall, repeat, contradict, fail and stop; ticks, leaps, people and pagers."""
    rng = random.Random(seed)
    first = force().record({})
    assert first is not None
    records: list[JournalRecord | Batch] = [first, Claim(filter="f", owner="o", term=1)]
    level, now, pages = 0.0, START_NS, 0
    for second in range(seconds):
        now += SECOND * (20 if rng.random() < 0.01 else 1)
        level = max(0.0, level + rng.uniform(-6, 6.5))
        if rng.random() < 0.85:
            records.append(_batch(rng, now, level, second))
        if rng.random() < 0.95:
            records.append(Tick(filter="f", owner="o", term=1, time_ns=now + SECOND // 2))
        alert = f"high.example.{_stamp(now - rng.randint(0, 9) * SECOND)}"
        if rng.random() < 0.1:
            revision = rng.randint(1, 4)
            act = f"a{rng.randint(0, seconds)}"
            records.append(
                Action(action=act, verb="acknowledge", alert=alert, revision=revision, by="tester")
            )
        if rng.random() < 0.2:
            pages += 1
            page = f"{alert}~1.{rng.randint(1, 3)}"
            number = rng.randint(1, 3)
            records.append(Attempt(page=page, number=number, channel="log", nonce=f"n{pages}"))
            if rng.random() < 0.7:
                result = rng.choice(("delivered", "failed"))
                records.append(Receipt(page=page, number=number, result=result))
    return records


def _batch(rng: random.Random, now: int, level: float, second: int) -> Batch:
    quality = rng.choice((Quality.CALIBRATION, Quality.OVER_RANGE)) if rng.random() < 0.05 else Quality.GOOD
    rows = [("example", now, round(level, 2), int(quality), second)]
    if rng.random() < 0.1:
        rows.append(rows[0])
    if rng.random() < 0.1:
        rows.append(("example", now, round(level + rng.uniform(-9, 9), 2), 0, second))
    if rng.random() < 0.1:
        rows.append(("example", now - rng.randint(1, 9) * SECOND, 50.0, 0, second))
    if rng.random() < 0.05:
        rows.append(("stranger", now, 1.0, 0, second))
    rejected = (("key", "not_json"),) if rng.random() < 0.1 else ()
    return Batch("f", "o", 1, now, Readings.from_rows(rows), rejected, 1)


def _stamp(time_ns: int) -> str:
    from alerts.lifecycle import alert_id

    return alert_id("", "", time_ns, 0).removeprefix("..")


async def write(bus: Bus, records: list[JournalRecord | Batch]) -> None:
    """Append a journal."""
    await bus.append(Topic.JOURNAL, PARK, [Record(kind_of(one), encode(one)) for one in records])


async def derived(bus: Bus) -> dict[Topic, list[tuple[str, str, bytes]]]:
    """What a reader that drops what is not above keeps of the derived topics: cause, kind, bytes."""
    kept: dict[Topic, list[tuple[str, str, bytes]]] = {}
    for topic in (Topic.FINDINGS, Topic.ALERTS):
        highest = None
        kept[topic] = []
        for stored in await bus.read(topic, PARK, 0, limit=100_000):
            assert stored.cause is not None
            if highest is None or stored.cause > highest:
                highest = stored.cause
                kept[topic].append((str(stored.cause), stored.kind, stored.payload))
    return kept
