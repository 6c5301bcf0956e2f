"""Each mistake in a rule file has its sentence, at its line and column."""

import pytest

from fenceline.configfile import ConfigProblems, load_text
from rules.config import RuleFile, Timing
from rules.kinds.threshold import ThresholdRule
from rules.rule import Interval, LimitValue

RULE = """rules:
  - name: high
    kind: threshold
    title: {zh: 甲, en: a}
    levels: [{level: blue, limit: alarm_1}]
"""
EXAMPLE = """    examples:
      - name: an example
        sensor: {quantity: h2s, unit: ppm}
        readings: 0 1
        expect: [{at_seconds: 1, level: blue, condition: "true"}]
"""
LIMIT = "rules[0].levels[0].limit"
# What is written, what is written instead, and all that is said.
MISTAKES = [
    ("kind: threshold", "kind: treshold", ["kind: `treshold` is not one of the words known here"]),
    ("    kind: threshold\n", "", ["the key `kind` is missing"]),
    ("name: high", "name: High gas", ["name: `High gas` does not have the form asked for"]),
    ("alarm_1", "5", ["limit: the limit `5` is a bare number"]),
    ("alarm_1", "{value: 1}", ["limit: the key `unit` is missing", "limit: the key `source` is missing"]),
    ("alarm_1", "{value: .nan, unit: ppm, source: x}", ["limit.value: expected a number, found the text"]),
    ("alarm_1", "{lower: 3, unit: ppm, source: x}", ["limit: the key `upper` is missing"]),
    ("alarm_1", "{lower: 3, upper: 3, unit: ppm, source: x}", ["`lower` 3 must be less than `upper` 3"]),
    ("alarm_1", "{lower: 1, upper: 3, unit: ppm, source: x}", ["`outside` takes `lower` and `upper`"]),
    ("title:", "direction: outside\n    title:", ["`outside` takes `lower` and `upper`"]),
    ("[{level: blue, limit: alarm_1}]", "[]", ["levels: the list has 0 values  hint: give at least 1"]),
    ("level: blue", "level: purple", ["level: `purple` is not one of the words known here"]),
    (
        "[{level: blue, limit: alarm_1}]",
        "[{level: red, limit: alarm_1}, {level: blue, limit: alarm_2}]",
        ["`levels` must name each level once, the lowest first"],
    ),
    (
        "[{level: blue, limit: alarm_1}]",
        "[{level: blue, limit: alarm_1}, {level: blue, limit: alarm_2}]",
        ["`levels` must name each level once, the lowest first"],
    ),
    ("title:", "deadband: {}\n    title:", ["deadband: give either `fraction` or `value`"]),
    ("title:", "deadband: {value: 0, fraction: 0}\n    title:", ["give either `fraction` or `value`"]),
    ("title:", "deadband: {fraction: 1}\n    title:", ["deadband.fraction: `1` must be less than 1"]),
    ("title:", "deadband: {value: -1}\n    title:", ["deadband.value: `-1` must be greater than or equal"]),
    ("title:", "off_delay_seconds: -1\n    title:", ["off_delay_seconds: `-1` must be greater than"]),
    ("title:", "off_delay_seconds: 604801\n    title:", ["off_delay_seconds: `604801` must be less than"]),
    ("title:", "of_delay_seconds: 1\n    title:", ["unknown key `of_delay_seconds`  hint: did you mean"]),
    ("title:", "direction: up\n    title:", ["`up` is not one of the words known here"]),
    ("title:", "watches: {placement: [roof]}\n    title:", ["watches.placement[0]: `roof` is not one"]),
    ("title:", "watches: {substance: [h2s]}\n    title:", ["unknown key `substance`"]),
    ("kind: threshold", "kind: silence", ["rules[0].levels: unknown key `levels`"]),
    ("readings: 0 1", "readings: 0", ["readings: expected text, found the number `0`"]),
    ('"true"', "perhaps", ["condition: `perhaps` is not one of the words known here"]),
    ("unit: ppm}", "unit: ppm, interval_seconds: 0}", ["interval_seconds: `0` must be greater than 0"]),
    ("at_seconds: 1,", "", ["expect[0]: the key `at_seconds` is missing"]),
]


@pytest.mark.parametrize(("written", "instead", "said"), MISTAKES, ids=[m[1].strip()[:40] for m in MISTAKES])
def test_mistake(written: str, instead: str, said: list[str]) -> None:
    """One mistake gives its own sentences and no others."""
    text = (RULE + EXAMPLE).replace(written, instead, 1)
    assert text != RULE + EXAMPLE

    with pytest.raises(ConfigProblems) as refused:
        load_text(text, "high.yaml", RuleFile)

    told = [str(problem) for problem in refused.value.problems]
    assert len(said) == len(told), told
    for sentence, whole in zip(said, told, strict=True):
        assert sentence in whole
        assert whole.startswith("high.yaml:")


def test_all_mistakes_of_a_file_at_once() -> None:
    """Several mistakes are told together, each at its line."""
    text = RULE.replace("blue", "purple").replace("name: high", "name: HIGH") + "    off_delay: 3\n"

    with pytest.raises(ConfigProblems) as refused:
        load_text(text, "high.yaml", RuleFile)

    assert [2, 5, 6] == [problem.line for problem in refused.value.problems]


def test_each_way_to_write_a_limit() -> None:
    """By name, as a value with unit and source, as an interval; zero and negative limits are limits."""
    value = load_text(RULE.replace("alarm_1", "{value: 0, unit: °C, source: x}"), "x.yaml", RuleFile).rules[0]
    named = load_text(RULE, "x.yaml", RuleFile).rules[0]
    interval = load_text(
        RULE.replace("alarm_1", "{lower: -5, upper: 0, unit: °C, source: x}") + "    direction: outside\n",
        "x.yaml",
        RuleFile,
    ).rules[0]

    assert isinstance(value, ThresholdRule)
    assert isinstance(named, ThresholdRule)
    assert isinstance(interval, ThresholdRule)
    assert LimitValue(value=0, unit="°C", source="x") == value.levels[0].limit
    assert "alarm_1" == named.levels[0].limit
    assert Interval(lower=-5, upper=0, unit="°C", source="x") == interval.levels[0].limit


def test_a_rule_survives_json() -> None:
    """A rule put in force through the journal is the rule that was read."""
    rules = load_text(RULE + EXAMPLE, "x.yaml", RuleFile)

    assert rules == RuleFile.model_validate_json(rules.model_dump_json())


def test_a_bare_true_is_the_word() -> None:
    """YAML makes a boolean of an unquoted `true`; in an example it is the word all the same."""
    quoted = load_text(RULE + EXAMPLE, "x.yaml", RuleFile)
    bare = load_text(RULE + EXAMPLE.replace('"true"', "true"), "x.yaml", RuleFile)

    assert quoted == bare


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("delayed_after_seconds: 0", "`0` must be greater than 0"),
        ("duplicate_seconds: -1", "`-1` must be greater than or equal to 0"),
        ("duplicate_seconds: 86401", "`86401` must be less than or equal to 86400"),
        ("ahead_seconds: soon", "expected a number, found the text `soon`"),
        ("ahead: 3", "unknown key `ahead`"),
    ],
)
def test_mistakes_of_timing(text: str, said: str) -> None:
    """The bounds of time are checked like everything else."""
    with pytest.raises(ConfigProblems) as refused:
        load_text(text, "timing.yaml", Timing)

    assert said in str(refused.value)
