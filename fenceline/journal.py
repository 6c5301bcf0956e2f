"""The records of the journal: the world in one order. All but `Batch` travel as JSON of these models.

These formats are final: a journal written today is read by every later release. A field may be
added with a default; none may change its meaning.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fenceline.reading import Readings
from fenceline.vocabulary import Condition


class JournalModel(BaseModel):
    """Base of the journal's JSON records: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Epoch(JournalModel):
    """First record of a journal: its number, and the last position of the one before."""

    kind: Literal["epoch"] = "epoch"
    journal: int
    park: str
    previous: str | None = None


class Claim(JournalModel):
    """An ingestor claims a topic filter: of equal terms the first in the journal holds."""

    kind: Literal["claim"] = "claim"
    filter: str
    owner: str
    term: int


class Tick(JournalModel):
    """Time passed: everything this ticker received before `time_ns` stands before this record."""

    kind: Literal["tick"] = "tick"
    filter: str
    owner: str
    term: int
    time_ns: int


class TimeSet(JournalModel):
    """A named person set log time, perhaps back; counts only after a newer claim."""

    kind: Literal["time_set"] = "time_set"
    action: str
    by: str
    time_ns: int


class InForce(JournalModel):
    """What is in force from here on, whole: `park`, `substances`, `rules`, `routes`, `build`.

    Items that are not named stay as they were. Each item carries its own content, so that the
    journal alone can be folded.
    """

    kind: Literal["in_force"] = "in_force"
    items: dict[str, Any]
    hashes: dict[str, str]


class Action(JournalModel):
    """What a named person did. `action` is its id: a retried append is one action."""

    kind: Literal["action"] = "action"
    action: str
    verb: Literal["acknowledge"]
    alert: str
    revision: int
    by: str


class Attempt(JournalModel):
    """A pager is about to send page `page` for the `number`-th time; of equals the first holds."""

    kind: Literal["attempt"] = "attempt"
    page: str
    number: int
    channel: str
    nonce: str


class Receipt(JournalModel):
    """What became of an attempt; `number` 0 with `expired` speaks of the page as a whole."""

    kind: Literal["receipt"] = "receipt"
    page: str
    number: int
    result: Literal["delivered", "failed", "expired"]
    detail: str = ""


SystemCondition = Literal["account-imbalance", "journal-full", "broker-lost"]


class Said(JournalModel):
    """What a running role sees and the fold cannot: a condition of Fenceline itself, from here on.

    Args:
        role: who says it, the same after every start; each role's word stands until it says another.
        owner: this start of its process.
        condition: what holds or not; a word this release does not know quarantines the record, loudly.
        since_ns: since when, by the role's wall clock. It names the alert and decides nothing.
        detail: one sentence for people.
        evidence: the figures behind it.
    """

    kind: Literal["said"] = "said"
    role: str
    owner: str
    condition: SystemCondition
    holds: Condition
    since_ns: int
    detail: str = ""
    evidence: dict[str, Any] = {}


JournalRecord = Epoch | Claim | Tick | TimeSet | InForce | Action | Attempt | Receipt | Said


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of readings, or an empty one: the ingestor's mark.

    Args:
        filter: topic filter of the ingestor.
        owner: the ingestor that wrote it.
        term: its term.
        received_ns: the ingestor's wall clock when it closed the batch.
        readings: decoded readings, in arrival order.
        rejected: (dead letter key, reason) of each reading or message refused; the dead letters
            themselves are durable before this batch.
        messages: MQTT messages that went into this batch.
    """

    filter: str
    owner: str
    term: int
    received_ns: int
    readings: Readings
    rejected: tuple[tuple[str, str], ...] = ()
    messages: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


class DeadLetter(JournalModel):
    """What could not be read: whole up to 256 KB, beyond that its head, length and hash.

    `raw` is the text where it is UTF-8, else base64 (`encoding` says which).
    """

    kind: Literal["dead_letter"] = "dead_letter"
    key: str
    reason: str
    detail: str
    topic: str
    received_ns: int
    length: int
    sha256: str
    encoding: Literal["text", "base64"]
    raw: str
    truncated: bool = False
