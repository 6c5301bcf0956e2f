"""Noisy: an instrument that scatters more than it should.

### What it watches

The scatter of the last `readings` of a sensor, from one to the next: the root of half the mean squared
difference of neighbours. A slow rise or fall hardly enters it, a fast change of the gas does. Before half
as many have been taken up it is *cannot tell*.

### Why it matters

A cell that dries out, a loose contact, moisture in a lamp make a value dance before it fails. Noise makes
alarms chatter, and hides a small rise.

### Source

The estimate from successive differences is von Neumann's (1941). What is too much is the instrument's data
sheet: give it with its source.

### Example

```yaml
rules:
  - name: noisy-cell
    kind: noisy
    title: {zh: 传感器噪声过大, en: the sensor scatters}
    readings: 20
    levels: [{level: attention, limit: {value: 2, unit: mg/m3, source: twice the data sheet's noise}}]
    examples:
      - name: up and down by four is a scatter of almost three
        sensor: {quantity: h2s, unit: mg/m3, interval_seconds: 5, hold_seconds: 20}
        readings: 5x12 1 5 1 5 1 5 1 5 1 5
        expect:
          - {at_seconds: 105, level: attention, condition: "true"}
```

### What to do

Look at neighbours: if they dance too, it is the air. Otherwise have the instrument's contacts, filter and
cell seen to, and do not trust its small values until then.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from rules import memory as m
from rules.access import apart
from rules.compiled import inlined, outlined
from rules.history import following
from rules.kind import Kind, Plan
from rules.limits import ladder
from rules.rule import LadderRule

READINGS, LEAST, COUNT, SQUARES, LAST = range(m.OWN, m.OWN + 5)


class NoisyRule(LadderRule):
    """An instrument that scatters more than it should."""

    kind: Literal["noisy"]
    """This kind."""
    readings: Annotated[int, Field(ge=4, le=3600)] = 60
    """Over how many readings."""

    @model_validator(mode="after")
    def _upwards(self) -> "NoisyRule":
        if self.direction != "above" or any(isinstance(rung.limit, str) for rung in self.levels):
            raise ValueError("a scatter is too large `above` a limit that is given as a value")
        return self


def plan(rule: NoisyRule, sensor: PlacedSensor, substances: Substances) -> Plan:
    words = (rule.readings, rule.readings // 2, 0, 0.0, 0.0)
    return Plan(ladder(rule, sensor, substances), 0, words, history=rule.readings + 1)


@outlined
def _sum_anew(R: Any, Z: Any, at: int, h: int) -> None:
    apart()
    place = Z[at + m.TAIL]
    squares = 0.0
    for _ in range(Z[at + COUNT] - 1):
        after = following(Z, h, place)
        step = R[after + 1] - R[place + 1]
        squares += step * step
        place = after
    R[at + SQUARES] = squares


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
    """The scatter of the readings before and this one, from neighbour to neighbour."""
    if moved & m.TAKEN_UP:
        count = Z[at + COUNT]
        if count > 0:
            change = previous_value - R[at + LAST]
            R[at + SQUARES] += change * change
        R[at + LAST] = previous_value
        count += 1
        if count > Z[at + READINGS]:
            tail = Z[at + m.TAIL]
            after = following(Z, h, tail)
            change = R[after + 1] - R[tail + 1]
            R[at + SQUARES] -= change * change
            Z[at + m.TAIL] = after
            count -= 1
        Z[at + COUNT] = count
        if moved & m.COME_ROUND:
            _sum_anew(R, Z, at, h)
    count = Z[at + COUNT]
    if count < Z[at + LEAST]:
        return math.nan
    change = value - R[at + LAST]
    squares = R[at + SQUARES] + change * change
    squares = max(squares, 0.0)
    return math.sqrt(squares / (2.0 * float(count)))


KIND = Kind("noisy", NoisyRule, plan, (step,))
