"""What the rules found: records of the derived topic `findings`, as JSON of these models."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fenceline.vocabulary import Condition, Level


class DerivedModel(BaseModel):
    """Base of derived records: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitUsed(DerivedModel):
    """The limit a value was compared with, in the sensor's unit, and where it comes from."""

    name: str
    value: float
    unit: str
    direction: Literal["above", "below", "outside"]
    source: str
    upper: float | None = None  # `outside` only: `value` is then the lower end


class Finding(DerivedModel):
    """A rule's condition on a subject changed.

    Args:
        rule, version: the rule's name and the hash of its content.
        level: the level that stands or falls with this condition.
        subject: sensor id.
        since_ns: content-derived onset: the event time at which the condition began to hold.
        at_ns: event time of the deciding reading, or log time of the deciding tick.
        value: the deciding reading's value; the newest one's where a delay ended at a tick;
            none for silence.
        reason: why it cannot tell (`fenceline.reason.CannotTell`).
        evidence: values and timers that led here. `extreme` and `extreme_at_ns`, where the condition is
            or was true: the worst value since its onset and the event time of that reading.
    """

    kind: Literal["finding"] = "finding"
    rule: str
    version: str
    level: Level
    subject: str
    condition: Condition
    since_ns: int
    at_ns: int
    value: float | None = None
    limit: LimitUsed | None = None
    reason: str | None = None
    evidence: dict[str, Any] = {}


class Extreme(DerivedModel):
    """A condition that is true has got worse: its worst value since the onset, and when that was measured.

    Told at ticks, each rung at most once in 10 s of log time, and only when the value is worse than the last
    one told (by a finding's evidence or by such a record). It changes no condition: of an alert it raises the
    peak and nothing else. Where the last of a series is not told yet, the finding that ends the condition
    carries it in its evidence.

    Args:
        rule, version, level, subject, since_ns: as in the finding that raised the condition.
        at_ns: log time of the tick.
        extreme: the worst value since the onset: the highest for `above`, the lowest for `below`, the one
            furthest beyond an end for `outside`; in the unit of the finding's limit.
        extreme_at_ns: event time of the reading that gave it.
    """

    kind: Literal["extreme"] = "extreme"
    rule: str
    version: str
    level: Level
    subject: str
    since_ns: int
    at_ns: int
    extreme: float
    extreme_at_ns: int


class Account(DerivedModel):
    """The fold's account: in = out + rejected + late + duplicate, each reading in one column.

    `lost_before_us` stands beside it: what the devices' sequence numbers say never reached us.
    """

    received: int = 0
    out: int = 0
    rejected: int = 0
    late: int = 0
    duplicate: int = 0
    lost_before_us: int = 0
    reasons: dict[str, dict[str, int]] = {}

    @property
    def balanced(self) -> bool:
        return self.received == self.out + self.rejected + self.late + self.duplicate


class Folded(DerivedModel):
    """The engine folded everything up to tick `to_ns`; screens go blind when this falls behind."""

    kind: Literal["folded"] = "folded"
    to_ns: int
    sensors: int
    watching: int
    account: Account


class Gap(DerivedModel):
    """Log time leapt: durations do not complete across it and it counts in no wait."""

    kind: Literal["gap"] = "gap"
    from_ns: int
    to_ns: int


class Quarantined(DerivedModel):
    """A record on which the fold raised: undone, and its sensors cannot tell."""

    kind: Literal["quarantined"] = "quarantined"
    offset: int
    record: str
    error: str
    sensors: tuple[str, ...] = ()


FindingRecord = Finding | Extreme | Folded | Gap | Quarantined
