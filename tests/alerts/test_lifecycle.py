"""What an alert's record says after each change: ids, revisions, values, reasons. Transitions are cases."""

from typing import Any

import pytest

from alerts.lifecycle import alert_id
from fenceline.finding import LimitUsed
from fenceline.vocabulary import AlertState, Condition, Level
from tests.alerts.decisions import SECOND, START_NS, Park, alerts, limit

OUTSIDE = LimitUsed(
    name="oxygen", value=19.5, upper=23.5, unit="%VOL", direction="outside", source="GBZ/T 205"
)
BELOW = LimitUsed(name="oxygen_low", value=19.5, unit="%VOL", direction="below", source="GBZ/T 205")


@pytest.mark.parametrize(
    ("onset_ns", "ordinal", "expected"),
    [
        (START_NS, 0, "high.e01-h2s-1.20260101t000000.000z"),
        (START_NS + 1_234_567_890, 0, "high.e01-h2s-1.20260101t000001.234z"),
        (START_NS, 2, "high.e01-h2s-1.20260101t000000.000z.2"),
        (0, 0, "high.e01-h2s-1.19700101t000000.000z"),
    ],
)
def test_an_id_is_made_of_rule_subject_and_onset(onset_ns: int, ordinal: int, expected: str) -> None:
    """Never random: each replay gives the same id."""
    actual = alert_id("high", "e01-h2s-1", onset_ns, ordinal)

    assert expected == actual


def test_a_new_alert_says_where_it_is_and_what_raised_it() -> None:
    """All that a reader needs stands in its first record."""
    park = Park()
    park.tick(3)

    park.true(value=12.0, since_ns=START_NS + SECOND)

    alert = park.alert
    assert ("high.e01-h2s-1.20260101t000001.000z", 1, 1) == (alert.id, alert.revision, alert.level_revision)
    assert ("e01", "enterprise", "unit", "h2s") == (alert.owner, alert.tier, alert.placement, alert.quantity)
    assert (12.0, 12.0, limit(Level.YELLOW)) == (alert.value, alert.peak, alert.limit)
    assert START_NS + SECOND == alert.onset_ns
    assert START_NS + 3 * SECOND == alert.raised_ns == alert.changed_ns
    assert alert.ended_ns is None
    assert alert.acknowledged_by is None


def test_every_change_raises_the_revision_by_one() -> None:
    """And tells its time; the level's revision moves only with a higher level."""
    park = Park()

    park.true()
    park.tick()
    park.unknown()
    park.true()
    park.true(level=Level.ORANGE, value=25.0)
    park.false(level=Level.ORANGE)
    park.true(level=Level.ORANGE, value=25.0)
    park.acknowledge(park.alert.id, 6)
    park.false(level=Level.ORANGE)
    park.false()

    found = [(one.change, one.alert.revision, one.alert.level_revision) for one in alerts(park.ledger)]
    assert [
        ("raised", 1, 1),
        ("unknown", 2, 1),
        ("known", 3, 1),
        ("level_risen", 4, 4),
        ("level_fallen", 5, 4),
        ("level_risen", 6, 6),
        ("acknowledged", 7, 6),
        ("level_fallen", 8, 6),
        ("ended", 9, 6),
    ] == found


def test_an_ended_alert_keeps_the_highest_level_it_had() -> None:
    """Whoever reads it later must see how bad it was, not where it stood at last."""
    park = Park()
    park.true(level=Level.YELLOW, value=12.0)
    park.true(level=Level.RED, value=50.0)
    park.false(level=Level.RED, value=12.0)
    park.acknowledge(park.alert.id, 3)

    (ended,) = alerts(park.false(level=Level.YELLOW, value=1.0))

    assert ("ended", Level.YELLOW, Level.RED, 50.0) == (
        ended.change,
        ended.alert.level,
        ended.alert.highest_level,
        ended.alert.peak,
    )


def test_a_reason_goes_when_it_can_be_told_again() -> None:
    """And stays while another level's news leaves it unknown."""
    park = Park()
    park.true(level=Level.YELLOW)
    park.true(level=Level.RED, value=50.0)
    park.unknown(level=Level.YELLOW)
    park.unknown(level=Level.RED)

    park.false(level=Level.RED, value=12.0)

    assert (Condition.UNKNOWN, Level.YELLOW, "calibration") == (
        park.alert.condition,
        park.alert.level,
        park.alert.reason,
    )

    park.true(level=Level.YELLOW, value=12.0)

    assert (Condition.TRUE, None) == (park.alert.condition, park.alert.reason)


def test_a_lower_level_may_raise_nothing_above_it() -> None:
    """Of several levels the highest that holds counts, whatever their order."""
    park = Park()
    park.true(level=Level.RED, value=50.0)

    quiet = park.true(level=Level.YELLOW, value=50.0)
    park.false(level=Level.YELLOW)

    assert [] == quiet
    assert (Level.RED, Condition.TRUE) == (park.alert.level, park.alert.condition)


def test_levels_go_blind_one_after_the_other_and_that_is_one_change() -> None:
    """An alert is unknown when no level that held can be told any more."""
    park = Park()
    park.true(level=Level.YELLOW)
    park.true(level=Level.RED, value=50.0)

    first = park.unknown(level=Level.YELLOW)
    second = park.unknown(level=Level.RED)

    assert [] == first
    assert ["unknown"] == [one.change for one in alerts(second)]
    assert (Level.RED, AlertState.UNACKNOWLEDGED) == (park.alert.level, park.alert.state)


def test_an_alert_that_was_acknowledged_high_and_fell_is_not_acknowledged_for_more() -> None:
    """Acknowledging a level lower than it once was leaves the higher one to be answered."""
    park = Park()
    park.true(level=Level.YELLOW)
    park.true(level=Level.RED, value=50.0)
    park.false(level=Level.RED, value=12.0)
    park.acknowledge(park.alert.id, park.alert.revision)

    park.true(level=Level.RED, value=50.0)

    assert AlertState.UNACKNOWLEDGED is park.alert.state


def test_withdrawn_says_so() -> None:
    """The rule is gone, so nothing more is known of the condition."""
    park = Park()
    park.true()

    (record,) = alerts(park.withdrawn("e01-h2s-1"))

    alert: Any = record.alert
    assert ("withdrawn", AlertState.NORMAL, Condition.UNKNOWN, "rule_withdrawn", 2) == (
        record.change,
        alert.state,
        alert.condition,
        alert.reason,
        alert.revision,
    )
    assert park.now_ns == alert.ended_ns
    assert [] == park.engine.open
