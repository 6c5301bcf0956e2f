"""One alert's life by ISA-18.2: a finding or an acknowledgement in, the alert after it out. Pure.

    normal ──true──► unacknowledged ──acknowledge──► acknowledged ──false──► normal
                       │      ▲  ▲                        │
                     false   true └──── level risen ──────┘
                       ▼      │
                      returned ──acknowledge──► normal

Not being able to tell never ends an alert; an acknowledgement never ends one that still holds.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from alerts.facts import Facts
from fenceline.alert import Alert, AlertChange
from fenceline.finding import Finding
from fenceline.vocabulary import AlertState, Condition, Level

_EXTREME = {"above": max, "below": min}


@dataclass(slots=True)
class Life:
    """An open alert and what its rungs last said."""

    alert: Alert
    rungs: dict[Level, Condition] = field(default_factory=dict)
    held: set[Level] = field(default_factory=set)  # levels that were true when last known
    acknowledged_level: Level | None = None


def alert_id(rule: str, subject: str, onset_ns: int, ordinal: int) -> str:
    """Made of content, so that every replay gives the same."""
    seconds, rest = divmod(onset_ns, 1_000_000_000)
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dt%H%M%S")
    tail = f".{ordinal}" if ordinal else ""
    return f"{rule}.{subject}.{stamp}.{rest // 1_000_000:03d}z{tail}"


def raised(finding: Finding, facts: Facts, ordinal: int, log_ns: int) -> Life:
    """A new alert from the finding that began it."""
    sensor = facts.sensors[finding.subject]
    alert = Alert(
        id=alert_id(finding.rule, finding.subject, finding.since_ns, ordinal),
        revision=1,
        level_revision=1,
        rule=finding.rule,
        version=finding.version,
        rule_title=facts.rules[finding.rule].title,
        subject=finding.subject,
        subject_name=sensor.name,
        owner=sensor.owner,
        owner_name=sensor.owner_name,
        placement=sensor.placement,
        position=sensor.position,
        tier=sensor.tier,
        level=finding.level,
        state=AlertState.UNACKNOWLEDGED,
        condition=Condition.TRUE,
        quantity=sensor.quantity,
        quantity_name=sensor.quantity_name,
        value=finding.value,
        peak=finding.value,
        unit=sensor.unit,
        limit=finding.limit,
        onset_ns=finding.since_ns,
        raised_ns=log_ns,
        changed_ns=log_ns,
        reason=finding.reason,
        simulated=facts.simulated,
        evidence=finding.evidence,
    )
    return Life(alert, {finding.level: Condition.TRUE}, {finding.level})


def apply(life: Life, finding: Finding, log_ns: int) -> AlertChange | None:
    """Apply a finding to an open alert; the change it made, or none where nothing changed."""
    life.rungs[finding.level] = finding.condition
    if finding.condition is Condition.TRUE:
        life.held.add(finding.level)
    elif finding.condition is Condition.FALSE:
        life.held.discard(finding.level)
    before = life.alert
    updates: dict[str, object] = {}
    change = _change(life, finding, updates)
    if change is None:
        return None
    if finding.value is not None and before.limit is not None:
        extreme = _EXTREME.get(before.limit.direction)
        peak = (
            finding.value if before.peak is None or extreme is None else extreme(before.peak, finding.value)
        )
        updates |= {"value": finding.value, "peak": peak}
    updates |= {"revision": before.revision + 1, "changed_ns": log_ns, "reason": finding.reason}
    if life.held and max(held.rank for held in life.held) > before.level.rank:
        updates["level_revision"] = before.revision + 1
    if change == "ended":
        updates["ended_ns"] = log_ns
    life.alert = before.model_copy(update=updates)
    return change


def _change(life: Life, finding: Finding, updates: dict[str, object]) -> AlertChange | None:
    alert = life.alert
    if not life.held:
        if alert.condition is Condition.FALSE:
            return None
        updates["condition"] = Condition.FALSE
        if alert.state is AlertState.ACKNOWLEDGED:
            updates["state"] = AlertState.NORMAL
            return "ended"
        updates["state"] = AlertState.RETURNED
        return "returned"
    level = max(life.held, key=lambda held: held.rank)
    holds = any(life.rungs[held] is Condition.TRUE for held in life.held)
    condition = Condition.TRUE if holds else Condition.UNKNOWN
    updates |= {"condition": condition, "level": level}
    if alert.state is AlertState.RETURNED:
        updates |= {"state": AlertState.UNACKNOWLEDGED, "limit": finding.limit, "evidence": finding.evidence}
        return "realarmed"
    if level.rank > alert.level.rank:
        updates |= {"limit": finding.limit, "evidence": finding.evidence}
        if life.acknowledged_level is None or level.rank > life.acknowledged_level.rank:
            updates["state"] = AlertState.UNACKNOWLEDGED
        return "level_risen"
    if level.rank < alert.level.rank:
        return "level_fallen"
    if condition is not alert.condition:
        return "unknown" if condition is Condition.UNKNOWN else "known"
    return None


def acknowledge(life: Life, by: str, log_ns: int) -> None:
    """A named person answered; the caller has seen that it stands."""
    before = life.alert
    returned = before.state is AlertState.RETURNED
    updates: dict[str, object] = {
        "revision": before.revision + 1,
        "changed_ns": log_ns,
        "state": AlertState.NORMAL if returned else AlertState.ACKNOWLEDGED,
        "acknowledged_by": by,
        "acknowledged_ns": log_ns,
    }
    if returned:
        updates["ended_ns"] = log_ns
    life.alert = before.model_copy(update=updates)
    life.acknowledged_level = before.level


def withdrawn(life: Life, log_ns: int) -> None:
    """Its rule is no longer in force: the alert ends and says so."""
    before = life.alert
    life.alert = before.model_copy(
        update={
            "revision": before.revision + 1,
            "changed_ns": log_ns,
            "ended_ns": log_ns,
            "state": AlertState.NORMAL,
            "condition": Condition.UNKNOWN,
            "reason": "rule_withdrawn",
        }
    )
