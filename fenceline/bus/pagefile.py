"""The pages of a SQLite file as its bytes stand, with its log of committed pages laid over them.

In goes the path of a file that SQLite itself may refuse to open, out come its pages. Nothing is
changed, not even the files that SQLite keeps beside it. For damaged files only: a sound one is read
through SQLite.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAGIC = b"SQLite format 3\x00"
PAGE_BYTES = 4096
_WAL_MAGIC = (0x377F0682, 0x377F0683)
_WAL_HEADER = 32
_FRAME_HEADER = 24


@dataclass(frozen=True, slots=True)
class WalState:
    """What stands in the log of committed pages.

    Args:
        read: frames that SQLite reads when it opens the file.
        behind: sound and committed frames after a damaged one, which SQLite leaves out and overwrites.
        places: page number → where its newest sound image stands in the log.
        ends_at: the page count after the last commit; none where no commit was found.
    """

    read: int = 0
    behind: int = 0
    places: dict[int, int] = field(default_factory=dict)
    ends_at: int | None = None


class PageFile:
    """A SQLite file and its log, opened for reading.

    Args:
        path: the file; its log is looked for beside it.
        page_bytes: how large its pages are where its own header does not say it.
    """

    def __init__(self, path: Path, *, page_bytes: int = PAGE_BYTES) -> None:
        wal = path.with_name(path.name + "-wal")
        self._wal = wal.open("rb") if wal.exists() and wal.stat().st_size > _WAL_HEADER else None
        self._file = path.open("rb")
        self.page_bytes = self._size_said() or page_bytes
        self.wal = WalState() if self._wal is None else self._read_wal()
        self._file.seek(0, 2)
        self._file_pages = -(-self._file.tell() // self.page_bytes)

    @property
    def count(self) -> int:
        """How many pages there are, those in the log included."""
        return max(self._file_pages, self.wal.ends_at or 0)

    def page(self, number: int) -> bytes:
        """A page, from 1 on; empty where the file ends before it, zeros behind where it ends in it."""
        place = self.wal.places.get(number)
        if place is not None and self._wal is not None:
            self._wal.seek(place)
            return self._wal.read(self.page_bytes)
        if number < 1:
            return b""
        self._file.seek((number - 1) * self.page_bytes)
        found = self._file.read(self.page_bytes)
        return found.ljust(self.page_bytes, b"\x00") if found else b""

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """Every page with its number."""
        for number in range(1, self.count + 1):
            found = self.page(number)
            if found:
                yield number, found

    def close(self) -> None:
        self._file.close()
        if self._wal is not None:
            self._wal.close()

    def _size_said(self) -> int | None:
        self._file.seek(0)
        head = self._file.read(18)
        size = 0
        if head.startswith(MAGIC):
            size = int.from_bytes(head[16:18], "big")
        elif self._wal is not None:
            self._wal.seek(8)
            size = int.from_bytes(self._wal.read(4), "big")
        size = 65536 if size == 1 else size
        return size if 512 <= size <= 65536 and size & (size - 1) == 0 else None

    def _read_wal(self) -> WalState:
        assert self._wal is not None
        self._wal.seek(0)
        header = self._wal.read(_WAL_HEADER)
        magic, _, page_bytes, _, salt1, salt2, *seed = struct.unpack(">8I", header)
        if magic not in _WAL_MAGIC or page_bytes != self.page_bytes:
            return WalState()
        order = ">" if magic & 1 else "<"
        running = _checksum(header[:24], (0, 0), order)
        broken = running != tuple(seed)
        read = behind = 0
        places: dict[int, int] = {}
        waiting: dict[int, int] = {}
        ends_at = None
        frame_bytes = _FRAME_HEADER + page_bytes
        number = 0
        while len(frame := self._wal.read(frame_bytes)) == frame_bytes:
            place = _WAL_HEADER + number * frame_bytes + _FRAME_HEADER
            number += 1
            page, commit, of1, of2, *said = struct.unpack(">6I", frame[:_FRAME_HEADER])
            if (of1, of2) != (salt1, salt2):
                broken = True  # of an earlier round of the log, or damaged
                running = (said[0], said[1])
                continue
            running = _checksum(frame[_FRAME_HEADER:], _checksum(frame[:8], running, order), order)
            if running != tuple(said):
                # The next frame's sum goes on from what this one's header says.
                broken = True
                running = (said[0], said[1])
                continue
            waiting[page] = place
            if commit:
                places |= waiting
                behind += len(waiting) if broken else 0
                read += 0 if broken else len(waiting)
                waiting.clear()
                ends_at = commit
        return WalState(read, behind, places, ends_at)


def _checksum(data: bytes, seed: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = seed
    for even, odd in struct.iter_unpack(f"{order}II", data):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
