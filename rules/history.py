"""A sensor's history of readings: a ring of (time, value) that all rules with a window share."""

from typing import Any

from fenceline.park import PlacedSensor
from rules import memory as m
from rules.access import fetch
from rules.compiled import inlined


def readings_in(seconds: float, sensor: PlacedSensor) -> int:
    """Room for a window of time: twice what the sensor should send, and a few."""
    return int(2 * seconds / sensor.interval_seconds) + 16


@inlined
def keep_history(R: Any, Z: Any, h: int, time: int, value: float) -> int:
    """The reading before becomes history; tells what the steps are told."""
    place = Z[h + m.HISTORY_NEXT]
    if place == 0:
        return m.NEW_TIME | m.TAKEN_UP
    Z[place] = time
    R[place + 1] = value
    place += 2
    if place == Z[h + m.HISTORY_END]:
        Z[h + m.HISTORY_NEXT] = Z[h + m.HISTORY_AT]
        return m.NEW_TIME | m.TAKEN_UP | m.COME_ROUND
    Z[h + m.HISTORY_NEXT] = place
    return m.NEW_TIME | m.TAKEN_UP


@inlined
def following(Z: Any, h: int, place: int) -> int:
    """The place of the next reading, fetched: the sensor's next reading will look at it."""
    place += 2
    if place == Z[h + m.HISTORY_END]:
        place = Z[h + m.HISTORY_AT]
    fetch(Z, place)
    return place
