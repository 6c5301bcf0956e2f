"""The web API: what it shows is the ledger's and the store's word, and every refusal says why."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenceline.bus import Topic
from fenceline.bus.memory import MemoryBus
from fenceline.clock import ManualClock
from fenceline.vocabulary import Condition, Level, Quality, Tier
from tests.console_web.house import Console, console_over, new_clock
from tests.sinks.records import (
    SECOND,
    START,
    acknowledged,
    alert,
    append,
    batch,
    ended,
    finding,
    folded,
    page,
    raised,
    tick,
)


@pytest.fixture
def clock() -> ManualClock:
    return new_clock()


@pytest.fixture
async def console(clock: ManualClock, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_over(MemoryBus(clock=clock), clock, tmp_path) as console:
        yield console


async def store_everything(console: Console) -> None:
    """Run the sink until the store holds what the bus holds."""
    task = asyncio.ensure_future(console.sink.run())
    end = await console.bus.end(Topic.JOURNAL, "demo")
    async with asyncio.timeout(30):
        while console.sink.position is None or console.sink.position.offset < end - 1:
            await console.clock.advance(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_open_alerts_newest_first_with_the_ledger_position(console: Console) -> None:
    """Open alerts come from the ledger in the contract's shape, with the position they hold."""
    await append(console.bus, Topic.ALERTS, raised(alert(1)), raised(alert(2)), page(alert(1)))
    await console.follow()

    answer = await console.get("/api/alerts")

    assert ["s2", "s1"] == [one["subject"] for one in answer["alerts"]]
    assert 2 == answer["position"]
    one = answer["alerts"][1]
    assert "2023-11-14T22:13:21.000Z" == one["raised_at"]
    assert {
        "name": "alarm_1",
        "value": 10.0,
        "unit": "ppm",
        "direction": "above",
        "source": "[S1]",
        "upper": None,
    } == one["limit"]
    assert {"zh": "有毒气体超限", "en": "toxic gas above the limit"} == one["rule_title"]
    assert (None, None, "1f") == (one["ended_at"], one["call"], one["rule_version"])


async def test_alerts_by_filters(console: Console) -> None:
    """Open alerts are filtered like those of the store."""
    red = alert(2, tier=Tier.PARK, level=Level.RED, owner="park", quantity="cl2")
    await append(console.bus, Topic.ALERTS, raised(alert(1)), raised(red))
    await console.follow()

    for query in ("tier=park", "level=red", "owner=park", "substance=cl2", "limit=1"):
        answer = await console.get(f"/api/alerts?{query}")
        assert ["s2"] == [one["subject"] for one in answer["alerts"]], query


async def test_ended_alerts_of_store_and_picture_together(console: Console) -> None:
    """What ended before this console started and what ended a moment ago are both there, once."""
    await append(console.bus, Topic.ALERTS, raised(alert(1)), ended(alert(1)), raised(alert(2)))
    await append(console.bus, Topic.JOURNAL, tick(1))
    await store_everything(console)
    await console.follow()
    await append(console.bus, Topic.ALERTS, ended(alert(2)), first_cause=9)
    await console.settle()

    past = await console.get("/api/alerts?state=ended")
    present = await console.get("/api/alerts?state=open")
    both = await console.get("/api/alerts?state=all")

    assert ["s2", "s1"] == [one["subject"] for one in past["alerts"]]
    assert [] == present["alerts"]
    assert ["s2", "s1"] == [one["subject"] for one in both["alerts"]]


async def test_an_alert_with_its_history_pages_and_evidence(console: Console) -> None:
    """The store's part and what came since make one history; the newest word on each page holds."""
    one = alert(1)
    await append(console.bus, Topic.ALERTS, raised(one), page(one))
    await append(console.bus, Topic.JOURNAL, tick(1))
    await store_everything(console)
    await console.follow()
    delivered = page(one, state="delivered")
    await append(console.bus, Topic.ALERTS, acknowledged(one, "action-0001"), delivered, first_cause=9)
    await console.settle()

    answer = await console.get(f"/api/alerts/{one.id}")

    assert ["raised", "acknowledged"] == [change["change"] for change in answer["history"]]
    assert "张伟" == answer["history"][1]["by"]
    assert ["delivered"] == [shown["state"] for shown in answer["pages"]]
    assert {"agreeing": ["s2"]} == answer["evidence"]
    assert "acknowledged" == answer["alert"]["state"]


async def test_a_page_that_waits_for_its_receipt_is_sent(console: Console) -> None:
    """An attempt without a result shows as sent, with the channel it went to."""
    attempt = {"n": 1, "channel": "webhook", "nonce": "x", "made_ns": alert().raised_ns}
    await append(console.bus, Topic.ALERTS, raised(alert()), page(alert(), attempts=(attempt,)))
    await console.follow()

    answer = await console.get(f"/api/alerts/{alert().id}")

    assert ("sent", "webhook") == (answer["pages"][0]["state"], answer["pages"][0]["channel"])
    assert "2023-11-14T22:13:21.000Z" == answer["pages"][0]["attempts"][0]["at"]


async def test_an_unknown_alert_is_404_with_a_hint(console: Console) -> None:
    """What is not there is said, with where to look."""
    answer = await console.get("/api/alerts/nothing/here", 404)

    assert "there is no alert `nothing/here`" == answer["error"]["message"]
    assert "/api/alerts" in answer["error"]["hint"]


async def test_sensors_with_newest_values_and_who_cannot_tell(console: Console) -> None:
    """A measured zero is a value; never seen, silent, faulty and unknown sensors cannot tell."""
    await append(console.bus, Topic.JOURNAL, batch(("s1", 99, 0.0), ("s1", 98, 7.0), ("s2", 10, 1.0)))
    await append(console.bus, Topic.FINDINGS, folded(100))
    await console.follow()
    await console.settle()

    sensors = {one["id"]: one for one in (await console.get("/api/sensors"))["sensors"]}

    assert (0.0, "current", None) == tuple(sensors["s1"][key] for key in ("value", "state", "reason"))
    assert (1.0, "silent") == tuple(sensors["s2"][key] for key in ("value", "reason"))
    assert (None, None, "never_seen") == tuple(sensors["s3"][key] for key in ("value", "time", "reason"))

    await append(console.bus, Topic.JOURNAL, batch(("s1", 101, 3.0), quality=Quality.FAULT))
    await append(
        console.bus,
        Topic.FINDINGS,
        finding(Condition.UNKNOWN, subject="s2", reason="calibration"),
        first_cause=9,
    )
    await console.settle()
    sensors = {one["id"]: one for one in (await console.get("/api/sensors"))["sensors"]}

    assert ("cannot_tell", "fault") == (sensors["s1"]["state"], sensors["s1"]["reason"])
    assert "calibration" == sensors["s2"]["reason"]


async def test_readings_as_the_chart_reads_them(console: Console) -> None:
    """Times in milliseconds, null in a gap, the last quarter of an hour where nothing is said."""
    await append(console.bus, Topic.JOURNAL, batch(("s1", -60, 0.0), ("s1", -5, 2.0), ("s1", -1000, 9.0)))
    await store_everything(console)

    answer = await console.get("/api/readings?sensor=s1")

    assert [0.0, None, 2.0] == answer["values"]
    assert ["good", "no_communication", "good"] == answer["quality"]
    assert [(START - 60 * SECOND) // 10**6, (START - 5 * SECOND) // 10**6] == answer["times"][::2]
    assert "ppm" == answer["unit"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("sensor=nobody", 404),
        ("sensor=s1&from=2024-01-01T00:00:00", 422),
        ("sensor=s1&from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z", 422),
        ("sensor=s1&points=1", 422),
        ("sensor=s1&from=yesterday", 422),
        ("", 422),
    ],
)
async def test_questions_that_cannot_be_answered(console: Console, query: str, status: int) -> None:
    """A wrong sensor, a time without a zone, an interval backwards: each is said in the one shape."""
    answer = await console.get(f"/api/readings?{query}", status)

    assert {"message", "hint"} == set(answer["error"])


async def test_accounting_of_the_engine(console: Console) -> None:
    """The engine's own account is shown as it stands in the ledger of findings."""
    await append(console.bus, Topic.FINDINGS, folded(1, received=40))
    await console.follow()
    await console.settle()

    answer = await console.get("/api/accounting")

    stage = answer["stages"][0]
    assert ("engine", 40, 40, True) == tuple(stage[key] for key in ("stage", "in", "out", "balanced"))


async def test_ready_only_while_the_engine_folds(console: Console) -> None:
    """Alive always; ready only while what is folded reaches the present."""
    await console.follow()
    behind = await console.get("/readyz", 503)
    await append(console.bus, Topic.FINDINGS, folded(0))
    await console.settle()

    ready = await console.get("/readyz")

    assert behind["parts"]["engine"]["detail"] == "the engine has not folded up to the present"
    assert ready["ready"]
    assert {"status": "alive"} == await console.get("/healthz")


async def test_metrics_say_what_the_page_says(console: Console) -> None:
    """Accounts, open alerts, lag and topic ends can be scraped."""
    await append(console.bus, Topic.FINDINGS, folded(-3, received=40))
    await append(console.bus, Topic.ALERTS, raised(alert()))
    await console.follow()
    await console.settle()

    text = (await console.client.get("/metrics")).text

    assert 'fenceline_readings_total{column="in",park="demo",stage="engine"} 40.0' in text
    assert 'fenceline_folded_lag_seconds{park="demo"} 3.0' in text
    assert 'fenceline_alerts_open{level="yellow",park="demo",tier="enterprise"} 1.0' in text
    assert 'fenceline_topic_end{park="demo",topic="alerts"} 1.0' in text


async def test_openapi_is_served(console: Console) -> None:
    """The contract can be read by programs."""
    answer = await console.get("/api/openapi.json")

    assert "/api/alerts/{alert_id}/acknowledge" in answer["paths"]
