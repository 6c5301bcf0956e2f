"""What the devices send, from one chance: on time, late, twice, contradicting, unreadable, of a wrong time.

For each message it is kept what a reader must find in it, so that the judge need not decode it.
"""

import json
import random
from dataclasses import dataclass
from typing import Any

from tests.simulation.park import INTERVAL_SECONDS, SECOND, START_NS, TOPICS

UNREADABLE = (b"not json", b"\xff\xfe", b"[1, 2]")


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that a device publishes.

    Args:
        at: when, in simulated seconds.
        good: (sensor, time_ns, value, sequence) that must be found in the journal.
        bad: the raw bytes of each part that must be found in the dead letters.
    """

    at: float
    topic: str
    payload: bytes
    good: tuple[tuple[str, int, float, int], ...]
    bad: tuple[bytes, ...]


def script(rng: random.Random, until: float) -> list[Sent]:
    """All messages of a run, in the order of their time."""
    sent: list[Sent] = []
    for sensor in TOPICS:
        sent += _sensor(rng, sensor, until)
    return sorted(sent, key=lambda one: one.at)


def _sensor(rng: random.Random, sensor: str, until: float) -> list[Sent]:
    sent: list[Sent] = []
    at, change, level, sequence = rng.uniform(0.3, 1.5), rng.uniform(1.0, 6.0), 0, 0
    silent_from = rng.uniform(3.0, until) if rng.random() < 0.6 else until
    silent_to = silent_from + rng.uniform(2.0, 8.0)
    while at < until:
        if at > change:
            level = rng.choice((0, 1, 1, 2, 2))
            change = at + rng.uniform(1.5, 7.0)
        sequence += 1
        value = round((rng.uniform(0, 9.5), rng.uniform(9.0, 19), rng.uniform(18, 30))[level], 1)
        if not silent_from < at < silent_to:
            sent += _measured(rng, sensor, at, value, sequence)
        at += INTERVAL_SECONDS * rng.uniform(0.7, 1.6)
    return [one for one in sent if one.at < until]


def _measured(rng: random.Random, sensor: str, at: float, value: float, sequence: int) -> list[Sent]:
    """One measurement on its way, and what may go wrong with it."""
    reading: dict[str, Any] = {"sensor": sensor, "time": _ms(at), "value": value, "sequence": sequence}
    chance = rng.random()
    if chance < 0.03:
        reading["quality"] = rng.choice(("calibration", "over_range", "fault", "uncertain"))
    elif chance < 0.05:
        reading["time"] += rng.choice((8_000, 12_000, 200_000))  # a device whose clock is ahead
    elif chance < 0.06:
        reading["value"] = "much"
    arrives = at + rng.uniform(0.01, 0.15)
    if rng.random() < 0.08:
        arrives += rng.uniform(0.5, 7.0)  # held up on the way
    out = [_message(sensor, arrives, [reading])]
    chance = rng.random()
    if chance < 0.06:  # published again, since the device saw no answer
        out.append(_message(sensor, arrives + rng.uniform(0.05, 4.0), [reading]))
    elif chance < 0.10:  # another value at the same time
        other = {**reading, "value": round(value + rng.choice((-12, -4, 4, 12)), 1)}
        out.append(_message(sensor, arrives + rng.uniform(0.0, 0.8), [other]))
    elif chance < 0.14:
        payload = rng.choice(UNREADABLE) if rng.random() < 0.8 else b"not json %d" % sequence
        raw = (b"1", b"2") if payload == b"[1, 2]" else (payload,)
        out.append(Sent(arrives + 0.01, TOPICS[sensor], payload, (), raw))
    elif chance < 0.17:  # one array with a stranger in it, and an earlier time after a later one
        earlier = {**reading, "time": reading["time"] - rng.randint(200, 2500), "sequence": sequence + 5000}
        stranger = {**reading, "sensor": "stranger"}
        out.append(_message(sensor, arrives + rng.uniform(0.0, 0.5), [earlier, stranger]))
    return out


def _message(sensor: str, at: float, readings: list[dict[str, Any]]) -> Sent:
    texts = [json.dumps(reading) for reading in readings]
    payload = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    good, bad = [], []
    for reading, text in zip(readings, texts, strict=True):
        # Ingest's bound is 60 s; no clock here is ever so wrong that one of the smaller steps exceeds it.
        ahead = reading["time"] > _ms(at) + 150_000
        if reading["sensor"] != sensor or isinstance(reading["value"], str) or ahead:
            bad.append(text.encode())
        else:
            name, value = str(reading["sensor"]), float(reading["value"])
            good.append((name, int(reading["time"]) * 1_000_000, value, int(reading["sequence"])))
    return Sent(at, TOPICS[sensor], payload.encode(), tuple(good), tuple(bad))


def _ms(at: float) -> int:
    return START_NS * 1000 // SECOND + round(at * 1000)
