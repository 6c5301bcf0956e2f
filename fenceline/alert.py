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
    """Where paging stands for an alert."""

    id: str
    step: int
    cycle: int
    pages_due: int
    answered_by: str | None = None


class Alert(DerivedModel):
    """A condition that a named role must answer, at one tier, one place, one substance."""

    id: str
    revision: int
    level_revision: int  # the revision at which level or tier last rose
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
    state: AlertState
    condition: Condition
    quantity: str
    quantity_name: Name
    value: float | None
    peak: float | None
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


class ActionRefused(DerivedModel):
    """An action that does not stand, and why (`fenceline.reason.Refused`)."""

    kind: Literal["refused"] = "refused"
    action: str
    alert: str
    by: str
    reason: str
    at_ns: int


class AttemptMade(DerivedModel):
    """One attempt of a page, first with its number."""

    n: int
    channel: str
    nonce: str
    at_ns: int | None = None  # the first tick after it; none until then
    result: Literal["delivered", "failed", "no_receipt"] | None = None
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


LedgerRecord = AlertRecord | ActionRefused | PageRecord
