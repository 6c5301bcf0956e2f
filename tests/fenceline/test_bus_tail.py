"""The tail of a log reads like the log itself, as far back as it reaches."""

from hypothesis import given
from hypothesis import strategies as st

from fenceline.bus import Stored
from fenceline.bus.tail import Tail


def stored(offset: int, size: int = 10) -> Stored:
    return Stored(offset, "ab"[offset % 2], bytes(size), "", None, f"{offset:032x}")


def test_an_empty_tail_knows_nothing() -> None:
    """Nothing was pushed: the file must be asked."""
    assert Tail().read(0, 10, None) is None


def test_at_the_end_there_is_nothing_more() -> None:
    """Behind the newest record stands nothing, and the file need not be asked for it."""
    tail = Tail()
    tail.push([stored(5), stored(6)])

    assert [] == tail.read(7, 10, None)
    assert tail.read(4, 10, None) is None


def test_a_gap_begins_anew() -> None:
    """Records that do not follow those held are held alone, so that no read passes over a gap."""
    tail = Tail()
    tail.push([stored(0), stored(1)])
    tail.push([stored(7)])

    assert tail.read(1, 10, None) is None
    assert [stored(7)] == tail.read(7, 10, None)


def test_the_newest_is_held_however_large() -> None:
    """A record larger than the bound is held alone."""
    tail = Tail(most_bytes=1_000)
    tail.push([stored(0), stored(1, size=5_000)])

    assert tail.read(0, 10, None) is None
    assert [stored(1, size=5_000)] == tail.read(1, 10, None)


@given(
    pushes=st.lists(st.integers(0, 9), max_size=30),
    most_bytes=st.integers(0, 20_000),
    start=st.integers(0, 300),
    limit=st.integers(-1, 40),
    kinds=st.sampled_from([None, ("a",), ("a", "b"), ()]),
)
def test_a_tail_reads_as_the_whole_log_would(
    pushes: list[int], most_bytes: int, start: int, limit: int, kinds: tuple[str, ...] | None
) -> None:
    """Whatever came in whatever pieces: either it says that it does not know, or what the log would say."""
    tail, log = Tail(most_bytes), list[Stored]()
    for many in pushes:
        piece = [stored(len(log) + number) for number in range(many)]
        log += piece
        tail.push(piece)

    found = tail.read(start, limit, kinds)

    if found is None:
        assert not log or start < len(log) - 1
        return
    wanted = [one for one in log[start:] if kinds is None or one.kind in kinds]
    assert wanted[: max(limit, 0)] == found
