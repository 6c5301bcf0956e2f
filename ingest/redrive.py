"""A mended dead letter, published once more under its topic, so that it takes the way every reading takes.

At most once: a note is made durable before anything is published, and only the first note of a letter
publishes. Where the process ends or the broker fails between the two, the letter counts as driven and was
not; the error says so, and the reading can be published by hand. A reading that comes twice nevertheless
(the broker sends again what it saw no answer to) is a duplicate for the fold.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable

from fenceline.bus import Bus, Record, Topic
from fenceline.errors import FencelineError
from fenceline.journal import DeadLetter
from fenceline.wire import decode, encode
from ingest.deadletter import REDRIVEN, read_letter, text_of

Publish = Callable[[str, bytes], Awaitable[None]]
_PAGE = 500


class DrivenBefore(FencelineError):
    """A letter is driven again at most once."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the letter `{key[:16]}` was driven again before",
            hint="each at most once; if its reading did not arrive, publish it by hand",
        )


async def redrive(
    bus: Bus, park: str, key: str, *, payload: bytes, by: str, now_ns: int, publish: Publish
) -> DeadLetter:
    """
    Publish what a letter should have said; return the note that was kept of it.

    Args:
        key: the letter's key, or its beginning.
        payload: the mended message.
        by: who mended it.
        publish: takes topic and payload and returns once the broker has them: `ingest.mqtt.publish_once`
            with its settings.

    Raises:
        FencelineError: no name; NoSuchLetter, DrivenBefore.
        NotDurable: the note is not known to be recorded; nothing was published.
        ServiceError: the broker did not take it; the letter counts as driven.
    """
    if not by.strip():
        raise FencelineError("a letter is driven again by a named person", hint="say who you are: --by NAME")
    letter, driven = await read_letter(bus, park, key)
    if driven:
        raise DrivenBefore(letter.key)
    note = _note(letter, payload, by.strip(), now_ns)
    offset = await bus.append(Topic.DEADLETTER, park, [Record(note.kind, encode(note), note.key)])
    if await _first_note(bus, park, letter.key) != offset:
        raise DrivenBefore(letter.key)
    await publish(letter.topic, payload)
    return note


def _note(letter: DeadLetter, payload: bytes, by: str, now_ns: int) -> DeadLetter:
    text = text_of(payload)
    return DeadLetter(
        key=letter.key,
        reason=REDRIVEN,
        detail=f"driven again by {by}",
        topic=letter.topic,
        received_ns=now_ns,
        length=len(payload),
        sha256=hashlib.sha256(payload).hexdigest(),
        encoding="base64" if text is None else "text",
        raw=base64.b64encode(payload).decode() if text is None else text,
    )


async def _first_note(bus: Bus, park: str, key: str) -> int | None:
    start = await bus.head(Topic.DEADLETTER, park)
    while found := await bus.read(Topic.DEADLETTER, park, start, limit=_PAGE):
        for stored in found:
            record = decode(stored.kind, stored.payload)
            if isinstance(record, DeadLetter) and record.key == key and record.reason == REDRIVEN:
                return stored.offset
        start = found[-1].offset + 1
    return None
