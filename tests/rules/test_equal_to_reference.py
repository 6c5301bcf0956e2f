"""On any stream the compiled fold equals the plain one, bit for bit, and keeps what its semantics promise."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.config import Timing
from tests.rules.engines import ROOT, SECOND, Engine, exact, sensor
from tests.rules.reference import Reference
from tests.rules.streams import RULES, SENSORS, TIMING, Arrival, Event, Passed, interleaved, split, streams

Records = list[dict[str, Any]]


def fresh(rules: Records = RULES, sensors: Records = SENSORS) -> Engine:
    placed = [
        sensor(one["id"], hold=one["hold"], interval=one["interval"], range=one.get("range", (-1e6, 1e6)))
        for one in sensors
    ]
    timing = Timing(
        delayed_after_seconds=TIMING["delayed"],
        duplicate_seconds=TIMING["duplicate"],
        ahead_seconds=TIMING["ahead"],
    )
    return Engine(placed, rules, timing)


def take(engine: Engine, event: Event) -> Records:
    if isinstance(event, Passed):
        return exact(engine.tick(event.now, event.before))
    return exact(engine.batch(event.rows, event.received, event.letters))


def folded(events: list[Event], rules: Records = RULES, sensors: Records = SENSORS) -> Records:
    engine = fresh(rules, sensors)
    return [record for event in events for record in take(engine, event)]


def by_reference(events: list[Event], rules: Records = RULES, sensors: Records = SENSORS) -> Records:
    reference, log = Reference(sensors, rules, TIMING), 0
    found: Records = []
    for event in events:
        if isinstance(event, Passed):
            found += reference.tick(event.before, event.now)
            log = event.now
        else:
            found += reference.batch(event.rows, event.received, log, event.letters)
    return exact(found)


def per_subject(records: Records) -> dict[str, Records]:
    subjects: dict[str, Records] = defaultdict(list)
    for record in records:
        subjects[record.get("subject", record["kind"])].append(record)
    return subjects


@given(streams())
def test_equal_to_the_reference(events: list[Event]) -> None:
    """Findings, gaps and accounts are those of the plain fold: times, values, reasons and evidence alike."""
    assert by_reference(events) == folded(events)


@given(st.data())
def test_batches_do_not_show(data: st.DataObject) -> None:
    """However readings are cut into batches, the same is found in the same order."""
    events = data.draw(streams())

    assert folded(events) == folded(data.draw(split(events)))


@given(streams(most=25), st.data())
def test_restarts_do_not_show(events: list[Event], data: st.DataObject) -> None:
    """Put down and taken up from bytes at any record, the fold goes on as if it had not been."""
    restarts = data.draw(st.sets(st.integers(0, max(0, len(events) - 1)), max_size=4))
    engine = fresh()
    found: Records = []

    for number, event in enumerate(events):
        found += take(engine, event)
        if number in restarts:
            engine.restart()

    straight = fresh()
    assert [record for event in events for record in take(straight, event)] == found
    assert straight.dump() == engine.dump()


@given(st.data())
def test_interleaving_does_not_show(data: st.DataObject) -> None:
    """In whatever order the sensors come between two ticks, each subject's findings are the same."""
    events = data.draw(streams())

    assert per_subject(folded(events)) == per_subject(folded(data.draw(interleaved(events))))


@given(streams(most=25), st.data())
def test_copies_do_not_show(events: list[Event], data: st.DataObject) -> None:
    """Readings delivered again at once are counted as duplicates and change nothing else.

    A reading whose clock is ahead is refused each time, and what is not in force is not remembered.
    """
    copied: list[Event] = []
    for event in events:
        copied.append(event)
        if isinstance(event, Arrival) and event.rows:
            bound = event.received + round(TIMING["ahead"] * SECOND)
            rows = [row for row in event.rows if row[1] <= bound and row[0] != "z"]
            # Not more than the smallest memory holds.
            copied.append(Arrival(event.received, data.draw(st.permutations(rows[-15:]))))

    once, twice = folded(events), folded(copied)

    assert [r for r in once if r["kind"] != "folded"] == [r for r in twice if r["kind"] != "folded"]
    for before, after in zip(_accounts(once), _accounts(twice), strict=True):
        assert before["account"]["out"] == after["account"]["out"]
        assert before["account"]["late"] == after["account"]["late"]
        assert before["watching"] == after["watching"]


def _accounts(records: Records) -> Records:
    return [record for record in records if record["kind"] == "folded"]


@given(streams())
def test_what_is_missing_proves_nothing(events: list[Event]) -> None:
    """After the last reading only what its hold time covers is decided; from then on nothing but silence."""
    engine = fresh()
    for event in events:
        take(engine, event)
    start = engine.log
    found: Records = []

    for second in range(1, 60):
        found += take(engine, Passed(start + second * SECOND, start + (second - 1) * SECOND))

    holds = {one["id"]: one["hold"] for one in SENSORS}
    for record in found:
        if record["kind"] == "finding" and record["rule"] not in ("quiet", "at-once"):
            latest = start + (holds[record["subject"]] + 1) * SECOND
            assert record["condition"] == "unknown" or record["at_ns"] <= latest
    assert [0] == [record["watching"] for record in _accounts(found)][-1:]


@given(streams())
def test_every_finding_is_a_change_and_one_onset_has_one_since(events: list[Event]) -> None:
    """A condition is never told twice in a row, and a true one keeps its onset until it is false."""
    last: dict[tuple[str, str, str], str] = {}
    onset: dict[tuple[str, str, str], int] = {}

    for record in folded(events):
        if record["kind"] != "finding":
            continue
        rung = (record["rule"], record["level"], record["subject"])
        assert last.get(rung) != record["condition"]
        last[rung] = record["condition"]
        if record["condition"] == "true":
            assert onset.setdefault(rung, record["since_ns"]) == record["since_ns"]
        elif record["condition"] == "false":
            onset.pop(rung, None)


@given(streams())
def test_the_account_balances(events: list[Event]) -> None:
    """Each reading and each dead letter stands in exactly one column, and each column is its reasons' sum."""
    engine = fresh()
    for event in events:
        take(engine, event)
    account = engine.real.account

    assert sum(len(e.rows) + len(e.letters) for e in events if isinstance(e, Arrival)) == account.received
    assert account.balanced
    for column in ("out", "rejected", "late", "duplicate"):
        assert sum(account.reasons.get(column, {}).values()) == getattr(account, column)


@pytest.mark.slow
def test_with_bounds_checks(tmp_path: Path) -> None:
    """The kernels run without bounds checks; compiled with them, they touch nothing outside their arrays."""
    environ = os.environ | {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "HYPOTHESIS_PROFILE": "quick",
    }
    environ.pop("PYTEST_XDIST_WORKER", None)
    chosen = ["equal_to_the_reference", "restarts_do_not_show"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", " or ".join(chosen)]

    done = subprocess.run(
        [*command, str(Path(__file__)), str(Path(__file__).parent / "test_signals_equal.py")],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "4 passed" in done.stdout
