"""A record as a Kafka message and back: bytes as they are, kind and cause in headers, the key as text.

Kafka keeps a checksum of each batch; the hash that positions carry is made anew at reading.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from fenceline.bus import Cause, Record, Stored, hash_of

KIND, CAUSE = "kind", "cause"
CHUNK_KIND, MANIFEST_KIND = "chunk", "manifest"

Headers = Sequence[tuple[str, bytes]]


class Message(Protocol):
    """What is used of aiokafka's ConsumerRecord."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def headers_of(record: Record) -> list[tuple[str, bytes]]:
    """The headers under which a record travels."""
    headers = [(KIND, record.kind.encode())]
    if record.cause is not None:
        headers.append((CAUSE, str(record.cause).encode()))
    return headers


def stored_of(message: Message) -> Stored:
    """The record that was appended."""
    headers: dict[str, Any] = dict(message.headers)
    cause = headers.get(CAUSE)
    record = Record(
        kind=headers.get(KIND, b"").decode("utf-8", "replace"),
        payload=message.value or b"",
        key=(message.key or b"").decode("utf-8", "replace"),
        cause=None if cause is None else Cause.parse(cause.decode()),
    )
    return Stored(message.offset, record.kind, record.payload, record.key, record.cause, hash_of(record))
