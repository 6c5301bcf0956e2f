"""What the screens of one park show: alerts, findings and readings in, the present picture out.

Pure: records are given to it with their causes, and those that are not above the highest it
applied are dropped. What has ended is kept for a while only; the store has the rest.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.lifecycle import peak_with
from console.watchdog.names import is_canary, of_canary
from console.web.newest import NewestReadings
from console.web.shapes import SensorPlace, SensorShape
from console.web.times import rfc3339
from fenceline.alert import Alert, AlertRecord, CallRecord, LedgerRecord, PageRecord
from fenceline.bus import Cause, Topic
from fenceline.finding import Extreme, Finding, FindingRecord, Folded
from fenceline.reason import CannotTell
from fenceline.vocabulary import FIRST_BAD_QUALITY, AlertState, Condition, Level
from sinks.query import OpenLedger

ENDED_KEPT = 1_000
RECENT_KEPT = 5_000
ACTIONS_KEPT = 10_000
BEHIND_AFTER_NS = 5_000_000_000

_TO_ANSWER = (AlertState.UNACKNOWLEDGED, AlertState.RETURNED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the ledger says of an action; a reason only where it does not stand."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger record where it stands."""

    position: int
    cause: Cause
    record: LedgerRecord


class View:
    """The present picture of a park.

    Args:
        sensors: the park's sensors by id.
    """

    def __init__(self, sensors: Mapping[str, SensorPlace]) -> None:
        self.sensors = dict(sensors)
        self.newest = NewestReadings(tuple(self.sensors))
        self.open: dict[str, Alert] = {}
        self.ended: OrderedDict[str, Alert] = OrderedDict()
        self.pages: dict[str, PageRecord] = {}
        self.recent: deque[Entry] = deque(maxlen=RECENT_KEPT)
        self.canary: Alert | None = None  # the watchdog's open alert, which no list holds
        self.folded: Folded | None = None
        self.folded_offset: int | None = None  # of that tick in the journal
        self.received_per_second = 0.0
        self.position = -1  # of the last ledger record in this picture
        self._open_of: dict[tuple[str, str], str] = {}  # rule, subject → the open alert
        self._worse: set[str] = set()
        self._actions: OrderedDict[str, Outcome] = OrderedDict()
        self._unknown: dict[str, dict[tuple[str, Level], str]] = {}
        self._ledger_cause: Cause | None = None
        self._findings_cause: Cause | None = None

    def seed(self, ledger: OpenLedger) -> None:
        """Begin with what a store holds, up to where it has applied the topics."""
        self.open = {alert.id: alert for alert in ledger.alerts if not is_canary(alert.id)}
        self._open_of = {(alert.rule, alert.subject): alert.id for alert in self.open.values()}
        self.canary = next((alert for alert in ledger.alerts if is_canary(alert.id)), None)
        self.pages = {record.page.id: record for record in ledger.pages if not of_canary(record)}
        for finding in ledger.unknown:
            self._take_condition(finding)
        alerts, findings = (ledger.applied.get(topic) for topic in (Topic.ALERTS, Topic.FINDINGS))
        self._ledger_cause = None if alerts is None else alerts.cause
        self._findings_cause = None if findings is None else findings.cause

    # Taking

    def take_ledger(self, position: int, cause: Cause, record: LedgerRecord) -> bool:
        """Apply a ledger record; false where it was applied before, or no screen shows it."""
        self.position = max(self.position, position)
        if self._ledger_cause is not None and cause <= self._ledger_cause:
            return False
        self._ledger_cause = cause
        if of_canary(record):
            if isinstance(record, AlertRecord):
                self.canary = record.alert if record.alert.ended_ns is None else None
            return False
        self.recent.append(Entry(position, cause, record))
        if isinstance(record, AlertRecord):
            self._take_alert(record)
        elif isinstance(record, PageRecord):
            self._take_page(record)
        elif isinstance(record, CallRecord):
            self._take_call(record)
        else:
            self._remember(record.action, Outcome(record.reason))
        return True

    def begin_at(self, position: int) -> None:
        """The ledger is read from here on: its positions may start over, its records do not."""
        self.position = position
        self.recent.clear()

    def take_finding(self, cause: Cause, record: FindingRecord) -> bool:
        """Apply a finding or a folded tick; false where it was applied before."""
        if self._findings_cause is not None and cause <= self._findings_cause:
            return False
        self._findings_cause = cause
        if isinstance(record, Finding):
            self._take_condition(record)
        elif isinstance(record, Extreme):
            self._take_extreme(record)
        elif isinstance(record, Folded):
            self._take_folded(record)
            self.folded_offset = cause.offset
        return True

    # Showing

    def alert(self, alert: str) -> Alert | None:
        """An alert that stands open or ended a short while ago."""
        return self.open.get(alert) or self.ended.get(alert)

    def pages_of(self, alert: str) -> list[PageRecord]:
        """The pages in this picture that speak of an alert."""
        found = [record for record in self.pages.values() if alert in record.page.alerts]
        return sorted(found, key=lambda record: (record.page.due_ns, record.page.number))

    def outcome(self, action: str) -> Outcome | None:
        """What the ledger says of an action, where it said so lately."""
        return self._actions.get(action)

    def take_worse(self) -> list[Alert]:
        """The open alerts whose peak rose, without a record of theirs, since this was last asked."""
        worse, self._worse = self._worse, set()
        return [self.open[alert] for alert in sorted(worse) if alert in self.open]

    @property
    def unacknowledged(self) -> int:
        return sum(alert.state in _TO_ANSWER for alert in self.open.values())

    def behind(self, now_ns: int) -> bool:
        """Whether the engine has not folded up to the present."""
        return self.folded is None or now_ns - self.folded.to_ns > BEHIND_AFTER_NS

    def sensor(self, sensor: str, now_ns: int) -> SensorShape:
        """A sensor with its newest reading; it can tell only while nothing says otherwise."""
        place = self.sensors[sensor]
        newest = self.newest.of(sensor)
        reason = self._why_unknown(place, now_ns)
        return SensorShape(
            **place.model_dump(),
            value=None if newest is None else newest.value,
            time=None if newest is None else rfc3339(newest.time_ns),
            quality=None if newest is None else newest.quality.word,
            state="current" if reason is None else "cannot_tell",
            reason=reason,
        )

    # Inside

    def _why_unknown(self, place: SensorPlace, now_ns: int) -> str | None:
        unknown = self._unknown.get(place.id, {})
        for limit in place.limits:
            # A rule that is no longer in force says nothing any more, not even that it cannot tell.
            reason = unknown.get((limit.rule, limit.level))
            if reason is not None:
                return reason
        newest = self.newest.of(place.id)
        if newest is None:
            return CannotTell.NEVER_SEEN
        log_time_ns = now_ns if self.folded is None else self.folded.to_ns
        if log_time_ns - newest.time_ns > place.hold_seconds * 1e9:
            return CannotTell.SILENT
        if newest.quality >= FIRST_BAD_QUALITY:
            return newest.quality.word
        return None

    def _take_alert(self, record: AlertRecord) -> None:
        alert = record.alert
        if record.action is not None:
            self._remember(record.action, Outcome(None))
        if alert.ended_ns is None:
            self.open[alert.id] = alert
            self._open_of[alert.rule, alert.subject] = alert.id
            self.ended.pop(alert.id, None)
            return
        self.open.pop(alert.id, None)
        if self._open_of.get((alert.rule, alert.subject)) == alert.id:
            del self._open_of[alert.rule, alert.subject]
        self.ended[alert.id] = alert
        while len(self.ended) > ENDED_KEPT:
            gone, _ = self.ended.popitem(last=False)
            self._drop_pages_of(gone)

    def _take_call(self, record: CallRecord) -> None:
        for alert in record.alerts:
            known = self.open.get(alert)
            if known is not None:
                self.open[alert] = known.model_copy(update={"call": record.call})

    def _take_page(self, record: PageRecord) -> None:
        self.pages[record.page.id] = record

    def _drop_pages_of(self, gone: str) -> None:
        for page, record in list(self.pages.items()):
            if gone in record.page.alerts and not any(
                self.alert(alert) is not None for alert in record.page.alerts
            ):
                del self.pages[page]

    def _take_condition(self, finding: Finding) -> None:
        rung = (finding.rule, finding.level)
        if finding.condition is Condition.UNKNOWN:
            reason = CannotTell.SILENT.value if finding.reason is None else finding.reason
            self._unknown.setdefault(finding.subject, {})[rung] = reason
            return
        rungs = self._unknown.get(finding.subject)
        if rungs is not None:
            rungs.pop(rung, None)
            if not rungs:
                del self._unknown[finding.subject]

    def _take_extreme(self, told: Extreme) -> None:
        """An alert's records tell its peak only when something else changes; a screen shows it at once."""
        alert = self.open.get(self._open_of.get((told.rule, told.subject), ""))
        if alert is None or alert.limit is None or told.extreme_at_ns < alert.onset_ns:
            return  # of an alert that this picture does not have yet, or no longer
        worse = peak_with(alert, alert.limit, told.extreme, told.extreme_at_ns)
        if worse:
            self.open[alert.id] = alert.model_copy(update=worse)
            self._worse.add(alert.id)

    def _take_folded(self, record: Folded) -> None:
        before, self.folded = self.folded, record
        if before is not None and record.to_ns > before.to_ns:
            seconds = (record.to_ns - before.to_ns) / 1e9
            new = record.account.received - before.account.received
            self.received_per_second = max(0, new) / seconds

    def _remember(self, action: str, outcome: Outcome) -> None:
        # Of two words on one action the first holds: a retried action is one action.
        self._actions.setdefault(action, outcome)
        while len(self._actions) > ACTIONS_KEPT:
            self._actions.popitem(last=False)
