"""Server-Sent Events as bytes: an event's name, its data and perhaps a ledger position in, a frame out."""

from collections.abc import Sequence
from typing import Any

import orjson

from console.watchdog.names import of_canary
from console.web.newest import Newest
from console.web.shaping import alert_shape, call_shape, page_shape
from console.web.times import NANOSECONDS_PER_MILLISECOND
from fenceline.alert import Alert, AlertRecord, CallRecord, LedgerRecord, PageRecord

RECONNECT_MS = 1_000


def frame(event: str, data: Any, position: int | None = None) -> bytes:
    """One event; `position` becomes the id that a reconnecting screen sends back."""
    head = b"" if position is None else b"id: %d\n" % position
    return b"%sevent: %s\ndata: %s\n\n" % (head, event.encode(), orjson.dumps(data))


def hello_frame(data: Any) -> bytes:
    """The first event, with how soon to come back when the line is cut."""
    return b"retry: %d\n" % RECONNECT_MS + frame("hello", data)


def alert_frame(alert: Alert, position: int) -> bytes:
    return frame("alert", alert_shape(alert).model_dump(), position)


def ledger_frames(record: LedgerRecord, position: int) -> bytes | None:
    """What a ledger record says to the screens: one event.

    None for what no screen shows: refusals, and the watchdog's canary.
    """
    if of_canary(record):
        return None
    if isinstance(record, AlertRecord):
        return alert_frame(record.alert, position)
    if isinstance(record, PageRecord):
        page = page_shape(record).model_dump()
        return frame("page", page | {"alerts": record.page.alerts}, position)
    if isinstance(record, CallRecord):
        call = call_shape(record.call).model_dump()
        return frame("call", {"call": call, "alerts": record.alerts}, position)
    return None


def peaks_frame(alerts: Sequence[Alert]) -> bytes:
    """The peaks of alerts that have got worse without a record of theirs."""
    return frame(
        "peaks",
        {alert.id: [(alert.peak_ns or 0) // NANOSECONDS_PER_MILLISECOND, alert.peak] for alert in alerts},
    )


def values_frame(changed: dict[str, Newest]) -> bytes:
    """The newest readings of the sensors that changed."""
    return frame(
        "values",
        {
            sensor: [newest.time_ns // NANOSECONDS_PER_MILLISECOND, newest.value, newest.quality.word]
            for sensor, newest in changed.items()
        },
    )
