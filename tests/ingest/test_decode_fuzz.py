"""Hostile and random input: every element ends as a reading or as a rejection, and nothing raises."""

import json
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ingest.deadletter import letter_of, raw_of
from ingest.decode.elements import read_elements
from ingest.decode.json import decode
from ingest.decode.rows import Block, to_readings
from ingest.decode.times import column_ns, scalar_ns
from tests.ingest.known import NOW_MS, TOPIC, Sent, bounds, known_directory

TOPICS = st.sampled_from(
    [TOPIC, "fenceline/demo/e02/station-1/readings", "fenceline/demo/e01/gds-9/readings"]
)
SENSORS = st.sampled_from(["h2s-1", "h2s-2", "temperature-1", "dust-1", "nobody"])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
TIMES = st.one_of(
    st.integers(NOW_MS - 10**9, NOW_MS + 10**5),
    st.floats(NOW_MS - 1e9, NOW_MS + 1e5),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    JUNK,
)
VALUES = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.integers(), JUNK)
UNITS = st.one_of(st.sampled_from(["ppm", "mg/m3", "K", "%VOL"]), JUNK)
QUALITY = st.one_of(st.sampled_from(["good", "bad", "fault"]), JUNK)
READINGS = st.fixed_dictionaries(
    {"sensor": st.one_of(SENSORS, JUNK), "time": TIMES, "value": VALUES},
    optional={
        "unit": UNITS,
        "quality": QUALITY,
        "sequence": st.one_of(st.integers(0, 99), JUNK),
        "odd": JUNK,
    },
)
GOOD_READINGS = st.fixed_dictionaries(
    {
        "sensor": st.sampled_from(["h2s-1", "h2s-2"]),
        "time": st.integers(NOW_MS - 10**9, NOW_MS) | st.floats(NOW_MS - 1e9, NOW_MS),
        "value": st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9),
    },
    optional={
        "unit": st.sampled_from(["ppm", "ppb", "mg/m3", None]),
        "quality": st.sampled_from(["good", "over_range", None]),
        "sequence": st.integers(0, 2**63 - 1) | st.none(),
    },
)


@st.composite
def columns(draw: st.DrawFn) -> dict[str, Any]:
    """A gateway's message, as a rule with lengths that fit."""
    sensors = draw(st.lists(SENSORS, min_size=1, max_size=4))
    row = st.lists(VALUES, min_size=len(sensors), max_size=len(sensors))
    if draw(st.booleans()):
        times = draw(st.lists(TIMES, min_size=1, max_size=3))
        item: dict[str, Any] = {"time": times, "values": [draw(row) for _ in times]}
    else:
        item = {"time": draw(TIMES.filter(lambda time: not isinstance(time, list))), "values": draw(row)}
    item["sensors"] = sensors
    if draw(st.booleans()):
        item["units"] = draw(st.lists(UNITS, min_size=len(sensors), max_size=len(sensors)))
    if draw(st.booleans()):
        item["sequence"] = draw(st.integers(0, 9) | st.text(max_size=2) | st.booleans())
    return item


def count(item: Any) -> int:
    """The elements that a message's JSON has; an unreadable whole is one."""
    if isinstance(item, list):
        return max(1, len(item))
    if isinstance(item, dict) and "sensors" in item and isinstance(item["time"], list):
        return len(item["sensors"]) * len(item["time"])
    if isinstance(item, dict) and "sensors" in item:
        return len(item["sensors"])
    return 1


@given(st.lists(st.tuples(TOPICS, st.binary(max_size=60)), max_size=6))
@example([(TOPIC, b"[" * 100_000)])
@example([(TOPIC, b'[{"sensor":"h2s-1","time":1,"value":1}'), (TOPIC, b"]")])
def test_any_bytes(sent: list[tuple[str, bytes]]) -> None:
    """Whatever the bytes, each message has at least one outcome, and each letter reads back."""
    messages = [Sent(topic, payload) for topic, payload in sent]

    decoded = decode(messages, known_directory(), bounds())

    assert decoded.elements == len(decoded.readings) + len(decoded.rejections) >= len(messages)
    assert all(rejection.raw == raw_of(letter_of(rejection, 1)) for rejection in decoded.rejections)


@given(
    st.lists(st.tuples(TOPICS, st.one_of(READINGS, st.lists(READINGS, max_size=4), columns())), max_size=5)
)
def test_every_element_is_accounted_for(sent: list[tuple[str, Any]]) -> None:
    """Readings and rejections together are as many as the elements sent, for every mixture of faults."""
    messages = [Sent(topic, json.dumps(item).encode()) for topic, item in sent]

    decoded = decode(messages, known_directory(), bounds())

    outcomes = len(decoded.readings) + len(decoded.rejections)
    whole = sum(count(item) - 1 for topic, item in sent if topic == "fenceline/demo/e01/gds-9/readings")
    assert sum(count(item) for _, item in sent) - whole == outcomes == decoded.elements
    assert all(math.isfinite(value) for value in decoded.readings.value.tolist())


@given(st.lists(st.lists(GOOD_READINGS, min_size=1, max_size=5), max_size=5))
def test_the_fast_and_the_precise_way_agree(sent: list[list[dict[str, Any]]]) -> None:
    """Good readings come out the same bits from columns as element by element."""
    directory = known_directory()
    route = directory.route(TOPIC)
    assert not isinstance(route, tuple)
    messages = [Sent(TOPIC, json.dumps(items).encode()) for items in sent]

    fast = decode(messages, directory, bounds())

    blocks = []
    for index, message in enumerate(messages):
        rows, rejections, _ = read_elements(TOPIC, message.payload, route, directory, bounds())
        assert not rejections
        blocks.append(Block.of_rows(index, rows))
    precise = to_readings(blocks, directory)
    assert fast.rejections == ()
    assert fast.readings.sensors == precise.sensors
    for name in ("code", "time", "value", "quality", "sequence"):
        assert getattr(fast.readings, name).tobytes() == getattr(precise, name).tobytes()


@given(st.lists(TIMES, min_size=1, max_size=6))
def test_a_column_of_times_is_read_as_each_time_is(times: list[Any]) -> None:
    """Where a column can be read at once, each of its times is what it is when read alone."""
    column = column_ns(times)

    if column is not None:
        assert [scalar_ns(time) for time in times] == column.tolist()
