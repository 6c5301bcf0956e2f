"""The alert lifecycle of one park as a pure fold: findings, actions, receipts and ticks in, ledger out."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from alerts import lifecycle
from alerts.calls import Calls
from alerts.callstate import OpenCall
from alerts.facts import Facts
from alerts.lifecycle import Life
from alerts.pages import Told
from alerts.pagetext import Newest, page_text
from alerts.routes import Routes
from fenceline.alert import ActionRefused, Alert, AlertChange, AlertRecord, Call, CallRecord, LedgerRecord
from fenceline.finding import Extreme, Finding
from fenceline.journal import Action, Attempt, Receipt
from fenceline.logtime import Moved
from fenceline.reason import Refused
from fenceline.vocabulary import AlertState, Condition

Key = tuple[str, str]  # rule, subject
REMEMBERED = 10_000  # ended alerts, and actions


class AlertEngine:
    """Open alerts and calls of a park.

    Args:
        newest: what the sensor of an alert says at this moment of the fold, where it says it of the same
            quantity as the alert's limit; pages tell it.
    """

    def __init__(self, newest: Callable[[Alert], Newest | None] = lambda _: None) -> None:
        self._newest = newest
        self._facts: Facts | None = None
        self._open: dict[Key, Life] = {}
        self._keys: dict[str, Key] = {}
        self._ended: dict[str, None] = {}  # ids, to say `ended` rather than `unknown_alert`
        self._onsets: dict[Key, tuple[int, int]] = {}  # the latest, in ms, and the last ordinal
        self._actions: dict[str, None] = {}
        self._calls = Calls(self._tell)
        self._look_again = False

    def put_in_force(self, facts: Facts, routes: Routes) -> None:
        """Use these names and routes from here on; open calls go on by the new routes.

        From the next tick on, alerts that nobody answered are paged where the routes did not say so before.
        """
        self._facts = facts
        self._calls.put_in_force(routes)
        self._look_again = True

    def findings(self, findings: Sequence[Finding | Extreme], log_ns: int) -> list[LedgerRecord]:
        """Apply findings in their order."""
        records: list[LedgerRecord] = []
        for finding in findings:
            key = (finding.rule, finding.subject)
            life = self._open.get(key)
            if isinstance(finding, Extreme):
                if life is not None:
                    lifecycle.got_worse(life, finding)
                continue
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
        life = self._life(action.alert)
        refused = self._why_refused(action, life)
        if refused is not None or life is None:
            return [
                ActionRefused(
                    action=action.action,
                    alert=action.alert,
                    by=action.by,
                    reason=refused or Refused.UNKNOWN_ALERT,
                    at_ns=log_ns,
                )
            ]
        lifecycle.acknowledge(life, action.by, log_ns)
        call, pages = self._calls.answered(life.alert, log_ns)
        if call is not None:
            life.alert = life.alert.model_copy(update={"call": _standing(call, action.by)})
        records: list[LedgerRecord] = [
            AlertRecord(
                change="acknowledged", at_ns=log_ns, alert=life.alert, by=action.by, action=action.action
            )
        ]
        if call is not None:
            records += self._tell_members(call, "answered", log_ns, action.by)
        if life.alert.state is AlertState.NORMAL:
            self._forget(life)
        return records + list(pages)

    def attempt(self, record: Attempt, log_ns: int) -> list[LedgerRecord]:
        """A pager is about to send."""
        return list(self._calls.attempt(record, log_ns))

    def receipt(self, record: Receipt, log_ns: int) -> list[LedgerRecord]:
        """A pager has sent, could not, or came too late."""
        return list(self._calls.receipt(record, log_ns))

    def tick(self, moved: Moved) -> list[LedgerRecord]:
        """Let log time pass: waits run out; then each alert's record says where its paging stands."""
        records: list[LedgerRecord] = list(self._calls.tick(moved))
        if self._look_again:
            self._look_again = False
            records += self._page_unpaged(moved.now_ns)
        for call in self._calls.open.values():
            if call.moved:
                call.moved = False
                records += self._tell_members(call, "paging", moved.now_ns)
        return records

    def withdrawn(self, gone: Sequence[Key], log_ns: int) -> list[LedgerRecord]:
        """Rules that are no longer in force end their alerts."""
        records: list[LedgerRecord] = []
        for key in sorted(set(gone)):
            life = self._open.get(key)
            if life is None:
                continue
            lifecycle.withdrawn(life, log_ns)
            records.append(AlertRecord(change="withdrawn", at_ns=log_ns, alert=life.alert))
            records += self._calls.withdrawn(life.alert, log_ns)
            self._forget(life)
        return records

    @property
    def open(self) -> list[Alert]:
        """The alerts that have not ended, in the order in which they began."""
        return [life.alert for life in self._open.values()]

    def dump(self) -> dict[str, Any]:
        """For a snapshot; what is in force is the caller's to keep."""
        return {
            "open": [lifecycle.dump_life(life) for life in self._open.values()],
            "ended": list(self._ended),
            "onsets": [[*key, *value] for key, value in self._onsets.items()],
            "actions": list(self._actions),
            "calls": self._calls.dump(),
            "look_again": self._look_again,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take up a dump; the same things must have been put in force before."""
        for entry in data["open"]:
            life = lifecycle.load_life(entry)
            key = (life.alert.rule, life.alert.subject)
            self._open[key] = life
            self._keys[life.alert.id] = key
        self._ended = dict.fromkeys(data["ended"])
        self._onsets = {(rule, subject): (onset, ordinal) for rule, subject, onset, ordinal in data["onsets"]}
        self._actions = dict.fromkeys(data["actions"])
        self._calls.load(data["calls"])
        self._look_again = data["look_again"]

    def _raise(self, key: Key, finding: Finding, log_ns: int) -> list[LedgerRecord]:
        assert self._facts is not None
        # In the milliseconds of an id. Only an onset later than all before it needs no ordinal.
        onset = finding.since_ns // lifecycle.MILLISECOND
        latest, ordinal = self._onsets.get(key, (onset - 1, 0))
        ordinal = 0 if onset > latest else ordinal + 1
        self._onsets[key] = (max(onset, latest), ordinal)
        life = lifecycle.raised(finding, self._facts, ordinal, log_ns)
        self._open[key] = life
        self._keys[life.alert.id] = key
        return self._alarm(life, "raised", log_ns)

    def _changed(self, life: Life, change: AlertChange, log_ns: int) -> list[LedgerRecord]:
        # Where nobody was ever paged for it, also a lower level may be the first whose route has steps.
        calls = change in ("realarmed", "level_risen") or life.alert.call is None
        if calls and life.alert.state is AlertState.UNACKNOWLEDGED:
            return self._alarm(life, change, log_ns)
        if change == "ended":
            self._forget(life)
        self._calls.changed(life.alert, log_ns)
        return [AlertRecord(change=change, at_ns=log_ns, alert=life.alert)]

    def _alarm(self, life: Life, change: AlertChange, log_ns: int) -> list[LedgerRecord]:
        """The alert's record first, then the pages that it causes."""
        call, pages = self._calls.alarm(life.alert, log_ns)
        if call is not None:
            life.alert = life.alert.model_copy(update={"call": _standing(call)})
        return [AlertRecord(change=change, at_ns=log_ns, alert=life.alert), *pages]

    def _page_unpaged(self, log_ns: int) -> list[LedgerRecord]:
        """Other routes are in force: alerts that nobody answered and nobody is paged for join a call."""
        records: list[LedgerRecord] = []
        for life in self._open.values():
            alert = life.alert
            waits = alert.state in (AlertState.UNACKNOWLEDGED, AlertState.RETURNED)
            answered = alert.call is not None and alert.call.answered_by is not None
            if not waits or answered or self._calls.call_of(alert) is not None:
                continue
            call, pages = self._calls.alarm(alert, log_ns)
            standing = None if call is None else _standing(call)
            if standing != alert.call:
                lifecycle.revise(life, log_ns, {"call": standing})
                records.append(AlertRecord(change="paging", at_ns=log_ns, alert=life.alert))
            records += pages
        return records

    def _tell_members(
        self, call: OpenCall, change: Literal["paging", "answered"], log_ns: int, by: str | None = None
    ) -> list[LedgerRecord]:
        """How the call stands, in one record for all of its alerts whose records do not say so yet."""
        standing = _standing(call, by)
        told: list[str] = []
        for alert_id in call.members:
            life = self._open[self._keys[alert_id]]
            if life.alert.call != standing:
                life.alert = life.alert.model_copy(update={"call": standing})
                told.append(alert_id)
        if not told:
            return []
        return [CallRecord(change=change, at_ns=log_ns, call=standing, alerts=tuple(told), by=by)]

    def _why_refused(self, action: Action, life: Life | None) -> Refused | None:
        if not action.by.strip():
            return Refused.NO_NAME
        if life is None:
            return Refused.ENDED if action.alert in self._ended else Refused.UNKNOWN_ALERT
        if not 1 <= action.revision <= life.alert.revision:
            return Refused.UNKNOWN_REVISION
        if action.revision < life.alert.level_revision:
            return Refused.LEVEL_RISEN
        if life.alert.state is AlertState.ACKNOWLEDGED:
            return Refused.ALREADY_ACKNOWLEDGED
        return None

    def _life(self, alert_id: str) -> Life | None:
        key = self._keys.get(alert_id)
        return None if key is None else self._open[key]

    def _forget(self, life: Life) -> None:
        alert = life.alert
        del self._open[alert.rule, alert.subject]
        del self._keys[alert.id]
        self._calls.forget(alert.id)
        _remember(self._ended, alert.id)

    def _tell(self, alert_ids: Iterable[str]) -> Told:
        assert self._facts is not None
        members = [self._open[self._keys[alert_id]].alert for alert_id in alert_ids]
        return page_text(members, self._facts, self._newest)


def _standing(call: OpenCall, answered_by: str | None = None) -> Call:
    """The call as its alerts' records show it."""
    return Call(
        id=call.id, step=call.step, cycle=call.cycle, pages_due=call.pages_due, answered_by=answered_by
    )


def _remember(seen: dict[str, None], name: str) -> None:
    """Add, and let go of the oldest beyond `REMEMBERED`."""
    seen[name] = None
    if len(seen) > REMEMBERED:
        del seen[next(iter(seen))]
