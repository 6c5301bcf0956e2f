"""What stands in a ledger: how its alerts are now, and the records that close them where no state is left."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from console.fold import ParkFold
from fenceline.alert import AlertRecord, LedgerRecord, PageRecord
from fenceline.bus import Cause, Record
from fenceline.errors import WireError
from fenceline.journal import Claim, Tick
from fenceline.logtime import LogTime
from fenceline.vocabulary import AlertState, Condition
from fenceline.wire import decode, encode, kind_of

REASON = "state_lost"
DETAIL = "closed by a repair of the journal: whether it still holds, the next readings tell"


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


def closing(connection: sqlite3.Connection, journal: int, offset: int) -> list[Record]:
    """Records that end every open alert and cancel every due page, derived from the epoch at `offset`."""
    alerts: dict[str, AlertRecord] = {}
    pages: dict[str, PageRecord] = {}
    for record in _ledger(connection):
        if isinstance(record, AlertRecord):
            alerts[record.alert.id] = record
        elif isinstance(record, PageRecord):
            pages[record.page.id] = record
    times = [one.at_ns for one in alerts.values()] + [one.at_ns for one in pages.values()]
    at_ns = max(times, default=0)
    closed: list[LedgerRecord] = []
    for alert in (one.alert for one in alerts.values() if one.alert.ended_ns is None):
        ended = {
            "state": AlertState.NORMAL,
            "condition": Condition.UNKNOWN,
            "reason": REASON,
            "revision": alert.revision + 1,
            "changed_ns": at_ns,
            "ended_ns": at_ns,
        }
        after = alert.model_copy(update=ended)
        closed.append(AlertRecord(change="withdrawn", at_ns=at_ns, alert=after, detail=DETAIL))
    for page in (one.page for one in pages.values() if one.page.state == "due"):
        cancelled = page.model_copy(update={"state": "cancelled"})
        closed.append(PageRecord(change="closed", at_ns=at_ns, page=cancelled))
    return [
        Record(kind_of(record), encode(record), cause=Cause(journal, offset, index))
        for index, record in enumerate(closed)
    ]


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
