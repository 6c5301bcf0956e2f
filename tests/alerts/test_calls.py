"""Paging where a case in words does not reach: what pages carry, in which order, and until when."""

from alerts.routes import Route, Step
from fenceline.alert import Call
from fenceline.vocabulary import AlertState, Level
from tests.alerts.decisions import SECOND, Park, alerts, calls, facts, pages, routes, said

DESK = Step(to=("desk",), wait_seconds=60)


def test_a_page_carries_what_its_pager_needs() -> None:
    """Number, channels in order, when it is due and until when, and the way to the alert."""
    park = Park()
    park.true(level=Level.RED, value=50.0)

    desk, chief = (one.page for one in pages(park.ledger))

    call = f"{park.alert.id}~1"
    assert (f"{call}.1", 1, f"{call}.2", 2) == (desk.id, desk.number, chief.id, chief.number)
    assert ("first", "second") == desk.channels
    assert (park.now_ns, park.now_ns + 300 * SECOND) == (desk.due_ns, desk.expires_ns)
    assert (park.alert.id,) == desk.alerts
    assert f"/#/alerts/{park.alert.id}" == desk.link
    assert (0, 0, Level.RED, "enterprise", "due", 1) == (
        desk.step,
        desk.cycle,
        desk.level,
        desk.tier,
        desk.state,
        desk.revision,
    )


def test_the_page_opens_the_alert_it_speaks_of() -> None:
    """The link goes where the first line points: to the worst of its alerts."""
    park = Park()
    park.true("e01-h2s-1", Level.YELLOW)

    (record,) = pages(park.true("e01-h2s-2", Level.ORANGE, value=25.0))

    page = record.page
    worse = next(alert for alert in park.engine.open if alert.subject == "e01-h2s-2")
    assert f"/#/alerts/{worse.id}" == page.link
    assert "e01-h2s-2" in page.text["en"][0]
    assert (2, Level.ORANGE) == (page.revision, page.level)


def test_an_update_tells_of_all_and_keeps_the_number() -> None:
    """The same page, one revision on."""
    park = Park()
    park.true("e01-h2s-1")
    park.true("e01-h2s-2")
    park.true("e01-h2s-3")

    (record,) = pages(park.tick())

    assert ("updated", 1, 2) == (record.change, record.page.number, record.page.revision)
    assert tuple(alert.id for alert in park.engine.open) == record.page.alerts
    assert "also in alarm: e01-h2s-2, e01-h2s-3" in record.page.text["en"]


def test_alerts_say_where_their_call_stands() -> None:
    """From the first record on; then each step, and who answered, is one record for all of them."""
    park = Park()
    park.true("e01-h2s-1")
    park.true("e01-h2s-2")
    first, second = (one.alert for one in alerts(park.ledger))
    park.delivered(f"{first.id}~1.1")
    park.wait(61)
    park.acknowledge(first.id, 1, by="李娜")

    call = Call(id=f"{first.id}~1", step=0, cycle=0, pages_due=1)
    moved = call.model_copy(update={"step": 1, "pages_due": 2})
    answered = moved.model_copy(update={"answered_by": "李娜"})
    assert [("raised", call), ("raised", call), ("acknowledged", answered)] == [
        (one.change, one.alert.call) for one in alerts(park.ledger)
    ]
    assert [
        ("paging", moved, (first.id, second.id), None),
        ("answered", answered, (second.id,), "李娜"),
    ] == [(one.change, one.call, one.alerts, one.by) for one in calls(park.ledger)]
    assert [answered, answered] == [one.call for one in park.engine.open]
    assert [AlertState.ACKNOWLEDGED, AlertState.UNACKNOWLEDGED] == [one.state for one in park.engine.open]


def test_a_storm_that_nobody_answers_writes_one_record_a_step() -> None:
    """However many alerts are in a call, a step is one record about them and one page to each recipient."""
    park = Park(facts(each=300))
    for number in range(1, 301):
        park.true(f"e01-h2s-{number}")
    park.delivered(pages(park.ledger)[0].page.id)

    climbed = park.wait(61)

    assert ["updated desk", "due leader", "paging"] == said(climbed)
    assert 300 == len(calls(climbed)[0].alerts)


def test_an_alert_that_calls_again_numbers_its_calls() -> None:
    """No page of the second call can be taken for one of the first."""
    park = Park()
    park.true()
    park.acknowledge(park.alert.id, 1)
    park.true(level=Level.ORANGE, value=25.0)

    assert [f"{park.alert.id}~1", f"{park.alert.id}~2"] == [
        one.page.call for one in pages(park.ledger) if one.change == "due"
    ]


def test_the_first_attempt_of_a_number_holds() -> None:
    """Of two pagers the one whose attempt stands first in the journal sends."""
    park = Park()
    park.true()
    page = pages(park.ledger)[0].page.id

    first = park.attempt(page, 1, "first", "mine")
    second = park.attempt(page, 1, "second", "yours")

    assert ["attempted desk"] == said(first)
    assert [] == second
    (made,) = pages(first)[0].page.attempts
    assert ("mine", "first", None) == (made.nonce, made.channel, made.at_ns)


def test_an_attempt_gets_its_time_from_the_first_tick_after_it() -> None:
    """And keeps it in the records that follow."""
    park = Park()
    park.true()
    page = pages(park.ledger)[0].page.id
    park.attempt(page)
    park.tick()
    attempted_ns = park.now_ns
    park.tick()

    record, closed = pages(park.receipt(page))

    assert attempted_ns == record.page.attempts[0].at_ns
    assert ("receipt", "closed", "delivered") == (record.change, closed.change, closed.page.state)
    assert "delivered" == closed.page.attempts[0].result


def test_a_raise_before_anything_was_sent_to_the_same_people_only_updates() -> None:
    """One page and not two, telling of the worse one, on the worse one's route from here on."""
    park = Park()
    same = (DESK, Step(to=("chief",), wait_seconds=5))
    park.put_in_force(routes(routes=(Route(level=(Level.RED,), steps=same), Route(steps=(DESK, DESK, DESK)))))
    park.true("e01-h2s-1")

    assert ["raised", "updated desk"] == said(park.true("e01-h2s-2", Level.RED, value=50.0))

    park.delivered(pages(park.ledger)[0].page.id)
    park.wait(60)
    assert ["due chief", "paging"] == said(park.wait(1))


def test_after_the_last_step_the_next_cycle_begins() -> None:
    """The pages say in which round and which step they are."""
    park = Park(park_routes=routes(routes=(Route(steps=(DESK, Step(to=("chief",), wait_seconds=60))),)))
    park.true()

    for _ in range(3):
        park.delivered(pages(park.ledger)[-1].page.id)
        park.wait(61)

    due = [one.page for one in pages(park.ledger) if one.change == "due"]
    assert [(1, 0, 0), (2, 1, 0), (3, 0, 1), (4, 1, 1)] == [
        (page.number, page.step, page.cycle) for page in due
    ]
    assert park.alert.call is not None
    assert (4, 1, 1) == (park.alert.call.pages_due, park.alert.call.step, park.alert.call.cycle)


def test_a_second_delivery_does_not_start_the_wait_anew() -> None:
    """Of several people paged at once the first who can be reached counts."""
    park = Park()
    park.true(level=Level.RED, value=50.0)
    desk, chief = (record.page.id for record in pages(park.ledger))
    park.delivered(desk)
    park.wait(20)
    park.delivered(chief)

    assert [] == said(park.wait(10))
    assert ["due desk", "due chief", "paging"] == said(park.wait(1))


def test_waits_that_end_at_one_tick_end_in_the_order_in_which_they_were_due() -> None:
    """Not in that in which their calls began."""
    park = Park()
    park.true("e01-h2s-1")
    park.true("e01-cl2-1")
    first, second = (record.page.id for record in pages(park.ledger))
    park.delivered(second)
    park.tick()
    park.delivered(first)
    park.wait(59)

    due = [record.page.call for record in pages(park.tick(4)) if record.change == "due"]

    assert [second.rpartition(".")[0], first.rpartition(".")[0]] == due


def test_each_attempt_and_each_receipt_keeps_its_own_time() -> None:
    """Also one that was answered before any tick followed it; gaps in log time move none of them."""
    park = Park()
    page = pages(park.true())[0].page.id
    first_ns = park.now_ns
    park.attempt(page)
    park.receipt(page, "failed")
    park.tick(2)
    second_ns = park.now_ns
    park.attempt(page, 2)
    park.tick()
    park.tick(60)

    (*_, record) = pages(park.receipt(page, "failed", 2))

    assert [(1, first_ns, first_ns), (2, second_ns, park.now_ns)] == [
        (made.n, made.made_ns, made.receipt_ns) for made in record.page.attempts
    ]
