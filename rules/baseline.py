"""Compiled steps on a baseline of minutes: their median and scatter, from a ring kept in order beside.

A minute's mean comes into the baseline when the minute is over, so nothing is compared with itself.
"""

import math
from typing import Any

from rules import memory as m
from rules.access import apart
from rules.compiled import outlined

MINUTE = 60 * m.SECOND
MAD_SCATTER = 1.4826  # scatter of normal noise in median absolute deviations

LEAST_IN_MINUTE, MINUTES, LEAST_MINUTES, FLOOR, SLACK, RING = range(m.OWN, m.OWN + 6)
EDGE, MINUTE_SUM, MINUTE_COUNT, HELD, NEXT, MEDIAN, SCATTER, CUSUM = range(m.OWN + 6, m.OWN + 14)


@outlined
def end_minute(R: Any, Z: Any, at: int, time: int) -> None:
    """The minute before `time` is over: a valid one moves the sum of departures and the baseline."""
    apart()
    if Z[at + EDGE] != m.NEVER and Z[at + MINUTE_COUNT] >= Z[at + LEAST_IN_MINUTE]:
        mean = R[at + MINUTE_SUM] / float(Z[at + MINUTE_COUNT])
        if Z[at + HELD] >= Z[at + LEAST_MINUTES] and R[at + SCATTER] > 0.0:
            departure = (mean - R[at + MEDIAN]) / R[at + SCATTER]
            total = R[at + CUSUM] + departure - R[at + SLACK]
            # The slack's sign is the direction that is watched.
            kept = total < 0.0 if R[at + SLACK] < 0.0 else total > 0.0
            R[at + CUSUM] = total if kept else 0.0
        if math.isfinite(mean):
            _take(R, Z, at, mean)
    Z[at + EDGE] = (time // MINUTE + 1) * MINUTE
    R[at + MINUTE_SUM] = 0.0
    Z[at + MINUTE_COUNT] = 0


@outlined
def _take(R: Any, Z: Any, at: int, mean: float) -> None:
    apart()
    most, held, ring = Z[at + MINUTES], Z[at + HELD], Z[at + RING]
    ordered = ring + most
    place = ring + Z[at + NEXT]
    if held == most:
        # Out of the order with what the ring forgets.
        hole = ordered
        while R[hole] != R[place]:
            hole += 1
        while hole < ordered + held - 1:
            R[hole] = R[hole + 1]
            hole += 1
        held -= 1
    R[place] = mean
    Z[at + NEXT] = (Z[at + NEXT] + 1) % most
    hole = ordered + held
    while hole > ordered and R[hole - 1] > mean:
        R[hole] = R[hole - 1]
        hole -= 1
    R[hole] = mean
    held += 1
    Z[at + HELD] = held
    upper = ordered + held // 2
    lower = ordered + (held - 1) // 2
    median = (R[lower] + R[upper]) / 2.0 if lower != upper else R[upper]
    R[at + MEDIAN] = median
    scatter = MAD_SCATTER * _middle_departure(R, ordered, held, median)
    R[at + SCATTER] = R[at + FLOOR] if scatter < R[at + FLOOR] else scatter


@outlined
def _middle_departure(R: Any, first: int, held: int, median: float) -> float:
    """The median of departures from the median: from the middle of the order outwards."""
    apart()
    right = first
    while right < first + held and R[right] < median:
        right += 1
    left = right - 1
    before = here = 0.0
    for _ in range(held // 2 + 1):
        before = here
        down = median - R[left] if left >= first else math.inf
        up = R[right] - median if right < first + held else math.inf
        if down <= up:
            here = down
            left -= 1
        else:
            here = up
            right += 1
    return (before + here) / 2.0 if held % 2 == 0 else here
