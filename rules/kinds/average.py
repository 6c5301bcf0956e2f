"""Average: a mean over minutes or hours against a limit that is meant for one.

### What it watches

The mean of a sensor's readings over `over_seconds`, `above` or `below` a limit: rolling, renewed with each
reading, or by the clock, each window as long as the next (in UTC). Up to 15 minutes rolling means are made
of the readings themselves. Longer ones are made of the means of whole minutes (of whole intervals, where a
sensor sends less often), and are renewed as a minute ends.

A mean is known only with `valid_fraction` of the readings that the interval promises, a long one only with
that fraction of valid minutes; with less it is *cannot tell* (`too_little_data`). Bad readings are missing
data, and leave a mean that has enough without them as it is; they complete no delay. An over-range reading
makes each mean that it comes into a lower bound, which proves what is above and nothing else.

### Why it matters

Limits for health and boundary are written as means: 15 minutes for short exposure, 8 hours for a shift, an
hour at the fence. A reading above such a number is no exceedance, and a mean above it is one even if no
single reading stands out.

### Source

75 % of valid data for minutes and hours: HJ 212-2017 appendix D after HJ/T 75 and 76 (45 of 60 minutes); 6
of 8 hours for ambient means. Which mean a limit is for stands beside it in config/substances.yaml.

### Example

```yaml
rules:
  - name: ammonia-short-exposure
    kind: average
    title: {zh: 氨15分钟均值超限, en: ammonia above its 15-minute limit}
    over_seconds: 900
    levels: [{level: yellow, limit: {value: 30, unit: mg/m3, source: "GBZ 2.1-2019 PC-STEL"}}]
    examples:
      - name: three quarters of a window are needed, and its mean counts, not the newest reading
        sensor: {quantity: nh3, unit: mg/m3, interval_seconds: 30, hold_seconds: 90}
        readings: 20x22 60x12
        expect:
          - {at_seconds: 870, level: yellow, condition: "true"}
```

### What to do

Look at the single readings behind the mean: a short release and a steady leak need different people. The
mean stays high after the air is clean again, until the window has passed.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from rules import memory as m
from rules.access import apart
from rules.compiled import inlined, outlined
from rules.history import following, readings_in
from rules.kind import Kind, Plan
from rules.limits import ladder
from rules.rule import LadderRule

EXACT_SECONDS = 900.0  # up to here a rolling mean is made of the readings themselves
MINUTE = 60.0

# `BOUND_UNTIL` and `BOUND_SPAN` come first in every mean: rules/fold.py writes there.
BOUND_UNTIL, BOUND_SPAN, WINDOW, LEAST, MOST, EXPECTED, COUNT, ORIGIN, SUM, FULL_UNTIL = range(
    m.OWN, m.OWN + 10
)
(
    PART,
    LEAST_IN_PART,
    PARTS,
    LEAST_PARTS,
    BY_CLOCK,
    RING,
    EDGE,
    PART_SUM,
    PART_COUNT,
    MEAN,
    VALID,
) = range(m.OWN + 2, m.OWN + 13)


class AverageRule(LadderRule):
    """A mean over minutes or hours against a limit."""

    kind: Literal["average"]
    """This kind."""
    over_seconds: Annotated[float, Field(ge=10, le=86400)]
    """The averaging time."""
    window: Literal["rolling", "clock"] = "rolling"
    """Renewed as time goes on, or one window after the other by the clock, in UTC."""
    valid_fraction: Annotated[float, Field(gt=0, le=1)] = 0.75
    """Of the readings that the window should hold, how many must be usable."""

    @model_validator(mode="after")
    def _whole_minutes(self) -> "AverageRule":
        if self.direction == "outside":
            raise ValueError("`outside` is not for means; give a rule `above` and one `below`")
        if self.over_seconds > EXACT_SECONDS and self.over_seconds % MINUTE:
            raise ValueError("`over_seconds` beyond 900 must be whole minutes")
        return self


def plan(rule: AverageRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    rungs = ladder(rule, sensor, substances)
    over, fraction = rule.over_seconds, rule.valid_fraction
    window = round(over * m.SECOND)
    traits = m.TRAIT_MEAN | m.TRAIT_EXTREME
    if rule.window == "rolling" and over <= EXACT_SECONDS:
        expected = over / sensor.interval_seconds
        most = readings_in(over, sensor)
        needed = least(fraction * expected)
        exact = (m.NEVER, window, window, needed, most, max(expected, 1.0), 0, 0.0, 0.0, m.NEVER)
        return Plan(rungs, 0, exact, traits, history=most, aux="valid_fraction")
    part = over if over <= EXACT_SECONDS else part_of(over, sensor.interval_seconds)
    parts = round(over / part)
    span = window + (window if rule.window == "clock" else round(part * m.SECOND))
    settings = (m.NEVER, span, round(part * m.SECOND), least(fraction * part / sensor.interval_seconds))
    shape = (parts, least(fraction * parts), int(rule.window == "clock"), 0)
    words = (*settings, *shape, m.NEVER, 0.0, 0, math.nan, 0)
    return Plan(rungs, 1, words, traits, ring=parts, ring_word=RING - m.OWN, aux="valid_fraction")


def part_of(over: float, interval: float) -> float:
    """The fewest whole minutes that hold a reading and divide the window."""
    minutes = range(math.ceil(interval / MINUTE), round(over / MINUTE))
    return next((MINUTE * count for count in minutes if over % (MINUTE * count) == 0), over)


def least(readings: float) -> int:
    """One at least."""
    return max(1, math.ceil(readings))


@outlined
def _sum_anew(R: Any, Z: Any, at: int, h: int) -> None:
    apart()
    place = Z[at + m.TAIL]
    R[at + ORIGIN] = R[place + 1]
    R[at + SUM] = 0.0
    for _ in range(Z[at + COUNT]):
        R[at + SUM] += R[place + 1] - R[at + ORIGIN]
        place = following(Z, h, place)


@inlined
def of_readings(
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
    """The mean of the readings of the window that ends here, this one among them."""
    if moved:
        count, tail, total = Z[at + COUNT], Z[at + m.TAIL], R[at + SUM]
        oldest = time - Z[at + WINDOW]
        if moved & m.TAKEN_UP:
            if count == 0:
                R[at + ORIGIN] = previous_value
                total = 0.0
            total += previous_value - R[at + ORIGIN]
            count += 1
        while count > 0 and (Z[tail] <= oldest or count > Z[at + MOST]):
            if Z[tail] > oldest:
                Z[at + FULL_UNTIL] = Z[tail] + Z[at + WINDOW]
            total -= R[tail + 1] - R[at + ORIGIN]
            tail = following(Z, h, tail)
            count -= 1
        Z[at + COUNT], Z[at + m.TAIL], R[at + SUM] = count, tail, total
        if moved & m.COME_ROUND and count > 0:
            _sum_anew(R, Z, at, h)
    if time <= Z[at + FULL_UNTIL]:
        return m.NO_VALUE
    count, total, origin = Z[at + COUNT], R[at + SUM], R[at + ORIGIN]
    if not math.isnan(value):
        if count == 0:
            origin, total = value, 0.0
        total += value - origin
        count += 1
    if count < Z[at + LEAST]:
        return math.nan
    R[at + m.AUX] = min(1.0, float(count) / R[at + EXPECTED])
    return origin + total / float(count)


@outlined
def _end_parts(R: Any, Z: Any, at: int, time: int) -> None:
    """Parts that end before `time` come into the ring, empty ones too, and the mean is made anew."""
    apart()
    part, parts, ring = Z[at + PART], Z[at + PARTS], Z[at + RING]
    now = time // part
    if Z[at + EDGE] == m.NEVER:
        for place in range(parts):
            R[ring + place] = math.nan
    else:
        number = Z[at + EDGE] // part - 1
        if now - number > 2 * parts:
            # Nothing of what was before is in any window of now.
            number = now - 2 * parts
            Z[at + PART_COUNT] = 0
        while number < now:
            mean = math.nan
            if Z[at + PART_COUNT] >= Z[at + LEAST_IN_PART]:
                mean = R[at + PART_SUM] / float(Z[at + PART_COUNT])
            R[ring + number % parts] = mean
            R[at + PART_SUM] = 0.0
            Z[at + PART_COUNT] = 0
            number += 1
            if Z[at + BY_CLOCK] == 0 or number % parts == 0:
                _mean_of_parts(R, Z, at)
    Z[at + EDGE] = (now + 1) * part
    R[at + PART_SUM] = 0.0
    Z[at + PART_COUNT] = 0


@outlined
def _mean_of_parts(R: Any, Z: Any, at: int) -> None:
    apart()
    total = 0.0
    valid = 0
    for place in range(Z[at + RING], Z[at + RING] + Z[at + PARTS]):
        if not math.isnan(R[place]):
            total += R[place]
            valid += 1
    R[at + MEAN] = total / float(valid) if valid >= Z[at + LEAST_PARTS] else math.nan
    Z[at + VALID] = valid


@inlined
def of_parts(
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
    """The mean of the window's parts, as of the last part that ended."""
    if moved & m.TAKEN_UP:
        if previous_time >= Z[at + EDGE]:
            _end_parts(R, Z, at, previous_time)
        R[at + PART_SUM] += previous_value
        Z[at + PART_COUNT] += 1
    if moved and time >= Z[at + EDGE]:
        _end_parts(R, Z, at, time)
    R[at + m.AUX] = float(Z[at + VALID]) / float(Z[at + PARTS])
    return R[at + MEAN]


KIND = Kind("average", AverageRule, plan, (of_readings, of_parts))
