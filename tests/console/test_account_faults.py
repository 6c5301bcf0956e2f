"""Each fault of ingest, journal, engine and store stands in exactly the right column; nothing else moves."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fenceline.bus import Record, Topic
from fenceline.errors import ServiceError
from fenceline.journal import Batch
from fenceline.vocabulary import Quality
from tests.console.account_world import PARK, TOPIC, World, append, reading
from tests.console.worlds import SECOND, START_NS


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    one = World(tmp_path)
    await one.start()
    yield one
    await one.store.close()


Columns = dict[str, dict[str, int]]


def engine_columns(world: World) -> Columns:
    return world.stages()["engine"].reasons


ELSEWHERE = "fenceline/elsewhere/e01/example/readings"
OTHER_DEVICE = "fenceline/example/e01/other/readings"

REFUSED: list[tuple[str, bytes, str]] = [
    ("not_utf8", b"\xff\xfe", TOPIC),
    ("not_json", b"nonsense", TOPIC),
    ("wrong_shape", b'"text"', TOPIC),
    ("wrong_shape", reading(surprise=1), TOPIC),
    ("empty", b"[]", TOPIC),
    ("empty", b"", TOPIC),
    ("oversize", b"[" + b" " * 1000 + b"]", TOPIC),
    ("topic_unknown", reading(), "fenceline/example/readings"),
    ("wrong_park", reading(), ELSEWHERE),
    ("unknown_sensor", reading(sensor="stranger"), TOPIC),
    ("identity_mismatch", reading(), OTHER_DEVICE),
    ("wrong_unit", reading(unit="kelvin"), TOPIC),
    ("not_a_number", reading(value="4.2"), TOPIC),
    ("not_finite", reading(value=float("nan")), TOPIC),
    ("bad_time", reading(time="yesterday"), TOPIC),
    ("time_ahead", reading(3600), TOPIC),
    ("time_too_old", reading(time=1), TOPIC),
    ("bad_quality_word", reading(quality="so-so"), TOPIC),
    ("bad_sequence", reading(sequence=-5), TOPIC),
]


@pytest.mark.parametrize(("reason", "payload", "topic"), REFUSED)
async def test_refused_at_the_door(world: World, reason: str, payload: bytes, topic: str) -> None:
    """A payload that cannot be read is rejected under its reason in ingest and engine, not stored."""
    world.receive(payload, topic)
    world.receive(reading(1))

    await world.run()

    stages = world.stages()
    expected: Columns = {"rejected": {reason: 1}}
    assert expected == stages["ingest"].reasons
    assert {"out": {"current": 1}} | expected == engine_columns(world)
    assert (2, 1, 1) == (stages["ingest"].received, stages["ingest"].out, stages["ingest"].rejected)
    assert (1, 1, 0) == (stages["store"].received, stages["store"].out, stages["store"].rejected)
    assert 2 == world.balance.journal_stage().received
    assert [] == await world.contradictions()


async def test_every_reason_has_a_case() -> None:
    """A new reason needs a line above."""
    from fenceline.reason import Rejected

    assert {reason.value for reason in Rejected} == {reason for reason, _, _ in REFUSED}


# What the fold makes of readings that ingest accepted: (payloads, column, reason).
CLASSIFIED: list[tuple[list[bytes], str, str]] = [
    ([reading(1, sequence=1), reading(1, sequence=1)], "duplicate", "duplicate"),
    ([reading(2), reading(1)], "late", "late"),
    ([reading(-60)], "out", "delayed"),
    ([reading(1, 1.0, sequence=1), reading(1, 5.0, sequence=1)], "out", "conflict"),
    ([reading(300)], "rejected", "time_ahead"),
]


@pytest.mark.parametrize(("payloads", "column", "reason"), CLASSIFIED)
async def test_classified_by_the_fold(world: World, payloads: list[bytes], column: str, reason: str) -> None:
    """Duplicate, late, delayed, conflict, ahead: accepted, stored, and in one column of the engine."""
    for payload in payloads:
        world.receive(payload)

    await world.run()

    stages = world.stages()
    expected: Columns = {"out": {"current": len(payloads) - 1}} if len(payloads) > 1 else {}
    expected[column] = expected.get(column, {}) | {reason: 1}
    assert expected == engine_columns(world)
    assert len(payloads) == stages["ingest"].out == stages["store"].out == stages["engine"].received
    assert [] == await world.contradictions()


async def test_not_in_force(world: World) -> None:
    """A reading of a sensor that the park in force does not know: another ingestor's, or of another time."""
    await append(world, [("stranger", START_NS, 1.0, int(Quality.GOOD), 1)])

    await world.run()

    assert {"rejected": {"not_in_force": 1}} == engine_columns(world)
    assert 1 == world.stages()["store"].out
    assert [] == await world.contradictions()


async def test_a_dead_letter_again_is_a_duplicate(world: World) -> None:
    """The same refused bytes twice: rejected once, then the same message again."""
    for _ in range(2):
        world.receive(b"nonsense")
        await world.run()

    assert {"rejected": {"not_json": 1}, "duplicate": {"dead_letter_again": 1}} == engine_columns(world)
    assert {"rejected": {"not_json": 2}} == world.stages()["ingest"].reasons
    assert [] == await world.contradictions()


async def test_a_quarantined_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readings of a record on which the fold raises are rejected as quarantined, its refusals with them."""
    from rules.engine import RuleEngine

    honest = RuleEngine.batch

    def poisoned(self: RuleEngine, batch: Batch, log_ns: int) -> Any:
        found = honest(self, batch, log_ns)
        if batch.owner == "poison":
            raise ZeroDivisionError("poison")
        return found

    monkeypatch.setattr(RuleEngine, "batch", poisoned)
    rows = [("example", START_NS + number * SECOND, 1.0, int(Quality.GOOD), number) for number in range(3)]
    await append(world, rows, rejected=(("k", "not_json"),), owner="poison")
    world.receive(reading(5))

    await world.run()

    assert {"out": {"current": 1}, "rejected": {"quarantined": 4}} == engine_columns(world)
    assert 4 == world.stages()["store"].out
    assert [] == await world.contradictions()


async def test_a_record_that_does_not_read_back(world: World) -> None:
    """Nobody can count what stands in it: the store says one record, the engine quarantines it."""
    await world.bus.append(Topic.JOURNAL, PARK, [Record("batch", b"no arrow")])
    world.receive(reading(1))

    await world.run()

    stages = world.stages()
    assert (2, 1, 1) == (stages["store"].received, stages["store"].out, stages["store"].rejected)
    assert 1 == stages["engine"].received
    assert [] == await world.contradictions()


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("topic", [Topic.JOURNAL, Topic.DEADLETTER])
async def test_an_append_of_ingest_that_fails(world: World, topic: Topic, nth: int, recorded: bool) -> None:
    """It is in flight till it is durable. One that was recorded unknown to us is a duplicate, never lost."""
    world.bus.fail_next(topic, nth, recorded=recorded)
    for number in range(3):
        world.receive(reading(number, sequence=number))
        world.receive(b"bad" + bytes([65 + number]))
        await world.intake_step(0.5)
    await world.run()

    stages = world.stages()
    assert (3, 3, 0) == (stages["ingest"].out, stages["ingest"].rejected, stages["ingest"].in_flight)
    columns = engine_columns(world)
    assert {"current": 3} == columns["out"]
    assert {"not_json": 3} == columns["rejected"]
    again = columns.get("duplicate", {})
    assert again in ({}, {"duplicate": 1, "dead_letter_again": 1})
    assert 3 + again.get("duplicate", 0) == stages["store"].out
    assert [] == await world.contradictions()


async def test_a_full_journal(world: World) -> None:
    """What was received and cannot be written stays in flight, the state says why; it goes on with room."""
    world.bus.full = True
    world.receive(reading(1))
    world.receive(b"bad")
    working = asyncio.ensure_future(world.core.step())
    await world.clock.advance(10)
    full = world.intake.snapshot(world.clock.monotonic())
    waiting = world.stages()["ingest"]

    world.bus.full = False
    await world.clock.advance(2)
    await working
    await world.run()

    assert ("full", 2) == (full.journal, full.messages_in_flight)
    assert (2, 0, 0, 2) == (waiting.received, waiting.out, waiting.rejected, waiting.in_flight)
    assert {"out": {"current": 1}, "rejected": {"not_json": 1}} == engine_columns(world)
    assert [] == await world.contradictions()


async def test_dropped_at_qos_0(world: World) -> None:
    """What nobody holds back and nobody can take is counted as dropped, message by message."""
    for number in range(14):
        world.receive(reading(number, sequence=number), qos=0)

    await world.run()

    snapshot = world.intake.snapshot(world.clock.monotonic())
    assert (14, 10, 4) == (
        snapshot.messages_received,
        snapshot.messages_journaled,
        snapshot.messages_dropped,
    )
    assert [] == await world.contradictions()


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_a_store_that_fails(world: World, fault: str) -> None:
    """Its readings wait in flight; what was committed unknown to us is counted once."""
    world.receive(reading(1, sequence=1))
    await world.intake_step()
    world.store.failures = (fault,)
    with pytest.raises(ServiceError):
        await world.sink.step()
    waiting = world.stages()["store"]

    await world.sink._start()
    world.receive(reading(2, sequence=2))
    await world.run()

    assert (1, 0, 1) == (waiting.received, waiting.out, waiting.in_flight)
    assert (2, 2, 0) == (
        world.stages()["store"].received,
        world.stages()["store"].out,
        world.stages()["store"].in_flight,
    )
    assert [] == await world.contradictions()


async def test_an_engine_that_is_killed_and_begun_anew(world: World) -> None:
    """A fold from the start counts the same; its output is dropped by its cause: nothing is doubled."""
    for number in range(5):
        world.receive(reading(number, sequence=number))
        await world.run()
    before = world.stages()["engine"]

    world.engine = world.new_engine()
    await world.engine.start()
    world.receive(reading(9, sequence=9))
    await world.run()

    assert 5 == before.received
    assert (6, 6) == (world.stages()["engine"].received, world.stages()["engine"].out)
    assert [] == await world.contradictions()


async def test_the_accounts_were_looked_at_all_the_time(world: World) -> None:
    """The looks between the steps are made; a count of none would prove nothing."""
    before = world.looked
    world.receive(reading(1))
    world.receive(b"bad")

    await world.run()

    assert before + 8 <= world.looked


async def test_a_lost_reading_is_found(world: World) -> None:
    """The comparison itself would notice: a stage that has one less contradicts the journal."""
    world.receive(reading(1))
    await world.run()
    assert [] == await world.contradictions()
    folded = world.view.folded
    assert folded is not None
    account = folded.account.model_copy(update={"received": folded.account.received - 1})

    world.view.folded = folded.model_copy(update={"account": account})
    world.sink.account = replace(world.sink.account, received=2, out=2)

    assert [
        "engine: it has 1 readings fewer than the journal",
        "store: it has 1 readings more than the journal",
    ] == await world.contradictions()
