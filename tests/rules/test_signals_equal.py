"""Each kind's signal equals the plain one on any stream, bit for bit; batches and restarts do not show."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.engines import SECOND, START
from tests.rules.signal_rules import SIGNAL_SENSORS, SIGNALS
from tests.rules.streams import Arrival, Event, Passed, interleaved, split, streams
from tests.rules.test_equal_to_reference import by_reference, folded, fresh, per_subject, take

NAMES = [rule["name"] for rule in SIGNALS]


def found(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] in ("finding", "extreme")]


@given(streams(most=25))
def test_equal_to_the_reference(events: list[Event]) -> None:
    """All kinds on one sensor at once: values, times, reasons, evidence."""
    expected = by_reference(events, SIGNALS, SIGNAL_SENSORS)

    assert expected == folded(events, SIGNALS, SIGNAL_SENSORS)


@given(st.data())
def test_batches_do_not_show(data: st.DataObject) -> None:
    """However readings are cut into batches."""
    events = data.draw(streams(most=15))

    assert folded(events, SIGNALS, SIGNAL_SENSORS) == folded(
        data.draw(split(events)), SIGNALS, SIGNAL_SENSORS
    )


@given(streams(most=15), st.data())
def test_restarts_do_not_show(events: list[Event], data: st.DataObject) -> None:
    """Windows, baselines and what is kept aside go through bytes and back."""
    restarts = data.draw(st.sets(st.integers(0, max(0, len(events) - 1)), max_size=4))
    engine, straight = fresh(SIGNALS, SIGNAL_SENSORS), fresh(SIGNALS, SIGNAL_SENSORS)

    for number, event in enumerate(events):
        assert take(straight, event) == take(engine, event)
        if number in restarts:
            engine.restart()

    assert straight.dump() == engine.dump()


@given(st.data())
def test_interleaving_does_not_show(data: st.DataObject) -> None:
    """In whatever order the sensors come between two ticks."""
    events = data.draw(streams(most=15))

    straight = per_subject(folded(events, SIGNALS, SIGNAL_SENSORS))
    assert straight == per_subject(folded(data.draw(interleaved(events)), SIGNALS, SIGNAL_SENSORS))


@given(streams(most=12), st.data())
def test_a_rule_beside_it_does_not_show(events: list[Event], data: st.DataObject) -> None:
    """Rules come and go; those that stay find what they would have found alone, but for a sum's last digits.

    What decides is compared, not the numbers: the history that rules share is as long as the longest needs,
    and sums are made anew when it comes round.
    """
    stays = ("fast", "stuck", "unusual-weighted", "drift")
    kept = [rule for rule in SIGNALS if rule["name"] in stays]
    engine, alone = fresh(kept, SIGNAL_SENSORS), fresh(kept, SIGNAL_SENSORS)

    for number, event in enumerate(events):
        if number % 3 == 0:
            more = [rule for rule in SIGNALS if rule["name"] in stays or data.draw(st.booleans())]
            engine.change(engine.sensors, more)
        mine = [one for one in found(take(engine, event)) if one["rule"] in stays]
        assert found(take(alone, event)) == mine


@pytest.mark.parametrize("name", NAMES)
def test_each_is_met(name: str) -> None:
    """The streams are not beside the point: a plain one makes each rule tell something."""
    events: list[Event] = []
    for second in range(1500):
        now = START + second * SECOND
        value = 5.0 + second % 3 + (40.0 if 1390 < second < 1430 else 0.0)
        value = 3.0 if second > 1490 else value - 60 if 1450 < second < 1460 else value
        events += [Arrival(now, [("a", now, value, 0, -1)]), Passed(now + SECOND, now if second else 0)]

    told = [one for one in found(folded(events, SIGNALS, SIGNAL_SENSORS)) if one["rule"] == name]

    assert told
