"""Bytes of the bus to plain values, with pyarrow and orjson alone: nothing that the pipeline reads with."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson
import pyarrow as pa

from fenceline.bus import Stored

CauseKey = tuple[int, int, int]


def raw_changes(found: Iterable[Stored], highest: CauseKey) -> tuple[CauseKey, list[dict[str, Any]]]:
    """The alerts of records that stand above all before them."""
    changes = []
    for stored in found:
        cause = cause_of(stored)
        if cause > highest:
            highest = cause
            changes.append(orjson.loads(stored.payload)["alert"])
    return highest, changes


def cause_of(stored: Stored) -> CauseKey:
    """Cause as three numbers."""
    cause = stored.cause
    assert cause is not None
    return (cause.journal, cause.offset, cause.index)


def rising(records: Iterable[Stored]) -> list[Stored]:
    """What a reader keeps that drops whatever is not above the highest cause before it."""
    highest: CauseKey = (-1, -1, -1)
    kept = []
    for stored in records:
        cause = cause_of(stored)
        if cause > highest:
            highest = cause
            kept.append(stored)
    return kept


@lru_cache(maxsize=256)
def batch_of(payload: bytes) -> tuple[dict[str, Any], list[tuple[str, int, float, int, int]]] | None:
    """Header and rows (sensor, time_ns, value, quality, sequence) of a batch; none where it does not read."""
    try:
        with pa.ipc.open_stream(payload) as reader:
            header = orjson.loads(reader.schema.metadata[b"fenceline"])
            batch = reader.read_next_batch()
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None
    sensor, names = batch.column("sensor"), batch.column("sensor").dictionary.to_pylist()
    plain = [[names[code] for code in sensor.indices.to_pylist()]]
    plain.append(batch.column("time").view(pa.int64()).to_pylist())
    plain += [batch.column(name).to_pylist() for name in ("value", "quality", "sequence")]
    return header, list(zip(*plain, strict=True))
