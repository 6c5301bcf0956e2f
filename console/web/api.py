"""`/api`: questions in, the present picture and the store's history out."""

from datetime import datetime
from math import isnan
from typing import Annotated, Any, Literal, TypeGuard

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from console.web import shapes
from console.web.account import stage_shape
from console.web.actions import Actions
from console.web.faults import Problem
from console.web.people.gate import acting, visitor_of
from console.web.services import WebServices
from console.web.shaping import alert_shape, history_shape, page_shape
from console.web.stream import StreamResponse
from console.web.times import NANOSECONDS_PER_MILLISECOND, nanoseconds, rfc3339
from fenceline.alert import Alert, AlertRecord, CallRecord, LedgerRecord, PageRecord
from fenceline.bus import Cause
from fenceline.journal import Action
from fenceline.vocabulary import Level, Quality, Tier
from sinks.query import AlertFilter

DEFAULT_SPAN_NS = 900_000_000_000
HIGHEST_LIMIT = 2_000
HIGHEST_POINTS = 20_000

_ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"model": shapes.ErrorShape},
    422: {"model": shapes.ErrorShape},
}


def router_of(services: WebServices) -> APIRouter:
    """The routes of one park's API."""
    router = APIRouter(prefix="/api")
    view, history, clock = services.view, services.history, services.clock
    actions = Actions(bus=services.bus, park=services.park.id, view=view, history=history, clock=clock)

    @router.get("/park")
    async def park() -> shapes.ParkShape:
        return services.park

    @router.get("/sensors")
    async def sensors() -> shapes.SensorsShape:
        now_ns = clock.now_ns()
        return shapes.SensorsShape(sensors=[view.sensor(sensor, now_ns) for sensor in view.sensors])

    @router.get("/alerts", responses={422: {"model": shapes.ErrorShape}})
    async def alerts(
        state: Literal["open", "ended", "all"] = "open",
        tier: Tier | None = None,
        level: Level | None = None,
        owner: str | None = None,
        substance: str | None = None,
        limit: Annotated[int, Query(ge=1, le=HIGHEST_LIMIT)] = 200,
    ) -> shapes.AlertsShape:
        wanted = AlertFilter(state, tier, level, owner, substance)
        found: dict[str, Alert] = {}
        if state != "open":
            older = AlertFilter("ended", tier, level, owner, substance)
            found = {alert.id: alert for alert in await history.alerts(older, limit=limit)}
        # The picture is newer than the store, so it has the last word on what it holds.
        position = view.position
        for alert in (*view.open.values(), *view.ended.values()):
            if wanted.takes(alert):
                found[alert.id] = alert
            else:
                found.pop(alert.id, None)
        newest = sorted(found.values(), key=lambda alert: (-alert.raised_ns, alert.id))[:limit]
        return shapes.AlertsShape(alerts=[alert_shape(alert) for alert in newest], position=position)

    @router.get("/alerts/{alert_id:path}", responses=_ERRORS)
    async def alert(alert_id: str) -> shapes.AlertDetailShape:
        found = await _known(services, alert_id)
        changes: dict[Cause, AlertRecord | CallRecord] = {
            item.cause: item.record for item in await history.alert_history(alert_id)
        }
        pages: dict[str, PageRecord] = {
            item.record.page.id: item.record for item in await history.pages(alert_id)
        }
        for entry in view.recent:
            change = entry.record
            if _is_change_of(change, alert_id):
                changes[entry.cause] = change
        for record in view.pages_of(alert_id):
            pages[record.page.id] = record
        ordered = sorted(pages.values(), key=lambda record: (record.page.due_ns, record.page.number))
        return shapes.AlertDetailShape(
            alert=alert_shape(found),
            history=[history_shape(changes[cause]) for cause in sorted(changes)],
            pages=[page_shape(record) for record in ordered],
            evidence=found.evidence,
        )

    @router.post(
        "/alerts/{alert_id:path}/acknowledge",
        status_code=202,
        responses=_ERRORS | {503: {"model": shapes.ErrorShape}},
    )
    async def acknowledge(
        request: Request, alert_id: str, body: shapes.AcknowledgeBody
    ) -> shapes.RecordedShape:
        name = acting(request, body.name)
        await _known(services, alert_id)
        await actions.record(
            Action(
                action=body.action_id,
                verb="acknowledge",
                alert=alert_id,
                revision=body.revision,
                by=name,
            )
        )
        return shapes.RecordedShape(action_id=body.action_id, status="recorded")

    @router.get("/actions/{action_id}", responses={422: {"model": shapes.ErrorShape}})
    async def action(action_id: shapes.ActionId) -> shapes.ActionShape:
        return await actions.status(action_id)

    @router.get("/readings", responses=_ERRORS)
    async def readings(
        sensor: str,
        start: Annotated[datetime | None, Query(alias="from")] = None,
        end: Annotated[datetime | None, Query(alias="to")] = None,
        points: Annotated[int, Query(ge=2, le=HIGHEST_POINTS)] = 1_000,
    ) -> shapes.ReadingsShape:
        place = view.sensors.get(sensor)
        if place is None:
            raise Problem(404, f"there is no sensor `{sensor}`", "see /api/sensors for what there is")
        end_ns = clock.now_ns() if end is None else _time("to", end)
        start_ns = end_ns - DEFAULT_SPAN_NS if start is None else _time("from", start)
        if start_ns >= end_ns:
            raise Problem(422, "`from` is not before `to`", "exchange the two")
        series = await history.readings(
            sensor, start_ns, end_ns, points=points, gap_ns=round(place.hold_seconds * 1e9)
        )
        words = {quality.value: quality.word for quality in Quality}
        return shapes.ReadingsShape(
            sensor=sensor,
            unit=place.unit,
            times=(series.time // NANOSECONDS_PER_MILLISECOND).tolist(),
            values=[None if isnan(value) else value for value in series.value.tolist()],
            quality=[words[quality] for quality in series.quality.tolist()],
        )

    @router.get("/accounting")
    async def accounting() -> shapes.AccountingShape:
        stages = [stage_shape(stage, account) for stage, account in services.stages().items()]
        return shapes.AccountingShape(
            stages=stages, contradictions=services.contradictions(), at=rfc3339(clock.now_ns())
        )

    @router.get("/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
    async def stream(
        request: Request,
        last_event_id: str | None = None,
        last_event_id_header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    ) -> StreamResponse:
        # The header is newer: a browser sends it when it comes back to the same address.
        last = last_event_id if last_event_id_header is None else last_event_id_header
        position = int(last) if last is not None and last.isdecimal() else None
        return StreamResponse(
            live=services.live,
            bus=services.bus,
            park=services.park.id,
            last_position=position,
            holds=visitor_of(request).holds,
        )

    return router


async def _known(services: WebServices, alert_id: str) -> Alert:
    found = services.view.alert(alert_id) or await services.history.alert(alert_id)
    if found is None:
        raise Problem(404, f"there is no alert `{alert_id}`", "see /api/alerts for what there is")
    return found


def _is_change_of(record: LedgerRecord, alert_id: str) -> TypeGuard[AlertRecord | CallRecord]:
    if isinstance(record, AlertRecord):
        return record.alert.id == alert_id
    return isinstance(record, CallRecord) and alert_id in record.alerts


def _time(name: str, moment: datetime) -> int:
    if moment.tzinfo is None:
        raise Problem(422, f"`{name}` names no zone", "write it as 2024-05-01T08:00:00Z")
    return nanoseconds(moment)
