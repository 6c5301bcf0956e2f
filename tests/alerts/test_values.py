"""The value and the peak of an alert: which readings they come from, and with which times."""

from typing import Any

import pytest

from fenceline.finding import LimitUsed
from fenceline.vocabulary import Level
from tests.alerts.decisions import SECOND, Park, alerts, limit

OUTSIDE = LimitUsed(
    name="oxygen", value=19.5, upper=23.5, unit="%VOL", direction="outside", source="GBZ/T 205"
)
BELOW = LimitUsed(name="oxygen_low", value=19.5, unit="%VOL", direction="below", source="GBZ/T 205")


def _values(park: Park) -> tuple[Any, ...]:
    alert = park.alert
    return alert.value, alert.value_ns, alert.peak, alert.peak_ns


def test_a_value_that_proves_nothing_is_neither_value_nor_peak() -> None:
    """Calibration gas at a detector in alarm is not what the page should speak of."""
    park = Park()
    park.true(value=12.0)

    park.unknown(value=500.0)

    assert (12.0, 12.0, "calibration") == (park.alert.value, park.alert.peak, park.alert.reason)


def test_what_has_no_value_leaves_the_newest_with_its_own_time() -> None:
    """Silence tells no value: the last one stands, and everybody sees how old it is."""
    park = Park()
    park.true(value=12.0)
    told_ns = park.now_ns
    park.tick(4)

    park.unknown(value=None)
    park.tick(4)
    park.false(value=None)

    assert (12.0, told_ns, 12.0, told_ns) == _values(park)


def test_a_finding_that_changes_nothing_brings_its_value() -> None:
    """A lower level's finding is newer news of the same signal; the alert's next record tells it."""
    park = Park()
    park.true(level=Level.RED, value=50.0)
    raised_ns = park.now_ns
    park.tick(4)

    assert [] == park.true(level=Level.YELLOW, value=45.0)

    assert (45.0, park.now_ns, 50.0, raised_ns) == _values(park)
    assert [45.0] == [one.alert.value for one in alerts(park.acknowledge(park.alert.id, 1))]


def test_the_peak_is_the_worst_value_that_the_rules_saw() -> None:
    """Also between two changes: the finding that ends a condition carries its extreme."""
    park = Park()
    park.true(value=12.0)
    worst_ns = park.now_ns + SECOND
    park.tick(4)
    park.acknowledge(park.alert.id, 1)

    (ended,) = alerts(park.false(value=1.0, evidence={"extreme": 88.0, "extreme_at_ns": worst_ns}))

    assert ("ended", 1.0, 88.0, worst_ns) == (
        ended.change,
        ended.alert.value,
        ended.alert.peak,
        ended.alert.peak_ns,
    )


def test_an_extreme_raises_the_peak_and_nothing_else() -> None:
    """No record, no revision: an acknowledgement stands as it would without it."""
    park = Park()
    park.true(value=12.0)
    before, worst_ns = park.alert, park.now_ns + SECOND

    assert [] == park.extreme(60.0, worst_ns)
    assert [] == park.extreme(40.0, worst_ns + SECOND)

    assert before.model_copy(update={"peak": 60.0, "peak_ns": worst_ns}) == park.alert
    assert park.alert == park.restarted().alert


def test_an_extreme_of_what_is_over_is_passed_by() -> None:
    """Of a level that no longer holds, and where there is no alert."""
    park = Park()
    assert [] == park.extreme(60.0, park.now_ns)
    park.true(value=12.0)
    park.false(value=1.0)

    park.extreme(60.0, park.now_ns)

    assert 12.0 == park.alert.peak


@pytest.mark.parametrize(
    ("used", "values", "peak"),
    [
        (limit(Level.YELLOW), [12.0, 30.0, 15.0], 30.0),
        (BELOW, [19.0, 15.0, 18.0], 15.0),
        (OUTSIDE, [19.0, 24.0, 23.6], 19.0),  # 0.5 below, 0.5 above: the first of equals stays
        (OUTSIDE, [19.0, 25.0, 18.5], 25.0),
        (BELOW, [0.0, 15.0, 18.0], 0.0),
    ],
)
def test_the_peak_is_the_value_furthest_beyond_the_limit(
    used: LimitUsed, values: list[float], peak: float
) -> None:
    """Below a limit that is the smallest, outside an interval the furthest from it; zero is a value."""
    park = Park()

    for level, value in zip((Level.BLUE, Level.YELLOW, Level.RED), values, strict=True):
        park.true(level=level, value=value, limit=used)

    assert peak == park.alert.peak


def test_zero_is_a_value_and_none_is_not() -> None:
    """Oxygen at nothing is shown as zero; what a tick decided leaves the value as it was."""
    park = Park()
    park.true(value=0.0, limit=BELOW)

    assert (0.0, 0.0) == (park.alert.value, park.alert.peak)

    park.true(level=Level.RED, value=None, limit=BELOW)

    assert (0.0, 0.0, 2) == (park.alert.value, park.alert.peak, park.alert.revision)


def test_no_value_stays_missing() -> None:
    """An alert that the end of a delay decided has no value, and what it returned with is no peak."""
    park = Park()
    park.true(value=None)

    assert (None, None) == (park.alert.value, park.alert.peak)

    park.false(value=0.0)

    assert (0.0, None) == (park.alert.value, park.alert.peak)
