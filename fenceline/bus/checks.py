"""What every bus refuses before it tries anything: a park's name, a topic, a record that cannot be kept."""

import re
from collections.abc import Sequence

from fenceline.bus import Record, Topic
from fenceline.errors import BusError

MAX_RECORD_BYTES = 16 * 1024 * 1024
LOG_TOPICS = (Topic.JOURNAL, Topic.DEADLETTER, Topic.FINDINGS, Topic.ALERTS)

_PARK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def check_park(park: str) -> None:
    """A park's name is part of file and topic names.

    Raises:
        BusError: it could not be one.
    """
    if not _PARK.fullmatch(park):
        raise BusError(
            f"`{park}` cannot be a park's id on the bus",
            hint="use letters, digits, `-` and `_`, at most 64, a letter or digit first",
        )


def check_log(topic: Topic) -> None:
    """Only the four logs can be appended to and cut.

    Raises:
        BusError: the topic is `state`.
    """
    if topic is Topic.STATE:
        raise BusError(
            "`state` holds snapshots and is not appended to or cut",
            hint="use `put_snapshot` and `drop_snapshots`",
        )


def check_records(topic: Topic, records: Sequence[Record]) -> int:
    """The bytes these records take, roughly.

    Raises:
        BusError: a record is too large, or its kind or key is not text.
    """
    check_log(topic)
    total = 0
    for record in records:
        try:
            size = len(record.payload) + len(record.kind.encode()) + len(record.key.encode())
        except UnicodeEncodeError as error:
            raise BusError(
                f"a `{record.kind!a}` record for `{topic}` has a key that is not text: {record.key!a}",
                hint="a key is Unicode text without lone surrogates",
            ) from error
        if size > MAX_RECORD_BYTES:
            raise BusError(
                f"a `{record.kind}` record of {size} bytes for `{topic}` is larger than {MAX_RECORD_BYTES}",
                hint="write it as several records",
            )
        total += size
    return total


def closed_error() -> BusError:
    """What a closed bus answers."""
    return BusError("the bus is closed", hint="open it again to go on")
