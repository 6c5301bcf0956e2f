"""A gateway's message with columns in, a block out; or none, where a cell needs a closer look.

A gateway sends the same sensors and units again and again, so their numbers and factors are kept as a
`Layout` beside the route and only compared.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenceline.reading import NO_SEQUENCE
from fenceline.vocabulary import QUALITY_BY_WORD
from ingest.checks import IDENTITY, Directory, Route
from ingest.decode.rows import Block, Bounds
from ingest.decode.times import EARLIEST_NS, column_ns


class Columns(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Many sensors, at one time or at several."""

    time: int | float | str | list[int | float | str]
    sensors: list[str]
    values: list[float | list[float]]
    units: list[str | None] | None = None
    quality: list[str | None] | None = None
    sequence: int | list[int] | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What a gateway's sensors and units come to."""

    sensors: list[str]
    units: list[str | None] | None
    number: NDArray[np.int32]
    scale: NDArray[np.float64] | None
    offset: NDArray[np.float64] | None


def read_columns(
    columns: Columns, message: int, route: Route, directory: Directory, bounds: Bounds
) -> Block | None:
    """The block, if every cell is good."""
    by_time = isinstance(columns.time, list)
    times = columns.time if isinstance(columns.time, list) else [columns.time]
    layout = _layout(columns, route, directory)
    time_ns = column_ns(times)
    if layout is None or time_ns is None:
        return None
    try:
        value = np.array(columns.values, dtype=np.float64)
    except (ValueError, TypeError):
        return None
    width = len(columns.sensors)
    height = len(times)
    if value.shape != ((height, width) if by_time else (width,)) or not value.size:
        return None
    if value.size > bounds.max_message_readings:
        return None
    if layout.scale is not None and layout.offset is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            value = value * layout.scale + layout.offset
    quality = _quality(columns.quality, width)
    sequence = _sequence(columns.sequence, height, width, by_time=by_time)
    if quality is None or sequence is None:
        return None
    if time_ns.min() < EARLIEST_NS or time_ns.max() > bounds.latest_ns or not np.isfinite(value).all():
        return None
    return Block(
        message=np.full(value.size, message, dtype=np.int64),
        number=np.tile(layout.number, height),
        time_ns=np.repeat(time_ns, width),
        value=value.reshape(-1),
        quality=np.tile(quality, height),
        sequence=sequence,
    )


def _layout(columns: Columns, route: Route, directory: Directory) -> Layout | None:
    kept = route.columns
    if isinstance(kept, Layout) and kept.sensors == columns.sensors and kept.units == columns.units:
        return kept
    numbers = [route.sensors.get(sensor) for sensor in columns.sensors]
    known = [number for number in numbers if number is not None]
    if len(known) != len(numbers):
        return None
    scale = offset = None
    if columns.units is not None:
        if len(columns.units) != len(known):
            return None
        factors = [
            IDENTITY if unit is None else directory.factor(number, unit)
            for number, unit in zip(known, columns.units, strict=True)
        ]
        good = [factor for factor in factors if factor is not None]
        if len(good) != len(factors):
            return None
        if any(factor != IDENTITY for factor in good):
            scale = np.array([factor[0] for factor in good])
            offset = np.array([factor[1] for factor in good])
    layout = Layout(columns.sensors, columns.units, np.array(known, dtype=np.int32), scale, offset)
    route.columns = layout
    return layout


def _quality(words: list[str | None] | None, width: int) -> NDArray[np.uint8] | None:
    if words is None:
        return np.zeros(width, dtype=np.uint8)
    if len(words) != width:
        return None
    try:
        return np.array([0 if word is None else QUALITY_BY_WORD[word] for word in words], dtype=np.uint8)
    except KeyError:
        return None


def _sequence(
    sequence: int | list[int] | None, height: int, width: int, *, by_time: bool
) -> NDArray[np.int64] | None:
    if sequence is None:
        return np.full(height * width, NO_SEQUENCE, dtype=np.int64)
    try:
        if isinstance(sequence, int):
            column = np.full(height * width, sequence, dtype=np.int64)
        else:
            column = np.array(sequence, dtype=np.int64)
            if len(column) != (height if by_time else width):
                return None
            column = np.repeat(column, width) if by_time else column
    except OverflowError:
        return None
    return column if (column >= 0).all() else None
