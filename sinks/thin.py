"""A sensor's readings in, few enough points for a chart out: every extreme and every gap is kept.

In each slice of time the lowest and the highest value stay, apart for values that may be used and
values that may not, so that a fault's zero never stands for a measurement.
"""

import numpy as np
from numpy.typing import NDArray

from fenceline.vocabulary import FIRST_BAD_QUALITY, Quality
from sinks.query import Series

Index = NDArray[np.int64]


def tidy(time: Index, value: NDArray[np.float64], quality: NDArray[np.uint8], sequence: Index) -> Series:
    """Readings in any order become a series in time order, each reading once."""
    if len(time) > 1 and np.any(time[1:] < time[:-1]):
        order = np.argsort(time, kind="stable")
        time, value, quality, sequence = time[order], value[order], quality[order], sequence[order]
    again = np.flatnonzero(time[1:] == time[:-1])
    if len(again) == 0:
        return Series(time, value, quality)
    # Only readings of one time can be the same reading, so only those are compared.
    place = np.unique(np.concatenate((again, again + 1)))
    order = place[np.lexsort((quality[place], value[place], sequence[place], time[place]))]
    same = np.ones(len(order) - 1, dtype=bool)
    for column in (time, value, quality, sequence):
        same &= column[order[1:]] == column[order[:-1]]
    kept = np.ones(len(time), dtype=bool)
    kept[place[1:][same]] = False
    value, quality = value.copy(), quality.copy()
    value[place], quality[place] = value[order], quality[order]
    return Series(time[kept], value[kept], quality[kept])


def thin(series: Series, *, points: int, gap_ns: int) -> Series:
    """At most about `points` readings, with a NaN wherever two are further apart than `gap_ns`.

    A chart with more gaps than points shows all of the gaps, and so may be longer.
    """
    if len(series) == 0:
        return series
    # The places where a new stretch without gaps begins.
    starts = np.flatnonzero(np.diff(series.time) > gap_ns) + 1
    every = np.arange(len(series))
    chosen = every if len(series) <= points else _extremes(series, starts, points)
    return _with_gaps(series, starts, chosen)


def _extremes(series: Series, starts: Index, points: int) -> Index:
    usable = series.quality < FIRST_BAD_QUALITY
    kinds = [np.flatnonzero(kind) for kind in (usable, ~usable)]
    kinds = [kind for kind in kinds if len(kind) > 0]
    slices = max(1, points // (2 * len(kinds)) - 1)
    width = max(1, -(-int(series.time[-1] - series.time[0] + 1) // slices))
    slot = (series.time - series.time[0]) // width
    stretch = np.zeros(len(series), dtype=np.int64)
    stretch[starts] = 1
    stretch = np.cumsum(stretch)
    chosen = [starts, starts - 1, np.array([0, len(series) - 1])]
    for kind in kinds:
        changes = (slot[kind][1:] != slot[kind][:-1]) | (stretch[kind][1:] != stretch[kind][:-1])
        begins = np.concatenate(([0], np.flatnonzero(changes) + 1))
        value = series.value[kind]
        chosen += [kind[_first_at(value, begins, np.minimum)], kind[_first_at(value, begins, np.maximum)]]
    return np.unique(np.concatenate(chosen))


def _first_at(value: NDArray[np.float64], begins: Index, extreme: np.ufunc) -> Index:
    """Where in each group the extreme stands first; groups begin at `begins`."""
    lengths = np.diff(np.append(begins, len(value)))
    hits = np.flatnonzero(value == np.repeat(extreme.reduceat(value, begins), lengths))
    return np.asarray(hits[np.searchsorted(hits, begins)], dtype=np.int64)


def _with_gaps(series: Series, starts: Index, chosen: Index) -> Series:
    time, value, quality = series.time[chosen], series.value[chosen], series.quality[chosen]
    if len(starts) == 0:
        return Series(time, value, quality)
    breaks = np.searchsorted(chosen, starts)
    return Series(
        np.insert(time, breaks, time[breaks - 1] + 1),
        np.insert(value, breaks, np.nan),
        np.insert(quality, breaks, np.uint8(Quality.NO_COMMUNICATION)),
    )
