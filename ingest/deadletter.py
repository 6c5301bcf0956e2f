"""What could not be read, kept whole with its reason: rejections in, dead letters on the bus, and back out.

A letter's key is the hash of its topic and its bytes: the same refused thing twice is one key. Letters are
durable before the batch that names their keys.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterable

from fenceline.bus import Bus, Record, Topic
from fenceline.errors import FencelineError
from fenceline.journal import DeadLetter
from fenceline.wire import decode, encode
from ingest.decode.rows import Rejection

WHOLE_BYTES = 256 * 1024
HEAD_BYTES = 16 * 1024
REDRIVEN = "redriven"  # the reason of the note that a letter was mended and sent again
_PAGE = 500


class NoSuchLetter(FencelineError):
    """No letter, or more than one, has such a key."""


def key_of(topic: str, raw: bytes) -> str:
    """The letter's name: 64 hex digits over topic and content."""
    return hashlib.sha256(topic.encode("utf-8", "surrogatepass") + b"\0" + raw).hexdigest()


def letter_of(rejection: Rejection, received_ns: int) -> DeadLetter:
    """The record of one rejection: whole up to 256 KB, beyond that its head, length and hash."""
    truncated = len(rejection.raw) > WHOLE_BYTES
    kept = rejection.raw[:HEAD_BYTES] if truncated else rejection.raw
    text = text_of(kept, truncated=truncated)
    return DeadLetter(
        key=key_of(rejection.topic, rejection.raw),
        reason=rejection.reason.value,
        detail=rejection.detail,
        topic=rejection.topic,
        received_ns=received_ns,
        length=len(rejection.raw),
        sha256=hashlib.sha256(rejection.raw).hexdigest(),
        encoding="base64" if text is None else "text",
        raw=base64.b64encode(kept).decode() if text is None else text,
        truncated=truncated,
    )


def raw_of(letter: DeadLetter) -> bytes:
    """The bytes that were kept."""
    return base64.b64decode(letter.raw) if letter.encoding == "base64" else letter.raw.encode()


def records_of(
    rejections: Iterable[Rejection], received_ns: int
) -> tuple[list[Record], list[tuple[str, str]]]:
    """Records to append, each key once, and (key, reason) of every rejection in order."""
    records: dict[str, Record] = {}
    named: list[tuple[str, str]] = []
    for rejection in rejections:
        letter = letter_of(rejection, received_ns)
        if letter.key not in records:
            records[letter.key] = Record(letter.kind, encode(letter), letter.key)
        named.append((letter.key, letter.reason))
    return list(records.values()), named


async def all_letters(bus: Bus, park: str) -> AsyncIterator[DeadLetter]:
    """Every record of the topic, notes of re-drives included, oldest first."""
    start = await bus.head(Topic.DEADLETTER, park)
    while found := await bus.read(Topic.DEADLETTER, park, start, limit=_PAGE):
        for stored in found:
            letter = decode(stored.kind, stored.payload)
            if isinstance(letter, DeadLetter):
                yield letter
        start = found[-1].offset + 1


async def read_letters(
    bus: Bus, park: str, *, reason: str | None = None, topic: str | None = None, limit: int = 100
) -> list[tuple[DeadLetter, bool]]:
    """
    The newest letters first, each key once, with whether it was driven again.

    Args:
        reason: only letters of this reason.
        topic: only letters of this MQTT topic.
        limit: at most this many.
    """
    letters: dict[str, DeadLetter] = {}
    redriven: set[str] = set()
    async for letter in all_letters(bus, park):
        if letter.reason == REDRIVEN:
            redriven.add(letter.key)
            continue
        letters.pop(letter.key, None)
        if (reason is None or letter.reason == reason) and (topic is None or letter.topic == topic):
            letters[letter.key] = letter
    newest = list(reversed(letters.values()))[: max(limit, 0)]
    return [(letter, letter.key in redriven) for letter in newest]


async def read_letter(bus: Bus, park: str, key: str) -> tuple[DeadLetter, bool]:
    """
    One letter by its key or the beginning of it, with whether it was driven again.

    Raises:
        NoSuchLetter: no letter, or several, begin so.
    """
    found: dict[str, DeadLetter] = {}
    redriven: set[str] = set()
    async for letter in all_letters(bus, park):
        if letter.key.startswith(key):
            if letter.reason == REDRIVEN:
                redriven.add(letter.key)
            else:
                found[letter.key] = letter
    if len(found) != 1:
        raise NoSuchLetter(
            f"`{key}` is the beginning of {len(found)} dead letters' keys",
            hint="`fenceline deadletter list` shows the keys; eight digits are enough as a rule",
        )
    letter = next(iter(found.values()))
    return letter, letter.key in redriven


def text_of(raw: bytes, *, truncated: bool = False) -> str | None:
    """The bytes as text, none where they are not UTF-8; a head may end inside a character."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if truncated and error.start > len(raw) - 4:
            return raw[: error.start].decode("utf-8")
        return None
