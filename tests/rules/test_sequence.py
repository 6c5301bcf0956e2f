"""Gaps in a device's sequence numbers are counted as readings lost before they reached us."""

import pytest

from fenceline.journal import Batch
from fenceline.park import example_park
from fenceline.reading import Readings
from rules.config import Timing
from rules.engine import RuleEngine
from tests.console.worlds import substances

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND


@pytest.mark.parametrize(
    ("arrivals", "lost"),
    [
        ([(0, 0), (1, 1), (2, 2)], 0),
        ([(0, 7), (1, 8)], 0),
        ([(0, 0), (1, 3)], 2),
        ([(0, 0), (2, 2), (1, 1)], 0),
        ([(0, 0), (3, 3), (1, 1)], 1),
        ([(0, 0), (1, 1), (1, 1)], 0),
        ([(0, 900), (1, 0), (2, 1)], 0),
        ([(0, 0), (1, 2_000_000), (2, 2_000_001)], 0),
        ([(0, -1), (1, -1)], 0),
        ([(0, 0), (1, -1), (2, 1)], 0),
    ],
    ids=[
        "in order",
        "beginning anywhere",
        "two missing",
        "late ones fill the gap",
        "one still missing",
        "twice is not missing",
        "device counts anew",
        "a leap is no gap",
        "no numbers",
        "a number left out now and then",
    ],
)
def test_gaps_are_counted(arrivals: list[tuple[int, int]], lost: int) -> None:
    """(second, sequence) of each reading in the order of arrival."""
    engine = RuleEngine()
    engine.put_in_force(example_park().sensors, substances(), [], Timing())

    for second, sequence in arrivals:
        rows = [("example", START + second * SECOND, 0.0, 0, sequence)]
        engine.batch(Batch("f", "o", 1, START + 9 * SECOND, Readings.from_rows(rows)), START)

    assert lost == engine.account.lost_before_us
    assert engine.account.balanced
