"""Stuck: a value that does not change, though the instrument has noise.

### What it watches

A value that has stayed within `tolerance` of itself for `after_seconds`. A gap or a bad reading begins
anew. What it reads `at_rest` may stand still: zero, for a detector that rounds.

### Why it matters

A frozen value looks like a calm park. Converters hold their last value when the cell behind them has died,
and a sonic anemometer repeats a failed reading for four seconds.

### Source

A frozen value, where noise is more than nothing, is a fault: this project's proposal after the data checks
for continuous monitoring. Which instruments have noise says their data sheet, so choose them with
`watches`.

### Example

```yaml
rules:
  - name: frozen
    kind: stuck
    title: {zh: 数值冻结, en: the value stands still}
    after_seconds: 20
    at_rest: {lower: 0, upper: 0, unit: mg/m3}
    examples:
      - name: twenty seconds of one value, and a change
        sensor: {quantity: h2s, unit: mg/m3, interval_seconds: 5, hold_seconds: 20}
        readings: 0x8 3.2x5 3.3
        expect:
          - {at_seconds: 60, level: attention, condition: "true"}
          - {at_seconds: 65, level: attention, condition: "false"}
```

### What to do

Have the instrument tested with gas (a bump test) before anything else: until then nothing is watched there.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from fenceline.configfile import ConfigModel
from fenceline.finding import LimitUsed
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level
from rules import memory as m
from rules.compiled import inlined
from rules.kind import Kind, Plan, RungPlan
from rules.limits import to_sensor
from rules.rule import RuleModel, Seconds

TOLERANCE, REST_LOW, REST_HIGH, SINCE, VALUE = range(m.OWN, m.OWN + 5)


class Rest(ConfigModel):
    """Values at which standing still is what a good instrument does, ends included."""

    lower: float
    """The lowest."""
    upper: float
    """The highest."""
    unit: str
    """Unit of both; converted to the sensor's."""


class StuckRule(RuleModel):
    """A value that does not change."""

    kind: Literal["stuck"]
    """This kind."""
    level: Level = Level.ATTENTION
    """The level while it does not change."""
    after_seconds: Annotated[float, Field(gt=0, le=7 * 86400)]
    """How long it must not have changed."""
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """How much change is none, in the sensor's unit."""
    at_rest: Rest | None = None
    """Where it may stand still."""
    off_delay_seconds: Seconds = 0.0
    """How long it must move again."""


def plan(rule: StuckRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    rest = (math.inf, -math.inf)
    if rule.at_rest is not None:
        scale, offset = to_sensor(rule.name, rule.level, rule.at_rest.unit, sensor, substances)
        rest = (rule.at_rest.lower * scale + offset, rule.at_rest.upper * scale + offset)
    limit = LimitUsed(
        name="after", value=rule.after_seconds, unit="s", direction="above", source="the rule's after_seconds"
    )
    evidence = {"tolerance": rule.tolerance, "off_delay_seconds": rule.off_delay_seconds}
    rung = RungPlan(
        rule.level,
        "above",
        rule.after_seconds,
        off_delay_seconds=rule.off_delay_seconds,
        limit=limit,
        evidence=evidence,
    )
    return Plan((rung,), words=(rule.tolerance, *rest, m.NEVER, 0.0), aux="stuck_at")


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
    """Seconds since the value last changed; a gap or a bad reading in between begins anew."""
    if moved:
        if not moved & m.TAKEN_UP or time - previous_time > Z[h + m.HOLD]:
            Z[at + SINCE] = m.NEVER
        elif Z[at + SINCE] == m.NEVER or not abs(previous_value - R[at + VALUE]) <= R[at + TOLERANCE]:
            Z[at + SINCE] = previous_time
            R[at + VALUE] = previous_value
    if math.isnan(value):
        return math.nan
    if (
        Z[at + SINCE] == m.NEVER
        or not abs(value - R[at + VALUE]) <= R[at + TOLERANCE]
        or R[at + REST_LOW] <= value <= R[at + REST_HIGH]
    ):
        return 0.0
    R[at + m.AUX] = R[at + VALUE]
    return float(time - Z[at + SINCE]) * 1e-9


KIND = Kind("stuck", StuckRule, plan, (step,))
