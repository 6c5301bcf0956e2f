"""Runs seeds and says what the judge said: `python -m tests.simulation.run --seeds 1000 [--jobs 2]`.

`--trace SEED` replays one run and prints its history; `--sweep SEED` lets every single write of a run fail in
turn; `--mutant NAME` puts a known bug in; `--mutants` says how many seeds it takes to find each, with
`--shown` in runs that have the fault which shows it beside their own. The exit code is 1 where a run failed
or proved nothing, or a bug stayed hidden.
"""

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.simulation.judge import Judgement, Verdict, judge
from tests.simulation.mutants import MUTANTS, QUICKLY_FOUND
from tests.simulation.roles import Makers
from tests.simulation.scenario import Remains, quiet, run

CHUNK = 50
EFFECTS = (
    "kill_before",
    "kill_after",
    "kill_prefix",
    "fail",
    "fail_recorded",
    "fail_prefix",
    "late",
    "stop_before",
    "stop_after",
)


def one(seed: int, mutant: str = "") -> Judgement:
    """Run and judge one seed, with a known bug where one is named; `NAME!quickly` is of `QUICKLY_FOUND`."""
    return judge(_remains(seed, mutant))


def _remains(seed: int, mutant: str = "", *, trace: bool = False) -> Remains:
    with quiet():
        if not mutant:
            return run(seed, trace=trace)
        makers = Makers()
        name, _, quickly = mutant.partition("!")
        with (QUICKLY_FOUND if quickly else MUTANTS)[name](makers):
            return run(seed, makers, trace=trace)


def some(start: int, count: int, mutant: str = "") -> list[tuple[int, Judgement]]:
    """Some seeds in a row; the collector of garbage looks between runs only, and at what they left only."""
    gc.disable()
    gc.freeze()
    found = []
    for seed in range(start, start + count):
        found.append((seed, one(seed, mutant)))
        if seed % 10 == 0:
            gc.collect()
    gc.unfreeze()
    gc.enable()
    return found


def many(start: int, count: int, jobs: int, mutant: str = "") -> Iterator[tuple[int, Judgement]]:
    """Seeds over several processes, in order."""
    starts = range(start, start + count, CHUNK)
    sizes = [min(CHUNK, start + count - first) for first in starts]
    if jobs == 1:
        for first, size in zip(starts, sizes, strict=True):
            yield from some(first, size, mutant)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(partial(some, mutant=mutant), starts, sizes):
            yield from found


def first_found(mutant: str, start: int, count: int) -> tuple[int, Judgement] | None:
    """The first seed at which the judge finds a mutant."""
    for seed in range(start, start + count):
        judgement = one(seed, mutant)
        if judgement.verdict is Verdict.FAIL:
            return seed, judgement
    return None


def search(names: list[str], start: int, count: int, *, shown: bool = False) -> int:
    """Look for every mutant; how many were not found. `shown`: the rare ones with the fault they need."""
    missed = 0
    for name in names:
        found = first_found(f"{name}!quickly" if shown else name, start, count)
        missed += found is None
        if found is None:
            print(f"{name}: NOT FOUND in {count} seeds", flush=True)
        else:
            seed, judgement = found
            print(f"{name}: found after {seed - start + 1} seeds: {judgement.broken[0][0]}", flush=True)
    return missed


def boundaries(seed: int) -> list[tuple[str, str, int, str]]:
    """Each use of an operation that leaves something behind, without faults, and what may befall it."""
    with quiet():
        used = run(seed, Makers(alone=True)).used
    found = []
    for role, operations in used.items():
        for operation in ("append", "put", "drop", "cut") if role != "sink" else ("read",):
            does = EFFECTS if operation in ("append", "put") else ("kill_before", "kill_after")
            count = operations.get(operation, 0)
            found += [(role, operation, n + 1, word) for n in range(count) for word in does]
    return found


def at_boundary(
    boundary: tuple[str, str, int, str], seed: int
) -> tuple[tuple[str, str, int, str], Judgement]:
    """The run of a seed with just that one fault."""
    with quiet():
        return boundary, judge(run(seed, Makers(fault=("trap", (*boundary, 0.4)), alone=True)))


def sweep(seed: int, jobs: int) -> int:
    """Let every single use of an operation fail, or end its process; how many runs did not pass."""
    every, failed, started = boundaries(seed), 0, time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        for boundary, judgement in pool.map(partial(at_boundary, seed=seed), every, chunksize=20):
            if judgement.verdict is not Verdict.PASS:
                failed += 1
                print(f"{boundary}: {judgement.verdict}: {judgement.broken[0]}", flush=True)
    print(f"{len(every)} boundaries of seed {seed}, {failed} failed, {time.monotonic() - started:.0f} s")
    return failed


def trace(seed: int, mutant: str) -> int:
    """Print the whole of one run."""
    remains = _remains(seed, mutant, trace=True)
    for fault in remains.plan:
        print(f"{fault.at:9.3f} will break: {fault.kind} {fault.details}")
    for event in remains.history:
        print(f"{event[0]:9.3f}", *event[1:])
    judgement = judge(remains)
    print(f"seed {seed}: {judgement.verdict}")
    for promise, found in judgement.broken:
        print(f"  {promise}: {found}")
    return 0 if judgement.verdict is Verdict.PASS else 1


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--trace", type=int)
    parser.add_argument("--sweep", type=int, metavar="SEED", help="a fault at every write of a seed, in turn")
    parser.add_argument("--mutants", nargs="*", choices=sorted(MUTANTS), help="look for these, or for all")
    parser.add_argument("--shown", action="store_true", help="with --mutants: with the fault that shows it")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), default="")
    arguments = parser.parse_args()
    if arguments.trace is not None:
        return trace(arguments.trace, arguments.mutant)
    if arguments.sweep is not None:
        return min(1, sweep(arguments.sweep, arguments.jobs))
    if arguments.mutants is not None:
        names = arguments.mutants or sorted(MUTANTS)
        return search(names, arguments.start, arguments.seeds, shown=arguments.shown)
    started = time.monotonic()
    verdicts: Counter[str] = Counter()
    promises: Counter[str] = Counter()
    for seed, judgement in many(arguments.start, arguments.seeds, arguments.jobs, arguments.mutant):
        verdicts[judgement.verdict] += 1
        if judgement.verdict is not Verdict.PASS:
            promises.update({promise for promise, _ in judgement.broken})
            promise, found = judgement.broken[0]
            print(f"seed {seed}: {judgement.verdict}: {promise}: {found[:200]}", flush=True)
    seconds = time.monotonic() - started
    for promise, count in promises.most_common():
        print(f"{count:6d} {promise}")
    shares = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in Verdict)
    print(f"{arguments.seeds} runs: {shares}; {arguments.seeds / seconds * 60:.0f} runs a minute")
    return 0 if verdicts[Verdict.PASS] == arguments.seeds else 1


if __name__ == "__main__":
    sys.exit(main())
