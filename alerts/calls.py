"""Calls: who is being paged for one enterprise and one substance, until somebody answers. Pure.

One call is open per enterprise and substance. Alerts that follow join it; within `update_seconds`
they update its pages, later they stand in its next step. A higher level or tier starts the call
anew on its own route, unless its page has not been attempted yet and goes to the same people.
An acknowledgement of any of its alerts answers the call. A step's wait starts at the first tick
after its first delivered page, or after the last of them failed.
"""

from collections.abc import Callable, Sequence
from typing import Any

from alerts.callstate import NEXT_TICK, NOT_WAITING, OpenCall, dump_call, load_call
from alerts.pages import attempt_at_tick, new_page
from alerts.routes import Routes
from fenceline.alert import Alert, AttemptMade, Page, PageRecord
from fenceline.journal import Attempt, Receipt
from fenceline.logtime import Moved

SECOND = 1_000_000_000

Text = Callable[[Sequence[Alert]], dict[str, tuple[str, ...]]]


class Calls:
    """All open calls of a park; every method returns the ledger records it made."""

    def __init__(self) -> None:
        self.routes: Routes | None = None
        self.open: dict[tuple[str, str], OpenCall] = {}
        self.of_page: dict[str, tuple[str, str]] = {}
        self._begun: dict[str, int] = {}

    def put_in_force(self, routes: Routes) -> None:
        """Open calls go on by the new routes; pages that are out stay as they are."""
        self.routes = routes
        for call in self.open.values():
            steps = routes.route_for(call.tier, call.level, call.owner).steps
            if steps:
                call.steps = steps
                call.step = min(call.step, len(steps) - 1)

    def alarm(
        self, alert: Alert, alerts: Callable[[str], Alert], text: Text, log_ns: int
    ) -> tuple[OpenCall | None, list[PageRecord]]:
        """An alert began, rose or came back: join its call, or begin one."""
        if self.routes is None:
            return None, []
        steps = self.routes.route_for(alert.tier, alert.level, alert.owner).steps
        if not steps:
            return None, []  # for the screen only, also while others of its kind are being paged
        call = self.open.get((alert.owner, alert.quantity))
        if call is None:
            number = self._begun.get(alert.id, 0) + 1
            self._begun[alert.id] = number
            call = OpenCall(
                id=f"{alert.id}~{number}",
                owner=alert.owner,
                quantity=alert.quantity,
                level=alert.level,
                tier=alert.tier,
                members=[alert.id],
                steps=steps,
            )
            self.open[call.key] = call
            return call, self._page_step(call, alerts, text, log_ns)
        if alert.id not in call.members:
            call.members.append(alert.id)
        if alert.level.rank > call.level.rank or alert.tier.rank > call.tier.rank:
            return call, self._raise_call(call, alert, alerts, text, log_ns)
        return call, self._update(call, alerts, text, log_ns)

    def answered(self, alert_id: str, log_ns: int) -> tuple[OpenCall | None, list[PageRecord]]:
        """A person acknowledged this alert: its call is answered, what is still due is cancelled."""
        for call in self.open.values():
            if alert_id in call.members:
                return call, self._close_call(call, log_ns)
        return None, []

    def withdrawn(self, alert_id: str, log_ns: int) -> list[PageRecord]:
        """An alert is no more: its call goes on for the others, or ends with the last."""
        for call in list(self.open.values()):
            if alert_id in call.members:
                call.members.remove(alert_id)
                if not call.members:
                    return self._close_call(call, log_ns)
        return []

    def forget(self, alert_id: str) -> None:
        """The alert has ended: its id begins no call again."""
        self._begun.pop(alert_id, None)

    def attempt(self, record: Attempt, log_ns: int) -> list[PageRecord]:
        """The first attempt of each number holds."""
        call, page = self._page(record.page)
        if call is None or page is None or any(made.n == record.number for made in page.attempts):
            return []
        made = AttemptMade(n=record.number, channel=record.channel, nonce=record.nonce)
        page = page.model_copy(update={"attempts": (*page.attempts, made)})
        call.pages[page.id] = page
        return [PageRecord(change="attempted", at_ns=log_ns, page=page)]

    def receipt(
        self, record: Receipt, alerts: Callable[[str], Alert], text: Text, log_ns: int
    ) -> list[PageRecord]:
        """What became of an attempt; an expired page is decided anew while its call is open."""
        call, page = self._page(record.page)
        if call is None or page is None or page.state != "due":
            return []
        if record.result == "expired":
            closed = self._close(call, page, "expired", log_ns)
            if self.routes is None or page.recipient not in self.routes.recipients:
                return [closed]
            return [closed, self._page_one(call, page.recipient, alerts, text, log_ns)]
        attempts = tuple(
            made.model_copy(update={"result": record.result, "detail": record.detail})
            if made.n == record.number and made.result in (None, "no_receipt")
            else made
            for made in page.attempts
        )
        if attempts == page.attempts:
            return []
        page = page.model_copy(update={"attempts": attempts})
        call.pages[page.id] = page
        records = [PageRecord(change="receipt", at_ns=log_ns, page=page)]
        if record.result == "delivered":
            records.append(self._close(call, page, "delivered", log_ns))
            if call.wait_due_ns == NOT_WAITING:
                call.wait_due_ns = NEXT_TICK
        return records

    def tick(self, moved: Moved, alerts: Callable[[str], Alert], text: Text) -> list[PageRecord]:
        """Waits run out, attempts stay without receipt; in the order (due, call)."""
        routes = self.routes
        if routes is None:
            return []
        records: list[PageRecord] = []
        fire: list[tuple[int, str, tuple[str, str]]] = []
        for key, call in self.open.items():
            records += self._mark_attempts(call, moved, routes)
            if call.wait_due_ns == NEXT_TICK:
                call.wait_due_ns = moved.now_ns + round(call.steps[call.step].wait_seconds * SECOND)
            elif call.wait_due_ns >= 0:
                call.wait_due_ns += moved.leap_ns
                if call.wait_due_ns <= moved.now_ns:
                    fire.append((call.wait_due_ns, call.id, key))
        for _, _, key in sorted(fire):
            records += self._next_step(self.open[key], alerts, text, moved.now_ns)
        return records

    def _mark_attempts(self, call: OpenCall, moved: Moved, routes: Routes) -> list[PageRecord]:
        """An attempt's time is the first tick after it; without a receipt in time it counts as none."""
        records: list[PageRecord] = []
        for before in list(call.pages.values()):
            if before.state != "due":
                continue
            attempts = tuple(attempt_at_tick(made, moved, routes.receipt_seconds) for made in before.attempts)
            page = before.model_copy(update={"attempts": attempts})
            call.pages[page.id] = page
            spent = len(page.channels) * routes.attempts_per_channel
            if len(attempts) >= spent and all(made.result in ("failed", "no_receipt") for made in attempts):
                records.append(self._close(call, page, "failed", moved.now_ns))
        due = any(page.state == "due" for page in call.pages.values())
        if not due and call.wait_due_ns == NOT_WAITING:
            call.wait_due_ns = NEXT_TICK
        return records

    def _next_step(
        self, call: OpenCall, alerts: Callable[[str], Alert], text: Text, log_ns: int
    ) -> list[PageRecord]:
        records = self._cancel(call, log_ns)
        call.step += 1
        if call.step >= len(call.steps):
            call.step = 0
            call.cycle += 1
        return records + self._page_step(call, alerts, text, log_ns)

    def _raise_call(
        self, call: OpenCall, alert: Alert, alerts: Callable[[str], Alert], text: Text, log_ns: int
    ) -> list[PageRecord]:
        assert self.routes is not None
        call.level = max(call.level, alert.level, key=lambda level: level.rank)
        call.tier = max(call.tier, alert.tier, key=lambda tier: tier.rank)
        steps = self.routes.route_for(call.tier, call.level, call.owner).steps
        if not steps:
            return []
        unsent = call.step == 0 and all(
            page.state == "due" and not page.attempts for page in call.pages.values()
        )
        if unsent and call.pages and steps[0].to == call.steps[0].to:
            call.steps = steps
            return self._rewrite(call, alerts, text, log_ns)
        records = self._cancel(call, log_ns)
        call.steps, call.step, call.cycle = steps, 0, 0
        return records + self._page_step(call, alerts, text, log_ns)

    def _page_step(
        self, call: OpenCall, alerts: Callable[[str], Alert], text: Text, log_ns: int
    ) -> list[PageRecord]:
        for page_id in call.pages:
            self.of_page.pop(page_id, None)
        call.pages.clear()
        call.wait_due_ns = NOT_WAITING
        return [self._page_one(call, name, alerts, text, log_ns) for name in call.steps[call.step].to]

    def _page_one(
        self, call: OpenCall, recipient: str, alerts: Callable[[str], Alert], text: Text, log_ns: int
    ) -> PageRecord:
        assert self.routes is not None
        call.pages_due += 1
        members = [alerts(name) for name in call.members]
        page = new_page(
            self.routes,
            call_id=call.id,
            number=call.pages_due,
            members=members,
            recipient=recipient,
            step=call.step,
            cycle=call.cycle,
            level=call.level,
            tier=call.tier,
            text=text(members),
            log_ns=log_ns,
        )
        call.pages[page.id] = page
        self.of_page[page.id] = call.key
        return PageRecord(change="due", at_ns=log_ns, page=page)

    def _update(
        self, call: OpenCall, alerts: Callable[[str], Alert], text: Text, log_ns: int
    ) -> list[PageRecord]:
        assert self.routes is not None
        within = round(self.routes.update_seconds * SECOND)
        if all(log_ns - page.due_ns > within for page in call.pages.values()):
            return []
        return self._rewrite(call, alerts, text, log_ns)

    def _rewrite(
        self, call: OpenCall, alerts: Callable[[str], Alert], text: Text, log_ns: int
    ) -> list[PageRecord]:
        members = [alerts(name) for name in call.members]
        lines = text(members)
        records = []
        for before in list(call.pages.values()):
            if before.state not in ("due", "delivered"):
                continue
            page = before.model_copy(
                update={
                    "revision": before.revision + 1,
                    "alerts": tuple(call.members),
                    "level": call.level,
                    "tier": call.tier,
                    "text": lines,
                }
            )
            call.pages[page.id] = page
            records.append(PageRecord(change="updated", at_ns=log_ns, page=page))
        return records

    def _close_call(self, call: OpenCall, log_ns: int) -> list[PageRecord]:
        records = self._cancel(call, log_ns)
        for page_id in call.pages:
            self.of_page.pop(page_id, None)
        del self.open[call.key]
        return records

    def _cancel(self, call: OpenCall, log_ns: int) -> list[PageRecord]:
        due = [page for page in call.pages.values() if page.state == "due"]
        return [self._close(call, page, "cancelled", log_ns) for page in due]

    def _close(self, call: OpenCall, page: Page, state: str, log_ns: int) -> PageRecord:
        page = page.model_copy(update={"state": state})
        call.pages[page.id] = page
        return PageRecord(change="closed", at_ns=log_ns, page=page)

    def _page(self, page_id: str) -> tuple[OpenCall | None, Page | None]:
        key = self.of_page.get(page_id)
        call = None if key is None else self.open[key]
        return call, None if call is None else call.pages.get(page_id)

    def dump(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"open": [dump_call(call) for call in self.open.values()], "begun": self._begun}

    def load(self, data: dict[str, Any]) -> None:
        """Take up a dump, in its order."""
        for entry in data["open"]:
            call = load_call(entry)
            self.open[call.key] = call
            self.of_page |= dict.fromkeys(call.pages, call.key)
        self._begun = dict(data["begun"])
