"""Dead letters on the web: listed, shown whole, driven again by a named person, each at most once."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from console.redrive import DirectIntake
from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import Clock
from fenceline.errors import ServiceError
from fenceline.journal import Batch, DeadLetter
from fenceline.reason import Rejected
from fenceline.wire import decode
from ingest.deadletter import records_of
from ingest.decode.rows import Rejection
from ingest.redrive import redrive
from tests.console_web.house import Console, console_over, new_clock
from tests.sinks.records import PARK, START

TOPIC = "fenceline/demo/e01/gds-1/readings"


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    clock = new_clock()
    async with console_over(MemoryBus(clock=clock), clock, tmp_path) as one:
        yield one


async def refuse(console: Console, *payloads: bytes) -> list[str]:
    """Dead letters of these payloads; their keys."""
    rejections = [Rejection(TOPIC, Rejected.NOT_JSON, "not JSON", payload) for payload in payloads]
    records, named = records_of(rejections, START)
    await console.bus.append(Topic.DEADLETTER, PARK, records)
    return [key for key, _ in named]


class Broker:
    """Takes what is driven again, or refuses it."""

    def __init__(self, console: Console) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.refuses = False
        self._console = console
        console.services.redrive = self.drive

    async def drive(self, key: str, payload: bytes, by: str) -> DeadLetter:
        console = self._console
        now_ns = console.clock.now_ns()
        return await redrive(
            console.bus, PARK, key, payload=payload, by=by, now_ns=now_ns, publish=self._publish
        )

    async def _publish(self, topic: str, payload: bytes) -> None:
        if self.refuses:
            raise ServiceError("the broker did not take it", hint="see its log")
        self.published.append((topic, payload))


async def post(console: Console, key: str, status: int, **body: Any) -> Any:
    answer = await console.client.post(f"/api/deadletters/{key}/redrive", json=body)
    assert status == answer.status_code, answer.text
    return answer.json()


async def test_listed_and_shown(console: Console) -> None:
    """Newest first, by reason and topic; one whole by the beginning of its key, bytes as base64."""
    text, binary = await refuse(console, b"nonsense", b"\xff\xfe")

    listed = await console.get("/api/deadletters")
    none = await console.get("/api/deadletters?reason=bad_time")
    shown = await console.get(f"/api/deadletters/{binary[:12]}")

    assert [binary, text] == [one["key"] for one in listed["letters"]]
    assert [None, "nonsense"] == [one["begins_with"] for one in listed["letters"]]
    assert [] == none["letters"]
    assert ("base64", b"\xff\xfe") == (shown["encoding"], base64.b64decode(shown["raw"]))
    assert "2023-11-14T22:13:20.000Z" == shown["received_at"]
    await console.get("/api/deadletters/feed", 404)


async def test_driven_again_once(console: Console) -> None:
    """The mended message goes out under the letter's topic, with the name; a second time is refused."""
    broker = Broker(console)
    key, other = await refuse(console, b"nonsense", b"other")

    answer = await post(console, key[:16], 202, name=" 张伟 ", payload='{"值": 1}')
    again = await post(console, key, 409, name="李娜", payload="{}")
    listed = await console.get("/api/deadletters")

    assert ("driven", "张伟", TOPIC) == (answer["status"], answer["by"], answer["topic"])
    assert [(TOPIC, '{"值": 1}'.encode())] == broker.published
    assert "was driven again before" in again["error"]["message"]
    assert {key: True, other: False} == {one["key"]: one["redriven"] for one in listed["letters"]}


async def test_as_it_is_or_as_bytes(console: Console) -> None:
    """Without a payload the letter's own bytes go out; bytes that are no text come as base64."""
    broker = Broker(console)
    first, second = await refuse(console, b"\xff\xfe", b"nonsense")

    await post(console, first, 202, name="a")
    await post(console, second, 202, name="a", payload=base64.b64encode(b"\xf0").decode(), encoding="base64")

    assert [b"\xff\xfe", b"\xf0"] == [payload for _, payload in broker.published]


async def test_refusals(console: Console) -> None:
    """No name, no letter, no base64, half a letter: a sentence each, and nothing is published."""
    broker = Broker(console)
    key, long = await refuse(console, b"nonsense", b"x" * 300_000)

    await post(console, key, 422, name=" ", payload="{}")
    await post(console, "feed", 404, name="a", payload="{}")
    await post(console, key, 422, name="a", payload="%%", encoding="base64")
    half = await post(console, long, 422, name="a")

    assert "only the head" in half["error"]["message"]
    assert [] == broker.published


async def test_a_large_mended_message_passes_the_guard(console: Console) -> None:
    """As large as ingest takes messages, which no other request may be."""
    broker = Broker(console)
    key = (await refuse(console, b"nonsense"))[0]

    await post(console, key, 202, name="a", payload="x" * 1_000_000)
    await post(console, key, 413, name="a", payload="x" * 3_000_000)

    assert 1_000_000 == len(broker.published[0][1])


async def test_a_journal_that_takes_nothing(console: Console) -> None:
    """Not recorded: nothing was published, and it may be tried again."""
    broker = Broker(console)
    key = (await refuse(console, b"nonsense"))[0]
    console.bus.full = True

    failed = await post(console, key, 503, name="a", payload="{}")
    console.bus.full = False
    await post(console, key, 202, name="a", payload="{}")

    assert "nothing was published" in failed["error"]["message"]
    assert 1 == len(broker.published)


async def test_a_broker_that_does_not_take_it(console: Console) -> None:
    """It counts as driven, and the answer says so: at most once."""
    broker = Broker(console)
    key = (await refuse(console, b"nonsense"))[0]
    broker.refuses = True

    failed = await post(console, key, 503, name="a", payload="{}")
    broker.refuses = False
    await post(console, key, 409, name="a", payload="{}")

    assert "counts as driven" in failed["error"]["message"]
    assert [] == broker.published


async def test_two_at_once(console: Console) -> None:
    """Two people press at the same moment: one of them drives it."""
    import asyncio

    broker = Broker(console)
    key = (await refuse(console, b"nonsense"))[0]

    answers = await asyncio.gather(
        *(
            console.client.post(f"/api/deadletters/{key}/redrive", json={"name": name, "payload": "{}"})
            for name in ("张伟", "李娜")
        )
    )

    assert [202, 409] == sorted(answer.status_code for answer in answers)
    assert 1 == len(broker.published)


async def test_straight_into_the_journal() -> None:
    """Where no station runs: judged as ingest judges, a batch without a claim, refused once more."""
    from tests.console.worlds import force

    clock: Clock = new_clock()
    bus, site = MemoryBus(clock=clock), force()
    reading = b'{"sensor":"example","time":1700000000000,"value":1.5}'
    topic = "fenceline/example/e01/example/readings"
    records, named = records_of(
        [Rejection(topic, Rejected.NOT_JSON, "", raw) for raw in (b"nonsense", b"other")], START
    )
    await bus.append(Topic.DEADLETTER, "example", records)
    good, bad = (
        DirectIntake(bus, site.park, site.substances, clock),
        DirectIntake(bus, site.park, site.substances, clock),
    )

    await good.driver()(named[0][0], reading, "张伟")
    await bad.driver()(named[1][0], b"still nonsense", "张伟")

    assert (1, {}) == (good.taken_in.accepted, dict(good.taken_in.rejected))
    assert (0, {"not_json": 1}) == (bad.taken_in.accepted, dict(bad.taken_in.rejected))
    stored = await bus.read(Topic.JOURNAL, "example", 0, kinds=("batch", "tick", "claim"))
    batches: list[Batch] = [decode(one.kind, one.payload) for one in stored]
    assert [(0, 1, 0), (0, 0, 1)] == [(one.term, len(one.readings), len(one.rejected)) for one in batches]
