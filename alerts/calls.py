"""Calls: who is being paged for one enterprise and one substance, until somebody answers. Pure.

One call is open per enterprise and substance, and alerts that follow join it. At the next tick its pages
tell what is new, if they are not sent yet or became due less than `update_seconds` before; else the next
step tells it. A higher level or tier starts the call anew on its own route, unless its page has not been
attempted yet and goes to the same people. An acknowledgement of any of its alerts answers the call. A step's
wait starts at the first tick after its first delivered page, or after the last of them failed.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

from alerts.callstate import NEXT_TICK, NO_NEWS, NOT_WAITING, OpenCall, dump_call, load_call
from alerts.pages import SECOND, Told, at_tick, can_be_retold, is_spent, new_page, received, retold
from alerts.routes import Routes, Step
from fenceline.alert import Alert, AttemptMade, Page, PageRecord
from fenceline.journal import Attempt, Receipt
from fenceline.logtime import Moved

Key = tuple[str, str]  # owner, quantity
PageChange = Literal["due", "updated", "attempted", "receipt", "closed"]


class Calls:
    """All open calls of a park; every method returns the ledger records it made.

    Args:
        tell: the worst of the alerts with these ids, and the words of a page about them.
    """

    def __init__(self, tell: Callable[[Iterable[str]], Told]) -> None:
        self.open: dict[Key, OpenCall] = {}
        self._tell = tell
        self._routes: Routes | None = None
        self._of_page: dict[str, Key] = {}
        self._begun: dict[str, int] = {}

    def put_in_force(self, routes: Routes) -> None:
        """Open calls go on by the new routes; pages that are out stay as they are."""
        self._routes = routes
        for call in self.open.values():
            call.steps = routes.route_for(call.tier, call.level, call.owner).steps
            call.step = min(call.step, max(len(call.steps) - 1, 0))
            call.moved = True

    def call_of(self, alert: Alert) -> OpenCall | None:
        """The open call that the alert is in."""
        call = self.open.get((alert.owner, alert.quantity))
        return call if call is not None and alert.id in call.members else None

    def alarm(self, alert: Alert, log_ns: int) -> tuple[OpenCall | None, list[PageRecord]]:
        """An alert began, rose or came back: join its call, or begin one."""
        routes = self._routes
        steps = () if routes is None else routes.route_for(alert.tier, alert.level, alert.owner).steps
        call = self.open.get((alert.owner, alert.quantity))
        if routes is None or not steps:
            return self.call_of(alert), []  # for the screen only, also while others of its kind are paged
        ended = [] if call is None or call.steps else self._close_call(call, log_ns)
        if call is None or not call.steps:
            number = self._begun[alert.id] = self._begun.get(alert.id, 0) + 1
            call = OpenCall(
                id=f"{alert.id}~{number}",
                owner=alert.owner,
                quantity=alert.quantity,
                level=alert.level,
                tier=alert.tier,
                members={alert.id: None},
                steps=steps,
            )
            self.open[call.key] = call
            return call, [*ended, *self._page_step(call, routes, log_ns)]
        call.members[alert.id] = None
        if alert.level.rank > call.level.rank or alert.tier.rank > call.tier.rank:
            return call, self._raise_call(call, alert, steps, log_ns)
        _note(call, log_ns)
        return call, []

    def changed(self, alert: Alert, log_ns: int) -> None:
        """An alert changed in a way that pages nobody; its call's pages tell, where they still can."""
        call = self.call_of(alert)
        if call is not None:
            _note(call, log_ns)

    def answered(self, alert: Alert, log_ns: int) -> tuple[OpenCall | None, list[PageRecord]]:
        """A person acknowledged this alert: its call is answered, what is still due is cancelled."""
        call = self.call_of(alert)
        return call, [] if call is None else self._close_call(call, log_ns)

    def withdrawn(self, alert: Alert, log_ns: int) -> list[PageRecord]:
        """An alert is no more: its call goes on for the others, or ends with the last."""
        call = self.call_of(alert)
        if call is None:
            return []
        del call.members[alert.id]
        if not call.members:
            return self._close_call(call, log_ns)
        _note(call, log_ns)
        return []

    def forget(self, alert_id: str) -> None:
        """The alert has ended: its id begins no call again."""
        self._begun.pop(alert_id, None)

    def attempt(self, record: Attempt, log_ns: int) -> list[PageRecord]:
        """The first attempt of each number holds, while its page is due."""
        call, page = self._due_page(record.page)
        if call is None or page is None or any(made.n == record.number for made in page.attempts):
            return []
        made = AttemptMade(n=record.number, channel=record.channel, nonce=record.nonce, made_ns=log_ns)
        page = page.model_copy(update={"attempts": (*page.attempts, made)})
        return [_keep(call, page, "attempted", log_ns)]

    def receipt(self, record: Receipt, log_ns: int) -> list[PageRecord]:
        """What became of an attempt; an expired page is decided anew while its call is open."""
        call, page = self._due_page(record.page)
        routes = self._routes
        if call is None or page is None or routes is None:
            return []
        if record.result == "expired":
            closed = _close(call, page, "expired", log_ns)
            if not call.steps or page.recipient not in call.steps[call.step].to:
                return [closed]  # the routes now in force page somebody else
            return [closed, *self._page(call, (page.recipient,), routes, log_ns)]
        after = received(page, record, log_ns)
        if after is page:
            return []
        records = [_keep(call, after, "receipt", log_ns)]
        if record.result == "delivered":
            records.append(_close(call, after, "delivered", log_ns))
            if call.wait_due_ns == NOT_WAITING:
                call.wait_due_ns = NEXT_TICK
        return records

    def tick(self, moved: Moved) -> list[PageRecord]:
        """Attempts stay without receipt, waits run out, pages tell of who joined; steps by (due, call)."""
        routes = self._routes
        if routes is None:
            return []
        records: list[PageRecord] = []
        fire: list[tuple[int, str, OpenCall]] = []
        for call in list(self.open.values()):
            if not call.steps:
                records += self._close_call(call, moved.now_ns)
                continue
            records += _attempts_at_tick(call, moved, routes)
            if _wait_ends(call, moved):
                fire.append((call.wait_due_ns, call.id, call))
            elif call.news_ns != NO_NEWS:
                records += self._retell(call, routes, moved.now_ns)
        for _, _, call in sorted(fire, key=lambda one: one[:2]):
            records += self._next_step(call, routes, moved.now_ns)
        return records

    def dump(self) -> dict[str, Any]:
        """For a snapshot."""
        return {"open": [dump_call(call) for call in self.open.values()], "begun": dict(self._begun)}

    def load(self, data: dict[str, Any]) -> None:
        """Take up a dump, in its order."""
        for entry in data["open"]:
            call = load_call(entry)
            self.open[call.key] = call
            self._of_page |= dict.fromkeys(call.pages, call.key)
        self._begun = dict(data["begun"])

    def _next_step(self, call: OpenCall, routes: Routes, log_ns: int) -> list[PageRecord]:
        records = _cancel(call, log_ns)
        call.step += 1
        if call.step >= len(call.steps):
            call.step = 0
            call.cycle += 1
        return records + self._page_step(call, routes, log_ns)

    def _raise_call(
        self, call: OpenCall, alert: Alert, own: tuple[Step, ...], log_ns: int
    ) -> list[PageRecord]:
        call.level = max(call.level, alert.level, key=lambda level: level.rank)
        call.tier = max(call.tier, alert.tier, key=lambda tier: tier.rank)
        assert self._routes is not None
        routes = self._routes
        steps = routes.route_for(call.tier, call.level, call.owner).steps or own
        unsent = call.step == 0 and all(
            page.state == "due" and not page.attempts for page in call.pages.values()
        )
        if unsent and call.pages and steps[0].to == call.steps[0].to:
            call.steps, call.news_ns = steps, log_ns
            return self._retell(call, routes, log_ns)
        records = _cancel(call, log_ns)
        call.steps, call.step, call.cycle = steps, 0, 0
        return records + self._page_step(call, routes, log_ns)

    def _page_step(self, call: OpenCall, routes: Routes, log_ns: int) -> list[PageRecord]:
        self._forget_pages(call)
        call.wait_due_ns = NOT_WAITING
        call.news_ns = NO_NEWS
        return self._page(call, call.steps[call.step].to, routes, log_ns)

    def _page(
        self, call: OpenCall, recipients: Iterable[str], routes: Routes, log_ns: int
    ) -> list[PageRecord]:
        told = self._tell(call.members)
        call.moved = True
        records = []
        for recipient in recipients:
            call.pages_due += 1
            page = new_page(routes, call, recipient, told, log_ns)
            self._of_page[page.id] = call.key
            records.append(_keep(call, page, "due", log_ns))
        return records

    def _retell(self, call: OpenCall, routes: Routes, log_ns: int) -> list[PageRecord]:
        open_to_it = [page for page in call.pages.values() if can_be_retold(page, routes, call.news_ns)]
        call.news_ns = NO_NEWS
        if not open_to_it:
            return []
        told = self._tell(call.members)
        return [_keep(call, retold(page, call, told), "updated", log_ns) for page in open_to_it]

    def _close_call(self, call: OpenCall, log_ns: int) -> list[PageRecord]:
        records = _cancel(call, log_ns)
        self._forget_pages(call)
        del self.open[call.key]
        return records

    def _forget_pages(self, call: OpenCall) -> None:
        for page_id in call.pages:
            del self._of_page[page_id]
        call.pages.clear()

    def _due_page(self, page_id: str) -> tuple[OpenCall | None, Page | None]:
        key = self._of_page.get(page_id)
        if key is None:
            return None, None
        call = self.open[key]
        page = call.pages[page_id]
        return call, page if page.state == "due" else None


def _attempts_at_tick(call: OpenCall, moved: Moved, routes: Routes) -> list[PageRecord]:
    """Attempts that stay without receipt count; a page that is spent fails; with none due the wait begins."""
    records: list[PageRecord] = []
    for before in list(call.pages.values()):
        if before.state != "due":
            continue
        page = call.pages[before.id] = at_tick(before, moved, routes.receipt_seconds)
        if [made.result for made in page.attempts] != [made.result for made in before.attempts]:
            records.append(_keep(call, page, "receipt", moved.now_ns))
        if is_spent(page, routes.attempts_per_channel):
            records.append(_close(call, page, "failed", moved.now_ns))
    if call.wait_due_ns == NOT_WAITING and all(page.state != "due" for page in call.pages.values()):
        call.wait_due_ns = NEXT_TICK
    return records


def _wait_ends(call: OpenCall, moved: Moved) -> bool:
    """Let the call's wait go on by one tick; true when it is over."""
    if call.wait_due_ns == NOT_WAITING:
        return False
    whole = moved.now_ns + round(call.steps[call.step].wait_seconds * SECOND)
    if call.wait_due_ns == NEXT_TICK:
        call.wait_due_ns = whole
    # Never longer than the whole wait: log time or the routes may have been changed since it began.
    call.wait_due_ns = min(call.wait_due_ns + moved.leap_ns, whole)
    return call.wait_due_ns <= moved.now_ns


def _note(call: OpenCall, log_ns: int) -> None:
    """There is something that its pages do not tell of yet."""
    if call.news_ns == NO_NEWS:
        call.news_ns = log_ns


def _cancel(call: OpenCall, log_ns: int) -> list[PageRecord]:
    due = [page for page in call.pages.values() if page.state == "due"]
    return [_close(call, page, "cancelled", log_ns) for page in due]


def _close(call: OpenCall, page: Page, state: str, log_ns: int) -> PageRecord:
    return _keep(call, page.model_copy(update={"state": state}), "closed", log_ns)


def _keep(call: OpenCall, page: Page, change: PageChange, log_ns: int) -> PageRecord:
    """The page as it stands now, in the call and as a record."""
    call.pages[page.id] = page
    return PageRecord(change=change, at_ns=log_ns, page=page)
