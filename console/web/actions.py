"""What people do: a name, an alert and a revision in, an action in the journal out.

It is answered for only once it is durable, or as not known to be recorded after two seconds. What
became of it stands in the ledger. The same action id is one action, however often it comes.
"""

import asyncio
from collections import OrderedDict

import structlog

from console.web.faults import Problem
from console.web.shapes import ActionShape
from console.web.view import View
from fenceline.alert import ActionRefused
from fenceline.bus import Bus, Record, Topic
from fenceline.clock import Clock
from fenceline.errors import BusError
from fenceline.journal import Action
from fenceline.wire import encode, kind_of
from sinks.query import Queries

DURABLE_WITHIN_SECONDS = 2.0
APPENDS_KEPT = 10_000
NOT_KNOWN = "not known to be recorded"

_log = structlog.get_logger()


class Actions:
    """Appends people's actions to a park's journal."""

    def __init__(self, *, bus: Bus, park: str, view: View, history: Queries, clock: Clock) -> None:
        self._bus = bus
        self._park = park
        self._view = view
        self._history = history
        self._clock = clock
        self._appends: OrderedDict[str, asyncio.Task[int]] = OrderedDict()

    async def record(self, action: Action) -> None:
        """Return once the action is durable.

        Raises:
            Problem: 503, it is not known to be recorded.
        """
        if self._view.outcome(action.action) is not None:
            return
        append = self._appends.get(action.action)
        if append is None:
            append = asyncio.ensure_future(self._append(action))
            self._appends[action.action] = append
            while len(self._appends) > APPENDS_KEPT:
                self._appends.popitem(last=False)
        deadline = asyncio.ensure_future(self._clock.sleep(DURABLE_WITHIN_SECONDS))
        try:
            # The append goes on whatever happens to this request: it may be recorded yet.
            await asyncio.wait({append, deadline}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            deadline.cancel()
        if not append.done():
            raise _not_known(action, "it was not durable within 2 s")
        error = append.exception()
        if error is not None:
            self._appends.pop(action.action, None)
            if not isinstance(error, BusError):
                raise error
            raise _not_known(action, error.message)

    async def status(self, action_id: str) -> ActionShape:
        """What the ledger says; pending while it says nothing."""
        outcome = self._view.outcome(action_id)
        if outcome is not None:
            reason, known = outcome.reason, True
        else:
            record = await self._history.action(action_id)
            known = record is not None
            reason = record.reason if isinstance(record, ActionRefused) else None
        if not known:
            return ActionShape(action_id=action_id, status="pending", reason=None)
        return ActionShape(
            action_id=action_id, status="stands" if reason is None else "refused", reason=reason
        )

    async def _append(self, action: Action) -> int:
        record = Record(kind_of(action), encode(action))
        offset = await self._bus.append(Topic.JOURNAL, self._park, [record])
        _log.info(
            "an action is recorded", park=self._park, verb=action.verb, alert=action.alert, by=action.by
        )
        return offset


def _not_known(action: Action, why: str) -> Problem:
    return Problem(
        503,
        f"`{action.action}` is not known to be recorded: {why}",
        "ask /api/actions/{action_id}, or send it again under the same `action_id`",
        action_id=action.action,
        status=NOT_KNOWN,
    )
