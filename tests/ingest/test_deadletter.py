"""Dead letters: what is kept of a refused thing, how it is listed, and how a mended one is driven again."""

import base64
import hashlib

import pytest

from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from fenceline.errors import FencelineError, NotDurable, ServiceError
from fenceline.reason import Rejected
from ingest.deadletter import (
    HEAD_BYTES,
    WHOLE_BYTES,
    key_of,
    letter_of,
    raw_of,
    read_letter,
    read_letters,
    records_of,
)
from ingest.decode.rows import Rejection
from ingest.redrive import redrive
from tests.ingest.known import TOPIC

PARK = "demo"


def rejection(raw: bytes, reason: Rejected = Rejected.NOT_JSON) -> Rejection:
    return Rejection(TOPIC, reason, "a detail", raw)


async def stored(*rejections: Rejection) -> MemoryBus:
    bus = MemoryBus()
    for n, one in enumerate(rejections):
        records, _ = records_of([one], n)
        await bus.append(Topic.DEADLETTER, PARK, records)
    return bus


class Published:
    """A publisher that keeps what it was given."""

    def __init__(self, *, fails: bool = False) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._fails = fails

    async def __call__(self, topic: str, payload: bytes) -> None:
        if self._fails:
            raise ServiceError("no broker")
        self.messages.append((topic, payload))


def test_the_key_is_the_hash_of_topic_and_content() -> None:
    """The same content under another topic is another letter."""
    key = key_of("a/b", b"content")

    assert hashlib.sha256(b"a/b\0content").hexdigest() == key
    assert key != key_of("a/c", b"content")


def test_whole_up_to_256_kb() -> None:
    """The largest whole letter reads back byte for byte."""
    raw = b"x" * WHOLE_BYTES

    letter = letter_of(rejection(raw), 5)

    assert not letter.truncated
    assert raw == raw_of(letter)
    assert (5, "not_json", TOPIC) == (letter.received_ns, letter.reason, letter.topic)


def test_beyond_that_head_length_and_hash() -> None:
    """Of a larger one its head stays, with length and hash of the whole; a character is not cut in two."""
    raw = b"y" + "硫".encode() * WHOLE_BYTES

    letter = letter_of(rejection(raw), 5)

    assert letter.truncated
    assert "text" == letter.encoding
    assert HEAD_BYTES - 3 < len(raw_of(letter)) <= HEAD_BYTES
    assert raw.startswith(raw_of(letter))
    assert (len(raw), hashlib.sha256(raw).hexdigest()) == (letter.length, letter.sha256)


def test_bytes_that_are_no_text_are_kept_as_base64() -> None:
    """GBK text and binary frames read back as they were."""
    raw = "硫化氢".encode("gbk")

    letter = letter_of(rejection(raw), 5)

    assert ("base64", base64.b64encode(raw).decode()) == (letter.encoding, letter.raw)
    assert raw == raw_of(letter)


def test_one_record_for_one_key_and_a_name_for_each() -> None:
    """A thing refused twice in a batch is one letter, and both refusals name it."""
    records, named = records_of([rejection(b"a"), rejection(b"b"), rejection(b"a")], 0)

    assert 2 == len(records)
    assert 3 == len(named)
    assert named[0] == named[2]


async def test_listed_newest_first_and_by_reason() -> None:
    """The newest letter comes first, a key once; a reason narrows the list."""
    bus = await stored(rejection(b"1"), rejection(b"2", Rejected.EMPTY), rejection(b"3"), rejection(b"1"))

    every = [letter.raw for letter, _ in await read_letters(bus, PARK)]
    empty = [letter.raw for letter, _ in await read_letters(bus, PARK, reason="empty")]
    one = [letter.raw for letter, _ in await read_letters(bus, PARK, limit=1)]

    assert ["1", "3", "2"] == every
    assert ["2"] == empty
    assert ["1"] == one


async def test_shown_by_the_beginning_of_its_key() -> None:
    """A letter is found by the first digits; an unknown beginning is said."""
    bus = await stored(rejection(b"1"))

    letter, driven = await read_letter(bus, PARK, key_of(TOPIC, b"1")[:8])

    assert ("1", False) == (letter.raw, driven)
    with pytest.raises(FencelineError, match="`xyz` is the beginning of 0"):
        await read_letter(bus, PARK, "xyz")


async def test_a_mended_letter_is_published_once() -> None:
    """The first drive publishes under the letter's topic and leaves a note; the second is refused."""
    bus = await stored(rejection(b"1"))
    publish = Published()
    key = key_of(TOPIC, b"1")

    note = await redrive(bus, PARK, key, payload=b"mended", by="张伟", now_ns=7, publish=publish)
    with pytest.raises(FencelineError, match="driven again before"):
        await redrive(bus, PARK, key, payload=b"mended", by="李娜", now_ns=8, publish=publish)

    assert [(TOPIC, b"mended")] == publish.messages
    assert ("redriven", "driven again by 张伟", 7) == (note.reason, note.detail, note.received_ns)
    assert [(True, "1")] == [(driven, letter.raw) for letter, driven in await read_letters(bus, PARK)]


@pytest.mark.parametrize("recorded", [False, True])
async def test_a_note_that_is_not_durable_publishes_nothing(recorded: bool) -> None:
    """At most once: where the note is not known to be recorded, nothing goes out."""
    bus = await stored(rejection(b"1"))
    bus.fail_next(Topic.DEADLETTER, 1, recorded=recorded)
    publish = Published()

    with pytest.raises(NotDurable):
        await redrive(bus, PARK, key_of(TOPIC, b"1"), payload=b"m", by="a", now_ns=7, publish=publish)

    assert [] == publish.messages


async def test_a_broker_that_fails_leaves_the_letter_driven() -> None:
    """What may have gone out does not go out again by itself."""
    bus = await stored(rejection(b"1"))
    key = key_of(TOPIC, b"1")

    with pytest.raises(ServiceError):
        await redrive(bus, PARK, key, payload=b"m", by="a", now_ns=7, publish=Published(fails=True))

    with pytest.raises(FencelineError, match="driven again before"):
        await redrive(bus, PARK, key, payload=b"m", by="a", now_ns=8, publish=Published())


async def test_nobody_drives_without_a_name() -> None:
    """Every such act has a name."""
    bus = await stored(rejection(b"1"))

    with pytest.raises(FencelineError, match="named person"):
        await redrive(bus, PARK, key_of(TOPIC, b"1"), payload=b"m", by=" ", now_ns=7, publish=Published())
