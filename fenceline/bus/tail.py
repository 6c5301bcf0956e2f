"""The newest records of a log, kept in memory as they become durable: whoever keeps up reads them from here.

In come committed records, out come the same objects to every reader, or nothing where they no longer are
held; the file has them all. Bounded in bytes.
"""

import threading
from collections.abc import Sequence

from fenceline.bus import Stored

TAIL_BYTES = 16 * 1024 * 1024
_OVERHEAD_BYTES = 400  # of a record's objects, beside its payload


class Tail:
    """The newest records of one log, without a gap.

    Args:
        most_bytes: about how much is held; the newest record always is.
    """

    def __init__(self, most_bytes: int = TAIL_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._records: list[Stored] = []
        self._gone = 0  # of the front of `_records`: no longer held, cut off now and then
        self._bytes = 0

    def push(self, records: Sequence[Stored]) -> None:
        """Take in what was committed; records that do not follow those held begin anew."""
        if not records:
            return
        with self._lock:
            if self._records and records[0].offset != self._records[-1].offset + 1:
                self._records, self._gone, self._bytes = [], 0, 0
            self._records += records
            self._bytes += sum(map(_size, records))
            while self._bytes > self._most_bytes and self._gone < len(self._records) - 1:
                self._bytes -= _size(self._records[self._gone])
                self._gone += 1
            if self._gone > len(self._records) // 2:
                del self._records[: self._gone]
                self._gone = 0

    def read(self, start: int, limit: int, kinds: Sequence[str] | None) -> list[Stored] | None:
        """As `Bus.read`; none where the record at `start` is not held, so that the file must be asked."""
        with self._lock:
            records = self._records
            if not records or start < records[self._gone].offset:
                return None
            first = self._gone + start - records[self._gone].offset
            if kinds is None:
                return records[first : first + max(limit, 0)]
            found = records[first:]
        return [stored for stored in found if stored.kind in kinds][: max(limit, 0)]

    def clear(self) -> None:
        """Hold nothing: what the file has is not known to be what was pushed."""
        with self._lock:
            self._records, self._gone, self._bytes = [], 0, 0


def _size(stored: Stored) -> int:
    return len(stored.payload) + _OVERHEAD_BYTES
