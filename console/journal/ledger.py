"""What stands in a ledger: how its alerts are now, and what it must be told after a repair."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from alerts.callstate import load_call
from alerts.lifecycle import QUIET, load_life
from console.fold import ParkFold
from fenceline.alert import Alert, AlertChange, AlertRecord, CallRecord, LedgerRecord, Page, PageRecord
from fenceline.bus import Cause, Record
from fenceline.errors import WireError
from fenceline.journal import Claim, Tick
from fenceline.logtime import LogTime
from fenceline.vocabulary import AlertState, Condition
from fenceline.wire import decode, encode, kind_of

REASON = "state_lost"
_CLOSED = "closed by a repair of the journal: whether it still holds, the next readings tell"
_AGAIN = "said again by a repair of the journal: the record of it was lost"


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert by its newest record."""

    id: str
    level: str
    state: str
    open: bool


def standing(connection: sqlite3.Connection) -> dict[str, Standing]:
    """Every alert of the ledger."""
    found: dict[str, Standing] = {}
    for record in _ledger(connection):
        if isinstance(record, AlertRecord):
            alert = record.alert
            found[alert.id] = Standing(alert.id, alert.level.value, alert.state.value, alert.ended_ns is None)
    return found


def reconciled(
    connection: sqlite3.Connection, fold: ParkFold, also: Sequence[Alert], cause: Cause
) -> list[Record]:
    """What the ledger must be told so that it says what the fold's state says; nothing where both are whole.

    Args:
        also: alerts that stand open elsewhere, such as in the store.
        cause: of the first record; the others follow.
    """
    alerts = {alert.id: alert for alert in also}
    pages: dict[str, Page] = {}
    for record in _ledger(connection):
        if isinstance(record, AlertRecord):
            alerts[record.alert.id] = record.alert
        elif isinstance(record, CallRecord):
            of_call = [alerts[alert] for alert in record.alerts if alert in alerts]
            alerts |= {alert.id: alert.model_copy(update={"call": record.call}) for alert in of_call}
        elif isinstance(record, PageRecord):
            pages[record.page.id] = record.page
    state = fold.alerts.dump()
    held = [load_life(entry).alert for entry in state["open"]]
    paged = [page for entry in state["calls"]["open"] for page in load_call(entry).pages.values()]
    at_ns = max([fold.log.now_ns, *(alert.changed_ns for alert in alerts.values())])
    said: list[LedgerRecord] = []
    for alert in (one for one in held if not _says(alerts.get(one.id), one)):
        change: AlertChange = "known" if alert.id in alerts else "raised"
        said.append(AlertRecord(change=change, at_ns=at_ns, alert=alert, detail=_AGAIN))
    said += [
        PageRecord(change="updated" if page.id in pages else "due", at_ns=at_ns, page=page)
        for page in paged
        if pages.get(page.id) != page
    ]
    open_now, due_now = {alert.id for alert in held}, {page.id for page in paged}
    for alert in alerts.values():
        if alert.ended_ns is None and alert.id not in open_now:
            said.append(
                AlertRecord(change="withdrawn", at_ns=at_ns, alert=_ended(alert, at_ns), detail=_CLOSED)
            )
    for page in pages.values():
        if page.state == "due" and page.id not in due_now:
            closed = page.model_copy(update={"state": "cancelled"})
            said.append(PageRecord(change="closed", at_ns=at_ns, page=closed))
    return [
        Record(kind_of(one), encode(one), cause=replace(cause, index=cause.index + number))
        for number, one in enumerate(said)
    ]


def _says(told: Alert | None, held: Alert) -> bool:
    """Whether the ledger says of an alert what the fold holds, but for what its next record will tell."""
    return told is not None and told.model_dump(exclude=QUIET) == held.model_dump(exclude=QUIET)


def _ended(alert: Alert, at_ns: int) -> Alert:
    ended = {"state": AlertState.NORMAL, "condition": Condition.UNKNOWN, "reason": REASON}
    times = {"revision": alert.revision + 1, "changed_ns": at_ns, "ended_ns": at_ns}
    return alert.model_copy(update={**ended, **times})


def empty_fold(connection: sqlite3.Connection) -> ParkFold:
    """A fold that knows nothing but the terms and the time that the journal still tells."""
    fold = ParkFold()
    fold.log = log = LogTime()
    rows = connection.execute(
        "SELECT kind, payload FROM journal WHERE kind IN ('claim', 'tick') ORDER BY offset"
    )
    for kind, payload in rows:
        try:
            record = decode(kind, payload)
        except WireError:  # quarantined before, no word of time
            continue
        if isinstance(record, Claim):
            log.claim(record)
        elif isinstance(record, Tick):
            # A tick that stands there held; the claim behind it may have been cut away.
            log.terms.setdefault(record.filter, (record.term, record.owner))
            log.tick(record)
    return fold


def _ledger(connection: sqlite3.Connection) -> Iterator[object]:
    rows = connection.execute("SELECT kind, payload FROM alerts WHERE kind <> 'refused' ORDER BY offset")
    for kind, payload in rows:
        try:
            yield decode(kind, payload)
        except WireError:
            continue
