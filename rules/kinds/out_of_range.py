"""Out of range: a value that the instrument cannot have measured.

### What it watches

A value below or above the range of its sensor in park.yaml, by more than `margin_fraction` of the range. A
reading that says `over_range` of itself is out of range whatever its value.

### Why it matters

Beyond its range an instrument does not measure: the value says no more how bad it is. Far below zero a
detector is drifting, and hides as much gas.

### Source

The range is the data sheet's. The margin is the drift that its maintenance allows; HJ 76 allows ±2.5 % of
full scale in 24 h for gas analysers.

### Example

```yaml
rules:
  - name: out-of-range
    kind: out_of_range
    title: {zh: 超出量程, en: out of its range}
    margin_fraction: 0.0
    off_delay_seconds: 10
    examples:
      - name: an over-range reading, and ten seconds of values within
        sensor: {quantity: h2s, unit: mg/m3, interval_seconds: 5, hold_seconds: 20}
        readings: 0 100!over_range 5x3
        expect:
          - {at_seconds: 5, level: attention, condition: "true"}
          - {at_seconds: 20, level: attention, condition: "false"}
```

### What to do

Above: treat the alarm beside it as the worst that it can mean, and measure with another instrument. Below:
have the zero checked; until then the sensor reads too low by as much.
"""

import math
from typing import Annotated, Literal

from pydantic import Field

from fenceline.finding import LimitUsed
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level
from rules import memory as m
from rules.kind import Kind, Plan, RungPlan
from rules.kinds.threshold import step
from rules.rule import RuleModel, Seconds


class OutOfRangeRule(RuleModel):
    """A value that the instrument cannot have measured."""

    kind: Literal["out_of_range"]
    """This kind."""
    level: Level = Level.ATTENTION
    """The level while it is out of range."""
    margin_fraction: Annotated[float, Field(ge=0, le=1)]
    """How far beyond the range is not yet out of it, as a fraction of the range."""
    on_delay_seconds: Seconds = 0.0
    """How long it must be out of range before it counts."""
    off_delay_seconds: Seconds = 0.0
    """How long it must be within again."""


def plan(rule: OutOfRangeRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    low, high = sensor.range
    margin = rule.margin_fraction * (high - low)
    limit = LimitUsed(
        name="range",
        value=low - margin,
        upper=high + margin,
        unit=sensor.unit,
        direction="outside",
        source="the sensor's range in park.yaml",
    )
    rung = RungPlan(
        rule.level,
        "outside",
        # Its ends belong to the range.
        math.nextafter(low - margin, -math.inf),
        math.nextafter(high + margin, math.inf),
        on_delay_seconds=rule.on_delay_seconds,
        off_delay_seconds=rule.off_delay_seconds,
        limit=limit,
        evidence={
            "on_delay_seconds": rule.on_delay_seconds,
            "off_delay_seconds": rule.off_delay_seconds,
        },
    )
    return Plan((rung,), traits=m.TRAIT_DIRECT | m.TRAIT_RANGE)


KIND = Kind("out_of_range", OutOfRangeRule, plan, (step,))
