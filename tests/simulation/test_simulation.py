"""The whole pipeline in one process on virtual time: seeds pass, known bugs are found, runs repeat exactly.

More seeds: `FENCELINE_SEEDS=2000`, or `python -m tests.simulation.run --seeds 10000`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.judge import Verdict, judge
from tests.simulation.mutants import MUTANTS
from tests.simulation.run import first_found, some
from tests.simulation.scenario import fresh_fold, quiet, run

ROOT = Path(__file__).resolve().parents[2]
IN_A_ROW = 20
SEEDS = int(os.environ.get("FENCELINE_SEEDS", "200"))
SEEDS_FOR_A_BUG = 100


def _broken(start: int, count: int) -> list[str]:
    return [
        f"seed {seed}: {judgement.verdict} {judgement.broken}"
        for seed, judgement in some(start, count)
        if judgement.verdict is not Verdict.PASS
    ]


def test_first_seeds_keep_every_promise() -> None:
    """Whatever fails: nothing is lost, nothing doubled, the ledger is a fresh fold of its journal."""
    assert [] == _broken(0, IN_A_ROW)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(IN_A_ROW, SEEDS, IN_A_ROW))
def test_more_seeds_keep_every_promise(start: int) -> None:
    """The same for seeds that `make quick` has no time for."""
    assert [] == _broken(start, min(IN_A_ROW, SEEDS - start))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_known_bug_is_found(mutant: str) -> None:
    """A bug put in on purpose shows within a bounded number of seeds; else the passes above prove little."""
    found = first_found(f"{mutant}!quickly", 0, SEEDS_FOR_A_BUG)

    assert found is not None


def test_run_is_a_function_of_its_seed() -> None:
    """The same seed gives the same events in the same order, and another one others."""
    with quiet():
        first, second, other = run(5), run(5), run(6)

    assert first.history == second.history
    assert first.history != other.history


@pytest.mark.slow
def test_run_does_not_depend_on_the_process() -> None:
    """Hashes of texts and addresses of objects differ between processes; runs do not."""
    program = (
        "import hashlib\n"
        "from tests.simulation.scenario import quiet, run\n"
        "with quiet():\n"
        "    print(hashlib.sha256(repr([run(seed).history for seed in range(6)]).encode()).hexdigest())\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert 1 == len(outputs)


def test_run_that_cannot_be_judged_is_unknown() -> None:
    """What is missing half is no pass: a judge that breaks says that it does not know."""
    with quiet():
        remains = run(1)
    remains.sent.clear()

    assert Verdict.UNKNOWN is judge(remains).verdict


def test_run_that_comes_to_no_rest_is_unknown() -> None:
    """A run that got stuck proves nothing."""
    with quiet():
        remains = run(1)
    remains.stuck = "it turned for ever"

    assert Verdict.UNKNOWN is judge(remains).verdict


def test_judge_sees_what_was_tampered_with() -> None:
    """A ledger that misses one record is no fresh fold."""
    with quiet():
        remains = run(1)
        del remains.fresh[next(iter(remains.fresh))][-1]

    assert Verdict.FAIL is judge(remains).verdict


def test_fresh_fold_needs_the_whole_journal() -> None:
    """What the judge compares with is folded from the first record, not from a snapshot."""
    with quiet():
        journal = run(1).kept[next(iter(run(1).kept))]
        whole, part = fresh_fold(journal), fresh_fold(journal[: len(journal) // 2])

    assert whole != part
