"""Rows out of the pages of a SQLite file, wherever in it they stand, reached through its trees or not.

What is found may be half of a row, or no row at all: the caller compares each with its own hash. Bytes that
somebody sent are never taken for a page of rows: the pages that they fill begin with the number of the next
one, so with a zero.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from fenceline.bus.pagefile import PageFile

_TABLE_LEAF, _INDEX_LEAF = 0x0D, 0x0A
_MOST_BYTES = 64 * 1024 * 1024  # no row of ours is larger; a damaged length may say anything
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

Value = int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row as it stands in a page.

    Args:
        page: where it stands.
        number: its number in its table; none in a table without such numbers.
        values: its columns; where the table gives one of them by `number`, none stands there.
    """

    page: int
    number: int | None
    values: tuple[Value, ...]


class _NoRow(Exception):
    """These bytes are none."""


def rows_of(file: PageFile) -> Iterator[FoundRow]:
    """Everything that reads as a row, page by page."""
    for number, page in file.pages():
        start = 100 if number == 1 else 0
        if page[start] not in (_TABLE_LEAF, _INDEX_LEAF):
            continue
        (cells,) = struct.unpack_from(">H", page, start + 3)
        for at in range(start + 8, start + 8 + 2 * cells, 2):
            if at + 2 > len(page):
                break
            (place,) = struct.unpack_from(">H", page, at)
            try:
                yield _row(file, number, page, place, numbered=page[start] == _TABLE_LEAF)
            except (_NoRow, IndexError, struct.error, UnicodeDecodeError):
                continue


def _row(file: PageFile, number: int, page: bytes, place: int, *, numbered: bool) -> FoundRow:
    size, place = _varint(page, place)
    row_number = None
    if numbered:
        row_number, place = _varint(page, place)
    usable = file.page_bytes  # our files reserve nothing at the end of a page
    most = usable - 35 if numbered else (usable - 12) * 64 // 255 - 23
    if not 1 < size <= _MOST_BYTES:
        raise _NoRow
    if size <= most:
        payload = page[place : place + size]
    else:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = least if local > most else local
        (following,) = struct.unpack_from(">I", page, place + local)
        payload = _overflown(file, page[place : place + local], size, following)
    if len(payload) != size:
        raise _NoRow
    return FoundRow(number, row_number, tuple(_values(payload)))


def _overflown(file: PageFile, begun: bytes, size: int, following: int) -> bytes:
    parts, left = [begun], size - len(begun)
    while left > 0:
        page = file.page(following)
        if not page:
            raise _NoRow
        parts.append(page[4 : 4 + left])
        left -= len(page) - 4
        (following,) = struct.unpack_from(">I", page, 0)
    return b"".join(parts)


def _values(payload: bytes) -> Iterator[Value]:
    header_bytes, at = _varint(payload, 0)
    body = header_bytes
    if header_bytes > len(payload):
        raise _NoRow
    while at < header_bytes:
        kind, at = _varint(payload, at)
        if kind == 0:
            yield None
        elif kind in _INTEGERS:
            width = _INTEGERS[kind]
            yield int.from_bytes(payload[body : body + width], "big", signed=True)
            body += width
        elif kind == 7:
            yield struct.unpack_from(">d", payload, body)[0]
            body += 8
        elif kind in (8, 9):
            yield kind - 8
        elif kind >= 12:
            width = (kind - 12) // 2
            content = payload[body : body + width]
            if len(content) != width:
                raise _NoRow
            yield content.decode() if kind % 2 else content
            body += width
        else:
            raise _NoRow


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for _ in range(8):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    return value << 8 | data[at], at + 1
