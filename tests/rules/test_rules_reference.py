"""docs/reference/rules.md holds: its rules load and their examples run, its tables name what there is."""

import re
from typing import Any, get_args

import pytest
import yaml

from fenceline.configfile import load, load_text
from fenceline.reason import CannotTell, Ignored
from fenceline.vocabulary import Quality
from rules import registry
from rules.config import RuleFile, Timing
from rules.examples import run_examples
from rules.pages import kinds_page
from rules.registry import NAMES, Rule
from rules.words import COLUMNS
from tests.rules.engines import ROOT, substances

TEXT = (ROOT / "docs" / "reference" / "rules.md").read_text("utf-8")
PAGE = (ROOT / "docs" / "reference" / "kinds.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", TEXT + PAGE, re.MULTILINE | re.DOTALL)
RULES = [block for block in BLOCKS if block.startswith("rules:")]
KINDS = [get_args(model.model_fields["kind"].annotation)[0] for model in get_args(get_args(Rule)[0])]
HEADINGS = ["What it watches", "Why it matters", "Source", "Example", "What to do"]


def section(title: str, text: str = TEXT) -> str:
    return re.split("^## ", text.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def first_column(table: str) -> set[str]:
    """The words in backticks in the first column of a table."""
    return {
        word
        for row in re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)
        for word in re.findall("`(.*?)`", row)
    }


@pytest.mark.parametrize("block", RULES, ids=lambda block: yaml.safe_load(block)["rules"][0]["name"])
def test_the_examples_hold(block: str) -> None:
    """Each block of rules is a rule file whose examples show what they say."""
    rules = load_text(block, "docs/reference/rules.md", RuleFile).rules

    assert [] == [str(failure) for rule in rules for failure in run_examples(rule, substances())]
    assert all(rule.examples for rule in rules)


def test_the_bounds_are_those_in_force() -> None:
    """The block of bounds is config/timing.yaml as shipped, and the defaults."""
    block = next(block for block in BLOCKS if block.startswith("delayed_after_seconds"))
    shown = load_text(block, "docs/reference/rules.md", Timing)

    assert load(ROOT / "config" / "timing.yaml", Timing) == shown
    assert Timing() == shown


def test_the_page_of_kinds_is_written_from_them() -> None:
    """`python -m rules.pages` would change nothing."""
    assert kinds_page() == PAGE


def test_every_file_of_a_kind_is_registered() -> None:
    """The folder and the registry's list name the same kinds, and no two have the same word or model."""
    files = {path.stem for path in (ROOT / "rules" / "kinds").glob("*.py")} - {"__init__"}

    assert files == set(NAMES)
    assert list(NAMES) == [kind.word for kind in registry.KINDS.values()]
    assert len(NAMES) == len({kind.model for kind in registry.KINDS.values()})


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_headings(kind: str) -> None:
    """A kind is described under fixed headings, with an example of its own."""
    found = section(kind, PAGE)

    assert HEADINGS == re.findall(r"^### (.*)$", found, re.MULTILINE)
    assert any(
        rule["kind"] == kind
        for block in re.findall(r"```yaml\n(.*?)```", found, re.DOTALL)
        for rule in yaml.safe_load(block)["rules"]
    )


def test_each_class_of_reading_is_named() -> None:
    """The table of what a reading is taken for names every class, under its column of the account."""
    table = section("What a reading is taken for")
    rows = {
        cells[0].strip(" `"): cells[-1].strip()
        for cells in (row.strip("|").split("|") for row in re.findall(r"^\| `.*$", table, re.MULTILINE))
    }

    assert {str(reason): column for column, reason in COLUMNS.values()} == rows
    assert set(Ignored) - {Ignored.QUARANTINED} <= rows.keys()


def test_each_quality_and_each_reason_is_named() -> None:
    """No quality and no reason is left out."""
    qualities = {quality.word for quality in Quality}

    assert qualities == first_column(section("Quality"))
    assert set(CannotTell) - qualities == first_column(section("Unknown"))


def test_each_key_of_a_rule_is_named() -> None:
    """The table of keys is that of the models."""
    common: set[str] = set.intersection(*(set(_fields(model)) for model in get_args(get_args(Rule)[0])))

    assert common == first_column(section("Keys of every rule"))


def _fields(model: Any) -> dict[str, Any]:
    return dict(model.model_fields)
