"""Runs tests/cases/rules/*.yaml: the situations of docs/reference/rules.md, each with all that is found."""

from typing import Any

import pytest
import yaml

from tests.rules.engines import exact
from tests.rules.situations import CASES, Play, by_reference

PATHS = sorted(path for path in CASES.glob("*.yaml") if not path.stem.startswith("_"))
ALLOWED = {"situation", "rules", "sensors", "timing", "given", "expect", "account", "cannot_tell", "gaps"}


def narrowed(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each finding what the case speaks of, so that a difference shows whole findings side by side."""
    names = [one.keys() for one in expected] + [{"at", "rule", "level", "condition"}] * len(found)
    return [{key: one[key] for key in keys} for one, keys in zip(found, names, strict=False)]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
class TestSituations:
    """Each situation, straight, with a restart after every step, and on the plain fold."""

    @pytest.fixture
    def case(self, path: Any) -> dict[str, Any]:
        case = yaml.safe_load(path.read_text("utf-8"))
        assert case.keys() <= ALLOWED
        return case

    @pytest.mark.parametrize("restarting", [False, True], ids=["straight", "restarting"])
    def test_found(self, case: dict[str, Any], restarting: bool) -> None:
        """What is expected is found, in this order, and nothing else."""
        played = Play(case, restarting=restarting).run()

        assert case["expect"] == narrowed(case["expect"], played.findings)
        for gone, told in played.gone:
            assert gone == told
        if "cannot_tell" in case:
            assert case["cannot_tell"] == played.cannot_tell
        if "gaps" in case:
            assert case["gaps"] == played.gaps
        account = case.get("account", {})
        assert account == {column: played.account["reasons"].get(column, {}) for column in account}

    def test_on_the_plain_fold(self, case: dict[str, Any]) -> None:
        """The reference finds the same."""
        found = by_reference(case)

        if found is not None:
            assert exact(found) == exact(Play(case).run().findings)


def test_there_are_cases() -> None:
    """The folder is found: no cases would be no test."""
    assert len(PATHS) > 50
