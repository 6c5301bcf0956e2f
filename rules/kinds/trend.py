"""Trend: a steady rise or fall over a window, or the limit it is going to reach.

### What it watches

The least-squares line through the readings of the last `over_seconds`. Without `horizon_seconds` its slope
is compared with limits per time. With it the line is drawn on for so long, and where it then stands is
compared: "at this rate alarm 1 is reached within 15 minutes". A slope that is not `significance` of its
standard errors away from nothing counts as none. With less than `valid_fraction` of the readings that the
window should hold it is *cannot tell*.

### Why it matters

A leak that grows is seen before it reaches a limit, by minutes that are worth having.

### Source

Slope and standard error of ordinary least squares, n − 2 degrees of freedom. Three standard errors:
readings of one instrument are correlated, so that two would often be chance. Projection within 15 minutes
from a window of five: this project's proposal.

### Example

```yaml
rules:
  - name: rising
    kind: trend
    title: {zh: 浓度持续上升, en: rising towards the alarm set point}
    over_seconds: 60
    horizon_seconds: 300
    levels: [{level: attention, limit: alarm_1}]
    examples:
      - name: half a milligram each five seconds reaches ten within five minutes
        sensor: {quantity: h2s, unit: mg/m3, interval_seconds: 5, hold_seconds: 20}
        readings: 0+0.5x12
        expect:
          - {at_seconds: 40, level: attention, condition: "true"}
```

### What to do

Find the source while there is time. The finding names the slope; from value, limit and slope follows when
the limit is reached.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fenceline.configfile import ConfigModel
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level
from rules import memory as m
from rules.access import apart
from rules.compiled import inlined, outlined
from rules.history import following, readings_in
from rules.kind import Kind, Plan, RungPlan
from rules.kinds.rate import rate_rung
from rules.limits import resolve
from rules.rule import LimitValue, RateLimit, RuleModel, Seconds, rising_levels

WINDOW, LEAST, MOST, SQUARED_T, HORIZON, COUNT, ORIGIN_TIME, ORIGIN_VALUE = range(m.OWN, m.OWN + 8)
SUM_T, SUM_TT, SUM_X, SUM_TX, SUM_XX, FULL_UNTIL = range(m.OWN + 8, m.OWN + 14)
LEAST_READINGS = 3  # two make a line without any scatter


class TrendLevel(ConfigModel):
    """One rung of the ladder."""

    level: Level
    """The level while the condition holds."""
    limit: str | LimitValue | RateLimit
    """With `horizon_seconds` the limit that would be reached; without, how fast is too fast."""
    on_delay_seconds: Seconds = 0.0
    """How long the condition must hold before it counts."""


class TrendRule(RuleModel):
    """A steady rise or fall over a window."""

    kind: Literal["trend"]
    """This kind."""
    direction: Literal["rise", "fall"] = "rise"
    """Which way."""
    over_seconds: Annotated[float, Field(gt=0, le=86400)]
    """The window the line is laid through."""
    horizon_seconds: Annotated[float, Field(gt=0, le=86400)] | None = None
    """How far the line is drawn on; without it the slope itself is compared."""
    levels: Annotated[tuple[TrendLevel, ...], Field(min_length=1)]
    """The ladder, lowest level first."""
    significance: Annotated[float, Field(ge=0)] = 3.0
    """How many standard errors the slope must be away from nothing; else there is no trend."""
    valid_fraction: Annotated[float, Field(gt=0, le=1)] = 0.75
    """Of the readings that the window should hold, how many it must."""
    deadband_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How far it must come back, as a fraction of the limit."""
    off_delay_seconds: Seconds = 0.0
    """How long it must stay back."""

    @model_validator(mode="after")
    def _coherent(self) -> "TrendRule":
        rising_levels(self.levels)
        for rung in self.levels:
            if isinstance(rung.limit, RateLimit) == (self.horizon_seconds is not None):
                raise ValueError(
                    "with `horizon_seconds` a limit is a name or a value, without it a change `per` time"
                )
        return self


def plan(rule: TrendRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    expected = rule.over_seconds / sensor.interval_seconds
    least = max(LEAST_READINGS, math.ceil(rule.valid_fraction * expected))
    most = readings_in(rule.over_seconds, sensor)
    settings = (round(rule.over_seconds * m.SECOND), least, most)
    floats = (rule.significance**2, rule.horizon_seconds or 0.0)
    state = (0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, m.NEVER)
    rungs = tuple(_rung(rule, one, sensor, substances) for one in rule.levels)
    return Plan(
        rungs,
        words=(*settings, *floats, *state),
        traits=m.TRAIT_EXTREME,
        history=most,
        aux="slope_per_minute",
    )


def _rung(rule: TrendRule, one: TrendLevel, sensor: PlacedSensor, substances: Substances) -> RungPlan:
    falls, on, off = rule.direction == "fall", one.on_delay_seconds, rule.off_delay_seconds
    if isinstance(one.limit, RateLimit):
        return rate_rung(
            rule.name, one.level, one.limit, falls, on, off, rule.deadband_fraction, sensor, substances
        )
    direction: Literal["above", "below"] = "below" if falls else "above"
    resolved = resolve(rule.name, one.level, one.limit, direction, sensor, substances)
    width = abs(rule.deadband_fraction * resolved.written * resolved.scale)
    evidence = {"deadband": width, "on_delay_seconds": on, "off_delay_seconds": off}
    evidence["horizon_seconds"] = rule.horizon_seconds or 0.0
    return RungPlan(one.level, direction, resolved.limit.value, 0.0, width, on, off, resolved.limit, evidence)


@outlined
def _begin(R: Any, Z: Any, at: int, time: int, value: float) -> None:
    """No sums yet; times and values count from here, so that they stay small."""
    apart()
    Z[at + ORIGIN_TIME] = time
    R[at + ORIGIN_VALUE] = value
    for word in range(SUM_T, SUM_XX + 1):
        R[at + word] = 0.0


@outlined
def _sum_anew(R: Any, Z: Any, at: int, h: int) -> None:
    """No rounding of sums that came and went stays."""
    apart()
    place = Z[at + m.TAIL]
    origin_time, origin_value = Z[place], R[place + 1]
    _begin(R, Z, at, origin_time, origin_value)
    for _ in range(Z[at + COUNT]):
        t = float(Z[place] - origin_time) * 1e-9
        x = R[place + 1] - origin_value
        R[at + SUM_T] += t
        R[at + SUM_TT] += t * t
        R[at + SUM_X] += x
        R[at + SUM_TX] += t * x
        R[at + SUM_XX] += x * x
        place = following(Z, h, place)


@inlined
def step(
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
    """Slope per minute, or where the line stands at the horizon; one that is not significant counts as 0."""
    if moved:
        count, tail = Z[at + COUNT], Z[at + m.TAIL]
        oldest = time - Z[at + WINDOW]
        if moved & m.TAKEN_UP and count == 0:
            _begin(R, Z, at, previous_time, previous_value)
        origin_time, origin_value = Z[at + ORIGIN_TIME], R[at + ORIGIN_VALUE]
        total_t, total_tt, total_x = R[at + SUM_T], R[at + SUM_TT], R[at + SUM_X]
        total_tx, total_xx = R[at + SUM_TX], R[at + SUM_XX]
        if moved & m.TAKEN_UP:
            t = float(previous_time - origin_time) * 1e-9
            x = previous_value - origin_value
            total_t += t
            total_tt += t * t
            total_x += x
            total_tx += t * x
            total_xx += x * x
            count += 1
        while count > 0 and (Z[tail] <= oldest or count > Z[at + MOST]):
            left = Z[tail]
            if left > oldest:
                Z[at + FULL_UNTIL] = left + Z[at + WINDOW]
            t = float(left - origin_time) * 1e-9
            x = R[tail + 1] - origin_value
            total_t -= t
            total_tt -= t * t
            total_x -= x
            total_tx -= t * x
            total_xx -= x * x
            tail = following(Z, h, tail)
            count -= 1
        Z[at + COUNT], Z[at + m.TAIL] = count, tail
        R[at + SUM_T], R[at + SUM_TT], R[at + SUM_X] = total_t, total_tt, total_x
        R[at + SUM_TX], R[at + SUM_XX] = total_tx, total_xx
        if moved & m.COME_ROUND and count > 0:
            _sum_anew(R, Z, at, h)
    if time <= Z[at + FULL_UNTIL]:
        return m.NO_VALUE
    count = Z[at + COUNT] + 1
    if count < Z[at + LEAST] or math.isnan(value):
        return math.nan
    n = float(count)
    seconds, x = float(time - Z[at + ORIGIN_TIME]) * 1e-9, value - R[at + ORIGIN_VALUE]
    sum_t, sum_x = R[at + SUM_T] + seconds, R[at + SUM_X] + x
    products = n * (R[at + SUM_TX] + seconds * x) - sum_t * sum_x
    squares = n * (R[at + SUM_TT] + seconds * seconds) - sum_t * sum_t
    if not squares > 0.0:
        return math.nan
    slope = products / squares
    explained = slope * products
    scatter = n * (R[at + SUM_XX] + x * x) - sum_x * sum_x - explained
    if not explained * (n - 2.0) >= R[at + SQUARED_T] * scatter or products == 0.0:
        slope = 0.0
    R[at + m.AUX] = slope * 60.0
    if R[at + HORIZON] == 0.0:
        return slope * 60.0
    fitted = R[at + ORIGIN_VALUE] + sum_x / n + slope * (seconds - sum_t / n)
    return fitted + slope * R[at + HORIZON]


KIND = Kind("trend", TrendRule, plan, (step,))
