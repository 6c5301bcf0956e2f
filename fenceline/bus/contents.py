"""Whether the records of a park, each sound by itself, make sense together: kinds, causes, epochs, terms."""

from collections import Counter
from typing import Any

from fenceline.bus import Cause, Topic
from fenceline.bus.found import Findings
from fenceline.bus.kinds import KINDS
from fenceline.bus.logrows import Row
from fenceline.errors import WireError
from fenceline.finding import Quarantined
from fenceline.journal import Batch, Claim, Epoch, Tick
from fenceline.wire import decode

_TAP = "look at it with `fenceline tap {topic} --from {offset} --limit 1`"


class Contents:
    """Takes the sound rows of the findings first, then those of the other topics, each in order."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._quarantined: set[int] = set()
        self._highest: dict[Topic, Cause] = {}
        self._counted: Counter[tuple[Topic, str]] = Counter()
        self._first: dict[tuple[Topic, str], int] = {}
        self._epoch: int | None = None
        self._terms: dict[str, tuple[int, str]] = {}
        self._derived_from = -1  # the highest journal offset that anything was derived from
        self._journal_last = -1

    def take(self, topic: Topic, row: Row) -> None:
        """One row, which agrees with its hash."""
        offset, kind = row[0], row[1]
        if topic in (Topic.FINDINGS, Topic.ALERTS):
            self._take_cause(topic, row)
        if topic is Topic.JOURNAL:
            self._journal_last = offset
        if kind not in KINDS[topic]:
            self._say(topic, offset, f"`{kind}` is no kind of this topic")
            return
        try:
            record = decode(kind, row[7])
        except WireError as error:
            if topic is not Topic.JOURNAL:
                self._say(topic, offset, error.message)
            elif offset in self._quarantined:
                self._count(topic, offset, "a record that is quarantined, since it does not decode")
            else:
                self._count(topic, offset, "a record that does not decode, which the fold will quarantine")
            return
        if isinstance(record, Quarantined):
            self._quarantined.add(record.offset)
        if topic is Topic.JOURNAL:
            self._take_world(offset, record)

    def finish(self) -> None:
        """What only the whole shows."""
        if self._derived_from > self._journal_last:
            self._findings.damage(
                f"journal/{self._journal_last + 1}",
                f"the journal ends here, and something was derived from offset {self._derived_from}",
                "its end was lost: stop the station, then `fenceline journal repair --dry-run`",
            )
        journal = self._findings.journal
        if self._epoch is not None and journal is not None and self._epoch != journal:
            self._findings.damage(
                "journal", f"the file says it is journal {journal}, its last epoch {self._epoch}", "repair it"
            )
        for (topic, what), count in sorted(self._counted.items()):
            where = f"{topic}/{self._first[topic, what]}"
            self._findings.notice(where, f"{count} × {what}" if count > 1 else what)

    def _take_cause(self, topic: Topic, row: Row) -> None:
        offset, _, _, journal, of, index, _, _ = row
        if journal is None or of is None or index is None:
            self._say(topic, offset, "it has no cause")
            return
        cause = Cause(journal, of, index)
        self._derived_from = max(self._derived_from, of)
        highest = self._highest.get(topic)
        if highest is not None and cause <= highest:
            # Written once more after a crash: readers drop it.
            self._count(topic, offset, "a cause that stood before, which readers drop")
            return
        self._highest[topic] = cause

    def _take_world(self, offset: int, record: Any) -> None:
        if offset == 0 and not isinstance(record, Epoch):
            self._say(Topic.JOURNAL, offset, "the first record is no epoch")
        match record:
            case Epoch():
                if record.park != self._findings.park:
                    self._say(Topic.JOURNAL, offset, f"an epoch of park `{record.park}`")
                if self._epoch is not None and record.journal <= self._epoch:
                    self._say(Topic.JOURNAL, offset, f"epoch {record.journal} after epoch {self._epoch}")
                self._epoch = record.journal
                if record.previous is not None:
                    self._count(Topic.JOURNAL, offset, f"the journal goes on from `{record.previous}`")
            case Claim():
                if record.term > self._terms.get(record.filter, (0, ""))[0]:
                    self._terms[record.filter] = (record.term, record.owner)
                else:
                    self._count(Topic.JOURNAL, offset, "a claim that came second")
            case Tick() | Batch():
                held = self._terms.get(record.filter)
                cut = self._findings.topics[Topic.JOURNAL].head > 0  # and the claim perhaps with it
                if held != (record.term, record.owner) and not (held is None and cut):
                    word = "tick" if isinstance(record, Tick) else "batch"
                    self._count(Topic.JOURNAL, offset, f"a {word} of a term that does not hold")

    def _say(self, topic: Topic, offset: int, what: str) -> None:
        self._findings.damage(f"{topic}/{offset}", what, _TAP.format(topic=topic, offset=offset))

    def _count(self, topic: Topic, offset: int, what: str) -> None:
        self._counted[topic, what] += 1
        self._first.setdefault((topic, what), offset)
