"""Rules, sensors and limits become tables: which sensors, which limits in which unit, and what cannot be."""

from typing import Any

import pytest

from fenceline.errors import ConfigError
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Placement
from rules import memory
from rules.compile import Tables, compile_tables, version_of
from tests.rules.engines import SECOND, rules_of, sensor, substances


def tables(sensors: list[PlacedSensor], *rules: dict[str, Any]) -> Tables:
    return compile_tables(sensors, substances(), rules_of(rules), duplicate_seconds=900)


def rung(made: Tables) -> dict[str, float]:
    """What the kernel compares with, of the first rung of the first sensor."""
    arena = made.arena
    at = int(arena.integers[arena.rule_places(0)[0] + memory.RUNGS_AT])
    reals = {"lower": memory.LOWER, "upper": memory.UPPER, "deadband": memory.DEADBAND}
    return {name: float(arena.floats[at + word]) for name, word in reals.items()} | {
        "on_delay": int(arena.integers[at + memory.ON_DELAY])
    }


def above(limit: Any, **changes: Any) -> dict[str, Any]:
    return {"name": "r", "kind": "threshold", "levels": [{"level": "blue", "limit": limit}], **changes}


@pytest.mark.parametrize(
    ("quantity", "limit", "unit", "expected"),
    [
        # domain table of limits: mg/m3 of alarm 1 and the mg/m3 per ppm at 25 °C beside it, to four digits.
        ("h2s", "alarm_1", "mg/m3", 10),
        ("h2s", "alarm_1", "ppm", 10 / 1.394),
        ("h2s", "alarm_2", "ppb", 20_000 / 1.394),
        ("nh3", "alarm_1", "ppm", 20 / 0.697),
        ("cl2", "alarm_2", "ppm", 2 / 2.900),
        ("so2", "ep_1", "ppm", 79 / 2.620),
        ("co", "alarm_1", "ppm", 20 / 1.146),
        ("benzene", "gb16297_fence", "ug/m3", 400),
        # AEGL values are given in ppm: H2S AEGL-2, 60 min, 27 ppm.
        ("h2s", "aegl_2_60min", "mg/m3", 27 * 1.394),
        ("lel", "alarm_1", "%LEL", 25),
    ],
)
def test_a_limit_in_the_sensors_unit(quantity: str, limit: str, unit: str, expected: float) -> None:
    """A limit by name stands in the unit in which the sensor measures, in table and evidence alike."""
    made = tables([sensor("s", quantity=quantity, unit=unit)], above(limit, deadband={"fraction": 0.1}))

    used = made.infos[0].limit
    assert used is not None
    assert pytest.approx(expected, rel=8e-4) == used.value
    assert (limit, unit, "above") == (used.name, unit, used.direction)
    assert used.value == rung(made)["lower"]
    assert pytest.approx(expected / 10, rel=8e-4) == rung(made)["deadband"]


@pytest.mark.parametrize(
    ("unit", "deadband", "lower", "width"),
    [
        ("°C", {"fraction": 0.1}, 30, 3),
        ("K", {"fraction": 0.1}, 303.15, 3),
        ("°C", {"value": 2}, 30, 2),
        ("K", {"value": 2}, 303.15, 2),
        ("K", {"value": 0}, 303.15, 0),
    ],
)
def test_the_deadband_of_a_scale_with_another_zero(
    unit: str, deadband: dict[str, float], lower: float, width: float
) -> None:
    """A deadband is a difference: of 30 °C a tenth is three degrees, in kelvin too."""
    hot = above({"value": 30, "unit": "°C"}, deadband=deadband)

    made = tables([sensor("s", quantity="air_temperature", unit=unit)], hot)

    assert pytest.approx(lower, abs=1e-12) == rung(made)["lower"]
    assert width == rung(made)["deadband"]


def test_the_deadband_of_a_negative_limit() -> None:
    """A fraction of a negative limit is a width, too."""
    cold = above({"value": -10, "unit": "°C"}, direction="below", deadband={"fraction": 0.2})

    made = tables([sensor("s", quantity="air_temperature", unit="K")], cold)

    assert 2 == rung(made)["deadband"]


def test_both_ends_of_an_interval_are_converted() -> None:
    """`outside` compares with both ends in the sensor's unit."""
    given = above({"lower": 19.5, "upper": 23.5, "unit": "%VOL"}, direction="outside")

    made = tables([sensor("s", quantity="oxygen", unit="ppm")], given)

    assert pytest.approx([195_000, 235_000]) == [rung(made)["lower"], rung(made)["upper"]]
    assert made.infos[0].limit is not None
    assert pytest.approx(235_000) == made.infos[0].limit.upper


def test_a_limit_that_the_substance_does_not_have() -> None:
    """The error names rule, level and sensor, and what the sensor measures."""
    with pytest.raises(ConfigError) as refused:
        tables([sensor("e01-a", quantity="trimethylamine")], above("alarm_1"))

    said = "rule `r`, level `blue`: sensor `e01-a` measures `trimethylamine`, which has no limit `alarm_1`"
    assert said == refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("changes", "limit", "said"),
    [
        ({"unit": "m/s", "quantity": "wind_speed"}, {"value": 1, "unit": "ppm"}, "`ppm` (volume fraction)"),
        ({"unit": "mg/m3", "quantity": "nmhc"}, {"value": 1, "unit": "ppm"}, "without a molar mass"),
        ({}, {"value": 1, "unit": "parts"}, "the unit `parts` is not known"),
        ({"unit": "%LEL"}, "alarm_1", "cannot be converted"),
    ],
)
def test_a_limit_that_does_not_convert(changes: dict[str, Any], limit: Any, said: str) -> None:
    """The error names rule, level and sensor, and both units."""
    with pytest.raises(ConfigError) as refused:
        tables([sensor("e01-a", **changes)], above(limit))

    assert refused.value.message.startswith("rule `r`, level `blue`, sensor `e01-a`: ")
    assert said in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("watches", "watched"),
    [
        ({}, ["a", "b", "c"]),
        ({"quantity": ["h2s"]}, ["a", "b"]),
        ({"quantity": ["h2s", "cl2"]}, ["a", "b", "c"]),
        ({"placement": ["fence"]}, ["b"]),
        ({"owner": ["park"]}, ["c"]),
        ({"sensor": ["a", "c"]}, ["a", "c"]),
        ({"quantity": ["h2s"], "placement": ["unit", "fence"], "owner": ["e01"], "sensor": ["b"]}, ["b"]),
        ({"quantity": ["cl2"], "owner": ["e01"]}, []),
        ({"tag": ["roof"]}, ["b"]),
        ({"tag": ["roof", "gate"]}, ["b", "c"]),
        ({"tag": ["gate"], "owner": ["e01"]}, []),
    ],
)
def test_a_rule_watches(watches: dict[str, list[str]], watched: list[str]) -> None:
    """A sensor must match every list that is given; no list matches all."""
    sensors = [
        sensor("c", quantity="cl2", owner="park", placement=Placement.BOUNDARY, tags=("gate",)),
        sensor("a"),
        sensor("b", placement=Placement.FENCE, tags=("roof", "north")),
    ]

    made = tables(sensors, above({"value": 1}, watches=watches))

    assert watched == [info.sensor for info in made.infos]


@pytest.mark.parametrize(
    ("interval", "after", "expected"), [(5, None, 60), (20, None, 60), (30, None, 90), (30, 5, 5), (30, 0, 0)]
)
def test_silence_waits(interval: float, after: float | None, expected: float) -> None:
    """Three intervals, sixty seconds at least, unless the rule says otherwise; zero is a value."""
    rule = {"name": "q", "kind": "silence"} | ({} if after is None else {"after_seconds": after})

    made = tables([sensor("s", interval=interval)], rule)

    assert expected * SECOND == rung(made)["on_delay"]


def test_the_order_of_rungs() -> None:
    """By sensor, then by rule, then as the ladder rises: whatever order they were given in."""
    ladder = above({"value": 1}, name="b")
    ladder["levels"].append({"level": "red", "limit": {"value": 2}})
    given = [ladder, {"name": "a", "kind": "silence"}]

    one = tables([sensor("y"), sensor("x")], *given)
    other = tables([sensor("x"), sensor("y")], *reversed(given))

    expected = [("x", "a", "attention"), ("x", "b", "blue"), ("x", "b", "red")]
    assert expected == [(info.sensor, info.rule.name, str(info.level)) for info in one.infos][:3]
    assert [info.identity for info in one.infos] == [info.identity for info in other.infos]


def version(rule: dict[str, Any], known: Substances | None = None) -> str:
    return version_of(rules_of([rule])[0], known or substances(), "h2s")


def test_the_version_is_of_what_decides() -> None:
    """Examples and texts do not change a rule's version; a limit, a delay or whom it watches do."""
    example = {
        "name": "e",
        "sensor": {"quantity": "h2s", "unit": "ppm"},
        "readings": "0 1",
        "expect": [],
    }
    words = {"zh": "另一个", "en": "another"}
    same = [
        above({"value": 1}, examples=[example]),
        above({"value": 1}, title=words),
        above({"value": 1}, what_to_do=words),
    ]
    others = [
        above({"value": 2}),
        above({"value": 1}, off_delay_seconds=1),
        above({"value": 1}, watches={"quantity": ["h2s"]}),
    ]

    assert {version(above({"value": 1}))} == {version(one) for one in same}
    assert 4 == len({version(above({"value": 1})), *map(version, others)})


def test_the_version_is_of_the_limit_that_a_name_stands_for() -> None:
    """Where the number behind a name changes, the rule is another one; on what it does not name it is not."""

    def with_limit(value: float) -> Substances:
        content = substances().model_dump()
        one = next(one for one in content["substances"] if one["id"] == "h2s")
        found = [limit for limit in one["limits"] if limit["name"] == "alarm_1"]
        assert found
        for limit in found:
            limit["value"] = value
        return Substances.model_validate(content)

    assert version(above("alarm_1"), with_limit(10)) != version(above("alarm_1"), with_limit(11))
    assert version(above("alarm_2"), with_limit(10)) == version(above("alarm_2"), with_limit(11))
