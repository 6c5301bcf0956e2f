"""Routes put in force anew, or log time put back, in the middle of a call."""

from alerts.routes import Recipient, Route, Step
from fenceline.logtime import Moved
from fenceline.vocabulary import Level
from tests.alerts.decisions import SECOND, Park, calls, name, pages, routes, said

DESK = Step(to=("desk",), wait_seconds=60)


def only(*who: str) -> dict[str, Recipient]:
    return {one: Recipient(name=name(one), channels=("first",)) for one in who}


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


def test_routes_with_fewer_steps_say_so_in_the_alerts() -> None:
    """A call beyond the last step stands in the last, and says so."""
    park = Park()
    park.true()
    park.delivered(pages(park.ledger)[0].page.id)
    park.wait(61)
    park.put_in_force(routes(routes=(Route(steps=(DESK,)),)))

    (record,) = calls(park.tick())

    assert ("paging", 0) == (record.change, record.call.step)
