"""Paging where a case in words does not reach: what pages carry; routes or time that change in mid-call."""

from alerts.routes import Recipient, Route, Step
from fenceline.logtime import Moved
from fenceline.vocabulary import AlertState, Level
from tests.alerts.decisions import SECOND, Park, alerts, name, pages, routes, said

DESK = Step(to=("desk",), wait_seconds=60)


def only(*who: str) -> dict[str, Recipient]:
    return {one: Recipient(name=name(one), channels=("first",)) for one in who}


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
    """From the first record on, after each step, and who answered, also where another was acknowledged."""
    park = Park()
    park.true("e01-h2s-1")
    park.true("e01-h2s-2")
    first = alerts(park.ledger)[0].alert
    park.delivered(f"{first.id}~1.1")
    park.wait(61)
    park.acknowledge(first.id, 1, by="李娜")

    found = [
        (one.change, one.alert.subject[-1], one.by, one.alert.call and one.alert.call.model_dump())
        for one in alerts(park.ledger)
    ]

    call = {"id": f"{first.id}~1", "step": 0, "cycle": 0, "pages_due": 1, "answered_by": None}
    moved, answered = call | {"step": 1, "pages_due": 2}, {"step": 1, "pages_due": 2, "answered_by": "李娜"}
    assert [
        ("raised", "1", None, call),
        ("raised", "2", None, call),
        ("paging", "1", None, moved),
        ("paging", "2", None, moved),
        ("acknowledged", "1", "李娜", call | answered),
        ("answered", "2", "李娜", call | answered),
    ] == found
    assert [AlertState.ACKNOWLEDGED, AlertState.UNACKNOWLEDGED] == [one.state for one in park.engine.open]


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


def test_new_routes_move_an_open_call() -> None:
    """What is out stays out; what comes next goes by the new steps."""
    park = Park()
    park.true()
    park.delivered(pages(park.ledger)[0].page.id)
    park.tick()
    chief = Step(to=("chief",), wait_seconds=60)
    park.put_in_force(routes(recipients=only("desk", "chief"), routes=(Route(steps=(DESK, chief)),)))

    assert [] == said(park.wait(59))
    assert ["due chief", "paging"] == said(park.wait(1))
    assert ("first",) == pages(park.ledger)[-1].page.channels


def test_a_shorter_wait_shortens_the_one_that_runs() -> None:
    """A wait is never longer than the step in force says."""
    park = Park()
    park.true()
    park.delivered(pages(park.ledger)[0].page.id)
    park.tick()
    park.put_in_force(routes(routes=(Route(steps=(Step(to=("desk",), wait_seconds=5),)),)))

    assert [] == said(park.wait(5))
    assert ["due desk", "paging"] == said(park.wait(1))


def test_a_call_whose_route_has_no_steps_any_more_ends() -> None:
    """Its recipients may be gone with it, so nothing may reach for them again."""
    park = Park()
    park.true()
    park.put_in_force(routes(recipients=only("chief"), routes=(Route(),)))

    assert ["closed cancelled desk", "paging"] == said(park.tick())
    assert [] == said(park.wait(400))
    assert park.alert.call is None


def test_an_alert_that_comes_before_that_tick_is_paged_all_the_same() -> None:
    """A route without steps must not swallow one that has them."""
    park = Park()
    park.true("e01-h2s-1", Level.ORANGE, value=25.0)
    park.put_in_force(routes(routes=(Route(level=(Level.ORANGE,)), Route(steps=(DESK,)))))

    assert ["raised", "closed cancelled desk", "due desk"] == said(park.true("e01-h2s-2"))
    assert ["paging"] == said(park.tick())
    assert [None, f"{park.engine.open[1].id}~1"] == [one.call and one.call.id for one in park.engine.open]


def test_alerts_that_nobody_was_paged_for_are_paged_when_the_routes_say_so() -> None:
    """A route that was forgotten is mended while its alerts stand; who was answered stays answered."""
    park = Park()
    park.true("e01-h2s-1", Level.ATTENTION, value=2.0)
    park.true("e01-h2s-2", Level.ATTENTION, value=2.0)
    park.true("e01-cl2-1", Level.YELLOW)
    park.true("e01-cl2-2", Level.YELLOW)
    park.acknowledge(next(one.id for one in park.engine.open if one.subject == "e01-cl2-1"), 1)
    park.put_in_force(routes(routes=(Route(steps=(DESK,)),)))

    assert ["paging", "due desk", "paging"] == said(park.tick())
    assert ["updated desk"] == said(park.tick())
    assert {"h2s"} == {quantity for _, quantity in park.engine._calls.open}


def test_an_expired_page_of_somebody_who_is_no_longer_named_is_not_paged_again() -> None:
    """Decided anew means by the routes in force; the step's wait begins, and the next step comes."""
    park = Park()
    park.true()
    page = pages(park.ledger)[0].page.id
    chief = Step(to=("chief",), wait_seconds=10)
    park.put_in_force(routes(recipients=only("chief"), routes=(Route(steps=(chief,)),)))

    assert ["closed expired desk"] == said(park.receipt(page, "expired"))
    assert [] == said(park.wait(10))
    assert ["due chief", "paging"] == said(park.wait(1))


def test_log_time_that_is_put_back_holds_up_no_wait() -> None:
    """After a person has set log time back by an hour, steps and attempts wait no hour longer."""
    park = Park()
    park.true("e01-h2s-1")
    park.true("e01-cl2-1")
    one, other = (record.page.id for record in pages(park.ledger))
    park.delivered(one)
    park.attempt(other)
    park.tick()
    park.now_ns -= 3600 * SECOND

    park.engine.tick(Moved(park.now_ns, park.now_ns + SECOND))
    park.now_ns += SECOND

    assert ["receipt desk"] == said(park.wait(21))
    assert ["due leader", "paging"] == said(park.wait(39))


def test_a_raise_before_anything_was_sent_to_the_same_people_only_updates() -> None:
    """One page and not two, telling of the worse one, on the worse one's route from here on."""
    park = Park()
    same = (DESK, Step(to=("chief",), wait_seconds=5))
    park.put_in_force(routes(routes=(Route(level=(Level.RED,), steps=same), Route(steps=(DESK, DESK, DESK)))))
    park.true("e01-h2s-1")

    assert ["raised", "updated desk"] == said(park.true("e01-h2s-2", Level.RED, value=50.0))

    park.delivered(pages(park.ledger)[0].page.id)
    park.wait(60)
    assert ["due chief", "paging", "paging"] == said(park.wait(1))
