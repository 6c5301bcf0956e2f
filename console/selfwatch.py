"""Conditions of Fenceline itself, inside the fold: roles' words and the fold's own account in, findings out.

Pure, and a part of the fold's state. A role's word stands until it says another, also over its own death:
what cannot be told any more never ends an alert. The fold's account is judged at ticks, by log time.
"""

from dataclasses import dataclass
from typing import Any

from fenceline.finding import Account, Finding
from fenceline.journal import Said, SystemCondition
from fenceline.logtime import Moved
from fenceline.vocabulary import Condition, Level

SYSTEM = "fenceline"  # subject of alerts about Fenceline itself
FOLD = "fold"  # the role under which the fold speaks of itself
IMBALANCE: SystemCondition = "account-imbalance"
IMBALANCE_NS = 30_000_000_000
_WORST_FIRST = (Condition.TRUE, Condition.UNKNOWN, Condition.FALSE)


@dataclass(slots=True)
class Word:
    """What a role last said of a condition."""

    holds: Condition
    since_ns: int
    detail: str
    evidence: dict[str, Any]


class SelfWatch:
    """Every role's last word on every condition, and what was found of them together."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, str], Word] = {}
        self._found: dict[str, Condition] = {}
        self._unbalanced_ns: int | None = None  # log time since which the fold's account contradicts itself

    def said(self, record: Said) -> None:
        """A role's word. What follows from it is in `changes`."""
        word = Word(record.holds, record.since_ns, record.detail, record.evidence)
        self._words[record.condition, record.role] = word

    def tick(self, moved: Moved, account: Account, counted: int) -> None:
        """Judge the fold's own account: it must balance, and hold what was `counted` beside it."""
        sound = account.balanced and account.received == counted
        if sound:
            self._unbalanced_ns = None
            if (IMBALANCE, FOLD) in self._words:
                self._words[IMBALANCE, FOLD] = Word(Condition.FALSE, moved.now_ns, "it balances again", {})
            return
        if self._unbalanced_ns is None or moved.leap_ns > 0:  # no duration completes across a gap
            self._unbalanced_ns = moved.now_ns
        if moved.now_ns - self._unbalanced_ns < IMBALANCE_NS:
            return
        columns = account.out + account.rejected + account.late + account.duplicate
        detail = (
            f"the engine received {account.received} readings, has {columns} in its columns, "
            f"and {counted} stood in the journal"
        )
        evidence = {"received": account.received, "columns": columns, "counted": counted}
        self._words[IMBALANCE, FOLD] = Word(Condition.TRUE, self._unbalanced_ns, detail, evidence)

    def changes(self, log_ns: int) -> list[Finding]:
        """The conditions that are another than was last found, in the order of their names."""
        found: list[Finding] = []
        for name in sorted({condition for condition, _ in self._words}):
            role, word = min(
                ((role, word) for (condition, role), word in self._words.items() if condition == name),
                key=lambda item: (_WORST_FIRST.index(item[1].holds), item[1].since_ns, item[0]),
            )
            before = self._found.get(name, Condition.FALSE)
            self._found[name] = word.holds
            if word.holds is before:
                continue
            found.append(
                Finding(
                    rule=name,
                    version="0",
                    level=Level.YELLOW,
                    subject=SYSTEM,
                    condition=word.holds,
                    since_ns=word.since_ns,
                    at_ns=log_ns,
                    reason="not_known" if word.holds is Condition.UNKNOWN else None,
                    evidence={"said_by": role, "detail": word.detail, **word.evidence},
                )
            )
        return found

    def dump(self) -> dict[str, Any]:
        return {
            "words": [
                [condition, role, str(word.holds), word.since_ns, word.detail, word.evidence]
                for (condition, role), word in self._words.items()
            ],
            "found": {name: str(condition) for name, condition in self._found.items()},
            "unbalanced_ns": self._unbalanced_ns,
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> "SelfWatch":
        watch = cls()
        for condition, role, holds, since_ns, detail, evidence in data["words"]:
            watch._words[condition, role] = Word(Condition(holds), since_ns, detail, evidence)
        watch._found = {name: Condition(word) for name, word in data["found"].items()}
        watch._unbalanced_ns = data["unbalanced_ns"]
        return watch
