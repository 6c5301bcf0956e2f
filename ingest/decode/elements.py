"""One payload element by element: each becomes a row or a rejection with its reason, whatever its bytes are.

The slow and precise way, taken only by messages in which something is wrong. It reads NaN and Infinity, which
are not JSON, so as to refuse that one value and keep the others.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from fenceline.reading import NO_SEQUENCE
from fenceline.reason import Rejected
from fenceline.vocabulary import QUALITY_BY_WORD, Quality
from ingest.checks import Directory, Refusal, Route, quote
from ingest.decode.rows import Bounds, Rejection, Row
from ingest.decode.times import scalar_ns

READING_KEYS = ("sensor", "time", "value", "unit", "quality", "sequence")
COLUMN_KEYS = ("time", "sensors", "values", "units", "quality", "sequence")
LARGEST_SEQUENCE = 2**63 - 1
_LONGEST_INTEGER = 40
_BLANK = re.compile(r"[ \t\r\n]*")
_NOT_JSON_HINT = "not JSON"

Outcomes = tuple[list[Row], list[Rejection], int]


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


_SCANNER = json.JSONDecoder(parse_int=_integer)


class _Unreadable(Exception):
    """The message as a whole cannot be read."""

    def __init__(self, reason: Rejected, detail: str) -> None:
        super().__init__(detail)
        self.refusal = (reason, detail)


def read_elements(topic: str, payload: bytes, route: Route, directory: Directory, bounds: Bounds) -> Outcomes:
    """Every element of a message, good or not, and how many there were."""
    seen = 0
    rows: list[Row] = []
    rejections: list[Rejection] = []
    try:
        for item, raw in _items(payload, bounds):
            seen += 1
            outcome = read_reading(item, route, directory, bounds)
            if isinstance(outcome, Row):
                rows.append(outcome)
            else:
                rejections.append(Rejection(topic, *outcome, raw.encode("utf-8", "surrogatepass")))
    except _Unreadable as error:
        return [], [Rejection(topic, *error.refusal, payload)], 1
    return rows, rejections, seen


def read_reading(item: Any, route: Route, directory: Directory, bounds: Bounds) -> Row | Refusal:
    """One reading object as a row, or the first thing that is wrong with it."""
    if not isinstance(item, dict):
        return Rejected.WRONG_SHAPE, f"a reading is an object, this is {quote(item)}"
    refusal = _check_keys(item, READING_KEYS, ("sensor", "time", "value"))
    if refusal is not None:
        return refusal
    if not isinstance(item["sensor"], str):
        return Rejected.WRONG_SHAPE, "`sensor` is not a text"
    number = directory.number(item["sensor"], route)
    if isinstance(number, tuple):
        return number
    time_ns = scalar_ns(item["time"])
    if isinstance(time_ns, tuple):
        return time_ns
    outside = bounds.check_time(time_ns)
    if outside is not None:
        return outside
    value = _value(item["value"], item.get("unit"), number, directory)
    if isinstance(value, tuple):
        return value
    quality = _quality(item.get("quality"))
    if isinstance(quality, tuple):
        return quality
    sequence = _sequence(item.get("sequence"))
    if isinstance(sequence, tuple):
        return sequence
    return Row(number, time_ns, value, quality, sequence)


def _check_keys(item: dict[str, Any], known: tuple[str, ...], needed: tuple[str, ...]) -> Refusal | None:
    for key in item:
        if key not in known:
            # A misspelt `unit` that is let pass would be a wrong value that nobody sees.
            return Rejected.WRONG_SHAPE, f"the key {quote(key)} is not known; known are {', '.join(known)}"
    for key in needed:
        if key not in item:
            return Rejected.WRONG_SHAPE, f"the key `{key}` is missing"
    return None


def _value(value: object, unit: object, number: int, directory: Directory) -> float | Refusal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Rejected.NOT_A_NUMBER, f"{quote(value)} is not a number"
    if not math.isfinite(value):
        return Rejected.NOT_FINITE, f"the value `{value}` is not finite"
    if unit is None:
        return float(value)
    if not isinstance(unit, str):
        return Rejected.WRONG_UNIT, "`unit` is not a text"
    factor = directory.factor(number, unit)
    if factor is None:
        sensor = directory.sensors[number]
        return (
            Rejected.WRONG_UNIT,
            f"{quote(unit)} does not convert to `{sensor.unit}`, the unit of `{sensor.id}`",
        )
    converted = float(value) * factor[0] + factor[1]
    if not math.isfinite(converted):
        return Rejected.NOT_FINITE, f"the value is not finite in `{directory.sensors[number].unit}`"
    return converted


def _quality(word: object) -> int | Refusal:
    if word is None:
        return Quality.GOOD
    quality = QUALITY_BY_WORD.get(word) if isinstance(word, str) else None
    if quality is None:
        return Rejected.BAD_QUALITY_WORD, f"{quote(word)} is not one of {', '.join(QUALITY_BY_WORD)}"
    return int(quality)


def _sequence(sequence: object) -> int | Refusal:
    if sequence is None:
        return NO_SEQUENCE
    if isinstance(sequence, bool) or not isinstance(sequence, int) or not 0 <= sequence <= LARGEST_SEQUENCE:
        return Rejected.BAD_SEQUENCE, f"{quote(sequence)} is not a whole number from 0 to 2^63-1"
    return sequence


def _items(payload: bytes, bounds: Bounds) -> Iterator[tuple[Any, str]]:
    """The reading objects of a message with their own text."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"not UTF-8 from byte {error.start} on (GBK, perhaps); JSON is UTF-8"
        raise _Unreadable(Rejected.NOT_UTF8, detail) from error
    if not text.strip(" \t\r\n"):
        raise _Unreadable(Rejected.EMPTY, "the message is empty")
    try:
        items = _split(text)
    except (ValueError, OverflowError) as error:
        raise _Unreadable(Rejected.NOT_JSON, f"not JSON: {error}"[:200]) from error
    except RecursionError as error:
        raise _Unreadable(Rejected.NOT_JSON, "nested too deeply") from error
    if not items:
        raise _Unreadable(Rejected.EMPTY, "the array has no readings")
    item = items[0][0]
    if len(items) == 1 and isinstance(item, dict) and ("sensors" in item or "values" in item):
        yield from _cells(item, bounds)
        return
    if len(items) > bounds.max_message_readings:
        raise _too_many(len(items), bounds)
    yield from items


def _split(text: str) -> list[tuple[Any, str]]:
    """The elements of a top-level array with their own text; anything else is one element."""
    start = _skip(text, 0)
    if text[start] != "[":
        value, end = _SCANNER.raw_decode(text, start)
        _expect_end(text, end)
        return [(value, text[start:end])]
    items: list[tuple[Any, str]] = []
    position = _skip(text, start + 1)
    if text[position : position + 1] == "]":
        _expect_end(text, position + 1)
        return items
    while True:
        value, end = _SCANNER.raw_decode(text, position)
        items.append((value, text[position:end]))
        position = _skip(text, end)
        mark = text[position : position + 1]
        if mark == "]":
            _expect_end(text, position + 1)
            return items
        if mark != ",":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, position)
        position = _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return position if match is None else match.end()


def _expect_end(text: str, position: int) -> None:
    if _skip(text, position) != len(text):
        raise json.JSONDecodeError("Extra data", text, position)


def _cells(item: dict[str, Any], bounds: Bounds) -> Iterator[tuple[Any, str]]:
    """A gateway's columns as one reading object per cell."""
    refusal = _check_keys(item, COLUMN_KEYS, ("time", "sensors", "values"))
    if refusal is not None:
        raise _Unreadable(*refusal)
    sensors, times, values = item["sensors"], item["time"], item["values"]
    rows = values if isinstance(times, list) else [values]
    row_times = times if isinstance(times, list) else [times]
    if not isinstance(sensors, list) or not isinstance(values, list):
        raise _Unreadable(Rejected.WRONG_SHAPE, "`sensors` and `values` are arrays")
    if not sensors or not rows:
        raise _Unreadable(Rejected.EMPTY, "the columns have no readings")
    if len(rows) != len(row_times):
        raise _Unreadable(Rejected.WRONG_SHAPE, f"{len(row_times)} times, but {len(rows)} rows of values")
    for row in rows:
        if not isinstance(row, list) or len(row) != len(sensors):
            detail = "`values` needs one value per sensor, and one such row per time where `time` is an array"
            raise _Unreadable(Rejected.WRONG_SHAPE, detail)
    if len(sensors) * len(rows) > bounds.max_message_readings:
        raise _too_many(len(sensors) * len(rows), bounds)
    units = _per_sensor(item, "units", len(sensors))
    quality = _per_sensor(item, "quality", len(sensors))
    sequence = item.get("sequence")
    by_time = isinstance(times, list)
    if isinstance(sequence, list) and len(sequence) != (len(rows) if by_time else len(sensors)):
        raise _Unreadable(Rejected.WRONG_SHAPE, "`sequence` has another length than `time` or `sensors`")
    for index, (time, row) in enumerate(zip(row_times, rows, strict=True)):
        for column, sensor in enumerate(sensors):
            cell = {"sensor": sensor, "time": time, "value": row[column]}
            if units[column] is not None:
                cell["unit"] = units[column]
            if quality[column] is not None:
                cell["quality"] = quality[column]
            own = sequence[index if by_time else column] if isinstance(sequence, list) else sequence
            if own is not None:
                cell["sequence"] = own
            yield cell, json.dumps(cell, ensure_ascii=False)


def _per_sensor(item: dict[str, Any], key: str, count: int) -> list[Any]:
    column = item.get(key)
    if column is None:
        return [None] * count
    if not isinstance(column, list) or len(column) != count:
        raise _Unreadable(Rejected.WRONG_SHAPE, f"`{key}` is an array with one entry per sensor")
    return column


def _too_many(count: int, bounds: Bounds) -> _Unreadable:
    detail = f"{count} readings in one message; the most are {bounds.max_message_readings}"
    return _Unreadable(Rejected.OVERSIZE, detail)
