"""A device's time in, ns since 1970 UTC out: RFC 3339 text or epoch milliseconds, and nothing guessed.

What cannot be read is `None`: a column then goes element by element, and an element gets its reason.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fenceline.reason import Rejected

MILLISECOND_NS = 1_000_000
EARLIEST_MS = 946_684_800_000  # 2000-01-01T00:00:00Z
EARLIEST_NS = EARLIEST_MS * MILLISECOND_NS
_LATEST_MS = 4_102_444_800_000  # 2100-01-01: up to here a number may be meant as a time of our days
_LARGEST_MS = 9_000_000_000_000  # stays inside 64 bits as ns

_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:?\d{2})?", re.ASCII
)
_TIMESTAMP = pa.timestamp("ns", tz="UTC")
_SECOND_COLON = 16  # where the colon before the seconds stands

Refusal = tuple[Rejected, str]


def column_ns(times: list[Any]) -> NDArray[np.int64] | None:
    """Times of one column, or none where at least one of them needs a closer look."""
    kinds = set(map(type, times))
    if kinds <= {int, float}:
        return _milliseconds(times, floats=float in kinds)
    if kinds == {str}:
        return _texts(times)
    if kinds <= {int, float, str}:
        is_text = np.fromiter((type(time) is str for time in times), dtype=bool, count=len(times))
        texts = column_ns([time for time in times if type(time) is str])
        numbers = column_ns([time for time in times if type(time) is not str])
        if texts is None or numbers is None:
            return None
        column = np.empty(len(times), dtype=np.int64)
        column[is_text], column[~is_text] = texts, numbers
        return column
    return None


def scalar_ns(time: object) -> int | Refusal:
    """One time, or why it is none."""
    if isinstance(time, str):
        return _text(time)
    if isinstance(time, bool) or not isinstance(time, int | float):
        return Rejected.BAD_TIME, "a time is RFC 3339 text or a number of epoch milliseconds"
    return _number(time)


def _milliseconds(times: list[Any], *, floats: bool) -> NDArray[np.int64] | None:
    try:
        column = np.array(times, dtype=np.float64 if floats else np.int64)
    except OverflowError:
        return None
    if column.size and not (column.min() >= EARLIEST_MS and column.max() <= _LARGEST_MS):
        return None
    if floats:
        # In two parts: as one float, a time in ns has steps of 256 ns.
        whole = np.trunc(column)
        part = np.rint((column - whole) * MILLISECOND_NS)
        return whole.astype(np.int64) * MILLISECOND_NS + part.astype(np.int64)
    return column.astype(np.int64) * MILLISECOND_NS


def _texts(times: list[Any]) -> NDArray[np.int64] | None:
    # Arrow also reads `12Z` and `1200Z`; those go to the closer look, which refuses them.
    if [time[_SECOND_COLON : _SECOND_COLON + 1] for time in times].count(":") != len(times):
        return None
    if min(map(len, times)) <= _SECOND_COLON + len(":00"):
        return None
    try:
        column = pa.array(times, pa.utf8()).cast(_TIMESTAMP)
    except (pa.ArrowException, UnicodeEncodeError):
        return None
    nanoseconds: NDArray[np.int64] = column.view(pa.int64()).to_numpy()
    return nanoseconds


def _number(time: int | float) -> int | Refusal:
    for name, per_millisecond in (("seconds", 1e-3), ("microseconds", 1e3), ("nanoseconds", 1e6)):
        if EARLIEST_MS * per_millisecond <= time < _LATEST_MS * per_millisecond:
            return Rejected.BAD_TIME, f"`{time}` looks like epoch {name}; send epoch milliseconds"
    if not -_LARGEST_MS <= time <= _LARGEST_MS:
        return Rejected.BAD_TIME, "the number is no epoch milliseconds of any year"
    if isinstance(time, float):
        return int(time) * MILLISECOND_NS + round((time - int(time)) * MILLISECOND_NS)
    return time * MILLISECOND_NS


def _text(time: str) -> int | Refusal:
    match = _RFC3339.fullmatch(time)
    if match is None:
        if time.strip().lstrip("-").replace(".", "", 1).isdecimal():
            return Rejected.BAD_TIME, "a number in quotes; send epoch milliseconds without quotes"
        return Rejected.BAD_TIME, "not RFC 3339, for example 2026-07-01T12:00:00.250+08:00"
    day, minute, second, fraction, zone = match.groups()
    if zone is None:
        return Rejected.BAD_TIME, "the zone is missing: end with Z for UTC or with +08:00"
    leap = second == "60"
    zone = "+00:00" if zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}:{'59' if leap else second}{zone}")
        elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return Rejected.BAD_TIME, "no such day, hour or zone"
    # A leap second counts as the second after it, as everywhere in POSIX time.
    seconds = elapsed // timedelta(seconds=1) + leap
    return seconds * 1_000_000_000 + int((fraction or "")[:9].ljust(9, "0"))
