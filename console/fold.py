"""One park's fold: journal records in, findings and ledger out. Pure; rules first, then alerts.

The same journal gives the same output, whatever the batch sizes, the restarts, the worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.engine import AlertEngine
from alerts.pagetext import Newest
from console.inforce import QUARANTINE_RULE, facts_of, parse_items
from console.selfwatch import SYSTEM, SelfWatch
from fenceline.alert import Alert, LedgerRecord
from fenceline.bus import Stored
from fenceline.errors import WireError
from fenceline.finding import Extreme, Finding, FindingRecord, Folded, Quarantined
from fenceline.journal import Action, Attempt, Batch, Claim, InForce, Receipt, Said, Tick, TimeSet
from fenceline.logtime import LogTime, Moved
from fenceline.packing import pack, unpack
from fenceline.vocabulary import Condition, Level
from fenceline.wire import decode
from rules.engine import RuleEngine


@dataclass(slots=True)
class Output:
    """What one record derived, in order."""

    findings: list[FindingRecord] = field(default_factory=list)
    ledger: list[LedgerRecord] = field(default_factory=list)


class ParkFold:
    """Rules and alerts of a park, and what is in force."""

    def __init__(self) -> None:
        self.log = LogTime()
        self.rules = RuleEngine()
        self.alerts = AlertEngine(self._newest)
        self.watch = SelfWatch()
        self.counted = 0  # readings of all batches, beside the rules' own account and compared with it
        self.items: dict[str, Any] = {}
        self.hashes: dict[str, str] = {}

    def apply(self, stored: Stored) -> Output:
        """Fold one record.

        Raises:
            Exception: whatever the record makes the fold raise; the caller quarantines it.
        """
        record = decode(stored.kind, stored.payload)
        out = Output()
        match record:
            case Batch():
                self.counted += len(record.readings) + len(record.rejected)
                now = self.log.now_ns or record.received_ns
                self._decide(self.rules.batch(record, self.log.now_ns), now, out)
            case Tick():
                moved = self.log.tick(record)
                if moved is not None:
                    self._decide(self._tick(moved), moved.now_ns, out)
                    out.ledger += self.alerts.tick(moved)
            case Claim():
                self.log.claim(record)
            case TimeSet():
                self.log.time_set(record)
            case InForce():
                self._put_in_force(record, out)
            case Action():
                out.ledger += self.alerts.action(record, self.log.now_ns)
            case Attempt():
                out.ledger += self.alerts.attempt(record, self.log.now_ns)
            case Receipt():
                out.ledger += self.alerts.receipt(record, self.log.now_ns)
            case Said():
                self.watch.said(record)
                self._decide(self._watched(), self.log.now_ns or record.since_ns, out)
        return out

    def quarantine(self, stored: Stored, error: str) -> Output:
        """Stand in for a record that cannot be folded: say so, and tell nothing of its sensors."""
        out = Output()
        now = self.log.now_ns
        sensors, readings = _spoken_of(stored)
        out.findings.append(
            Quarantined(offset=stored.offset, record=stored.kind, error=error, sensors=sensors)
        )
        self.counted += readings
        self.rules.count_quarantined(readings)
        self._decide(self.rules.quarantine(sensors, now), now, out)
        if "park" in self.items:
            for condition in (Condition.TRUE, Condition.FALSE):
                said = Finding(
                    rule=QUARANTINE_RULE,
                    version="0",
                    level=Level.YELLOW,
                    subject=SYSTEM,
                    condition=condition,
                    since_ns=now,
                    at_ns=now,
                    evidence={"offset": stored.offset, "record": stored.kind, "error": error},
                )
                self._decide([said], now, out)
        return out

    def dump(self) -> bytes:
        """The whole state; equal states give equal bytes."""
        rules, arrays = self.rules.dump()
        head = {
            "items": self.items,
            "hashes": self.hashes,
            "log": self.log.dump(),
            "rules": rules,
            "alerts": self.alerts.dump(),
            "counted": self.counted,
            "watch": self.watch.dump(),
        }
        return pack(head, arrays)

    @classmethod
    def restore(cls, state: bytes) -> "ParkFold":
        """The fold that was dumped."""
        head, arrays = unpack(state)
        fold = cls()
        fold.items, fold.hashes = head["items"], head["hashes"]
        fold.log = LogTime.load(head["log"])
        if fold.items:
            fold._use_items()
        fold.rules.load(head["rules"], arrays)
        fold.alerts.load(head["alerts"])
        # A snapshot of the first release has neither: what it counted it believed.
        fold.counted = head.get("counted", fold.rules.account.received)
        if "watch" in head:
            fold.watch = SelfWatch.load(head["watch"])
        return fold

    def _put_in_force(self, record: InForce, out: Output) -> None:
        self.items = {**self.items, **record.items}
        self.hashes = {**self.hashes, **record.hashes}
        gone = self._use_items()
        out.ledger += self.alerts.withdrawn(gone, self.log.now_ns)

    def _use_items(self) -> list[tuple[str, str]]:
        force = parse_items(self.items)
        self.alerts.put_in_force(facts_of(force), force.routes)
        gone = self.rules.put_in_force(force.park.sensors, force.substances, force.rules, force.timing)
        return [(info.rule.name, info.sensor) for info in gone]

    def _tick(self, moved: Moved) -> list[FindingRecord]:
        """The rules' findings, then those on Fenceline itself, then `Folded`: who sees it has them all."""
        *found, folded = self.rules.tick(moved)
        assert isinstance(folded, Folded)
        self.watch.tick(moved, folded.account, self.counted)
        return [*found, *self._watched(), folded]

    def _watched(self) -> list[Finding]:
        """Nothing can be named before a park is in force; what was said till then is found after."""
        return self.watch.changes(self.log.now_ns) if "park" in self.items else []

    def _decide(self, found: Sequence[FindingRecord], now_ns: int, out: Output) -> None:
        out.findings += found
        told = [record for record in found if isinstance(record, Finding | Extreme)]
        out.ledger += self.alerts.findings(told, now_ns)

    def _newest(self, alert: Alert) -> Newest | None:
        newest = self.rules.newest(alert.rule, alert.subject)
        return None if newest is None else Newest(*newest)


def _spoken_of(stored: Stored) -> tuple[tuple[str, ...], int]:
    """The sensors and readings of a record that could not be folded, as far as it reads back."""
    if stored.kind != "batch":
        return (), 0
    try:
        batch = decode(stored.kind, stored.payload)
    except WireError:
        # Not even readable: the account cannot know how many readings it held.
        return (), 0
    assert isinstance(batch, Batch)
    return tuple(sorted(batch.readings.sensors)), len(batch.readings) + len(batch.rejected)
