"""Half a minute of real kills and pauses, judged from outside."""

from pathlib import Path

from tests.faults.loop import Run
from tests.faults.words import PASS

SEED = 9
SECONDS = 17.0


def test_nothing_is_lost_doubled_or_missing_after_random_faults(tmp_path: Path) -> None:
    """Every promise of docs/reliability.md holds; `make faults` and `make soak` do the same for longer."""
    result = Run(SEED, SECONDS, tmp_path).run()

    assert [] == [one for one in result.verdict.findings if one.verdict != PASS]
    assert result.faults > 0
