"""Log time: whose ticks count, and what a person's correction does."""

from fenceline.journal import Claim, Tick, TimeSet
from fenceline.logtime import LogTime

SECOND = 1_000_000_000
TICKER, OTHER = "fenceline/p/e01/#", "fenceline/p/e02/#"


def _claimed(*claims: tuple[str, str, int]) -> LogTime:
    log = LogTime()
    for filter_, owner, term in claims:
        log.claim(Claim(filter=filter_, owner=owner, term=term))
    return log


def _tick(second: int, filter_: str = TICKER, owner: str = "i", term: int = 1) -> Tick:
    return Tick(filter=filter_, owner=owner, term=term, time_ns=second * SECOND)


def test_time_passes_whichever_filter_is_claimed_first() -> None:
    """The ingestor of another filter may claim before the ticker's does; it writes no ticks."""
    log = _claimed((OTHER, "k", 1), (TICKER, "i", 1))

    log.tick(_tick(7))

    assert 7 * SECOND == log.now_ns


def test_only_one_filter_is_the_tickers() -> None:
    """The first whose tick held stays the ticker, also over a dump; ticks of another filter move nothing."""
    log = _claimed((TICKER, "i", 1), (OTHER, "k", 1))
    log.tick(_tick(7))

    log = LogTime.load(log.dump())
    moved = log.tick(_tick(9, OTHER, "k"))

    assert (None, 7 * SECOND) == (moved, log.now_ns)


def test_tick_of_an_old_term_does_not_make_a_ticker() -> None:
    """What an outranked ingestor wrote counts for nothing, also where no tick came before it."""
    log = _claimed((TICKER, "i", 1), (TICKER, "j", 2))

    assert log.tick(_tick(7)) is None
    assert "" == log.ticker


def test_time_set_before_the_first_tick_counts_with_the_next_claim() -> None:
    """It does not wait for a later one, which would put log time back long after."""
    log = _claimed((TICKER, "i", 1))
    log.time_set(TimeSet(action="set", by="anna", time_ns=5 * SECOND))
    log.claim(Claim(filter=TICKER, owner="j", term=2))
    log.tick(_tick(60, owner="j", term=2))

    log.claim(Claim(filter=TICKER, owner="k", term=3))

    assert 60 * SECOND == log.now_ns
