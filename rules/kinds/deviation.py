"""Deviation: a departure from the sensor's own recent baseline.

### What it watches

How far a reading, or the drift of its minutes, is from what the same sensor showed before, in scatters of
that baseline. A reading is never compared with itself. By `method`:

- `window`: from the mean of the last `readings`, in their standard deviations. Known with half of them.
- `ewma`: from the exponentially weighted mean, in the root of its weighted variance; each reading has the
  weight `weight`. Known after 2 / `weight` readings.
- `median`: from the median of the last `minutes` one-minute means, in 1.4826 median absolute deviations,
  which single wild minutes do not move. Known with half of the minutes.
- `cusum`: the running sum of the minutes' departures from that median beyond `slack` scatters, never less
  than nothing: a slow drift that no single reading shows.

A minute counts with 75 % of its readings. No scatter is believed smaller than `least_scatter`.

### Why it matters

A leak far below any alarm set point, or a sensor that slowly turns away, shows against the sensor's own
habit first.

### Source

|z| > 3.5 on median and MAD: Iglewicz and Hoaglin. CUSUM with slack 0.5 and limit 5: an average of 465 minutes
between false alarms of independent noise, 10.4 minutes to see a shift by one scatter, 38 by half of one
(Markov chain); autocorrelated minutes give more false alarms, at 0.6 ten times as many. EWMA: weight 0.05
with limit 2.6 has the same run lengths for its own scatter. Medians of six hours: this project's proposal.

### Example

```yaml
rules:
  - name: unusual
    kind: deviation
    title: {zh: 偏离自身基线, en: away from its own baseline}
    readings: 20
    levels: [{level: attention, times: 4}]
    examples:
      - name: a habit of two and three, then five
        sensor: {quantity: h2s, unit: mg/m3, interval_seconds: 5, hold_seconds: 20}
        readings: 2 3 2 3 2 3 2 3 2 3 2 3 2 3 2 3 5
        expect:
          - {at_seconds: 80, level: attention, condition: "true"}
```

### What to do

If neighbours moved too it is the air: ask what has changed. If this one alone did, have it checked.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fenceline.configfile import ConfigModel
from fenceline.finding import LimitUsed
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level
from rules import baseline as b
from rules import memory as m
from rules.access import apart
from rules.compiled import inlined, outlined
from rules.history import following
from rules.kind import Kind, Plan, RungPlan
from rules.rule import RuleModel, Seconds, rising_levels

READINGS, LEAST, FLOOR, COUNT, ORIGIN, SUM, SQUARES, PER_ONE, PER_OTHER = range(m.OWN, m.OWN + 9)
WEIGHT, EWMA_LEAST, EWMA_FLOOR, EWMA_COUNT, MEAN, VARIANCE = range(m.OWN, m.OWN + 6)
MOST_SCATTERS = 1e6  # a baseline without scatter knows no larger departure
METHODS, VALID_MINUTE = ("window", "ewma", "median", "cusum"), 0.75


class DeviationLevel(ConfigModel):
    """One rung of the ladder."""

    level: Level
    """The level while the condition holds."""
    times: Annotated[float, Field(gt=0)]
    """How many scatters away from the baseline; for `cusum` the sum of them."""
    on_delay_seconds: Seconds = 0.0
    """How long the condition must hold before it counts."""


class DeviationRule(RuleModel):
    """A departure from the sensor's own recent baseline."""

    kind: Literal["deviation"]
    """This kind."""
    direction: Literal["above", "below"] = "above"
    """Which way."""
    method: Literal["window", "ewma", "median", "cusum"] = "window"
    """What the baseline is, and what is compared with it."""
    readings: Annotated[int, Field(ge=10, le=3600)] = 300
    """`window`: how many readings before this one make the baseline."""
    weight: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """`ewma`: the weight of each reading."""
    minutes: Annotated[int, Field(ge=10, le=1440)] = 360
    """`median` and `cusum`: how many minutes make the baseline."""
    slack: Annotated[float, Field(gt=0)] = 0.5
    """`cusum`: what a minute may depart without adding to the sum, in scatters."""
    levels: Annotated[tuple[DeviationLevel, ...], Field(min_length=1)]
    """The ladder, lowest level first."""
    least_scatter: Annotated[float, Field(ge=0)] = 0.0
    """No smaller scatter is believed, in the sensor's unit."""
    deadband_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How far it must come back, as a fraction of `times`."""
    off_delay_seconds: Seconds = 0.0
    """How long it must stay back."""

    @model_validator(mode="after")
    def _coherent(self) -> "DeviationRule":
        rising_levels(self.levels)
        return self


def plan(rule: DeviationRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    rungs = tuple(_rung(rule, one) for one in rule.levels)
    history, ring, ring_word = 0, 0, None
    if rule.method == "window":
        sums = (0.0,) * 5
        words: tuple[int | float, ...] = (rule.readings, rule.readings // 2, rule.least_scatter, 0, *sums)
        history = rule.readings + 1
    elif rule.method == "ewma":
        words = (rule.weight, math.ceil(2 / rule.weight), rule.least_scatter, 0, 0.0, 0.0)
    else:
        in_minute = max(1, math.ceil(VALID_MINUTE * 60 / sensor.interval_seconds))
        slack = -rule.slack if rule.direction == "below" else rule.slack
        settings = (in_minute, rule.minutes, rule.minutes // 2, rule.least_scatter, slack, 0, m.NEVER)
        words = (*settings, 0.0, 0, 0, 0, math.nan, 0.0, 0.0)
        ring, ring_word = 2 * rule.minutes, b.RING - m.OWN
    step = METHODS.index(rule.method)
    return Plan(rungs, step, words, m.TRAIT_EXTREME, history, ring, ring_word, aux="baseline")


def _rung(rule: DeviationRule, one: DeviationLevel) -> RungPlan:
    times = -one.times if rule.direction == "below" else one.times
    source = "the rule's times"
    limit = LimitUsed(name="times", value=times, unit="scatters", direction=rule.direction, source=source)
    width = rule.deadband_fraction * one.times
    on, off = one.on_delay_seconds, rule.off_delay_seconds
    evidence = {"deadband": width, "on_delay_seconds": on, "off_delay_seconds": off}
    return RungPlan(one.level, rule.direction, times, 0.0, width, on, off, limit, evidence)


@outlined
def _sum_anew(R: Any, Z: Any, at: int, h: int) -> None:
    apart()
    place = Z[at + m.TAIL]
    origin, total, squares = R[place + 1], 0.0, 0.0
    for _ in range(Z[at + COUNT]):
        value = R[place + 1] - origin
        total += value
        squares += value * value
        place = following(Z, h, place)
    R[at + ORIGIN], R[at + SUM], R[at + SQUARES] = origin, total, squares


@inlined
def _scatters(departure: float, spread: float, floor: float) -> Any:
    """A departure in scatters; what is no number stays none."""
    spread = max(spread, 0.0)
    scatter = math.sqrt(spread)
    scatter = max(scatter, floor)
    if abs(departure) > MOST_SCATTERS * scatter:
        return math.copysign(MOST_SCATTERS, departure)
    if scatter == 0.0:
        return departure
    return departure / scatter


@inlined
def from_window(
    R: Any,
    Z: Any,
    at: int,
    h: int,
    moved: int,
    previous_time: int,
    previous_value: float,
    time: int,
    value: float,
) -> Any:
    """Standard deviations between the reading and the mean of those before it."""
    if moved & m.TAKEN_UP:
        count, tail = Z[at + COUNT], Z[at + m.TAIL]
        if count == 0:
            R[at + ORIGIN] = previous_value
        origin, total, squares = R[at + ORIGIN], R[at + SUM], R[at + SQUARES]
        one = previous_value - origin
        total += one
        squares += one * one
        if count == Z[at + READINGS]:
            one = R[tail + 1] - origin
            total -= one
            squares -= one * one
            Z[at + m.TAIL] = following(Z, h, tail)
        else:
            count += 1
            Z[at + COUNT] = count
            # A window that is full divides by the same numbers for ever.
            R[at + PER_ONE] = 1.0 / float(count)
            R[at + PER_OTHER] = 1.0 / (float(count) - 1.0)
        R[at + SUM], R[at + SQUARES] = total, squares
        if moved & m.COME_ROUND:
            _sum_anew(R, Z, at, h)
    if Z[at + COUNT] < Z[at + LEAST]:
        return math.nan
    mean = R[at + SUM] * R[at + PER_ONE]
    spread = (R[at + SQUARES] - R[at + SUM] * mean) * R[at + PER_OTHER]
    R[at + m.AUX] = R[at + ORIGIN] + mean
    return _scatters(value - R[at + ORIGIN] - mean, spread, R[at + FLOOR])


@inlined
def from_ewma(
    R: Any,
    Z: Any,
    at: int,
    h: int,
    moved: int,
    previous_time: int,
    previous_value: float,
    time: int,
    value: float,
) -> Any:
    """Weighted scatters between the reading and the weighted mean of those before it."""
    if moved & m.TAKEN_UP:
        if Z[at + EWMA_COUNT] == 0:
            R[at + MEAN] = previous_value
        weight, departure = R[at + WEIGHT], previous_value - R[at + MEAN]
        R[at + MEAN] += weight * departure
        R[at + VARIANCE] = (1.0 - weight) * (R[at + VARIANCE] + weight * (departure * departure))
        Z[at + EWMA_COUNT] += 1
    if Z[at + EWMA_COUNT] < Z[at + EWMA_LEAST]:
        return math.nan
    R[at + m.AUX] = R[at + MEAN]
    return _scatters(value - R[at + MEAN], R[at + VARIANCE], R[at + EWMA_FLOOR])


@inlined
def _minutes(
    R: Any, Z: Any, at: int, moved: int, previous_time: int, previous_value: float, time: int
) -> None:
    if moved & m.TAKEN_UP:
        if previous_time >= Z[at + b.EDGE]:
            b.end_minute(R, Z, at, previous_time)
        R[at + b.MINUTE_SUM] += previous_value
        Z[at + b.MINUTE_COUNT] += 1
    if moved and time >= Z[at + b.EDGE]:
        b.end_minute(R, Z, at, time)
    R[at + m.AUX] = R[at + b.MEDIAN]


@inlined
def from_median(
    R: Any,
    Z: Any,
    at: int,
    h: int,
    moved: int,
    previous_time: int,
    previous_value: float,
    time: int,
    value: float,
) -> Any:
    """Robust scatters between the reading and the median of the minutes before."""
    _minutes(R, Z, at, moved, previous_time, previous_value, time)
    if Z[at + b.HELD] < Z[at + b.LEAST_MINUTES]:
        return math.nan
    scatter = R[at + b.SCATTER]
    return _scatters(value - R[at + b.MEDIAN], scatter * scatter, R[at + b.FLOOR])


@inlined
def by_cusum(
    R: Any,
    Z: Any,
    at: int,
    h: int,
    moved: int,
    previous_time: int,
    previous_value: float,
    time: int,
    value: float,
) -> Any:
    """The sum of the minutes' departures beyond the slack."""
    _minutes(R, Z, at, moved, previous_time, previous_value, time)
    if Z[at + b.HELD] < Z[at + b.LEAST_MINUTES] or math.isnan(value):
        return math.nan
    return R[at + b.CUSUM]


KIND = Kind("deviation", DeviationRule, plan, (from_window, from_ewma, from_median, by_cusum))
