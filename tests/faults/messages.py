"""What a device says: single readings, arrays, repeated, late and bad ones, all drawn from the seed."""

import itertools
import json
import random
import time
from dataclasses import dataclass, field

from tests.faults.site import DeviceSite, Excursion, excursions, value_at

KINDS = {"single": 58, "array": 20, "again": 7, "late": 5, "bad": 6, "mixed": 2, "other_value": 2}

BURST_CHANCE = 0.01


@dataclass(slots=True)
class Message:
    """A payload and what must be found of it: readings by sensor and sequence, dead letters by a token."""

    payload: bytes
    readings: list[tuple[str, int]] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)


class Writer:
    """What one device says, all of it drawn from its own chance."""

    def __init__(self, site: DeviceSite, chance: random.Random, until: float) -> None:
        self._site = site
        self._chance = chance
        self._sequence = {sensor: itertools.count() for sensor in site.sensors}
        self._crossing: dict[str, tuple[Excursion, ...]] = {
            sensor: excursions(chance, until) for sensor in site.sensors
        }
        self._tokens = itertools.count()
        self._last: Message | None = None
        self._last_ms = 0
        self._burst = 0

    def pause(self) -> float:
        """Seconds until the next message; now and then a device sends many at once."""
        if self._burst > 0:
            self._burst -= 1
            return self._chance.uniform(0.0, 0.004)
        if self._chance.random() < BURST_CHANCE:
            self._burst = self._chance.randint(20, 120)
        return self._chance.uniform(0.05, 0.35)

    def next(self, at: float) -> Message:
        """What it says at this second of the run."""
        chance = self._chance
        kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "again" and self._last is not None:
            return self._last
        # No two messages of a device in one millisecond, so that only what is meant to conflicts.
        now_ms = self._last_ms = max(time.time_ns() // 1_000_000, self._last_ms + 5)
        sensor = chance.choice(self._site.sensors)
        if kind == "bad":
            return self._bad(sensor, now_ms)
        if kind in ("array", "mixed"):
            one = self._array(at, now_ms, with_bad=kind == "mixed")
        elif kind == "late":
            one = self._of([self._reading(sensor, at, now_ms - chance.randint(3_000, 15_000))])
        elif kind == "other_value":
            twice = [self._reading(sensor, at, now_ms), self._reading(sensor, at, now_ms)]
            one = self._of(twice)
        else:
            one = self._of([self._reading(sensor, at, now_ms)])
        self._last = one
        return one

    def _array(self, at: float, now_ms: int, *, with_bad: bool) -> Message:
        rows = [
            self._reading(self._chance.choice(self._site.sensors), at, now_ms - 4 + number)
            for number in range(self._chance.randint(2, 5))
        ]
        made = self._of(rows)
        if not with_bad:
            return made
        token = self._token()
        rows.insert(1, {"sensor": f"no-such-{token}", "time": now_ms, "value": 1.0})
        return Message(json.dumps(rows).encode(), made.readings, [token])

    def _bad(self, sensor: str, now_ms: int) -> Message:
        token = self._token()
        good = {"sensor": sensor, "time": now_ms, "value": 1.0}
        payload = self._chance.choice(
            (
                f'{{"sensor": "{sensor}", {token}'.encode(),
                json.dumps(good | {"value": token}).encode(),
                json.dumps(good | {"unit": token}).encode(),
                json.dumps(good | {"sensor": token}).encode(),
                json.dumps(good | {"time": f"yesterday {token}"}).encode(),
                json.dumps(good | {"quality": token}).encode(),
                json.dumps(good | {"valve": token}).encode(),
            )
        )
        return Message(payload, [], [token])

    def _reading(self, sensor: str, at: float, time_ms: int) -> dict[str, object]:
        value = value_at(self._site.gas, self._crossing[sensor], at, self._chance)
        sequence = next(self._sequence[sensor])
        reading: dict[str, object] = {
            "sensor": sensor,
            "time": time_ms,
            "value": value,
            "unit": "mg/m3",
            "sequence": sequence,
        }
        if self._chance.random() < 0.02:
            reading["quality"] = self._chance.choice(("bad", "fault", "calibration", "uncertain"))
        return reading

    def _of(self, rows: list[dict[str, object]]) -> Message:
        readings = [(str(row["sensor"]), int(str(row["sequence"]))) for row in rows]
        return Message(json.dumps(rows[0] if len(rows) == 1 else rows).encode(), readings)

    def _token(self) -> str:
        return f"tok-{self._site.device}-{next(self._tokens)}-"
