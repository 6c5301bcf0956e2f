"""The ledger: every change of every alert and of every page, as JSON of these models.

A record carries the whole alert or page as it stands after the change, so that a reader needs the
newest record of each id and no history to show it.
"""

from typing import Any, Literal

from pydantic import Field

from fenceline.finding import DerivedModel, LimitUsed
from fenceline.localname import LocalName
from fenceline.vocabulary import AlertState, Condition, Level, Tier

Name = LocalName


class Call(DerivedModel):
    """Where paging stands for the alerts of a call.

    In an alert's record as it stood then; the newest `CallRecord` of its id has the last word.
    """

    id: str
    step: int
    cycle: int
    pages_due: int
    answered_by: str | None = None


class Alert(DerivedModel):
    """A condition that a named role must answer, at one tier, one place, one substance.

    Args:
        level: the level that holds, or held last.
        highest_level: the highest that it ever had.
        value, value_ns: the newest value that a finding told, and the event time of its reading.
        peak, peak_ns: the value furthest beyond the limit since the onset, and the event time of its reading.
        level_revision: the revision at which level or tier last rose.
    """

    id: str
    revision: int
    level_revision: int
    rule: str
    version: str
    rule_title: Name
    subject: str
    subject_name: Name
    owner: str
    owner_name: Name
    placement: str
    position: tuple[float, float] | None
    tier: Tier
    level: Level
    highest_level: Level
    state: AlertState
    condition: Condition
    quantity: str
    quantity_name: Name
    value: float | None
    value_ns: int | None = None
    peak: float | None
    peak_ns: int | None = None
    unit: str
    limit: LimitUsed | None
    onset_ns: int
    raised_ns: int
    changed_ns: int
    acknowledged_by: str | None = None
    acknowledged_ns: int | None = None
    ended_ns: int | None = None
    reason: str | None = None
    simulated: bool = False
    evidence: dict[str, Any] = Field(default_factory=dict)
    call: Call | None = None

    @property
    def listed_level(self) -> Level:
        """What lists and filters go by: the level that holds, and once it has ended the highest it had."""
        return self.level if self.ended_ns is None else self.highest_level


AlertChange = Literal[
    "raised",
    "level_risen",
    "level_fallen",
    "unknown",
    "known",
    "acknowledged",
    "returned",
    "realarmed",
    "ended",
    "withdrawn",
    "paging",
    "answered",
]


class AlertRecord(DerivedModel):
    """An alert changed."""

    kind: Literal["alert"] = "alert"
    change: AlertChange
    at_ns: int
    alert: Alert
    by: str | None = None
    action: str | None = None
    detail: str | None = None


class CallRecord(DerivedModel):
    """Paging moved on for all alerts of a call at once: it stands in another step, or somebody answered.

    Args:
        alerts: the alerts that this is news of.
    """

    kind: Literal["call"] = "call"
    change: Literal["paging", "answered"]
    at_ns: int
    call: Call
    alerts: tuple[str, ...]
    by: str | None = None


class ActionRefused(DerivedModel):
    """An action that does not stand, and why (`fenceline.reason.Refused`)."""

    kind: Literal["refused"] = "refused"
    action: str
    alert: str
    by: str
    reason: str
    at_ns: int


class AttemptMade(DerivedModel):
    """One attempt of a page, first with its number.

    Args:
        made_ns, receipt_ns: log time at which it, and its newest receipt, stood in the journal.
        at_ns: from when its receipt is waited for: the first tick after it, put off by gaps in log time.
    """

    n: int
    channel: str
    nonce: str
    made_ns: int
    at_ns: int | None = None
    result: Literal["delivered", "failed", "no_receipt"] | None = None
    receipt_ns: int | None = None
    detail: str = ""


PageState = Literal["due", "delivered", "failed", "expired", "cancelled"]


class Page(DerivedModel):
    """One message to one person, through that person's channels in turn."""

    id: str
    number: int
    revision: int
    call: str
    alerts: tuple[str, ...]
    recipient: str
    recipient_name: Name
    channels: tuple[str, ...]
    step: int
    cycle: int
    level: Level
    tier: Tier
    due_ns: int
    expires_ns: int
    state: PageState
    text: dict[str, tuple[str, ...]]  # `zh`, `en`: lines, the first says what, where, how bad
    link: str  # path of the page that opens the alert; the pager puts its base address before it
    simulated: bool = False
    attempts: tuple[AttemptMade, ...] = ()


class PageRecord(DerivedModel):
    """A page changed: became due, was updated, attempted, answered by a channel, closed."""

    kind: Literal["page"] = "page"
    change: Literal["due", "updated", "attempted", "receipt", "closed"]
    at_ns: int
    page: Page


LedgerRecord = AlertRecord | CallRecord | ActionRefused | PageRecord
