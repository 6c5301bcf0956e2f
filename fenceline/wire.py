"""Records to bytes and back: a batch as one Arrow IPC stream, everything else as JSON.

Encoding is deterministic: equal records give equal bytes. Decoding refuses what it does not know
with a `WireError` that names the record.
"""

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from pydantic import BaseModel, TypeAdapter, ValidationError

from fenceline.alert import ActionRefused, AlertRecord, CallRecord, PageRecord
from fenceline.errors import WireError
from fenceline.finding import Extreme, Finding, Folded, Gap, Quarantined
from fenceline.journal import (
    Action,
    Attempt,
    Batch,
    Claim,
    DeadLetter,
    Epoch,
    InForce,
    Receipt,
    Said,
    Tick,
    TimeSet,
)
from fenceline.reading import Readings

BATCH_FORMAT = 1
RECENT_BATCHES = 64

_MODELS: dict[str, type[BaseModel]] = {
    model.model_fields["kind"].default: model
    for model in (
        Epoch,
        Claim,
        Tick,
        TimeSet,
        InForce,
        Action,
        Attempt,
        Receipt,
        Said,
        DeadLetter,
        Finding,
        Extreme,
        Folded,
        Gap,
        Quarantined,
        AlertRecord,
        CallRecord,
        ActionRefused,
        PageRecord,
    )
}
_ADAPTERS = {kind: TypeAdapter(model) for kind, model in _MODELS.items()}

_COLUMNS = pa.schema(
    [
        pa.field("sensor", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        pa.field("time", pa.timestamp("ns", tz="UTC"), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("quality", pa.uint8(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
    ]
)

_recent_batches: dict[int, tuple[bytes, Batch]] = {}


def kind_of(record: BaseModel | Batch) -> str:
    """The word under which a record travels."""
    return "batch" if isinstance(record, Batch) else str(type(record).model_fields["kind"].default)


def encode(record: BaseModel | Batch) -> bytes:
    """The record's bytes, without its kind."""
    if isinstance(record, Batch):
        return _encode_batch(record)
    return record.model_dump_json().encode()


def decode(kind: str, payload: bytes) -> Any:
    """The record that `encode` was given.

    Raises:
        WireError: an unknown kind, a format of a later release, or bytes that are damaged.
    """
    if kind == "batch":
        return _shared_batch(payload)
    adapter = _ADAPTERS.get(kind)
    if adapter is None:
        raise WireError(
            f"`{kind}` is not a kind of record this release knows",
            hint="was this journal written by a newer release? fold it with that one",
        )
    try:
        return adapter.validate_json(payload)
    except ValidationError as error:
        raise WireError(
            f"a `{kind}` record does not read back: {error.errors()[0]['msg']}",
            hint="run `fenceline tap` on the topic to see the record as it stands",
        ) from error


def decode_readable(kind: str, payload: bytes) -> Any | None:
    """The record, or none where it does not read back.

    For readers of the journal beside the fold: what does not read back the fold quarantines, and it counts
    for nobody. A reader that stopped there would stop for ever.
    """
    try:
        return decode(kind, payload)
    except WireError:
        return None


def _encode_batch(batch: Batch) -> bytes:
    readings = batch.readings
    header = {
        "format": BATCH_FORMAT,
        "filter": batch.filter,
        "owner": batch.owner,
        "term": batch.term,
        "received_ns": batch.received_ns,
        "messages": batch.messages,
        "rejected": batch.rejected,
        "extra": batch.extra,
    }
    schema = _COLUMNS.with_metadata({b"fenceline": orjson.dumps(header)})
    columns = [
        pa.DictionaryArray.from_arrays(
            pa.array(readings.code, pa.int32()), pa.array(readings.sensors, pa.utf8())
        ),
        pa.array(readings.time, pa.int64()).view(_COLUMNS.field("time").type),
        pa.array(readings.value, pa.float64()),
        pa.array(readings.quality, pa.uint8()),
        pa.array(readings.sequence, pa.int64()),
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    return bytes(sink.getvalue().to_pybytes())


def _shared_batch(payload: bytes) -> Batch:
    """Decode once for all readers in this process that were handed the very same bytes object."""
    known = _recent_batches.get(id(payload))
    if known is not None and known[0] is payload:
        return known[1]
    batch = _decode_batch(payload)
    _recent_batches[id(payload)] = (payload, batch)  # holding the bytes keeps their id theirs
    while len(_recent_batches) > RECENT_BATCHES:
        # Several threads may come by at once: what another has taken away already is gone.
        _recent_batches.pop(next(iter(_recent_batches), 0), None)
    return batch


def _decode_batch(payload: bytes) -> Batch:
    try:
        with pa.ipc.open_stream(payload) as reader:
            header = orjson.loads(reader.schema.metadata[b"fenceline"])
            columns = reader.read_next_batch()
        if header["format"] != BATCH_FORMAT:
            raise WireError(
                f"a batch of format `{header['format']}`; this release reads {BATCH_FORMAT}",
                hint="fold this journal with the release that wrote it",
            )
        parts = columns.columns  # once: each look-up by name costs as much as reading a column
        if columns.schema != _COLUMNS or any(column.null_count for column in parts):
            raise WireError(
                f"a batch of {len(payload)} bytes has other columns than format {BATCH_FORMAT}",
                hint="the journal is damaged at this record",
            )
        columns.validate(full=True)  # damaged offsets must not be followed into foreign memory
        sensor, time, value, quality, sequence = parts
        readings = Readings(
            sensors=tuple(sensor.dictionary.to_pylist()),
            code=_array(sensor.indices, np.int32),
            time=_array(time.view(pa.int64()), np.int64),
            value=_array(value, np.float64),
            quality=_array(quality, np.uint8),
            sequence=_array(sequence, np.int64),
        )
        return Batch(
            filter=header["filter"],
            owner=header["owner"],
            term=header["term"],
            received_ns=header["received_ns"],
            readings=readings,
            rejected=tuple((key, reason) for key, reason in header["rejected"]),
            messages=header["messages"],
            extra=header["extra"],
        )
    except pa.ArrowMemoryError:
        raise  # the machine's error, not the record's: it must not be quarantined for it
    except (pa.ArrowException, OSError, StopIteration, KeyError, TypeError, ValueError) as error:
        raise WireError(
            f"a batch of {len(payload)} bytes does not read back: {error}",
            hint="the journal is damaged at this record",
        ) from error


def _array(column: Any, dtype: Any) -> Any:
    return np.ascontiguousarray(column.to_numpy(zero_copy_only=False), dtype=dtype)
