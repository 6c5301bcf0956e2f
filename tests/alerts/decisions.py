"""A park and an engine for the tests of the decision side: findings, people, pagers and ticks by hand."""

from typing import Any

import orjson

from alerts.engine import AlertEngine
from alerts.facts import Facts, RuleFacts, SensorFacts
from alerts.routes import Recipient, Route, Routes, Step
from fenceline.alert import ActionRefused, Alert, AlertRecord, CallRecord, LedgerRecord, Name, PageRecord
from fenceline.finding import Extreme, Finding, LimitUsed
from fenceline.journal import Action, Attempt, Receipt
from fenceline.logtime import Moved
from fenceline.vocabulary import Condition, Level, Tier

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
LIMITS = {Level.ATTENTION: 1.0, Level.BLUE: 5.0, Level.YELLOW: 10.0, Level.ORANGE: 20.0, Level.RED: 40.0}
TIER_OF_OWNER = {"park": Tier.PARK, "community": Tier.COMMUNITY}


def name(word: str) -> Name:
    return Name(zh=f"{word}（中）", en=word)


def sensor(owner: str, quantity: str, number: int) -> tuple[str, SensorFacts]:
    """One sensor; its id says whose it is, what it measures, and which it is."""
    subject = f"{owner}-{quantity}-{number}"
    facts = SensorFacts(
        name=name(subject),
        owner=owner,
        owner_name=name(owner),
        tier=TIER_OF_OWNER.get(owner, Tier.ENTERPRISE),
        placement="unit",
        position=(118.0, 32.0),
        quantity=quantity,
        quantity_name=name(quantity),
        unit="ppm",
    )
    return subject, facts


def facts(owners: int = 2, quantities: tuple[str, ...] = ("h2s", "cl2"), each: int = 3) -> Facts:
    """Enterprises `e01`, `e02` ..., and the park and the community, each with the same sensors."""
    names = [*(f"e{number:02d}" for number in range(1, owners + 1)), "park", "community"]
    return Facts(
        park=name("park"),
        simulated=False,
        timezone="Asia/Shanghai",
        sensors=dict(
            sensor(owner, quantity, number)
            for owner in names
            for quantity in quantities
            for number in range(1, each + 1)
        ),
        rules={"high": RuleFacts(name("high"), name("go and see")), "other": RuleFacts(name("other"), None)},
    )


def routes(**changes: Any) -> Routes:
    """Attention on screen only; red to everybody, over and over; all else desk, then leader, then chief."""
    fields: dict[str, Any] = {
        "recipients": {
            who: Recipient(name=name(who), channels=("first", "second"))
            for who in ("desk", "leader", "chief")
        },
        "routes": (
            Route(level=(Level.ATTENTION,)),
            Route(level=(Level.RED,), steps=(Step(to=("desk", "chief"), wait_seconds=30),)),
            Route(
                steps=(
                    Step(to=("desk",), wait_seconds=60),
                    Step(to=("leader",), wait_seconds=60),
                    Step(to=("chief",), wait_seconds=90),
                )
            ),
        ),
        "update_seconds": 30,
        "expire_seconds": 300,
        "receipt_seconds": 20,
        "attempts_per_channel": 2,
    }
    return Routes(**(fields | changes))


def limit(level: Level) -> LimitUsed:
    return LimitUsed(
        name=f"limit_{level}", value=LIMITS[level], unit="ppm", direction="above", source=f"Table {level}"
    )


class Park:
    """An engine, its log time, and everything it ever wrote.

    Each method returns what that step alone wrote.
    """

    def __init__(self, park_facts: Facts | None = None, park_routes: Routes | None = None) -> None:
        self.facts = park_facts or facts()
        self.routes = park_routes or routes()
        self.engine = AlertEngine()
        self.engine.put_in_force(self.facts, self.routes)
        self.now_ns = START_NS
        self.ledger: list[LedgerRecord] = []
        self._actions = 0

    def finding(
        self,
        subject: str = "e01-h2s-1",
        level: Level = Level.YELLOW,
        condition: Condition = Condition.TRUE,
        value: float | None = 12.0,
        **changes: Any,
    ) -> list[LedgerRecord]:
        fields: dict[str, Any] = {
            "rule": "high",
            "version": "1",
            "level": level,
            "subject": subject,
            "condition": condition,
            "since_ns": self.now_ns,
            "at_ns": self.now_ns,
            "value": value,
            "limit": limit(level),
            "reason": "calibration" if condition is Condition.UNKNOWN else None,
            "evidence": {"decided_by": "reading"},
        }
        return self._says(self.engine.findings([Finding(**(fields | changes))], self.now_ns))

    def true(
        self, subject: str = "e01-h2s-1", level: Level = Level.YELLOW, **changes: Any
    ) -> list[LedgerRecord]:
        return self.finding(subject, level, Condition.TRUE, **changes)

    def false(
        self, subject: str = "e01-h2s-1", level: Level = Level.YELLOW, **changes: Any
    ) -> list[LedgerRecord]:
        return self.finding(subject, level, Condition.FALSE, **({"value": 0.0} | changes))

    def unknown(
        self, subject: str = "e01-h2s-1", level: Level = Level.YELLOW, **changes: Any
    ) -> list[LedgerRecord]:
        return self.finding(subject, level, Condition.UNKNOWN, **({"value": 99.0} | changes))

    def extreme(self, value: float, at_ns: int, level: Level = Level.YELLOW) -> list[LedgerRecord]:
        told = Extreme(
            rule="high",
            version="1",
            level=level,
            subject="e01-h2s-1",
            since_ns=START_NS,
            at_ns=self.now_ns,
            extreme=value,
            extreme_at_ns=at_ns,
        )
        return self._says(self.engine.findings([told], self.now_ns))

    def acknowledge(
        self, alert: str, revision: int, by: str = "张伟", action: str | None = None
    ) -> list[LedgerRecord]:
        self._actions += 1
        record = Action(
            action=action or f"action-{self._actions}",
            verb="acknowledge",
            alert=alert,
            revision=revision,
            by=by,
        )
        return self._says(self.engine.action(record, self.now_ns))

    def attempt(
        self, page: str, number: int = 1, channel: str = "first", nonce: str = "n"
    ) -> list[LedgerRecord]:
        record = Attempt(page=page, number=number, channel=channel, nonce=nonce)
        return self._says(self.engine.attempt(record, self.now_ns))

    def receipt(self, page: str, result: Any = "delivered", number: int = 1) -> list[LedgerRecord]:
        record = Receipt(page=page, number=0 if result == "expired" else number, result=result)
        return self._says(self.engine.receipt(record, self.now_ns))

    def delivered(self, page: str) -> list[LedgerRecord]:
        return self.attempt(page) + self.receipt(page)

    def tick(self, seconds: float = 1.0) -> list[LedgerRecord]:
        """One tick, however far; beyond 5 s it is a leap."""
        before, self.now_ns = self.now_ns, self.now_ns + round(seconds * SECOND)
        return self._says(self.engine.tick(Moved(before, self.now_ns)))

    def wait(self, seconds: int) -> list[LedgerRecord]:
        """A tick each second."""
        return [record for _ in range(seconds) for record in self.tick()]

    def put_in_force(self, park_routes: Routes) -> None:
        self.routes = park_routes
        self.engine.put_in_force(self.facts, park_routes)

    def withdrawn(self, *subjects: str) -> list[LedgerRecord]:
        return self._says(self.engine.withdrawn([("high", subject) for subject in subjects], self.now_ns))

    def restarted(self) -> "Park":
        """The same park from a dump that went through JSON."""
        other = Park(self.facts, self.routes)
        other.engine.load(orjson.loads(orjson.dumps(self.engine.dump())))
        other.now_ns, other._actions = self.now_ns, self._actions
        return other

    @property
    def alert(self) -> Alert:
        """The only open alert."""
        (alert,) = self.engine.open
        return alert

    def _says(self, records: list[LedgerRecord]) -> list[LedgerRecord]:
        self.ledger += records
        return records


def alerts(records: list[LedgerRecord]) -> list[AlertRecord]:
    return [record for record in records if isinstance(record, AlertRecord)]


def calls(records: list[LedgerRecord]) -> list[CallRecord]:
    return [record for record in records if isinstance(record, CallRecord)]


def pages(records: list[LedgerRecord]) -> list[PageRecord]:
    return [record for record in records if isinstance(record, PageRecord)]


def said(records: list[LedgerRecord]) -> list[str]:
    """Each record in a word or two: `raised`, `refused ended`, `due desk`, `closed cancelled leader`."""
    words: list[str] = []
    for record in records:
        match record:
            case AlertRecord() | CallRecord():
                words.append(record.change)
            case ActionRefused():
                words.append(f"refused {record.reason}")
            case PageRecord(change="closed"):
                words.append(f"closed {record.page.state} {record.page.recipient}")
            case PageRecord():
                words.append(f"{record.change} {record.page.recipient}")
    return words
