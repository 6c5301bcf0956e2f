"""The worst value of an alarm: in each finding's evidence, and told in between without flooding."""

from typing import Any

import pytest

from tests.rules.engines import SECOND, START, Engine, sensor

ABOVE = {
    "name": "high",
    "kind": "threshold",
    "levels": [{"level": "red", "limit": {"value": 10}, "on_delay_seconds": 2}],
    "off_delay_seconds": 2,
}


def play(rule: dict[str, Any], values: list[float]) -> list[dict[str, Any]]:
    """One reading a second and a tick after it; all but the account."""
    engine = Engine([sensor("s")], [rule])
    found: list[dict[str, Any]] = []
    for second, value in enumerate(values):
        found += engine.batch([("s", START + second * SECOND, value, 0, -1)], START + second * SECOND)
        found += engine.tick(START + (second + 1) * SECOND)
    return [one for one in found if one["kind"] != "folded"]


def extremes(found: list[dict[str, Any]]) -> list[tuple[float, float, float]]:
    """When each was told, the value, and when that was measured."""
    return [
        ((one["at_ns"] - START) / SECOND, one["extreme"], (one["extreme_at_ns"] - START) / SECOND)
        for one in found
        if one["kind"] == "extreme"
    ]


def in_evidence(found: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    return [
        (
            one["condition"],
            one["evidence"].get("extreme"),
            (one["evidence"]["extreme_at_ns"] - START) / SECOND,
        )
        for one in found
        if one["kind"] == "finding" and "extreme" in one["evidence"]
    ]


def test_a_finding_names_the_worst_since_its_onset() -> None:
    """Also what came while the on-delay ran, and at the end what came in between."""
    found = play(ABOVE, [0, 15, 12, 11, 18, 11, 0, 0, 0])

    assert [("true", 15, 1), ("false", 18, 4)] == in_evidence(found)


def test_what_was_before_the_onset_does_not_count() -> None:
    """A spike that became no alarm is not the peak of the next one."""
    found = play(ABOVE, [0, 90, 0, 11, 12, 13, 0, 0, 0])

    assert [("true", 13, 5), ("false", 13, 5)] == in_evidence(found)


def test_news_comes_each_ten_seconds_at_most() -> None:
    """A value that rises each second is told when it began, then in steps of ten seconds, with its time."""
    found = play(ABOVE, [0, *range(11, 40)])

    assert [(14, 23, 13), (24, 33, 23)] == extremes(found)


def test_no_news_without_a_worse_value() -> None:
    """An alarm that stands or falls back tells nothing more."""
    found = play(ABOVE, [0, 20, *[15] * 30])

    assert [] == extremes(found)


@pytest.mark.parametrize(
    ("direction", "limit", "values", "worst"),
    [
        ("below", {"value": 5}, [9, 4, 2, 3, 9], (2, 2)),
        ("outside", {"lower": 5, "upper": 8}, [6, 9, 3.5, 9, 6], (3.5, 2)),
    ],
)
def test_the_worst_is_furthest_beyond(
    direction: str, limit: dict[str, float], values: list[float], worst: tuple[float, float]
) -> None:
    """The lowest for `below`; for `outside` the one furthest beyond either end."""
    rule = {
        "name": "r",
        "kind": "threshold",
        "direction": direction,
        "levels": [{"level": "red", "limit": limit}],
    }

    found = play(rule, values)

    assert ("false", *worst) == in_evidence(found)[-1]


def test_an_instrument_tells_none() -> None:
    """How long a value has stood still grows by itself, and is no news."""
    found = play({"name": "r", "kind": "stuck", "after_seconds": 3}, [7] * 40)

    assert [] == extremes(found)
    assert ["true"] == [one["condition"] for one in found if one["condition"] == "true"]
