"""Records of the ledger in, the web API's shapes out. Pure."""

from console.web.shapes import (
    AlertLimitShape,
    AlertShape,
    AttemptShape,
    CallShape,
    HistoryShape,
    PageShape,
)
from console.web.times import rfc3339, rfc3339_or_none
from fenceline.alert import Alert, AlertRecord, Call, CallRecord, PageRecord
from fenceline.finding import LimitUsed


def alert_shape(alert: Alert) -> AlertShape:
    """An alert as the screens read it."""
    return AlertShape(
        id=alert.id,
        revision=alert.revision,
        level_revision=alert.level_revision,
        rule=alert.rule,
        rule_version=alert.version,
        rule_title=alert.rule_title,
        subject=alert.subject,
        subject_name=alert.subject_name,
        owner=alert.owner,
        owner_name=alert.owner_name,
        tier=alert.tier,
        level=alert.level,
        highest_level=alert.highest_level,
        state=alert.state,
        condition=alert.condition,
        quantity=alert.quantity,
        quantity_name=alert.quantity_name,
        value=alert.value,
        value_at=rfc3339_or_none(alert.value_ns),
        peak=alert.peak,
        peak_at=rfc3339_or_none(alert.peak_ns),
        unit=alert.unit,
        limit=None if alert.limit is None else _limit_shape(alert.limit),
        onset=rfc3339(alert.onset_ns),
        raised_at=rfc3339(alert.raised_ns),
        changed_at=rfc3339(alert.changed_ns),
        acknowledged_by=alert.acknowledged_by,
        acknowledged_at=rfc3339_or_none(alert.acknowledged_ns),
        ended_at=rfc3339_or_none(alert.ended_ns),
        reason=alert.reason,
        simulated=alert.simulated,
        position=alert.position,
        placement=alert.placement,
        call=None if alert.call is None else call_shape(alert.call),
    )


def call_shape(call: Call) -> CallShape:
    """Where paging stands."""
    return CallShape(**call.model_dump())


def page_shape(record: PageRecord) -> PageShape:
    """A page as the screens read it."""
    page = record.page
    attempts = [
        AttemptShape(
            n=attempt.n,
            channel=attempt.channel,
            at=rfc3339(attempt.made_ns),
            result=attempt.result,
            receipt_at=rfc3339_or_none(attempt.receipt_ns),
            detail=attempt.detail,
        )
        for attempt in page.attempts
    ]
    awaited = page.state == "due" and bool(attempts) and attempts[-1].result is None
    channel = attempts[-1].channel if attempts else next(iter(page.channels), None)
    return PageShape(
        id=page.id,
        number=page.number,
        revision=page.revision,
        recipient=page.recipient,
        recipient_name=page.recipient_name,
        step=page.step,
        channel=channel,
        state="sent" if awaited else page.state,
        due_at=rfc3339(page.due_ns),
        expires_at=rfc3339(page.expires_ns),
        text={language: list(lines) for language, lines in page.text.items()},
        attempts=attempts,
    )


def history_shape(record: AlertRecord | CallRecord) -> HistoryShape:
    """One change of an alert or of its paging."""
    alert = record.alert if isinstance(record, AlertRecord) else None
    call = record.call if isinstance(record, CallRecord) else record.alert.call
    return HistoryShape(
        at=rfc3339(record.at_ns),
        change=record.change,
        by=record.by,
        revision=None if alert is None else alert.revision,
        level=None if alert is None else alert.level,
        state=None if alert is None else alert.state,
        condition=None if alert is None else alert.condition,
        value=None if alert is None else alert.value,
        peak=None if alert is None else alert.peak,
        reason=None if alert is None else alert.reason,
        step=None if call is None else call.step,
        cycle=None if call is None else call.cycle,
        detail=record.detail if isinstance(record, AlertRecord) else None,
    )


def _limit_shape(limit: LimitUsed) -> AlertLimitShape:
    return AlertLimitShape(
        name=limit.name,
        value=limit.value,
        unit=limit.unit,
        direction=limit.direction,
        source=limit.source,
        upper=limit.upper,
    )
