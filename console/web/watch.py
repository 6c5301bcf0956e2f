"""`/api/watch`: what the watchdog asks once a second, and how it answers its own canary."""

import hmac
import os
from typing import Annotated

from fastapi import APIRouter, Header

from alerts.pager import PagerState
from console.watchdog.names import SANDBOX_CHANNEL, is_canary
from console.watchdog.report import (
    TOKEN_HEADER,
    AcknowledgeCanary,
    CanaryAlert,
    PagerReport,
    PartReport,
    StationReport,
)
from console.web.actions import Actions
from console.web.faults import Problem
from console.web.services import Watched, WebServices
from console.web.view import View
from fenceline.journal import Action
from fenceline.parkmodel import RESERVED_OWNERS, WATCHDOG_OWNER
from fenceline.vocabulary import AlertState

NAME = RESERVED_OWNERS[WATCHDOG_OWNER]


def router_of(services: WebServices, watched: Watched) -> APIRouter:
    """The routes for one park's watchdog."""
    router = APIRouter(prefix="/api/watch")
    view, clock, park = services.view, services.clock, services.park
    actions = Actions(bus=services.bus, park=park.id, view=view, history=services.history, clock=clock)

    @router.get("")
    async def watch() -> StationReport:
        folded = view.folded
        return StationReport(
            park=park.id,
            name=park.name,
            simulated=park.simulated,
            timezone=watched.timezone,
            pid=os.getpid(),
            server_ns=clock.now_ns(),
            folded_ns=None if folded is None else folded.to_ns,
            ticks=watched.ticks(),
            parts={
                part: PartReport(ready=state.ready, detail=state.detail)
                for part, state in services.parts().items()
            },
            pager=pager_report(watched.pager(), view),
            canary_in_force=watched.canary_in_force,
            canary=_canary(view),
        )

    @router.post("/acknowledge", status_code=202)
    async def acknowledge(
        body: AcknowledgeCanary, token: Annotated[str, Header(alias=TOKEN_HEADER)] = ""
    ) -> dict[str, str]:
        known = watched.token()
        if known is None or not hmac.compare_digest(known.encode(), token.encode()):
            raise Problem(403, "only the watchdog may answer its canary", "see docs/guides/watchdog.md")
        if not is_canary(body.alert):
            raise Problem(422, f"`{body.alert}` is not the canary's alert", "a person must acknowledge it")
        await actions.record(
            Action(
                action=body.action_id,
                verb="acknowledge",
                alert=body.alert,
                revision=body.revision,
                by=f"{NAME.zh} {NAME.en}",
            )
        )
        return {"status": "recorded"}

    return router


def pager_report(state: PagerState, view: View) -> PagerReport:
    """The pager's own word, and the view's on pages that it should have begun to send."""
    due = [
        record.page.due_ns
        for record in view.pages.values()
        if record.page.state == "due" and not record.page.attempts
    ]
    oldest = (view.folded.to_ns - min(due)) / 1e9 if due and view.folded is not None else None
    return PagerReport(
        synced=state.synced,
        durable=state.durable,
        pages_due=state.pages_due,
        oldest_waiting_seconds=oldest,
        failing={name: why for name, why in state.failing.items() if name != SANDBOX_CHANNEL},
    )


def _canary(view: View) -> CanaryAlert | None:
    alert = view.canary
    if alert is None:
        return None
    acknowledged = alert.state is AlertState.ACKNOWLEDGED
    return CanaryAlert(id=alert.id, revision=alert.revision, acknowledged=acknowledged)
