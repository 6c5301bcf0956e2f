"""The web API's answers as models: what the browser reads, and what OpenAPI says of it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from fenceline.alert import Name
from fenceline.vocabulary import AlertState, Condition, Level, Tier

Point = tuple[float, float]
ActionId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{8,64}$")]
Direction = Literal["above", "below", "outside"]


class EnterpriseShape(BaseModel):
    """An owner of sensors; the park and the community are owners too."""

    id: str
    name: Name
    kind: Literal["enterprise", "park", "community"]
    polygon: list[Point]


class ReceptorShape(BaseModel):
    """A place where people must be protected."""

    id: str
    name: Name
    kind: str
    population: int
    position: Point


class SubstanceShape(BaseModel):
    """What sensors measure."""

    id: str
    name: Name
    formula: str | None


class ParkShape(BaseModel):
    """`GET /api/park`."""

    id: str
    name: Name
    simulated: bool
    boundary: list[Point]
    enterprises: list[EnterpriseShape]
    receptors: list[ReceptorShape]
    substances: list[SubstanceShape]


class SensorLimitShape(BaseModel):
    """A limit that a rule in force compares this sensor with."""

    rule: str
    level: Level
    name: str
    value: float
    unit: str
    direction: Direction
    source: str


class SensorPlace(BaseModel):
    """What of a sensor does not change while its configuration is in force."""

    id: str
    name: Name
    owner: str
    owner_name: Name
    tier: Tier
    placement: str
    unit_name: Name | None
    quantity: str
    quantity_name: Name
    unit: str
    range: tuple[float, float]
    interval_seconds: float
    hold_seconds: float
    position: Point
    limits: list[SensorLimitShape] = []


class SensorShape(SensorPlace):
    """A sensor with its newest reading, and whether it can tell."""

    value: float | None
    time: str | None
    quality: str | None
    state: Literal["current", "cannot_tell"]
    reason: str | None


class SensorsShape(BaseModel):
    """`GET /api/sensors`."""

    sensors: list[SensorShape]


class AlertLimitShape(BaseModel):
    """The limit that was crossed; `upper` only where a value must lie within two ends."""

    name: str
    value: float
    unit: str
    direction: Direction
    source: str
    upper: float | None = None


class CallShape(BaseModel):
    """Where paging stands."""

    id: str
    step: int
    cycle: int
    pages_due: int
    answered_by: str | None


class AlertShape(BaseModel):
    """An alert as it stands."""

    id: str
    revision: int
    level_revision: int
    rule: str
    rule_version: str
    rule_title: Name
    subject: str
    subject_name: Name
    owner: str
    owner_name: Name
    tier: Tier
    level: Level
    highest_level: Level
    state: AlertState
    condition: Condition
    quantity: str
    quantity_name: Name
    value: float | None
    value_at: str | None
    peak: float | None
    peak_at: str | None
    unit: str
    limit: AlertLimitShape | None
    onset: str
    raised_at: str
    changed_at: str
    acknowledged_by: str | None
    acknowledged_at: str | None
    ended_at: str | None
    reason: str | None
    simulated: bool
    position: Point | None
    placement: str
    call: CallShape | None


class AlertsShape(BaseModel):
    """`GET /api/alerts`; `position` is the ledger position that this answer holds."""

    alerts: list[AlertShape]
    position: int


class AttemptShape(BaseModel):
    """One attempt to deliver a page, with the times at which it and its receipt were recorded."""

    n: int
    channel: str | None
    at: str
    result: str | None
    receipt_at: str | None
    detail: str


class PageShape(BaseModel):
    """One message to one person; `sent` is a page whose receipt is still awaited."""

    id: str
    number: int
    revision: int
    recipient: str
    recipient_name: Name
    step: int
    channel: str | None
    state: Literal["due", "sent", "delivered", "failed", "expired", "cancelled"]
    due_at: str
    expires_at: str
    text: dict[str, list[str]]
    attempts: list[AttemptShape]


class HistoryShape(BaseModel):
    """One change of an alert, or of its paging: of that no revision, level, state and values are told."""

    at: str
    change: str
    by: str | None
    revision: int | None
    level: Level | None
    state: AlertState | None
    condition: Condition | None
    value: float | None
    peak: float | None
    reason: str | None
    step: int | None
    cycle: int | None
    detail: str | None


class AlertDetailShape(BaseModel):
    """`GET /api/alerts/{id}`."""

    alert: AlertShape
    history: list[HistoryShape]
    pages: list[PageShape]
    evidence: dict[str, Any]


class AcknowledgeBody(BaseModel):
    """Who acknowledges which revision; `action_id` stays the same when it is sent again.

    The name is the login's where people log in: then it may be left out, and no other is taken.
    """

    name: str | None = None
    revision: int = Field(ge=1)
    action_id: ActionId


class RecordedShape(BaseModel):
    """The action is durable; what became of it stands in the ledger."""

    action_id: str
    status: Literal["recorded"]


class ActionShape(BaseModel):
    """`GET /api/actions/{action_id}`."""

    action_id: str
    status: Literal["pending", "stands", "refused"]
    reason: str | None


class ReadingsShape(BaseModel):
    """`GET /api/readings`; a value of null stands in a gap, and so does its quality word."""

    sensor: str
    unit: str
    times: list[int]
    values: list[float | None]
    quality: list[str]


class StageShape(BaseModel):
    """One stage's account: in = out + rejected + late + duplicate + in flight."""

    stage: str
    in_: int
    out: int
    rejected: int
    late: int
    duplicate: int
    in_flight: int
    lost_before_us: int = 0
    balanced: bool
    reasons: dict[str, dict[str, int]]

    model_config = {"alias_generator": lambda name: name.rstrip("_"), "populate_by_name": True}


class AccountingShape(BaseModel):
    """`GET /api/accounting`; contradictions are between stages, or within one that does not balance."""

    stages: list[StageShape]
    contradictions: list[str] = []
    at: str


class ErrorText(BaseModel):
    """What is wrong, and what to do."""

    message: str
    hint: str


class ErrorShape(BaseModel):
    """Every answer that is not a success."""

    error: ErrorText
