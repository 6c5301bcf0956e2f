"""The outbox alone, record by record: what each order of journal and ledger makes of a page."""

from alerts.outbox import Need, Outbox, Standing
from fenceline.alert import AttemptMade
from fenceline.bus import Cause
from fenceline.clock import NANOSECONDS
from fenceline.journal import Attempt, Claim, Receipt, Tick, TimeSet
from tests.alerts.pager_world import FILTER, START_NS, page_named, with_attempts

PAGE = "a1~1.1"


def _outbox() -> Outbox:
    outbox = Outbox(attempts_per_channel=3, receipt_seconds=20)
    outbox.journal(1, Claim(filter=FILTER, owner="i", term=1))
    outbox.journal(2, _tick(0))
    return outbox


def _tick(seconds: float, term: int = 1, owner: str = "i") -> Tick:
    return Tick(filter=FILTER, owner=owner, term=term, time_ns=START_NS + round(seconds * NANOSECONDS))


def _attempt(number: int = 1, nonce: str = "a/1", page: str = PAGE) -> Attempt:
    return Attempt(page=page, number=number, channel="first", nonce=nonce)


def _needs(outbox: Outbox) -> list[tuple[Need, int, str]]:
    return [(one.need, one.number, one.channel) for one in outbox.todo()]


def test_channels_by_number() -> None:
    """Numbers 1 to 3 go over the first channel, 4 to 6 over the second, and then none."""
    outbox = _outbox()
    outbox.ledger(Cause(1, 2, 0), page_named())
    seen = []

    for number in range(1, 8):
        seen += _needs(outbox)
        outbox.journal(2 + number, _attempt(number, f"a/{number}"))
        outbox.journal(20 + number, Receipt(page=PAGE, number=number, result="failed"))

    expected = [(Need.SEND, n, "first") for n in (1, 2, 3)] + [(Need.SEND, n, "second") for n in (4, 5, 6)]
    assert [*expected, (Need.SPENT, 6, "")] == seen


def test_receipt_is_waited_for_to_the_last_moment() -> None:
    """Exactly `receipt_seconds` after the first tick is still in time, one moment later is not."""
    outbox = _outbox()
    outbox.ledger(Cause(1, 2, 0), page_named())
    outbox.journal(3, _attempt())
    for offset, seconds in enumerate((1, 5, 10, 15, 20, 21), start=4):
        outbox.journal(offset, _tick(seconds))
    in_time = _needs(outbox)

    outbox.journal(10, _tick(21.001))

    assert [(Need.PENDING, 1, "")] == in_time
    assert [(Need.SEND, 2, "first")] == _needs(outbox)


def test_attempt_known_from_the_ledger_gets_its_time_from_a_later_tick() -> None:
    """A ledger that is read ahead of the journal does not make an attempt older than it is."""
    outbox = _outbox()
    made = AttemptMade(n=1, channel="first", nonce="a/1", made_ns=START_NS)
    outbox.ledger(Cause(1, 10, 0), with_attempts(page_named(), made))
    outbox.journal(3, _tick(1))
    outbox.journal(10, _attempt())
    for offset, seconds in enumerate((5, 10, 15, 20, 24), start=11):
        outbox.journal(offset, _tick(seconds))
    at_24 = _needs(outbox)

    outbox.journal(16, _tick(25.5))

    assert [(Need.PENDING, 1, "")] == at_24
    assert [(Need.SEND, 2, "first")] == _needs(outbox)


def test_first_attempt_of_a_number_holds() -> None:
    """Of two attempts of one number the first in the journal is to be sent, the other is lost."""
    outbox = _outbox()
    outbox.ledger(Cause(1, 2, 0), page_named())
    before = outbox.standing(PAGE, 1, "a/1")

    outbox.journal(3, _attempt(nonce="a/1"))
    outbox.journal(4, _attempt(nonce="b/1"))

    assert Standing.UNSEEN is before
    assert Standing.FIRST is outbox.standing(PAGE, 1, "a/1")
    assert Standing.LOST is outbox.standing(PAGE, 1, "b/1")


def test_attempt_is_lost_once_it_is_late_or_done() -> None:
    """Nothing is sent under a number that a newer one, a receipt or the ledger has passed by."""
    outbox = _outbox()
    for n in range(1, 5):
        outbox.ledger(Cause(1, 2, n), page_named(f"p{n}~1.1"))
        outbox.journal(2 + n, _attempt(page=f"p{n}~1.1"))

    outbox.journal(7, _attempt(2, "b/1", page="p1~1.1"))
    outbox.journal(8, Receipt(page="p2~1.1", number=1, result="delivered"))
    outbox.ledger(Cause(1, 3, 0), page_named("p3~1.1", state="cancelled"))
    outbox.journal(9, Receipt(page="p4~1.1", number=0, result="expired"))

    standings = {outbox.standing(f"p{n}~1.1", 1, "a/1") for n in range(1, 5)}
    assert {Standing.LOST} == standings
    assert 1 == outbox.pages_due


def test_receipt_after_no_receipt_counts() -> None:
    """An answer that comes after the engine gave it up still ends the page."""
    outbox = _outbox()
    made = AttemptMade(
        n=1, channel="first", nonce="a/1", made_ns=START_NS, at_ns=START_NS, result="no_receipt"
    )
    outbox.ledger(Cause(1, 3, 0), with_attempts(page_named(), made))

    outbox.journal(9, Receipt(page=PAGE, number=1, result="delivered"))

    assert [(Need.DONE, 1, "")] == _needs(outbox)


def test_old_causes_are_not_admitted() -> None:
    """A record is admitted where its cause is above all before it; a newer journal is above an older one."""
    outbox = _outbox()
    causes = [Cause(1, 5, 0), Cause(1, 5, 1), Cause(1, 5, 0), Cause(1, 4, 9), Cause(2, 0, 0)]

    assert [True, True, False, False, True] == [outbox.admit(cause) for cause in causes]


def test_what_the_journal_says_of_closed_pages_is_forgotten() -> None:
    """Attempts of pages that the ledger does not hold open do not pile up; those it has not reached stay."""
    outbox = _outbox()
    outbox.journal(3, _attempt(page="closed~1.1"))
    outbox.journal(9, _attempt(page="later~1.1"))
    outbox.admit(Cause(1, 5, 0))

    outbox.tidy()
    outbox.ledger(Cause(1, 8, 0), page_named("closed~1.1"))
    outbox.ledger(Cause(1, 8, 1), page_named("later~1.1"))

    needs = {one.page.id: one.need for one in outbox.todo()}
    assert {"closed~1.1": Need.SEND, "later~1.1": Need.PENDING} == needs


def test_only_the_ticker_in_force_makes_time_pass() -> None:
    """Ticks of an outranked or unknown ticker expire nothing; time set by a person counts after a claim."""
    outbox = _outbox()
    outbox.ledger(Cause(1, 2, 0), page_named())

    outbox.journal(3, _tick(1000, owner="stranger"))
    outbox.journal(4, TimeSet(action="t", by="Li", time_ns=START_NS - NANOSECONDS))
    outbox.journal(5, Claim(filter=FILTER, owner="j", term=2))
    outbox.journal(6, _tick(1000))

    assert START_NS - NANOSECONDS == outbox.log_time_ns
    assert [(Need.SEND, 1, "first")] == _needs(outbox)


def test_cut_journal_takes_the_ticker_not_another_claim() -> None:
    """Where the claims were cut away, the claim of another filter does not become the park's ticker."""
    outbox = Outbox(attempts_per_channel=3, receipt_seconds=20, terms={FILTER: (1, "i")}, head_was_cut=True)

    outbox.journal(10, Claim(filter="fenceline/demo/e02/#", owner="k", term=5))
    outbox.journal(11, _tick(7))

    assert START_NS + 7 * NANOSECONDS == outbox.log_time_ns
