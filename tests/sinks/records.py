"""Records made by hand: readings, findings and a ledger as the engine would write them."""

from typing import Any

from fenceline.alert import ActionRefused, Alert, AlertRecord, Name, Page, PageRecord
from fenceline.bus import Bus, Cause, Record, Topic
from fenceline.finding import Account, Finding, Folded, LimitUsed
from fenceline.journal import Batch, Tick
from fenceline.reading import NO_SEQUENCE, Readings
from fenceline.vocabulary import AlertState, Condition, Level, Quality, Tier
from fenceline.wire import encode, kind_of

PARK = "demo"
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
H2S = Name(zh="硫化氢", en="Hydrogen sulphide")


def batch(*rows: tuple[str, float, float], quality: Quality = Quality.GOOD) -> Batch:
    """A batch of (sensor, seconds after START, value)."""
    readings = Readings.from_rows(
        [
            (sensor, START + round(seconds * SECOND), value, quality, NO_SEQUENCE)
            for sensor, seconds, value in rows
        ]
    )
    return Batch("fenceline/demo/#", "ingest-1", 1, START, readings, messages=1)


def tick(seconds: float) -> Tick:
    """Log time is `seconds` after START."""
    return Tick(filter="fenceline/demo/#", owner="ingest-1", term=1, time_ns=START + round(seconds * SECOND))


def alert(number: int = 1, **changed: Any) -> Alert:
    """An open alert, raised `number` seconds after START."""
    at_ns = START + number * SECOND
    base: dict[str, Any] = {
        "id": f"toxic-gas/s{number}/{at_ns}",
        "revision": 1,
        "level_revision": 1,
        "rule": "toxic-gas",
        "version": "1f",
        "rule_title": Name(zh="有毒气体超限", en="toxic gas above the limit"),
        "subject": f"s{number}",
        "subject_name": Name(zh="一号探头", en="detector 1"),
        "owner": "e01",
        "owner_name": Name(zh="甲一化工", en="Works one"),
        "placement": "unit",
        "position": (118.0, 34.0),
        "tier": Tier.ENTERPRISE,
        "level": Level.YELLOW,
        "highest_level": Level.YELLOW,
        "state": AlertState.UNACKNOWLEDGED,
        "condition": Condition.TRUE,
        "quantity": "h2s",
        "quantity_name": H2S,
        "value": 12.5,
        "peak": 12.5,
        "unit": "ppm",
        "limit": LimitUsed(name="alarm_1", value=10.0, unit="ppm", direction="above", source="[S1]"),
        "onset_ns": at_ns,
        "raised_ns": at_ns,
        "changed_ns": at_ns,
        "simulated": True,
        "evidence": {"agreeing": ["s2"]},
    }
    return Alert(**(base | changed))


def raised(of: Alert) -> AlertRecord:
    return AlertRecord(change="raised", at_ns=of.changed_ns, alert=of)


def acknowledged(of: Alert, action: str, by: str = "张伟") -> AlertRecord:
    after = of.model_copy(
        update={
            "revision": of.revision + 1,
            "state": AlertState.ACKNOWLEDGED,
            "acknowledged_by": by,
            "acknowledged_ns": of.changed_ns + SECOND,
        }
    )
    return AlertRecord(change="acknowledged", at_ns=of.changed_ns + SECOND, alert=after, by=by, action=action)


def ended(of: Alert) -> AlertRecord:
    at_ns = of.changed_ns + 60 * SECOND
    after = of.model_copy(
        update={
            "revision": of.revision + 1,
            "state": AlertState.NORMAL,
            "condition": Condition.FALSE,
            "changed_ns": at_ns,
            "ended_ns": at_ns,
        }
    )
    return AlertRecord(change="ended", at_ns=at_ns, alert=after)


def refused(of: Alert, action: str, reason: str) -> ActionRefused:
    return ActionRefused(action=action, alert=of.id, by="张伟", reason=reason, at_ns=of.changed_ns)


def page(*of: Alert, number: int = 1, **changed: Any) -> PageRecord:
    due_ns = of[0].raised_ns
    base: dict[str, Any] = {
        "id": f"page-{number}",
        "number": number,
        "revision": 1,
        "call": "call-1",
        "alerts": tuple(one.id for one in of),
        "recipient": "shift-leader",
        "recipient_name": Name(zh="当班班长", en="Shift leader"),
        "channels": ("log",),
        "step": 1,
        "cycle": 1,
        "level": of[0].level,
        "tier": of[0].tier,
        "due_ns": due_ns,
        "expires_ns": due_ns + 600 * SECOND,
        "state": "due",
        "text": {"zh": ("硫化氢 12.5 ppm",), "en": ("H2S 12.5 ppm",)},
        "link": f"/alerts/{of[0].id}",
        "simulated": True,
    }
    return PageRecord(change="due", at_ns=due_ns, page=Page(**(base | changed)))


def finding(condition: Condition, *, subject: str = "s1", reason: str | None = None) -> Finding:
    return Finding(
        rule="toxic-gas",
        version="1f",
        level=Level.YELLOW,
        subject=subject,
        condition=condition,
        since_ns=START,
        at_ns=START,
        reason=reason,
    )


def folded(seconds: float, *, received: int = 0, watching: int = 2) -> Folded:
    account = Account(received=received, out=received)
    return Folded(to_ns=START + round(seconds * SECOND), sensors=3, watching=watching, account=account)


async def append(bus: Bus, topic: Topic, *records: Any, first_cause: int = 1) -> int:
    """Append records; derived ones with rising causes from `first_cause` on."""
    derived = topic in (Topic.FINDINGS, Topic.ALERTS)
    return await bus.append(
        topic,
        PARK,
        [
            Record(
                kind_of(record),
                encode(record),
                cause=Cause(1, first_cause + number, 0) if derived else None,
            )
            for number, record in enumerate(records)
        ],
    )
