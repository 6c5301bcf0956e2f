"""Whatever happens in whatever order: what must always be true of alerts and calls; restarts do not show."""

import random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from alerts.callstate import NEXT_TICK, NOT_WAITING
from alerts.routes import Recipient, Route, Routes, Step
from fenceline.alert import Alert, AlertRecord, CallRecord, LedgerRecord, Page, PageRecord
from fenceline.reason import Refused
from fenceline.vocabulary import AlertState, Condition, Level
from tests.alerts.decisions import Park, name, pages, routes

SUBJECTS = ["e01-h2s-1", "e01-h2s-2", "e01-cl2-1", "e02-h2s-1", "park-h2s-1"]
WHO = {"desk": Recipient(name=name("desk"), channels=("first",))}
ROUTES: list[Routes] = [
    routes(),
    routes(
        recipients=WHO,
        routes=(Route(level=(Level.BLUE, Level.RED)), Route(steps=(Step(to=("desk",), wait_seconds=5),))),
    ),
    routes(routes=(Route(),)),
    routes(
        routes=(Route(steps=(Step(to=("chief", "desk"), wait_seconds=3),)),),
        receipt_seconds=2,
        attempts_per_channel=1,
    ),
]
LEVELS = [Level.ATTENTION, Level.BLUE, Level.YELLOW, Level.RED]
B, C, D, A = AlertState.UNACKNOWLEDGED, AlertState.ACKNOWLEDGED, AlertState.RETURNED, AlertState.NORMAL
ALLOWED: dict[str, set[tuple[AlertState | None, AlertState]]] = {
    "raised": {(None, B)},
    "level_risen": {(B, B), (C, B), (C, C)},
    "level_fallen": {(B, B), (C, C)},
    "unknown": {(B, B), (C, C), (D, D)},
    "known": {(B, B), (C, C), (D, D)},
    "acknowledged": {(B, C), (D, A)},
    "returned": {(B, D)},
    "realarmed": {(D, B)},
    "ended": {(C, A)},
    "withdrawn": {(B, A), (C, A), (D, A)},
    "paging": {(B, B), (D, D)},
}
# What a finding may change without a record of its own: the next record tells it.
QUIETLY: dict[str, Any] = dict.fromkeys(("value", "value_ns", "peak", "peak_ns"))

MOST = 7
WEIGHTS = {
    "finding": 30,
    "acknowledge": 5,
    "attempt": 14,
    "receipt": 14,
    "ticks": 14,
    "leap": 2,
    "routes": 2,
    "withdrawn": 1,
}


def script(seed: int, length: int) -> list[tuple[Any, ...]]:
    """A seeded run: hypothesis alone would draw short ones in which little is raised."""
    rng = random.Random(seed)
    return [_step(rng, verb) for verb in rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=length)]


def _step(rng: random.Random, verb: str) -> tuple[Any, ...]:
    match verb:
        case "finding":
            condition = rng.choices(list(Condition), [3, 3, 1])[0]
            return verb, rng.randrange(len(SUBJECTS)), rng.choice(LEVELS), condition, rng.uniform(0, 60)
        case "acknowledge":
            by = rng.choice(["张伟", "李娜", "李娜", " "])
            return verb, rng.randint(0, MOST), rng.randint(0, 3), by, rng.randint(0, MOST)
        case "attempt":
            return verb, rng.randint(0, MOST), rng.randint(1, 4)
        case "receipt":
            result = rng.choices(["delivered", "failed", "expired"], [3, 3, 1])[0]
            return verb, rng.randint(0, MOST), rng.randint(1, 4), result
        case "ticks":
            return verb, rng.choice([1, 1, 2, 30])
        case "leap":
            return verb, rng.randint(6, 400)
        case "routes":
            return verb, rng.randrange(len(ROUTES))
    return verb, rng.randrange(len(SUBJECTS))


class Judge:
    """Reads the ledger as a stranger would, and looks into the engine only where the ledger is silent."""

    def __init__(self, park: Park) -> None:
        self.park = park
        self.alerts: dict[str, Alert] = {}
        self.pages: dict[str, Page] = {}
        self.ended_calls: set[str] = set()
        self.routes_are_settled = True
        self.reached: set[str] = set()

    def read(self, records: list[LedgerRecord], unknown_only: bool) -> None:
        for record in records:
            if isinstance(record, AlertRecord):
                self._alert(record, unknown_only)
            elif isinstance(record, PageRecord):
                self._page(record)
            elif isinstance(record, CallRecord):
                self._call(record)
            else:
                self.reached.add(f"refused {record.reason}")
        self._engine()

    def _alert(self, record: AlertRecord, unknown_only: bool) -> None:
        alert, before = record.alert, self.alerts.get(record.alert.id)
        assert (None if before is None else before.state, alert.state) in ALLOWED[record.change], (
            record.change
        )
        assert alert.revision == (1 if before is None else before.revision + 1)
        risen = before is not None and alert.level.rank > before.level.rank
        assert (alert.level_revision == alert.revision) == (risen or before is None)
        if unknown_only:
            assert record.change == "unknown", "not being able to tell does nothing else"
        if record.change == "acknowledged":
            assert before is not None
            assert alert.condition is before.condition, "an answer clears nothing"
        else:
            assert before is None or alert.acknowledged_by == before.acknowledged_by
        assert (alert.state is A) == (alert.ended_ns is not None)
        if alert.state in (B, C):
            assert alert.condition is not Condition.FALSE
        self.alerts[alert.id] = alert
        self.reached.add(record.change)

    def _call(self, record: CallRecord) -> None:
        assert record.alerts
        for alert in record.alerts:
            before = self.alerts[alert]
            assert before.state in (B, D)
            assert before.call != record.call, "only what its alerts do not say yet"
            self.alerts[alert] = before.model_copy(update={"call": record.call})
        self.reached.add(record.change)

    def _page(self, record: PageRecord) -> None:
        page, before = record.page, self.pages.get(record.page.id)
        assert page.call not in self.ended_calls, "a call that was answered or ended pages no more"
        if record.change == "due":
            assert before is None
            assert page.revision == 1
        else:
            assert before is not None
            assert before.state == "due" or (record.change == "updated" and before.state == "delivered")
            assert page.revision == before.revision + (record.change == "updated")
            assert (page.state == "due") == (before.state == "due" and record.change != "closed")
        self.pages[page.id] = page
        self.reached.add(f"{record.change} {page.state}")

    def _engine(self) -> None:
        engine, calls = self.park.engine, self.park.engine._calls.open
        open_alerts = {alert.id: alert for alert in engine.open}
        assert {key: alert.model_copy(update=QUIETLY) for key, alert in open_alerts.items()} == {
            key: alert.model_copy(update=QUIETLY)
            for key, alert in self.alerts.items()
            if alert.state is not A
        }
        open_ids = {call.id for call in calls.values()}
        self.ended_calls |= {page.call for page in self.pages.values()} - open_ids
        for call in calls.values():
            assert call.members
            assert set(call.members) <= set(open_alerts)
            for member in (open_alerts[one] for one in call.members):
                assert member.state in (B, D)
                assert call.key == (member.owner, member.quantity)
            due = [page.recipient for page in call.pages.values() if page.state == "due"]
            assert len(due) == len(set(due))
            for page in call.pages.values():
                assert page.model_copy(update={"attempts": ()}) == self.pages[page.id].model_copy(
                    update={"attempts": ()}
                )
        for page in self.pages.values():
            assert page.state != "due" or page.call in open_ids, "what is due belongs to an open call"
        if self.routes_are_settled:
            for alert in open_alerts.values():
                self._is_paged(alert, open_ids)

    def _is_paged(self, alert: Alert, open_ids: set[str]) -> None:
        has_steps = self.park.routes.route_for(alert.tier, alert.level, alert.owner).steps
        if alert.state is C or not has_steps:
            return
        assert alert.call is not None
        answered = alert.call.answered_by is not None
        assert answered == (alert.call.id not in open_ids), "paged until somebody answers"

    def after_tick(self) -> None:
        """Between two ticks a wait may be about to begin; after one, somebody is due or waited for."""
        for call in self.park.engine._calls.open.values():
            due = any(page.state == "due" for page in call.pages.values())
            assert call.wait_due_ns != NEXT_TICK
            assert due or call.wait_due_ns > self.park.now_ns, "nobody is paged and nobody waited for"
            assert call.wait_due_ns == NOT_WAITING or call.wait_due_ns > self.park.now_ns
            for member in call.members:
                alert = self.alerts[member]
                assert alert.call is not None
                assert (call.id, call.step, call.cycle, call.pages_due) == (
                    alert.call.id,
                    alert.call.step,
                    alert.call.cycle,
                    alert.call.pages_due,
                )


def do(park: Park, step: tuple[Any, ...]) -> list[LedgerRecord]:
    """Do one step; numbers choose among what there is."""
    known = sorted({record.page.id for record in pages(park.ledger)[-MOST:]})
    match step:
        case ("finding", subject, level, condition, value):
            return park.finding(SUBJECTS[subject], level, condition, value=value)
        case ("acknowledge", which, back, by, action):
            found = park.engine.open
            if not found:
                return park.acknowledge("no-such-alert", 1, by)
            alert = found[which % len(found)]
            return park.acknowledge(alert.id, alert.revision - back + 1, by, action=f"x{action}-{alert.id}")
        case ("attempt", which, number):
            return park.attempt(known[which % len(known)] if known else "none", number, nonce=str(which))
        case ("receipt", which, number, result):
            return park.receipt(known[which % len(known)] if known else "none", result, number)
        case ("leap", seconds):
            return park.tick(seconds)
        case ("withdrawn", subject):
            return park.withdrawn(SUBJECTS[subject])
        case ("routes", which):
            park.put_in_force(ROUTES[which])
            return []
    raise AssertionError(step)


@given(seed=st.integers(0, 2**32), length=st.integers(1, 150))
@settings(max_examples=60)
def test_what_must_always_be_true(seed: int, length: int) -> None:
    """And an engine that is replaced before every step by one from its snapshot writes the same."""
    changes = run(seed, length)

    for change in changes:
        event(change)


def test_the_runs_reach_everything() -> None:
    """Otherwise the test above proves little."""
    reached = set().union(*(run(seed, 150) for seed in range(25)))

    assert set(ALLOWED) <= reached
    closed = {f"closed {state}" for state in ("delivered", "failed", "expired", "cancelled")}
    assert closed | {"due due", "attempted due", "receipt due", "updated due", "updated delivered"} <= reached
    refusals = {f"refused {word}" for word in Refused if word is not Refused.ENDED}
    assert refusals <= reached


def run(seed: int, length: int) -> set[str]:
    """Judge one run; what was reached in it."""
    park, shadow = Park(), Park()
    judge = Judge(park)
    singles = [
        one
        for step in script(seed, length)
        for one in ([("leap", 1)] * step[1] if step[0] == "ticks" else [step])
    ]

    for step in singles:
        records = do(park, step)
        ledger = shadow.ledger
        shadow = shadow.restarted()
        shadow.ledger = ledger
        again = do(shadow, step)

        assert [one.model_dump_json() for one in records] == [one.model_dump_json() for one in again]
        is_tick = step[0] == "leap"
        judge.routes_are_settled = is_tick or (judge.routes_are_settled and step[0] != "routes")
        judge.read(records, unknown_only=step[0] == "finding" and step[3] is Condition.UNKNOWN)
        if is_tick:
            judge.after_tick()
    return judge.reached
