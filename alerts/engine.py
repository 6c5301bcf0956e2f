"""The alert lifecycle of one park as a pure fold: findings, actions, receipts and ticks in, ledger out."""

from collections.abc import Sequence
from typing import Any

from alerts import lifecycle
from alerts.calls import Calls
from alerts.callstate import OpenCall
from alerts.facts import Facts
from alerts.lifecycle import Life
from alerts.pagetext import page_text
from alerts.routes import Routes
from fenceline.alert import ActionRefused, Alert, AlertChange, AlertRecord, Call, LedgerRecord
from fenceline.finding import Finding
from fenceline.journal import Action, Attempt, Receipt
from fenceline.logtime import Moved
from fenceline.reason import Refused
from fenceline.vocabulary import AlertState, Condition, Level

Key = tuple[str, str]  # rule, subject
ENDED_KEPT = 10_000


class AlertEngine:
    """Open alerts and calls of a park."""

    def __init__(self) -> None:
        self._facts: Facts | None = None
        self._open: dict[Key, Life] = {}
        self._keys: dict[str, Key] = {}
        self._ended: dict[str, None] = {}  # ids, to say `ended` rather than `unknown_alert`
        self._onsets: dict[Key, tuple[int, int]] = {}
        self._actions: dict[str, None] = {}
        self._calls = Calls()

    def put_in_force(self, facts: Facts, routes: Routes) -> None:
        """Use these names and routes from here on; open calls go on by the new routes."""
        self._facts = facts
        self._calls.put_in_force(routes)

    def findings(self, findings: Sequence[Finding], log_ns: int) -> list[LedgerRecord]:
        """Apply findings in their order."""
        records: list[LedgerRecord] = []
        for finding in findings:
            key = (finding.rule, finding.subject)
            life = self._open.get(key)
            if life is None:
                if finding.condition is Condition.TRUE:
                    records += self._raise(key, finding, log_ns)
                continue
            change = lifecycle.apply(life, finding, log_ns)
            if change is not None:
                records += self._changed(life, change, log_ns)
        return records

    def action(self, action: Action, log_ns: int) -> list[LedgerRecord]:
        """An acknowledgement stands unless level or tier has risen since the revision it names."""
        if action.action in self._actions:
            return []
        _remember(self._actions, action.action)
        key = self._keys.get(action.alert)
        refused = self._why_refused(action, None if key is None else self._open[key])
        if refused is not None or key is None:
            reason = refused or Refused.UNKNOWN_ALERT
            refusal = ActionRefused(
                action=action.action, alert=action.alert, by=action.by, reason=reason, at_ns=log_ns
            )
            return [refusal]
        life = self._open[key]
        lifecycle.acknowledge(life, action.by, log_ns)
        call, pages = self._calls.answered(action.alert, log_ns)
        if call is not None:
            self._set_call(life, call, answered_by=action.by)
        record = AlertRecord(
            change="acknowledged", at_ns=log_ns, alert=life.alert, by=action.by, action=action.action
        )
        if life.alert.state is AlertState.NORMAL:
            self._forget(key)
        return [record, *pages]

    def attempt(self, record: Attempt, log_ns: int) -> list[LedgerRecord]:
        return list(self._calls.attempt(record, log_ns))

    def receipt(self, record: Receipt, log_ns: int) -> list[LedgerRecord]:
        return list(self._calls.receipt(record, self._alert, self._text, log_ns))

    def tick(self, moved: Moved) -> list[LedgerRecord]:
        return list(self._calls.tick(moved, self._alert, self._text))

    def withdrawn(self, gone: Sequence[Key], log_ns: int) -> list[LedgerRecord]:
        """Rules that are no longer in force end their alerts."""
        records: list[LedgerRecord] = []
        for key in sorted(set(gone)):
            life = self._open.get(key)
            if life is None:
                continue
            lifecycle.withdrawn(life, log_ns)
            records.append(AlertRecord(change="withdrawn", at_ns=log_ns, alert=life.alert))
            records += self._calls.withdrawn(life.alert.id, log_ns)
            self._forget(key)
        return records

    @property
    def open(self) -> list[Alert]:
        return [life.alert for life in self._open.values()]

    def dump(self) -> dict[str, Any]:
        """For a snapshot; what is in force is the caller's to keep."""
        return {
            "open": [
                {
                    "alert": life.alert.model_dump(mode="json"),
                    "rungs": {str(level): str(condition) for level, condition in life.rungs.items()},
                    "held": sorted(life.held),
                    "acknowledged_level": life.acknowledged_level,
                }
                for life in self._open.values()
            ],
            "ended": list(self._ended),
            "onsets": [[*key, *value] for key, value in self._onsets.items()],
            "actions": list(self._actions),
            "calls": self._calls.dump(),
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take up a dump; the same things must have been put in force before."""
        for entry in data["open"]:
            # Dumped as JSON, so it is read as JSON: lists become tuples again.
            alert = Alert.model_validate(entry["alert"])
            level = entry["acknowledged_level"]
            life = Life(
                alert,
                {Level(rung): Condition(value) for rung, value in entry["rungs"].items()},
                {Level(held) for held in entry["held"]},
                None if level is None else Level(level),
            )
            key = (alert.rule, alert.subject)
            self._open[key] = life
            self._keys[alert.id] = key
        self._ended = dict.fromkeys(data["ended"])
        self._onsets = {(rule, subject): (onset, count) for rule, subject, onset, count in data["onsets"]}
        self._actions = dict.fromkeys(data["actions"])
        self._calls.load(data["calls"])

    def _raise(self, key: Key, finding: Finding, log_ns: int) -> list[LedgerRecord]:
        assert self._facts is not None
        onset, count = self._onsets.get(key, (-1, 0))
        ordinal = count + 1 if onset == finding.since_ns else 0
        self._onsets[key] = (finding.since_ns, ordinal)
        life = lifecycle.raised(finding, self._facts, ordinal, log_ns)
        self._open[key] = life
        self._keys[life.alert.id] = key
        return self._alarm(life, "raised", log_ns)

    def _changed(self, life: Life, change: AlertChange, log_ns: int) -> list[LedgerRecord]:
        if change in ("realarmed", "level_risen") and life.alert.state is AlertState.UNACKNOWLEDGED:
            return self._alarm(life, change, log_ns)
        record = AlertRecord(change=change, at_ns=log_ns, alert=life.alert)
        if change == "ended":
            self._forget((life.alert.rule, life.alert.subject))
        return [record]

    def _alarm(self, life: Life, change: AlertChange, log_ns: int) -> list[LedgerRecord]:
        """The alert's record first, then the pages that it causes."""
        call, pages = self._calls.alarm(life.alert, self._alert, self._text, log_ns)
        if call is not None:
            self._set_call(life, call)
        return [AlertRecord(change=change, at_ns=log_ns, alert=life.alert), *pages]

    def _set_call(self, life: Life, call: OpenCall, answered_by: str | None = None) -> None:
        stands = Call(
            id=call.id,
            step=call.step,
            cycle=call.cycle,
            pages_due=call.pages_due,
            answered_by=answered_by,
        )
        life.alert = life.alert.model_copy(update={"call": stands})

    def _why_refused(self, action: Action, life: Life | None) -> Refused | None:
        if not action.by.strip():
            return Refused.NO_NAME
        if life is None:
            return Refused.ENDED if action.alert in self._ended else Refused.UNKNOWN_ALERT
        if action.revision > life.alert.revision:
            return Refused.UNKNOWN_REVISION
        if action.revision < life.alert.level_revision:
            return Refused.LEVEL_RISEN
        if life.alert.state is AlertState.ACKNOWLEDGED:
            return Refused.ALREADY_ACKNOWLEDGED
        return None

    def _forget(self, key: Key) -> None:
        life = self._open.pop(key)
        del self._keys[life.alert.id]
        self._calls.forget(life.alert.id)
        _remember(self._ended, life.alert.id)

    def _alert(self, alert_id: str) -> Alert:
        return self._open[self._keys[alert_id]].alert

    def _text(self, members: Sequence[Alert]) -> dict[str, tuple[str, ...]]:
        assert self._facts is not None
        return page_text(members, self._facts)


def _remember(seen: dict[str, None], name: str) -> None:
    """Add, and let go of the oldest beyond `ENDED_KEPT`."""
    seen[name] = None
    if len(seen) > ENDED_KEPT:
        del seen[next(iter(seen))]
