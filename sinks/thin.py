"""A sensor's readings in, few enough points for a chart out: every extreme and every gap is kept.

In each slice of time the lowest and the highest value stay, apart for values that may be used and
values that may not, so that a fault's zero never stands for a measurement.
"""

import numpy as np
from numpy.typing import NDArray

from fenceline.vocabulary import FIRST_BAD_QUALITY, Quality
from sinks.query import Series


def tidy(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    quality: NDArray[np.uint8],
    sequence: NDArray[np.int64],
) -> Series:
    """Readings in any order become a series in time order, each reading once."""
    order = np.lexsort((quality, value, sequence, time))
    time, value, quality, sequence = time[order], value[order], quality[order], sequence[order]
    if len(time) > 1:
        again = (
            (time[1:] == time[:-1])
            & (value[1:] == value[:-1])
            & (quality[1:] == quality[:-1])
            & (sequence[1:] == sequence[:-1])
        )
        kept = np.concatenate(([True], ~again))
        time, value, quality = time[kept], value[kept], quality[kept]
    return Series(time, value, quality)


def thin(series: Series, *, points: int, gap_ns: int) -> Series:
    """At most about `points` readings, with a NaN wherever two are further apart than `gap_ns`.

    A chart with more gaps than points shows all of the gaps, and so may be longer.
    """
    if len(series) == 0:
        return series
    starts = np.concatenate(([True], np.diff(series.time) > gap_ns))
    segment = np.cumsum(starts)
    chosen = np.arange(len(series)) if len(series) <= points else _extremes(series, segment, points)
    return _with_gaps(series, segment, chosen)


def _extremes(series: Series, segment: NDArray[np.int64], points: int) -> NDArray[np.int64]:
    usable = series.quality < FIRST_BAD_QUALITY
    each = 2 if usable.all() or not usable.any() else 4
    slices = max(1, points // each - 1)
    width = max(1, -(-int(series.time[-1] - series.time[0] + 1) // slices))
    slot = (series.time - series.time[0]) // width
    order = np.lexsort((series.value, usable, slot, segment))
    first = np.ones(len(order), dtype=bool)
    keys = (slot[order], segment[order], usable[order])
    first[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    last = np.concatenate((first[1:], [True]))
    ends = np.concatenate((np.flatnonzero(np.diff(segment)), [len(segment) - 1]))
    begins = np.concatenate(([0], np.flatnonzero(np.diff(segment)) + 1))
    return np.unique(np.concatenate((order[first], order[last], begins, ends)))


def _with_gaps(series: Series, segment: NDArray[np.int64], chosen: NDArray[np.int64]) -> Series:
    time, value, quality = series.time[chosen], series.value[chosen], series.quality[chosen]
    breaks = np.flatnonzero(np.diff(segment[chosen])) + 1
    if len(breaks) == 0:
        return Series(time, value, quality)
    return Series(
        np.insert(time, breaks, time[breaks - 1] + 1),
        np.insert(value, breaks, np.nan),
        np.insert(quality, breaks, np.uint8(Quality.NO_COMMUNICATION)),
    )
