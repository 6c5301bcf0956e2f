"""Threshold: a value above, below or outside a limit.

### What it watches

A value `above`, `below` or `outside` a limit, on each sensor by itself. The limit is a name from
`config/substances.yaml`, or a value with its unit and source, or for `outside` an interval. A rule that
watches a sensor for whose substance the named limit does not exist, or whose unit it does not convert to,
is refused as a whole.

### Why it matters

It is what a detector is for: somebody may be breathing this now. It pages for a single detector, at its
reading or at a tick, and does not wait for others to agree. The on-delay hides a short spike, deadband and
off-delay hold an alarm that chatters, so that one release is one alarm.

### Source

Alarm set points: GB/T 50493-2019, alarm 1 and alarm 2. Deadband and delays by signal: the practice of
ISA-18.2 and EEMUA 191; the shipped rules take 10 % of the limit, 3 s for what is dangerous at once, 10 s
for alarm 1, an off-delay of 60 s, and longer ones at fence and boundary, where the standards mean averages.
Every limit carries its own source.

### Example

```yaml
rules:
  - name: chlorine
    kind: threshold
    title: {zh: 氯气达到报警值, en: chlorine at alarm set point}
    watches: {quantity: [cl2], placement: [unit, tank_farm]}
    direction: above
    levels:
      - {level: blue, limit: alarm_1, on_delay_seconds: 10}
      - {level: yellow, limit: alarm_2, on_delay_seconds: 3}
      - {level: red, limit: {value: 58, unit: mg/m3, source: "HJ 169-2018 endpoint 1"}}
    deadband: {fraction: 0.1}
    off_delay_seconds: 60
    examples:
      - name: the alarm climbs, and ends a minute after the value has come back by the deadband
        sensor: {quantity: cl2, unit: ppm, interval_seconds: 5, hold_seconds: 20}
        readings: 0 0.5x2 0.9 25 0.8 0.5 0.2x14
        expect:
          - {at_seconds: 15, level: blue, condition: "true"}
          - {at_seconds: 18, level: yellow, condition: "true"}
          - {at_seconds: 20, level: red, condition: "true"}
          - {at_seconds: 85, level: red, condition: "false"}
          - {at_seconds: 90, level: yellow, condition: "false"}
          - {at_seconds: 95, level: blue, condition: "false"}
      - name: over range proves red, and its end is not told by a lower bound
        sensor: {quantity: cl2, unit: ppm, interval_seconds: 5, hold_seconds: 20}
        readings: 0 20!over_range 10x2!over_range
        expect:
          - {at_seconds: 5, level: red, condition: "true"}
          - {at_seconds: 8, level: yellow, condition: "true"}
          - {at_seconds: 10, level: red, condition: "unknown"}
          - {at_seconds: 15, level: blue, condition: "true"}
  - name: oxygen
    kind: threshold
    title: {zh: 氧含量异常, en: oxygen outside the safe interval}
    watches: {quantity: [oxygen]}
    direction: outside
    levels:
      - level: yellow
        limit: {lower: 19.5, upper: 23.5, unit: "%VOL", source: "GB/T 50493-2019"}
        on_delay_seconds: 3
    deadband: {value: 0.3}
    examples:
      - name: enriched, and the end of the deadband is not back
        sensor: {quantity: oxygen, unit: "%VOL", interval_seconds: 5, hold_seconds: 20}
        readings: 20.9 23.5x2 23.2 23.1
        expect:
          - {at_seconds: 8, level: yellow, condition: "true"}
          - {at_seconds: 20, level: yellow, condition: "false"}
  - name: purge-pressure
    kind: threshold
    title: {zh: 正压通风压力低, en: purge pressure low}
    watches: {quantity: [pressure]}
    direction: below
    levels: [{level: attention, limit: {value: 1.0, unit: kPa, source: the park's decision}}]
    deadband: {value: 0.1}
    examples:
      - name: at the limit, and back only above it by the deadband
        sensor: {quantity: pressure, unit: Pa, interval_seconds: 5, hold_seconds: 20}
        readings: 1200 1000 1100 1101
        expect:
          - {at_seconds: 5, level: attention, condition: "true"}
          - {at_seconds: 15, level: attention, condition: "false"}
```

### What to do

Answer the page, take the person at the place out of the wind's way, verify the reading, find the source.
What is in `what_to_do` of the rule comes first. If it is a false alarm, look at its evidence: an on-delay
that is too short, a deadband narrower than the instrument's noise, a limit meant for an average.
"""

from typing import Any, Literal

from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from rules import memory as m
from rules.compiled import inlined
from rules.kind import Kind, Plan
from rules.limits import ladder
from rules.rule import LadderRule


class ThresholdRule(LadderRule):
    """A value above, below or outside a limit."""

    kind: Literal["threshold"]
    """This kind."""


def plan(rule: ThresholdRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    return Plan(ladder(rule, sensor, substances), traits=m.TRAIT_DIRECT | m.TRAIT_EXTREME)


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
    """The reading itself."""
    return value


KIND = Kind("threshold", ThresholdRule, plan, (step,))
