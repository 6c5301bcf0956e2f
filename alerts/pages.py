"""Pages as records: a new one, one that tells more, and what attempts and time make of it. Pure."""

from alerts.callstate import OpenCall
from alerts.routes import Routes
from fenceline.alert import Alert, AttemptMade, Page
from fenceline.journal import Receipt
from fenceline.logtime import Moved

SECOND = 1_000_000_000

Lines = dict[str, tuple[str, ...]]
Told = tuple[Alert, Lines]  # the worst of a page's alerts, and the lines by language


def new_page(routes: Routes, call: OpenCall, recipient: str, told: Told, log_ns: int) -> Page:
    """A page that is due now to `recipient`, numbered within its call."""
    who = routes.recipients[recipient]
    worst, lines = told
    return Page(
        id=f"{call.id}.{call.pages_due}",
        number=call.pages_due,
        revision=1,
        call=call.id,
        alerts=tuple(call.members),
        recipient=recipient,
        recipient_name=who.name,
        channels=who.channels,
        step=call.step,
        cycle=call.cycle,
        level=call.level,
        tier=call.tier,
        due_ns=log_ns,
        expires_ns=log_ns + round(routes.expire_seconds * SECOND),
        state="due",
        text=lines,
        link=_link(worst),
        simulated=worst.simulated,
    )


def retold(page: Page, call: OpenCall, told: Told) -> Page:
    """The same page, telling how its call stands now."""
    worst, lines = told
    return page.model_copy(
        update={
            "revision": page.revision + 1,
            "alerts": tuple(call.members),
            "level": call.level,
            "tier": call.tier,
            "text": lines,
            "link": _link(worst),
            "simulated": worst.simulated,
        }
    )


def can_be_retold(page: Page, routes: Routes, at_ns: int) -> bool:
    """Whether what joins at `at_ns` still goes into it: until it is sent, and for a while after."""
    if page.state == "due" and not page.attempts:
        return True
    return page.state in ("due", "delivered") and at_ns - page.due_ns <= round(routes.update_seconds * SECOND)


def received(page: Page, receipt: Receipt, log_ns: int) -> Page:
    """The page with the result of one of its attempts; itself where that says nothing new."""
    attempts = tuple(
        made.model_copy(update={"result": receipt.result, "receipt_ns": log_ns, "detail": receipt.detail})
        if made.n == receipt.number and made.result in (None, "no_receipt")
        else made
        for made in page.attempts
    )
    return page if attempts == page.attempts else page.model_copy(update={"attempts": attempts})


def at_tick(page: Page, moved: Moved, receipt_seconds: float) -> Page:
    """Let log time pass over its attempts."""
    if all(made.result is not None for made in page.attempts):
        return page
    attempts = tuple(_attempt_at_tick(made, moved, receipt_seconds) for made in page.attempts)
    return page.model_copy(update={"attempts": attempts})


def is_spent(page: Page, attempts_per_channel: int) -> bool:
    """Every channel was tried as often as it may be, and none of the attempts got through."""
    tried = len(page.attempts) >= len(page.channels) * attempts_per_channel
    return tried and all(made.result in ("failed", "no_receipt") for made in page.attempts)


def _attempt_at_tick(made: AttemptMade, moved: Moved, receipt_seconds: float) -> AttemptMade:
    """An attempt's time is the first tick after it; a gap in log time counts in no wait."""
    if made.result is not None:
        return made
    if made.at_ns is None:
        return made.model_copy(update={"at_ns": moved.now_ns})
    # Never later than now: log time may have been put back since.
    at_ns = min(made.at_ns + moved.leap_ns, moved.now_ns)
    late = moved.now_ns - at_ns > round(receipt_seconds * SECOND)
    return made.model_copy(update={"at_ns": at_ns, "result": "no_receipt" if late else None})


def _link(alert: Alert) -> str:
    return f"/#/alerts/{alert.id}"
