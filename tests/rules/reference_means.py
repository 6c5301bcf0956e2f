"""Signals of means and of baselines of minutes in plain Python; the rest stands in reference_signals.py."""

import itertools
import math
from collections import deque
from typing import Any

from tests.rules.reference_signals import SECOND, TOO_LITTLE, TOO_MUCH, Plain, scatters_away

MINUTE = 60 * SECOND


class Mean(Plain):
    """The mean of the readings of a window of time."""

    def __init__(self, rule: dict[str, Any], interval: float) -> None:
        super().__init__()
        over = rule["over_seconds"]
        self.window = self.over = round(over * SECOND)
        self.expected = over / interval
        self.least = max(1, math.ceil(rule.get("valid_fraction", 0.75) * self.expected))
        self.history = int(2 * over / interval) + 16
        self.readings: deque[tuple[int, float]] = deque()
        self.origin = self.total = 0.0
        self.full_until = self.bound_until = -1

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        if before is not None:
            if not self.readings:
                self.origin, self.total = before[1], 0.0
            self.total += before[1] - self.origin
            self.readings.append(before)
        oldest = time - self.over
        while self.readings and (self.readings[0][0] <= oldest or len(self.readings) > self.history):
            left = self.readings.popleft()
            if left[0] > oldest:
                self.full_until = left[0] + self.over
            self.total -= left[1] - self.origin
        if come_round and self.readings:
            self.origin, self.total = self.readings[0][1], 0.0
            for _, value in self.readings:
                self.total += value - self.origin

    def signal(self, time: int, value: float, hold: int) -> float:
        if time <= self.full_until:
            return TOO_MUCH
        count, origin, total = len(self.readings), self.origin, self.total
        if not math.isnan(value):
            if count == 0:
                origin, total = value, 0.0
            count, total = count + 1, total + (value - origin)
        if count < self.least:
            return TOO_LITTLE
        self.aux = {"valid_fraction": min(1.0, float(count) / max(self.expected, 1.0))}
        return origin + total / float(count)


class MeanOfParts(Plain):
    """The mean of the means of whole parts, by the clock or rolling."""

    def __init__(self, rule: dict[str, Any], interval: float) -> None:
        super().__init__()
        over, fraction = rule["over_seconds"], rule.get("valid_fraction", 0.75)
        part = over
        if over > 900:
            minutes = range(math.ceil(interval / 60), round(over / 60))
            part = next((60.0 * count for count in minutes if over % (60 * count) == 0), over)
        self.part, self.parts = round(part * SECOND), round(over / part)
        self.least_in_part = max(1, math.ceil(fraction * part / interval))
        self.least_parts = max(1, math.ceil(fraction * self.parts))
        self.by_clock = rule.get("window") == "clock"
        over_ns = round(over * SECOND)
        self.window = over_ns + (over_ns if self.by_clock else self.part)
        self.bound_until = -1
        self.now: int | None = None  # the part that goes on
        self.values: list[float] = []
        self.ended: dict[int, float] = {}
        self.mean = TOO_LITTLE
        self.valid = 0

    def _to(self, time: int) -> None:
        number = time // self.part
        if self.now is not None and number > self.now:
            first = self.now
            if number - first > 2 * self.parts:
                first, self.values = number - 2 * self.parts, []
            for ending in range(first, number):
                if len(self.values) >= self.least_in_part:
                    total = 0.0
                    for value in self.values:
                        total += value
                    self.ended[ending] = total / float(len(self.values))
                self.values = []
                if not self.by_clock or (ending + 1) % self.parts == 0:
                    self._mean(ending)
        if self.now is None or number > self.now:
            self.now, self.values = number, []

    def _mean(self, last: int) -> None:
        self.ended = {one: mean for one, mean in self.ended.items() if one > last - self.parts}
        total = 0.0
        # In the order in which a ring holds them.
        for one in sorted(self.ended, key=lambda one: one % self.parts):
            total += self.ended[one]
        known = {one: mean for one, mean in self.ended.items() if not math.isnan(mean)}
        self.valid = len(known)
        self.mean = total / float(self.valid) if self.valid >= self.least_parts else TOO_LITTLE

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        if before is not None:
            self._to(before[0])
            self.values.append(before[1])
        self._to(time)

    def signal(self, time: int, value: float, hold: int) -> float:
        self.aux = {"valid_fraction": float(self.valid) / float(self.parts)}
        return self.mean


class Ewma(Plain):
    """Departure from the exponentially weighted mean."""

    def __init__(self, weight: float, floor: float) -> None:
        super().__init__()
        self.weight, self.floor, self.least = weight, floor, math.ceil(2 / weight)
        self.count, self.mean, self.variance = 0, 0.0, 0.0

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        if before is None:
            return
        if self.count == 0:
            self.mean = before[1]
        departure = before[1] - self.mean
        self.mean += self.weight * departure
        self.variance = (1.0 - self.weight) * (self.variance + self.weight * (departure * departure))
        self.count += 1

    def signal(self, time: int, value: float, hold: int) -> float:
        if self.count < self.least:
            return TOO_LITTLE
        self.aux = {"baseline": self.mean}
        return scatters_away(value - self.mean, self.variance, self.floor)


class Minutes(Plain):
    """Departure from the median of minutes, or the sum of the minutes' departures."""

    def __init__(self, rule: dict[str, Any], interval: float) -> None:
        super().__init__()
        self.most, self.floor = rule.get("minutes", 360), rule.get("least_scatter", 0.0)
        self.least, self.least_in_minute = self.most // 2, max(1, math.ceil(0.75 * 60 / interval))
        self.by_sum, self.below = rule["method"] == "cusum", rule.get("direction") == "below"
        self.slack = rule.get("slack", 0.5)
        self.means: deque[float] = deque(maxlen=self.most)
        self.edge, self.values = -1, list[float]()
        self.median = TOO_LITTLE
        self.scatter = self.total = 0.0

    def _end(self, time: int) -> None:
        if self.edge != -1 and len(self.values) >= self.least_in_minute:
            mean = 0.0
            for value in self.values:
                mean += value
            mean /= float(len(self.values))
            if len(self.means) >= self.least and self.scatter > 0.0:
                departure = (mean - self.median) / self.scatter
                total = self.total + departure - (-self.slack if self.below else self.slack)
                self.total = total if (total < 0.0 if self.below else total > 0.0) else 0.0
            if math.isfinite(mean):
                self.means.append(mean)
                self.median = middle(sorted(self.means))
                away = middle(sorted(abs(one - self.median) for one in self.means))
                self.scatter = max(1.4826 * away, self.floor)
        self.edge, self.values = (time // MINUTE + 1) * MINUTE, []

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        if before is not None:
            if before[0] >= self.edge:
                self._end(before[0])
            self.values.append(before[1])
        if time >= self.edge:
            self._end(time)

    def signal(self, time: int, value: float, hold: int) -> float:
        self.aux = {"baseline": self.median} if math.isfinite(self.median) else {}
        if len(self.means) < self.least or math.isnan(value):
            return TOO_LITTLE
        if self.by_sum:
            return self.total
        return scatters_away(value - self.median, self.scatter * self.scatter, self.floor)


def middle(ordered: list[float]) -> float:
    count = len(ordered)
    return ordered[count // 2] if count % 2 else (ordered[count // 2 - 1] + ordered[count // 2]) / 2.0


class Noise(Plain):
    """The scatter from neighbour to neighbour."""

    def __init__(self, readings: int) -> None:
        super().__init__()
        self.most, self.least, self.history = readings, readings // 2, readings + 1
        self.values: deque[float] = deque()
        self.squares = 0.0

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        if before is None:
            return
        if self.values:
            self.squares += (before[1] - self.values[-1]) * (before[1] - self.values[-1])
        self.values.append(before[1])
        if len(self.values) > self.most:
            left = self.values.popleft()
            self.squares -= (self.values[0] - left) * (self.values[0] - left)
        if come_round:
            self.squares = 0.0
            values = list(self.values)
            for one, after in itertools.pairwise(values):
                self.squares += (after - one) * (after - one)

    def signal(self, time: int, value: float, hold: int) -> float:
        if len(self.values) < self.least:
            return TOO_LITTLE
        change = value - self.values[-1]
        squares = self.squares + change * change
        if math.isnan(squares):
            return TOO_LITTLE
        return math.sqrt(max(squares, 0.0) / (2.0 * float(len(self.values))))
