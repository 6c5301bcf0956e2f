"""Rule examples: those shipped hold, and a wrong one is found and told."""

from pathlib import Path
from typing import Any

import pytest

from fenceline.configfile import load
from fenceline.errors import ConfigError
from rules.config import RuleFile
from rules.examples import Failure, run_examples
from rules.registry import Rule
from tests.rules.engines import ROOT, rules_of, substances

FILES = sorted((ROOT / "config" / "rules").glob("*.yaml"))
RIGHT: dict[str, Any] = {
    "name": "up, and back after the deadband",
    "sensor": {"quantity": "h2s", "unit": "mg/m3", "interval_seconds": 1, "hold_seconds": 4},
    "readings": "0 12x3 9x2 8",
    "expect": [
        {"at_seconds": 3, "level": "red", "condition": True},
        {"at_seconds": 6, "level": "red", "condition": "false"},
    ],
}


def rule(*examples: dict[str, Any], **changes: Any) -> Rule:
    levels = [{"level": "red", "limit": {"value": 10}, "on_delay_seconds": 2}]
    whole = {"name": "high", "kind": "threshold", "levels": levels, "deadband": {"value": 1}, **changes}
    return rules_of([whole | {"examples": list(examples)}])[0]


def failures(**changes: Any) -> list[Failure]:
    return run_examples(rule(RIGHT | changes), substances())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_rule_has_examples_that_hold(file: Path) -> None:
    """The site's own rules show what they say they show."""
    for one in load(file, RuleFile).rules:
        assert one.examples
        assert [] == [str(failure) for failure in run_examples(one, substances())]


def test_a_right_example_holds() -> None:
    """Every change at its second, and becoming known and normal at first is none."""
    assert [] == failures()


@pytest.mark.parametrize(
    "expect",
    [
        [],
        RIGHT["expect"][:1],
        [RIGHT["expect"][0] | {"at_seconds": 4}, RIGHT["expect"][1]],
        [RIGHT["expect"][0] | {"condition": "unknown"}, RIGHT["expect"][1]],
        [RIGHT["expect"][0] | {"level": "blue"}, RIGHT["expect"][1]],
        [*RIGHT["expect"], {"at_seconds": 7, "level": "red", "condition": "true"}],
        [*RIGHT["expect"], RIGHT["expect"][1]],
    ],
    ids=["nothing", "one missing", "wrong second", "wrong condition", "wrong level", "one more", "one twice"],
)
def test_a_wrong_example_is_found(expect: list[dict[str, Any]]) -> None:
    """A change that is missing, wrong or too much fails the example."""
    assert 1 == len(failures(expect=expect))


def test_a_wrong_example_is_told() -> None:
    """The failure says rule, example, what was expected and what was found."""
    told = str(failures(expect=[])[0])

    assert (
        "rule `high`, example `up, and back after the deadband`:\n"
        "    expected nothing\n"
        "    found    3 s red true, 6 s red false"
    ) == told


def test_each_example_fails_by_itself() -> None:
    """One wrong example does not hide another, nor take a right one with it."""
    wrong = RIGHT | {"expect": []}
    found = run_examples(rule(wrong | {"name": "a"}, RIGHT, wrong | {"name": "b"}), substances())

    assert ["a", "b"] == [failure.example for failure in found]


def test_time_goes_on_after_the_last_reading() -> None:
    """`then_seconds` lets holds expire."""
    expect = [*RIGHT["expect"], {"at_seconds": 11, "level": "red", "condition": "unknown"}]

    assert 1 == len(failures(then_seconds=4, expect=expect))
    assert [] == failures(then_seconds=5, expect=expect)


def test_a_reading_between_two_seconds_counts() -> None:
    """The last reading of a series with a fraction of a second is not left out."""
    sensor = RIGHT["sensor"] | {"interval_seconds": 0.5}
    expect = [{"at_seconds": 3, "level": "red", "condition": "true"}]

    # Above from 0.5 s to 2.5 s: two seconds, told by the tick that follows.
    assert [] == failures(sensor=sensor, readings="0 12x5", expect=expect)


def test_an_example_speaks_of_any_sensor() -> None:
    """A rule for single sensors or owners is tried on the example's own, of any placement."""
    narrow = rule(
        RIGHT | {"sensor": RIGHT["sensor"] | {"placement": "community"}},
        watches={"owner": ["e77"], "sensor": ["somewhere"], "placement": ["community"]},
    )

    assert [] == run_examples(narrow, substances())


def test_a_rule_that_does_not_watch_its_example() -> None:
    """An example whose sensor the rule does not watch shows nothing, and so fails."""
    unwatched = rule(RIGHT, watches={"placement": ["fence"]})

    assert [()] == [failure.found for failure in run_examples(unwatched, substances())]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"readings": "0 what"}, "`what` is not of the series notation"),
        (
            {"sensor": RIGHT["sensor"] | {"unit": "m/s"}},
            "rule `high`, level `red`, sensor `example`: `mg/m3`",
        ),
    ],
)
def test_an_example_that_cannot_be_run(changes: dict[str, Any], said: str) -> None:
    """What is no series, or no sensor for this rule, is an error and not a failure."""
    with pytest.raises(ConfigError) as refused:
        failures(**changes)

    assert said in refused.value.message
