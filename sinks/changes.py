"""What one transaction of a store applies: records with where they stand, and the new positions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fenceline.alert import LedgerRecord
from fenceline.bus import Topic
from fenceline.finding import FindingRecord
from fenceline.journal import Batch
from sinks.query import AppliedTo, Ledgered


class Unstored(StrEnum):
    """Why a record could not be stored; the journal still holds it."""

    UNREADABLE = "unreadable"


@dataclass(slots=True)
class Changes:
    """Records of the three topics, each in its order.

    Args:
        batches: (offset, batch) of the journal.
        findings, ledger: derived records with their causes.
        unreadable: records that do not decode.
        applied: the positions that stand once this is committed.
    """

    batches: list[tuple[int, Batch]] = field(default_factory=list)
    findings: list[Ledgered[FindingRecord]] = field(default_factory=list)
    ledger: list[Ledgered[LedgerRecord]] = field(default_factory=list)
    unreadable: int = 0
    applied: dict[Topic, AppliedTo] = field(default_factory=dict)

    @property
    def readings(self) -> int:
        return sum(len(batch.readings) for _, batch in self.batches)

    def above(self, applied: Mapping[Topic, AppliedTo]) -> "Changes":
        """Only what has not been applied: higher than the position, higher than the cause."""
        journal = applied.get(Topic.JOURNAL)
        offset = -1 if journal is None else journal.position.offset
        findings, ledger = (applied.get(topic) for topic in (Topic.FINDINGS, Topic.ALERTS))
        return Changes(
            batches=[item for item in self.batches if item[0] > offset],
            findings=[item for item in self.findings if _above(item, findings)],
            ledger=[item for item in self.ledger if _above(item, ledger)],
            unreadable=self.unreadable,
            applied={topic: _raised(topic, to, applied.get(topic)) for topic, to in self.applied.items()},
        )


def _above(item: Ledgered[FindingRecord] | Ledgered[LedgerRecord], applied: AppliedTo | None) -> bool:
    return applied is None or applied.cause is None or item.cause > applied.cause


def _raised(topic: Topic, to: AppliedTo, applied: AppliedTo | None) -> AppliedTo:
    """The journal's position never falls; a derived topic's may (folded again), its cause never."""
    if applied is None:
        return to
    if topic is Topic.JOURNAL:
        return max(to, applied, key=lambda one: (one.position.journal, one.position.offset))
    causes = [one.cause for one in (to, applied) if one.cause is not None]
    return AppliedTo(to.position, max(causes, default=None))
