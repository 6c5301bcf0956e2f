"""One alert's life by ISA-18.2: a finding or an acknowledgement in, the alert after it out. Pure.

    normal ──true──► unacknowledged ──acknowledge──► acknowledged ──false──► normal
                       │      ▲  ▲                        │
                     false   true └──── level risen ──────┘
                       ▼      │
                      returned ──acknowledge──► normal

Not being able to tell never ends an alert; an acknowledgement never ends one that still holds.
A finding that changes nothing else may still bring a newer value or a worse peak: the alert keeps them,
and its next record tells them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.facts import Facts
from fenceline.alert import Alert, AlertChange
from fenceline.finding import Extreme, Finding, LimitUsed
from fenceline.reason import Ended
from fenceline.vocabulary import AlertState, Condition, Level

MILLISECOND = 1_000_000
QUIET = {"value", "value_ns", "peak", "peak_ns"}  # may change without a record


@dataclass(slots=True)
class Life:
    """An open alert and what its rungs last said.

    Args:
        rungs: what each level last said, as far as it spoke since the alert began.
        held: the levels that were true when last known, with their limits.
        acknowledged_level: where it stood when it was last acknowledged.
    """

    alert: Alert
    rungs: dict[Level, Condition]
    held: dict[Level, LimitUsed | None]
    acknowledged_level: Level | None = None


def alert_id(rule: str, subject: str, onset_ns: int, ordinal: int) -> str:
    """Made of content, so that every replay gives the same; to the millisecond."""
    seconds, rest = divmod(onset_ns, 1_000_000_000)
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dt%H%M%S")
    tail = f".{ordinal}" if ordinal else ""
    return f"{rule}.{subject}.{stamp}.{rest // MILLISECOND:03d}z{tail}"


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
        highest_level=finding.level,
        state=AlertState.UNACKNOWLEDGED,
        condition=Condition.TRUE,
        quantity=sensor.quantity,
        quantity_name=sensor.quantity_name,
        value=finding.value,
        value_ns=None if finding.value is None else finding.at_ns,
        peak=None,
        unit=sensor.unit,
        limit=finding.limit,
        onset_ns=finding.since_ns,
        raised_ns=log_ns,
        changed_ns=log_ns,
        reason=finding.reason,
        simulated=facts.simulated,
        evidence=finding.evidence,
    )
    alert = _measured(alert, finding)
    return Life(alert, {finding.level: Condition.TRUE}, {finding.level: finding.limit})


def apply(life: Life, finding: Finding, log_ns: int) -> AlertChange | None:
    """Apply a finding to an open alert; the change it made, or none where nothing changed."""
    life.rungs[finding.level] = finding.condition
    if finding.condition is Condition.TRUE:
        life.held[finding.level] = finding.limit
    elif finding.condition is Condition.FALSE:
        life.held.pop(finding.level, None)
    life.alert = _measured(life.alert, finding)
    updates: dict[str, object] = {"reason": finding.reason}
    change = _change(life, finding, updates)
    if change is None:
        return None
    if change == "ended":
        updates["ended_ns"] = log_ns
    revise(life, log_ns, updates)
    return change


def got_worse(life: Life, told: Extreme) -> None:
    """The condition goes on and its worst value is another one: the peak follows, and nothing else."""
    if told.level in life.held and life.alert.limit is not None:
        update = peak_with(life.alert, life.alert.limit, told.extreme, told.extreme_at_ns)
        life.alert = life.alert.model_copy(update=update)


def revise(life: Life, log_ns: int, updates: dict[str, object]) -> None:
    """One change is one revision."""
    stamp = {"revision": life.alert.revision + 1, "changed_ns": log_ns}
    life.alert = life.alert.model_copy(update=stamp | updates)


def acknowledge(life: Life, by: str, log_ns: int) -> None:
    """A named person answered; the caller has seen that it stands."""
    life.acknowledged_level = life.alert.level
    updates: dict[str, object] = {"acknowledged_by": by, "acknowledged_ns": log_ns}
    if life.alert.state is AlertState.RETURNED:
        updates |= {"state": AlertState.NORMAL, "ended_ns": log_ns}
    else:
        updates |= {"state": AlertState.ACKNOWLEDGED}
    revise(life, log_ns, updates)


def withdrawn(life: Life, log_ns: int) -> None:
    """Its rule is no longer in force: the alert ends and says so."""
    ended = {"state": AlertState.NORMAL, "condition": Condition.UNKNOWN, "ended_ns": log_ns}
    revise(life, log_ns, ended | {"reason": Ended.RULE_WITHDRAWN.value})


def dump_life(life: Life) -> dict[str, Any]:
    """Plain values for a snapshot."""
    return {
        "alert": life.alert.model_dump(mode="json"),
        "rungs": {str(level): str(condition) for level, condition in life.rungs.items()},
        "held": {
            str(level): None if limit is None else limit.model_dump(mode="json")
            for level, limit in life.held.items()
        },
        "acknowledged_level": life.acknowledged_level,
    }


def load_life(entry: dict[str, Any]) -> Life:
    """The life that `dump_life` was given."""
    level = entry["acknowledged_level"]
    return Life(
        alert=Alert.model_validate(entry["alert"]),
        rungs={Level(rung): Condition(said) for rung, said in entry["rungs"].items()},
        held={
            Level(rung): None if limit is None else LimitUsed.model_validate(limit)
            for rung, limit in entry["held"].items()
        },
        acknowledged_level=None if level is None else Level(level),
    )


def _change(life: Life, finding: Finding, updates: dict[str, object]) -> AlertChange | None:
    """What the rungs now make of the alert."""
    alert = life.alert
    if not life.held:
        return _not_held(life, updates)
    level = max(life.held, key=lambda held: held.rank)
    holds = any(life.rungs[held] is Condition.TRUE for held in life.held)
    condition = Condition.TRUE if holds else Condition.UNKNOWN
    updates |= {"condition": condition, "level": level, "limit": life.held[level]}
    updates["highest_level"] = max(alert.highest_level, level, key=lambda one: one.rank)
    if condition is Condition.UNKNOWN and finding.condition is not Condition.UNKNOWN:
        updates["reason"] = alert.reason  # another rung's news: why it cannot tell has not changed
    if level.rank > alert.level.rank:
        updates["level_revision"] = alert.revision + 1
    if alert.state is AlertState.RETURNED:
        updates |= {"state": AlertState.UNACKNOWLEDGED, "evidence": finding.evidence}
        return "realarmed"
    if level.rank > alert.level.rank:
        updates["evidence"] = finding.evidence
        if life.acknowledged_level is None or level.rank > life.acknowledged_level.rank:
            updates["state"] = AlertState.UNACKNOWLEDGED
        return "level_risen"
    if level.rank < alert.level.rank:
        return "level_fallen"
    if condition is not alert.condition:
        return "unknown" if condition is Condition.UNKNOWN else "known"
    return None


def _not_held(life: Life, updates: dict[str, object]) -> AlertChange | None:
    """No rung holds: that was known and stands; whether it can still be told is said beside it."""
    alert = life.alert
    if alert.state is not AlertState.RETURNED:
        updates["condition"] = Condition.FALSE
        if alert.state is AlertState.ACKNOWLEDGED:
            updates["state"] = AlertState.NORMAL
            return "ended"
        updates["state"] = AlertState.RETURNED
        return "returned"
    # All of them: on the way into and out of blindness the rungs speak one after the other.
    blind = all(said is Condition.UNKNOWN for said in life.rungs.values())
    condition = Condition.UNKNOWN if blind else Condition.FALSE
    if condition is alert.condition:
        return None
    updates["condition"] = condition
    return "unknown" if blind else "known"


def _measured(alert: Alert, finding: Finding) -> Alert:
    """The alert with the value that a finding tells, and with the worst one since the one before.

    A value that proves nothing (calibration gas, a fault) is neither the alert's value nor its peak; where a
    finding has none (silence), the newest known one stands, with its own time.
    """
    limit = alert.limit
    if limit is None:
        return alert
    extreme, extreme_ns = finding.evidence.get("extreme"), finding.evidence.get("extreme_at_ns")
    if isinstance(extreme, int | float) and isinstance(extreme_ns, int):
        alert = alert.model_copy(update=peak_with(alert, limit, float(extreme), extreme_ns))
    value, at_ns = finding.value, finding.at_ns
    if value is None or finding.condition is Condition.UNKNOWN:
        return alert
    update = peak_with(alert, limit, value, at_ns) if finding.condition is Condition.TRUE else {}
    if alert.value_ns is None or at_ns >= alert.value_ns:
        update |= {"value": value, "value_ns": at_ns}
    return alert.model_copy(update=update)


def peak_with(alert: Alert, limit: LimitUsed, value: float, at_ns: int) -> dict[str, object]:
    """The peak with its time as changes of the alert, where `value` is worse; the first of equals stays."""
    if alert.peak is not None and _beyond_by(limit, value) <= _beyond_by(limit, alert.peak):
        return {}
    return {"peak": value, "peak_ns": at_ns}


def _beyond_by(limit: LimitUsed, value: float) -> float:
    """How far a value lies beyond the limit; below zero within it."""
    if limit.direction == "below":
        return limit.value - value
    if limit.direction == "above" or limit.upper is None:
        return value - limit.value
    return max(limit.value - value, value - limit.upper)
