"""Rate: a value that rises or falls faster than a limit.

### What it watches

The change of a reading per time, since the reading before it or, with `over_seconds`, since the newest one
that is at least so old. Across a gap longer than the hold time (and `over_seconds`) it is *cannot tell*. A
fall is watched with `direction: fall`; limits are sizes in either case.

### Why it matters

A jump is news before a limit is reached: a seal that gives way, a valve that is opened, an analyser that is
switched to calibration gas without saying so.

### Source

No standard gives rates for gas detectors: each limit carries the park's decision or the instrument's T90 (a
detector with T90 of 30 s cannot rise faster than 90 % of a step in that time).

### Example

```yaml
rules:
  - name: jump
    kind: rate
    title: {zh: 浓度突升, en: a sudden rise}
    levels: [{level: attention, limit: {value: 1, unit: mg/m3, per: s, source: the park's decision}}]
    examples:
      - name: six in five seconds is a jump, and standing still is none
        sensor: {quantity: h2s, unit: mg/m3, interval_seconds: 5, hold_seconds: 20}
        readings: 1 2 8x2
        expect:
          - {at_seconds: 10, level: attention, condition: "true"}
          - {at_seconds: 15, level: attention, condition: "false"}
```

### What to do

Look whether neighbours follow. One sensor alone that jumps and stays flat is more often its calibration
than gas.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fenceline.configfile import ConfigModel
from fenceline.finding import LimitUsed
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level
from rules import memory as m
from rules.compiled import inlined
from rules.history import following, readings_in
from rules.kind import Kind, Plan, RungPlan
from rules.limits import to_sensor
from rules.rule import RateLimit, RuleModel, Seconds, rising_levels

OVER, MOST, REFERENCE_TIME, REFERENCE_VALUE, COUNT = range(m.OWN, m.OWN + 5)


class RateLevel(ConfigModel):
    """One rung of the ladder."""

    level: Level
    """The level while the condition holds."""
    limit: RateLimit
    """How fast is too fast."""
    on_delay_seconds: Seconds = 0.0
    """How long the condition must hold before it counts."""


class RateRule(RuleModel):
    """A value that rises or falls faster than a limit."""

    kind: Literal["rate"]
    """This kind."""
    direction: Literal["rise", "fall"] = "rise"
    """Which way."""
    over_seconds: Seconds = 0.0
    """Compared with the newest reading that is at least so old; 0: with the reading before."""
    levels: Annotated[tuple[RateLevel, ...], Field(min_length=1)]
    """The ladder, lowest level first."""
    deadband_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How far below the limit the rate must fall, as a fraction of the limit."""
    off_delay_seconds: Seconds = 0.0
    """How long it must stay there."""

    @model_validator(mode="after")
    def _coherent(self) -> "RateRule":
        rising_levels(self.levels)
        return self


def rate_rung(
    name: str,
    level: Level,
    limit: RateLimit,
    falls: bool,
    on: float,
    off: float,
    fraction: float,
    sensor: PlacedSensor,
    substances: Substances,
) -> RungPlan:
    """A limit per time as a rung in the sensor's unit per minute."""
    scale, _ = to_sensor(name, level, limit.unit, sensor, substances)
    per_minute = limit.value * abs(scale) / limit.seconds * 60.0
    signed = -per_minute if falls else per_minute
    direction: Literal["above", "below"] = "below" if falls else "above"
    used = LimitUsed(
        name="rate", value=signed, unit=f"{sensor.unit}/min", direction=direction, source=limit.source
    )
    width = fraction * per_minute
    evidence = {"deadband": width, "on_delay_seconds": on, "off_delay_seconds": off}
    return RungPlan(level, direction, signed, 0.0, width, on, off, used, evidence)


def plan(rule: RateRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    rungs = tuple(
        rate_rung(
            rule.name,
            one.level,
            one.limit,
            rule.direction == "fall",
            one.on_delay_seconds,
            rule.off_delay_seconds,
            rule.deadband_fraction,
            sensor,
            substances,
        )
        for one in rule.levels
    )
    most = 0 if rule.over_seconds == 0 else readings_in(rule.over_seconds, sensor)
    words = (round(rule.over_seconds * m.SECOND), most, m.NEVER, 0.0, 0)
    return Plan(rungs, words=words, traits=m.TRAIT_EXTREME, history=most, aux="from_value")


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
    """Change per minute since the reading it is compared with."""
    over = Z[at + OVER]
    if moved:
        if over == 0:
            if moved & m.TAKEN_UP:
                Z[at + REFERENCE_TIME] = previous_time
                R[at + REFERENCE_VALUE] = previous_value
        else:
            count, tail = Z[at + COUNT], Z[at + m.TAIL]
            if moved & m.TAKEN_UP:
                count += 1
            while count > 0 and (Z[tail] <= time - over or count > Z[at + MOST]):
                # One that is dropped for want of room is too new to compare with, and so is any before it.
                dropped = Z[tail] > time - over
                Z[at + REFERENCE_TIME] = m.NEVER if dropped else Z[tail]
                R[at + REFERENCE_VALUE] = R[tail + 1]
                tail = following(Z, h, tail)
                count -= 1
            Z[at + COUNT], Z[at + m.TAIL] = count, tail
    since = Z[at + REFERENCE_TIME]
    if since == m.NEVER or time - since > over + Z[h + m.HOLD]:
        return math.nan
    R[at + m.AUX] = R[at + REFERENCE_VALUE]
    return (value - R[at + REFERENCE_VALUE]) / (float(time - since) * 1e-9) * 60.0


KIND = Kind("rate", RateRule, plan, (step,))
