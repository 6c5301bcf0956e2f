"""The signals of the rule kinds in plain Python: what a rule compares with its limits.

Each takes up the reading before when a new time begins, and only then; `come_round` says that the sensor's
history has, so that running sums are made anew. The sums are taken in the same order as the kernel's.
"""

import math
from collections import deque
from typing import Any

SECOND = 1_000_000_000
TOO_MUCH = -math.inf
TOO_LITTLE = math.nan


class Plain:
    """The reading itself."""

    history = 0

    def __init__(self) -> None:
        self.aux: dict[str, float] = {}

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        """A new time begins; `before` is the usable reading of the time before."""

    def signal(self, time: int, value: float, hold: int) -> float:
        return value


class Rate(Plain):
    """Change per minute since the reading before, or since one that is old enough."""

    def __init__(self, over_seconds: float, interval: float) -> None:
        super().__init__()
        self.over = round(over_seconds * SECOND)
        self.history = 0 if self.over == 0 else int(2 * over_seconds / interval) + 16
        self.readings: deque[tuple[int, float]] = deque()
        self.reference: tuple[int, float] | None = None

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        if self.over == 0:
            self.reference = before or self.reference
            return
        if before is not None:
            self.readings.append(before)
        while self.readings and (
            self.readings[0][0] <= time - self.over or len(self.readings) > self.history
        ):
            oldest = self.readings.popleft()
            self.reference = oldest if oldest[0] <= time - self.over else None

    def signal(self, time: int, value: float, hold: int) -> float:
        if self.reference is None or time - self.reference[0] > self.over + hold:
            return TOO_LITTLE
        self.aux = {"from_value": self.reference[1]}
        return (value - self.reference[1]) / (float(time - self.reference[0]) * 1e-9) * 60.0


class Trend(Plain):
    """Least-squares slope over a window of time."""

    def __init__(self, rule: dict[str, Any], interval: float) -> None:
        super().__init__()
        over = rule["over_seconds"]
        self.window = round(over * SECOND)
        self.least = max(3, math.ceil(rule.get("valid_fraction", 0.75) * (over / interval)))
        self.history = int(2 * over / interval) + 16
        self.squared_t = rule.get("significance", 3.0) ** 2
        self.horizon = float(rule.get("horizon_seconds") or 0.0)
        self.readings: deque[tuple[int, float]] = deque()
        self.full_until = -1
        self.origin = (0, 0.0)
        self.sums = [0.0] * 5

    def _moments(self, reading: tuple[int, float]) -> list[float]:
        t = float(reading[0] - self.origin[0]) * 1e-9
        x = reading[1] - self.origin[1]
        return [t, t * t, x, t * x, x * x]

    def _sum(self, readings: Any) -> None:
        for reading in readings:
            self.sums = [total + one for total, one in zip(self.sums, self._moments(reading), strict=True)]

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        oldest = time - self.window
        if before is not None:
            if not self.readings:
                self.origin, self.sums = before, [0.0] * 5
            self._sum([before])
            self.readings.append(before)
        while self.readings and (self.readings[0][0] <= oldest or len(self.readings) > self.history):
            left = self.readings.popleft()
            if left[0] > oldest:
                self.full_until = left[0] + self.window
            self.sums = [total - one for total, one in zip(self.sums, self._moments(left), strict=True)]
        if come_round and self.readings:
            self.origin, self.sums = self.readings[0], [0.0] * 5
            self._sum(self.readings)

    def signal(self, time: int, value: float, hold: int) -> float:
        if time <= self.full_until:
            return TOO_MUCH
        n = float(len(self.readings) + 1)
        if n < self.least or math.isnan(value):
            return TOO_LITTLE
        t, x = float(time - self.origin[0]) * 1e-9, value - self.origin[1]
        sum_t, sum_x = self.sums[0] + t, self.sums[2] + x
        products = n * (self.sums[3] + t * x) - sum_t * sum_x
        squares = n * (self.sums[1] + t * t) - sum_t * sum_t
        if not squares > 0.0:
            return TOO_LITTLE
        slope = products / squares
        explained = slope * products
        scatter = n * (self.sums[4] + x * x) - sum_x * sum_x - explained
        if not explained * (n - 2.0) >= self.squared_t * scatter or products == 0.0:
            slope = 0.0
        self.aux = {"slope_per_minute": slope * 60.0}
        if self.horizon == 0.0:
            return slope * 60.0
        return self.origin[1] + sum_x / n + slope * (t - sum_t / n) + slope * self.horizon


class Scatters(Plain):
    """Departure from the mean of the readings before, in their scatter."""

    def __init__(self, readings: int, floor: float) -> None:
        super().__init__()
        self.most, self.least, self.floor = readings, readings // 2, floor
        self.history = readings + 1
        self.values: deque[float] = deque()
        self.origin = self.total = self.squares = 0.0

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        if before is None:
            return
        if not self.values:
            self.origin = before[1]
        self.values.append(before[1])
        one = before[1] - self.origin
        self.total, self.squares = self.total + one, self.squares + one * one
        if len(self.values) > self.most:
            one = self.values.popleft() - self.origin
            self.total, self.squares = self.total - one, self.squares - one * one
        if come_round:
            self.origin, self.total, self.squares = self.values[0], 0.0, 0.0
            for value in self.values:
                one = value - self.origin
                self.total, self.squares = self.total + one, self.squares + one * one

    def signal(self, time: int, value: float, hold: int) -> float:
        if len(self.values) < self.least:
            return TOO_LITTLE
        n = float(len(self.values))
        mean = self.total * (1.0 / n)
        spread = (self.squares - self.total * mean) * (1.0 / (n - 1.0))
        self.aux = {"baseline": self.origin + mean}
        return scatters_away(value - self.origin - mean, spread, self.floor)


def scatters_away(departure: float, spread: float, floor: float) -> float:
    """A departure in scatters, a million at most."""
    if math.isnan(departure) or math.isnan(spread):
        return TOO_LITTLE
    scatter = math.sqrt(max(spread, 0.0))
    scatter = max(scatter, floor)
    if abs(departure) > 1e6 * scatter:
        return math.copysign(1e6, departure)
    if scatter == 0.0:
        return departure
    return TOO_LITTLE if math.isinf(departure) and math.isinf(scatter) else departure / scatter


class Stuck(Plain):
    """Seconds since the value last changed."""

    def __init__(self, rule: dict[str, Any]) -> None:
        super().__init__()
        self.tolerance = rule.get("tolerance", 0.0)
        rest = rule.get("at_rest")
        self.rest = (math.inf, -math.inf) if rest is None else (rest["lower"], rest["upper"])
        self.since: tuple[int, float] | None = None

    def begin(self, before: tuple[int, float] | None, come_round: bool, time: int, gap: bool) -> None:
        if before is None or gap:
            self.since = None
        elif self.since is None or not abs(before[1] - self.since[1]) <= self.tolerance:
            self.since = before

    def signal(self, time: int, value: float, hold: int) -> float:
        if math.isnan(value):
            return TOO_LITTLE
        if self.since is None or not abs(value - self.since[1]) <= self.tolerance:
            return 0.0
        if self.rest[0] <= value <= self.rest[1]:
            return 0.0
        self.aux = {"stuck_at": self.since[1]}
        return float(time - self.since[0]) * 1e-9
