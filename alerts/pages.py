"""Pages as records: a new one for a recipient, and what time makes of an attempt. Pure."""

from collections.abc import Sequence

from alerts.routes import Routes
from fenceline.alert import Alert, AttemptMade, Page
from fenceline.logtime import Moved
from fenceline.vocabulary import Level, Tier

SECOND = 1_000_000_000


def new_page(
    routes: Routes,
    *,
    call_id: str,
    number: int,
    members: Sequence[Alert],
    recipient: str,
    step: int,
    cycle: int,
    level: Level,
    tier: Tier,
    text: dict[str, tuple[str, ...]],
    log_ns: int,
) -> Page:
    """A page that is due now to `recipient`, numbered within its call."""
    who = routes.recipients[recipient]
    return Page(
        id=f"{call_id}.{number}",
        number=number,
        revision=1,
        call=call_id,
        alerts=tuple(alert.id for alert in members),
        recipient=recipient,
        recipient_name=who.name,
        channels=who.channels,
        step=step,
        cycle=cycle,
        level=level,
        tier=tier,
        due_ns=log_ns,
        expires_ns=log_ns + round(routes.expire_seconds * SECOND),
        state="due",
        text=text,
        link=f"/#/alerts/{members[0].id}",
        simulated=members[0].simulated,
    )


def attempt_at_tick(made: AttemptMade, moved: Moved, receipt_seconds: float) -> AttemptMade:
    """An attempt's time is the first tick after it; a gap in log time counts in no wait."""
    if made.result is not None:
        return made
    if made.at_ns is None:
        return made.model_copy(update={"at_ns": moved.now_ns})
    at_ns = made.at_ns + moved.leap_ns
    if moved.now_ns - at_ns > round(receipt_seconds * SECOND):
        return made.model_copy(update={"at_ns": at_ns, "result": "no_receipt"})
    return made if at_ns == made.at_ns else made.model_copy(update={"at_ns": at_ns})
