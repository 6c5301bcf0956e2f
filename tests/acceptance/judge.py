"""Judges a station's data folder from outside: what the journal holds, and what a fresh fold of it gives."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from console.fold import ParkFold
from fenceline.bus import Bus, Stored, Topic
from fenceline.bus.readonly import ReadOnlyBus
from fenceline.journal import Batch
from fenceline.wire import decode, encode, kind_of
from tests.acceptance.station import PARK

EVERYTHING = 10_000_000

Derived = list[tuple[str, bytes]]


@dataclass(slots=True)
class Verdict:
    """What was found."""

    readings: Counter[tuple[str, int]] = field(default_factory=Counter)  # (sensor, sequence) in the journal
    raised: Counter[str] = field(default_factory=Counter)  # alert id → how often it was raised
    pages_due: set[str] = field(default_factory=set)
    written: dict[Topic, Derived] = field(default_factory=dict)  # as a reader that drops by cause keeps them
    folded: dict[Topic, Derived] = field(default_factory=dict)  # as the journal gives them now


async def judge(data: Path) -> Verdict:
    """Read a folder whose station has stopped."""
    bus = ReadOnlyBus(data / "journal")
    try:
        return await judge_bus(bus)
    finally:
        await bus.close()


async def all_of(bus: Bus | ReadOnlyBus, topic: Topic) -> list[Stored]:
    """A topic from its first record to its last."""
    found: list[Stored] = []
    while part := await bus.read(topic, PARK, found[-1].offset + 1 if found else 0, limit=EVERYTHING):
        found += part
    return found


async def judge_bus(bus: Bus | ReadOnlyBus, journal: Sequence[Stored] = ()) -> Verdict:
    """Read a bus that nobody writes to any more.

    Args:
        journal: from its first record, as a witness saw it; without, the bus still has it whole.
    """
    verdict = Verdict()
    if not journal:
        assert await bus.head(Topic.JOURNAL, PARK) == 0, "the journal's head was cut: give what a witness saw"
        journal = await all_of(bus, Topic.JOURNAL)
    for topic in (Topic.FINDINGS, Topic.ALERTS):
        highest = None
        kept: Derived = []
        for stored in await all_of(bus, topic):
            assert stored.cause is not None
            if highest is None or stored.cause > highest:
                highest = stored.cause
                kept.append((stored.kind, stored.payload))
        verdict.written[topic] = kept
    fold = ParkFold()
    findings: Derived = []
    ledger: Derived = []
    for stored in journal:
        record = decode(stored.kind, stored.payload)
        if isinstance(record, Batch):
            names, rows = record.readings.sensors, record.readings
            for code, sequence in zip(rows.code.tolist(), rows.sequence.tolist(), strict=True):
                verdict.readings[names[code], sequence] += 1
        output = fold.apply(stored)
        findings += [(kind_of(one), encode(one)) for one in output.findings]
        ledger += [(kind_of(one), encode(one)) for one in output.ledger]
    verdict.folded = {Topic.FINDINGS: findings, Topic.ALERTS: ledger}
    for kind, payload in verdict.written[Topic.ALERTS]:
        change = decode(kind, payload)
        if kind == "alert" and change.change == "raised":
            verdict.raised[change.alert.id] += 1
        if kind == "page" and change.change == "due":
            verdict.pages_due.add(change.page.id)
    return verdict
