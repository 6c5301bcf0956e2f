"""Readings as columns."""

import numpy as np

from fenceline.reading import NO_SEQUENCE, Readings

ROWS = [("b", 3, 0.0, 0, 17), ("a", 1, -2.5, 19, NO_SEQUENCE), ("b", 2, 4.0, 1, 18)]


def test_rows_become_columns_in_arrival_order() -> None:
    """Nothing is sorted; each sensor stands once, in the order in which it was first met."""
    readings = Readings.from_rows(ROWS)

    assert ("b", "a") == readings.sensors
    assert [0, 1, 0] == readings.code.tolist()
    assert [3, 1, 2] == readings.time.tolist()
    assert [0.0, -2.5, 4.0] == readings.value.tolist()
    assert [0, 19, 1] == readings.quality.tolist()
    assert [17, NO_SEQUENCE, 18] == readings.sequence.tolist()
    assert 3 == len(readings)


def test_columns_have_their_types() -> None:
    """The types are those that the wire writes, also where there are no readings."""
    for readings in (Readings.from_rows(ROWS), Readings.empty()):
        arrays = (readings.code, readings.time, readings.value, readings.quality, readings.sequence)

        assert [np.int32, np.int64, np.float64, np.uint8, np.int64] == [array.dtype for array in arrays]


def test_no_readings() -> None:
    """An empty batch has no sensors and length 0."""
    empty = Readings.empty()

    assert 0 == len(empty)
    assert () == empty.sensors


def test_times_beyond_a_float_keep_their_nanoseconds() -> None:
    """Nanoseconds since 1970 do not fit a float; none may be lost on the way in."""
    time_ns = 1_767_240_000_123_456_789

    assert [time_ns] == Readings.from_rows([("a", time_ns, 1.0, 0, 2**62 + 1)]).time.tolist()
