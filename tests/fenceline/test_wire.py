"""Records to bytes and back: the bytes of this release are kept, and damaged ones are refused."""

import random
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fenceline.errors import WireError
from fenceline.journal import Batch
from fenceline.reading import Readings
from fenceline.wire import BATCH_FORMAT, decode, encode, kind_of
from tests.fenceline.wire_examples import EXAMPLES, FOLDER, path_of

KINDS = {
    "epoch", "claim", "tick", "time_set", "in_force", "action", "attempt", "receipt", "said", "batch",
    "dead_letter", "finding", "extreme", "folded", "gap", "quarantined", "alert", "call", "refused", "page",
}  # fmt: skip


def columns_of(readings: Readings) -> list[Any]:
    arrays = (readings.code, readings.time, readings.value, readings.quality, readings.sequence)
    return [readings.sensors, *((array.dtype, array.tobytes()) for array in arrays)]


def same(expected: BaseModel | Batch, actual: Any) -> bool:
    """Equal to the bit: -0.0 is not 0.0 here."""
    if not isinstance(expected, Batch):
        return bool(expected == actual)
    names = ("filter", "owner", "term", "received_ns", "rejected", "messages", "extra")
    return [getattr(expected, name) for name in names] == [getattr(actual, name) for name in names] and (
        columns_of(expected.readings) == columns_of(actual.readings)
    )


def test_every_kind_has_kept_bytes() -> None:
    """Each kind of record stands in tests/cases/wire, and no file there is without a test."""
    assert KINDS == {kind_of(record) for record in EXAMPLES.values()}
    assert {path_of(name) for name in EXAMPLES} == set(FOLDER.iterdir())


@pytest.mark.parametrize("name", EXAMPLES)
def test_kept_bytes_read_back(name: str) -> None:
    """What the first release wrote reads as the same record in this one."""
    record = EXAMPLES[name]

    found = decode(kind_of(record), path_of(name).read_bytes())

    assert same(record, found)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_record_gives_the_kept_bytes(name: str) -> None:
    """This release writes the same bytes, also for a record that was read from bytes."""
    record = EXAMPLES[name]
    kept = path_of(name).read_bytes()

    assert kept == encode(record)
    assert kept == encode(decode(kind_of(record), kept))


def batches() -> st.SearchStrategy[Batch]:
    name = st.text(max_size=6)
    whole = st.integers(-(2**63), 2**63 - 1)
    value = st.floats(allow_nan=False, allow_infinity=False)
    row = st.tuples(name, whole, value, st.integers(0, 255), whole)
    return st.builds(
        Batch,
        filter=name,
        owner=name,
        term=st.integers(0, 2**53),
        received_ns=whole,
        readings=st.lists(row, max_size=20).map(Readings.from_rows),
        rejected=st.lists(st.tuples(name, name), max_size=3).map(tuple),
        messages=st.integers(0, 2**53),
    )


@given(batch=batches())
def test_any_batch_reads_back_to_the_bit(batch: Batch) -> None:
    """Whatever the readings, the batch comes back equal and gives the same bytes again."""
    payload = encode(batch)

    found = decode("batch", payload)

    assert same(batch, found)
    assert payload == encode(found)


@given(data=st.data(), name=st.sampled_from(sorted(EXAMPLES)))
def test_damaged_bytes_are_refused_or_a_record(data: st.DataObject, name: str) -> None:
    """Changed or cut bytes give a `WireError`, or a record where the change left one; never anything else."""
    payload = bytearray(path_of(name).read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    length = data.draw(st.integers(0, len(payload)) | st.just(len(payload)))

    try:
        found = decode(kind_of(EXAMPLES[name]), bytes(payload[:length]))
    except WireError:
        return
    assert type(EXAMPLES[name]) is type(found)


def test_a_damaged_batch_never_reads_foreign_memory() -> None:
    """Thousands of seeded changes to a batch: each is refused or gives codes that point at its sensors."""
    whole = path_of("batch").read_bytes()
    chance = random.Random(1)

    for _ in range(5000):
        payload = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            payload[chance.randrange(len(payload))] = chance.choice((0, 1, 255, chance.randrange(256)))
        try:
            readings = decode("batch", bytes(payload)).readings
        except WireError:
            continue
        assert all(0 <= code < len(readings.sensors) for code in readings.code.tolist())
        assert {len(readings)} == {len(readings.time), len(readings.value), len(readings.quality)}


@given(payload=st.binary(max_size=200), kind=st.sampled_from(sorted(KINDS)))
def test_foreign_bytes_are_refused(payload: bytes, kind: str) -> None:
    """Bytes that nobody of ours wrote give a `WireError` for every kind."""
    with pytest.raises(WireError, match="does not read back"):
        decode(kind, payload)


@pytest.mark.parametrize("error", [MemoryError, pa.ArrowMemoryError])
def test_want_of_memory_is_not_the_record_s_fault(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """An error of the machine passes through: a `WireError` would have the record quarantined for it."""

    def no_room(_: bytes) -> None:
        raise error("no memory")

    payload = path_of("batch").read_bytes() + b"\0"  # bytes that no test before has decoded
    monkeypatch.setattr(pa.ipc, "open_stream", no_room)

    with pytest.raises(MemoryError):
        decode("batch", payload)


def test_an_unknown_kind_is_said() -> None:
    """A kind of a later release is named, with what to do."""
    with pytest.raises(WireError, match="`forecast` is not a kind") as caught:
        decode("forecast", b"{}")

    assert "newer release" in caught.value.hint


@pytest.mark.parametrize("payload", [b'{"kind":"gap","from_ns":1,"to_ns":2,"why":"x"}', b'{"kind":"gap"}'])
def test_unknown_and_missing_keys_are_refused(payload: bytes) -> None:
    """A record with a key that this release does not know, or without one it needs, is not guessed at."""
    with pytest.raises(WireError, match="a `gap` record does not read back"):
        decode("gap", payload)


def test_a_record_does_not_read_as_another_kind() -> None:
    """The kind inside the bytes must be the one they travel under."""
    with pytest.raises(WireError):
        decode("claim", encode(EXAMPLES["tick"]))


def changed_batch(header_changes: dict[str, Any], columns: pa.RecordBatch | None = None) -> bytes:
    """The kept batch, with other words in its header or with other columns."""
    with pa.ipc.open_stream(path_of("batch").read_bytes()) as reader:
        header = orjson.loads(reader.schema.metadata[b"fenceline"])
        kept = reader.read_next_batch()
    batch = kept if columns is None else columns
    metadata = {b"fenceline": orjson.dumps({**header, **header_changes})}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema.with_metadata(metadata)) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def test_a_later_format_is_said() -> None:
    """A batch of a later format is named as such, also where its columns are others."""
    later = {"format": BATCH_FORMAT + 1}
    other = pa.RecordBatch.from_arrays([pa.array([1])], ["pressure"])

    for payload in (changed_batch(later), changed_batch(later, other)):
        with pytest.raises(WireError, match="a batch of format `2`; this release reads 1"):
            decode("batch", payload)


def test_other_columns_are_refused() -> None:
    """A batch of our format with other columns or with nulls in them is damaged, not guessed at."""
    other = pa.RecordBatch.from_arrays([pa.array([1])], ["pressure"])

    with pytest.raises(WireError, match="other columns"):
        decode("batch", changed_batch({}, other))


def test_a_decoded_batch_keeps_its_types() -> None:
    """Columns come back as the types that `Readings` promises, contiguous, also when there are none."""
    for name in ("batch", "batch_empty"):
        readings = decode("batch", path_of(name).read_bytes()).readings

        expected = [np.int32, np.int64, np.float64, np.uint8, np.int64]
        arrays = [readings.code, readings.time, readings.value, readings.quality, readings.sequence]
        assert expected == [array.dtype for array in arrays]
        assert all(array.flags.c_contiguous for array in arrays)
