"""Runs tests/cases/alerts/*.yaml: what happens to an enterprise's alerts, and what the ledger says of it.

`a`, `b` ... stand for that enterprise's detectors of one gas. Each case is also run with the engine
replaced, after every step, by one that took up its snapshot.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fenceline.alert import Alert, LedgerRecord
from fenceline.vocabulary import Condition, Level
from tests.alerts.decisions import Park, alerts, facts, pages, said

CASES = Path(__file__).resolve().parent.parent / "cases" / "alerts"
PATHS = sorted(CASES.glob("*.yaml"))
LETTERS = "abcdefgh"


def subject_of(word: str) -> str:
    return f"e01-h2s-{LETTERS.index(word) + 1}" if word in LETTERS else word


class Runner:
    """Does the steps of a case by their words."""

    def __init__(self) -> None:
        self.park = Park(facts(each=8))
        self.ledger: list[LedgerRecord] = []

    def newest_alert(self, subject: str) -> Alert | None:
        found = [one.alert for one in alerts(self.ledger) if one.alert.subject == subject]
        return found[-1] if found else None

    def newest_page(self, recipient: str) -> tuple[str, int]:
        """The recipient's newest page and how many attempts it has had."""
        found = [one.page for one in pages(self.ledger) if one.page.recipient == recipient]
        return (found[-1].id, len(found[-1].attempts)) if found else ("none", 0)

    def do(self, words: str) -> list[LedgerRecord]:
        verb, *rest = words.split()
        records = self._do(verb, rest)
        self.ledger += records
        return records

    def _do(self, verb: str, rest: list[str]) -> list[LedgerRecord]:
        park = self.park
        match verb:
            case "true" | "false" | "unknown":
                subject, level, value = rest
                return park.finding(subject_of(subject), Level(level), Condition(verb), value=float(value))
            case "acknowledge":
                found = self.newest_alert(subject_of(rest[0]))
                return park.acknowledge("no-such-alert" if found is None else found.id, int(rest[1]))
            case "wait":
                return park.wait(int(rest[0]))
            case "leap":
                return park.tick(float(rest[0]))
            case "withdrawn":
                return park.withdrawn(*(subject_of(one) for one in rest))
        page, made = self.newest_page(rest[0])
        match verb:
            case "attempt":
                return park.attempt(page, int(rest[1]))
            case "receipt":
                return park.receipt(page, rest[2], int(rest[1]))
            case "delivered" | "failed":
                return park.attempt(page, made + 1) + park.receipt(page, verb, made + 1)
            case "expired":
                return park.receipt(page, "expired")
        raise ValueError(f"`{verb}` is no verb of these cases")


@pytest.mark.parametrize("restarts", [False, True], ids=["straight", "restarted"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_case(path: Path, restarts: bool) -> None:
    """Each step writes what the case says and nothing else, also when the engine is replaced meanwhile."""
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    runner = Runner()

    for number, step in enumerate(case["steps"], 1):
        words = step["do"]
        records = runner.do(words)
        if restarts:
            runner.park = runner.park.restarted()

        assert step["says"] == said(records), f"step {number}: {words}"
        if "stands" in step:
            alert = runner.newest_alert(subject_of(words.split()[1]))
            assert alert is not None
            assert step["stands"] == [alert.state, alert.condition, alert.level], f"step {number}: {words}"
        if "limit" in step:
            limit = alerts(records)[0].alert.limit
            assert limit is not None
            assert step["limit"] == limit.value, f"step {number}: {words}"


def test_the_cases_are_found() -> None:
    """A folder that moved must not leave this file green."""
    assert len(PATHS) >= 20
