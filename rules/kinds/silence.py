"""Silence: a sensor that gives no usable reading.

### What it watches

A sensor that gives no usable reading for `after_seconds`: by default three of its intervals, 60 s at least.
It counts from the first tick after the newest usable reading, or from the first tick after the sensor was
put in force. Readings that are late, delayed, duplicate, ahead, of bad quality or over range are not
usable. One current reading of usable quality ends it. Its condition is never unknown.

### Why it matters

A quiet screen must mean a quiet park. A detector that is unplugged, poisoned, in calibration or behind a
dead gateway proves nothing, and somebody has to own that. A detector stuck over range is reported here too,
beside the alarm that it proves: its value says no more how bad it is, nor that it is over.

### Source

Data gap: three times the expected period, 60 s at least, ended by one good sample: the proposal of this
project, after ISA-18.2's treatment of bad measurement as an alarm of its own.

### Example

```yaml
rules:
  - name: no-data
    kind: silence
    title: {zh: 传感器无有效数据, en: no usable reading from the sensor}
    level: attention
    examples:
      - name: a gateway falls silent, comes back with a fault, then with values
        sensor: {quantity: h2s, unit: mg/m3, interval_seconds: 5, hold_seconds: 20}
        readings: 0x3 _x12 0x2!fault 0
        expect:
          - {at_seconds: 70, level: attention, condition: "true"}
          - {at_seconds: 85, level: attention, condition: "false"}
      - name: a slow sensor has three of its intervals
        sensor: {quantity: h2s, unit: mg/m3, interval_seconds: 60, hold_seconds: 240}
        readings: 0 _x3 0
        expect:
          - {at_seconds: 180, level: attention, condition: "true"}
          - {at_seconds: 240, level: attention, condition: "false"}
```

### What to do

See which neighbours on the same gateway are silent too: one sensor is an instrument, all of them a link or
a power supply. Send somebody with a portable instrument where nothing else watches. The finding's reason
says what the sensor last said of itself.
"""

from typing import Literal

from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level
from rules.kind import Kind, Plan, RungPlan
from rules.rule import RuleModel, Seconds

DEFAULT_SECONDS = 60.0  # three periods, this at least


class SilenceRule(RuleModel):
    """A sensor that gives no usable reading."""

    kind: Literal["silence"]
    """This kind."""
    level: Level = Level.ATTENTION
    """The level while it is silent."""
    after_seconds: Seconds | None = None
    """How long without a usable reading; by default three intervals, 60 s at least."""


def plan(rule: SilenceRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    after = rule.after_seconds
    if after is None:
        after = max(DEFAULT_SECONDS, 3 * sensor.interval_seconds)
    rung = RungPlan(
        level=rule.level,
        direction="above",
        lower=0.0,
        on_delay_seconds=after,
        evidence={"after_seconds": after},
    )
    return Plan((rung,))


KIND = Kind("silence", SilenceRule, plan, timed=True)
