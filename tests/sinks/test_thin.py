"""Thinning and tidying, against a plain reading of what they promise."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fenceline.vocabulary import FIRST_BAD_QUALITY
from sinks.query import Series
from sinks.thin import thin, tidy

Row = tuple[int, float, int, int]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 300),
        st.sampled_from([-1.0, 0.0, 2.5, 7.0]),
        st.sampled_from([0, 1, 20]),
        st.integers(-1, 2),
    ),
    max_size=120,
)


def columns(rows: list[Row]) -> Series:
    return tidy(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64),
        np.array([row[2] for row in rows], dtype=np.uint8),
        np.array([row[3] for row in rows], dtype=np.int64),
    )


@given(ROWS)
def test_each_reading_once_in_time_order(rows: list[Row]) -> None:
    """A tidy series holds every different reading exactly once, whatever came when."""
    series = columns(rows)

    found = sorted(zip(series.time.tolist(), series.value.tolist(), series.quality.tolist(), strict=True))
    assert sorted((row[0], row[1], row[2]) for row in set(rows)) == found
    assert sorted(series.time.tolist()) == series.time.tolist()


@given(ROWS, st.integers(2, 60), st.integers(1, 40))
def test_no_extreme_and_no_gap_is_lost(rows: list[Row], points: int, gap: int) -> None:
    """Thinned readings are real ones; lowest, highest, first and last stay; gaps are where they were."""
    series = columns(rows)

    few = thin(series, points=points, gap_ns=gap)

    kept = ~np.isnan(few.value)
    whole = set(zip(series.time.tolist(), series.value.tolist(), series.quality.tolist(), strict=True))
    shown = set(
        zip(few.time[kept].tolist(), few.value[kept].tolist(), few.quality[kept].tolist(), strict=True)
    )
    assert shown <= whole
    gaps = int(np.count_nonzero(np.diff(series.time) > gap))
    assert gaps == np.count_nonzero(~kept)
    assert np.all(np.diff(few.time) >= 0)
    for bad in (False, True):
        of_kind = series.value[(series.quality >= FIRST_BAD_QUALITY) == bad]
        left = few.value[kept & ((few.quality >= FIRST_BAD_QUALITY) == bad)]
        assert (len(of_kind) > 0) == (len(left) > 0)
        if len(of_kind) > 0:
            assert (of_kind.min(), of_kind.max()) == (left.min(), left.max())
    if len(series) > 0:
        assert (series.time[0], series.time[-1]) == (few.time[0], few.time[-1])


def test_few_points_are_few() -> None:
    """Without gaps and faults the result is no longer than what was asked for."""
    time = np.arange(100_000, dtype=np.int64)
    series = Series(time, np.sin(time / 100.0), np.zeros(100_000, dtype=np.uint8))

    for points in (2, 3, 100, 999):
        assert len(thin(series, points=points, gap_ns=1)) <= max(4, points)
