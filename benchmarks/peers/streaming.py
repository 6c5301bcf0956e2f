"""The six rules on a streaming library (bytewax), in an environment of its own; prints one JSON line.

In: a pickle of batches, each a list of (sensor, seconds, value, good). The rules are as lean as plain
Python has them: two-valued, no duplicates, no late readings, no hold time; a bad reading is left out. Run
by benchmarks/engine.py, which imports nothing of this.
"""

import json
import math
import pickle
import sys
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
from bytewax.connectors.stdio import StdOutSink  # noqa: F401 - tells at once when the library is another one
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, cluster_main

Reading = tuple[float, float, bool]  # seconds, value, good


class SixRules:
    """One sensor."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.changed = 0.0
        self.last: tuple[float, float] | None = None
        self.truth = [False] * 6
        self.minute: deque[tuple[float, float]] = deque()
        self.sums = [0.0] * 4
        self.values: deque[float] = deque()
        self.total = self.squares = 0.0
        self.origin: tuple[float, float] | None = None

    def take(self, at: float, value: float) -> list[tuple[int, bool]]:
        """The rules that this reading changed."""
        if self.origin is None:
            self.origin = (at, value)
        now = [
            self._high(at, value),
            value >= 20.0,
            self._slope(at, value),
            False,
            self._unusual(value),
            False,
        ]
        if self.last is not None:
            now[3] = (value - self.last[1]) / (at - self.last[0]) >= 12.0 if at > self.last[0] else False
            if value != self.last[1]:
                self.changed = at
        now[5] = at - self.changed >= 120.0
        self.last = (at, value)
        found = [
            (rule, new) for rule, (old, new) in enumerate(zip(self.truth, now, strict=True)) if old != new
        ]
        self.truth = now
        return found

    def _high(self, at: float, value: float) -> bool:
        if self.truth[0]:
            return value >= 9.0
        if value < 10.0:
            self.since = None
            return False
        self.since = at if self.since is None else self.since
        return at - self.since >= 10.0

    def _slope(self, at: float, value: float) -> bool:
        assert self.origin is not None
        window, sums = self.minute, self.sums
        t, x = at - self.origin[0], value - self.origin[1]
        window.append((t, x))
        sums[0] += t
        sums[1] += t * t
        sums[2] += x
        sums[3] += t * x
        while window[0][0] <= t - 60.0:
            old_t, old_x = window.popleft()
            sums[0] -= old_t
            sums[1] -= old_t * old_t
            sums[2] -= old_x
            sums[3] -= old_t * old_x
        n = len(window)
        spread = n * sums[1] - sums[0] * sums[0]
        return n >= 45 and spread > 0 and n * sums[3] - sums[0] * sums[2] >= 0.1 * spread

    def _unusual(self, value: float) -> bool:
        n, found = len(self.values), False
        if n >= 150:
            mean = self.total / n
            found = value - mean >= 8.0 * math.sqrt(max(0.0, self.squares / n - mean * mean))
        self.values.append(value)
        self.total += value
        self.squares += value * value
        if n == 300:
            old = self.values.popleft()
            self.total -= old
            self.squares -= old * old
        return found


def step(state: SixRules | None, reading: Reading) -> tuple[SixRules, list[tuple[int, bool]]]:
    rules = state or SixRules()
    return rules, rules.take(reading[0], reading[1]) if reading[2] else []


def keyed(batch: Iterable[tuple[str, float, float, bool]]) -> Iterable[tuple[str, Reading]]:
    return ((sensor, (at, value, good)) for sensor, at, value, good in batch)


def run(batches: list[Any]) -> int:
    """How many changes came out."""
    out: list[Any] = []
    flow = Dataflow("six_rules")
    read = op.flat_map("read", op.input("in", flow, TestingSource(batches, batch_size=1)), keyed)
    decided = op.stateful_map("rules", read, step)
    changed = op.filter("changed", decided, lambda item: bool(item[1]))
    op.output("out", changed, TestingSink(out))
    cluster_main(flow, [], 0)
    return sum(len(found) for _, found in out)


def plainly(batches: list[Any]) -> int:
    """The same rules in a loop, without the library."""
    known: dict[str, SixRules] = {}
    changes = 0
    for batch in batches:
        for sensor, at, value, good in batch:
            if sensor not in known:
                known[sensor] = SixRules()
            if good:
                changes += len(known[sensor].take(at, value))
    return changes


def main() -> None:
    batches = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - what the benchmark itself has written
    readings = sum(map(len, batches))
    figures: dict[str, float] = {"readings": readings}
    for name, fold in (("library", run), ("loop", plainly)):
        began = time.process_time()
        figures[f"{name}_changes"] = fold(batches)
        figures[f"{name}_readings_per_s"] = readings / (time.process_time() - began)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
