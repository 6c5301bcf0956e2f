"""One or more records of each kind, by the name of the file in tests/cases/wire that holds its bytes.

The files were written by release 0.1.0 and are never changed: later releases add files of their own.
A new example is written by `python -m tests.fenceline.wire_examples`, which leaves those there alone.
"""

from pathlib import Path

from pydantic import BaseModel

from fenceline.alert import (
    ActionRefused,
    Alert,
    AlertRecord,
    AttemptMade,
    Call,
    CallRecord,
    Name,
    Page,
    PageRecord,
)
from fenceline.finding import Account, Extreme, Finding, Folded, Gap, LimitUsed, Quarantined
from fenceline.journal import (
    Action,
    Attempt,
    Batch,
    Claim,
    DeadLetter,
    Epoch,
    InForce,
    Receipt,
    Said,
    Tick,
    TimeSet,
)
from fenceline.reading import NO_SEQUENCE, Readings
from fenceline.vocabulary import AlertState, Condition, Level, Quality, Tier
from fenceline.wire import encode

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "wire"
FILTER = "fenceline/demo/#"
SECOND = 1_000_000_000
NOON = 1_767_240_000 * SECOND

LIMIT = LimitUsed(name="high", value=10.0, unit="ppm", direction="above", source="GBZ 2.1")
OUTSIDE = LimitUsed(name="band", value=-0.5, unit="kPa", direction="outside", source="site", upper=1e-7)
EXAMPLE_NAME = Name(zh="甲一化工（演练）", en="Plant A1 (exercise)")

ALERT = Alert(
    id="h2s-high/e01-u1-h2s-1/1",
    revision=3,
    level_revision=2,
    rule="h2s-high",
    version="0a1b2c3d",
    rule_title=Name(zh="硫化氢高", en="H2S high"),
    subject="e01-u1-h2s-1",
    subject_name=Name(zh="一号装置硫化氢", en="Unit 1 H2S"),
    owner="e01",
    owner_name=EXAMPLE_NAME,
    placement="unit",
    position=(121.5, 31.25),
    tier=Tier.ENTERPRISE,
    level=Level.ORANGE,
    highest_level=Level.RED,
    state=AlertState.ACKNOWLEDGED,
    condition=Condition.TRUE,
    quantity="h2s",
    quantity_name=Name(zh="硫化氢", en="hydrogen sulphide"),
    value=0.0,
    peak=42.5,
    unit="ppm",
    limit=LIMIT,
    onset_ns=NOON,
    raised_ns=NOON + SECOND,
    changed_ns=NOON + 2 * SECOND,
    acknowledged_by="张伟",
    acknowledged_ns=NOON + 2 * SECOND,
    simulated=True,
    evidence={"values": [9.5, 42.5], "on_delay_seconds": 0},
    call=Call(id="c1", step=1, cycle=0, pages_due=0, answered_by="张伟"),
)
PAGE = Page(
    id="c1/1",
    number=1,
    revision=3,
    call="c1",
    alerts=(ALERT.id,),
    recipient="duty",
    recipient_name=Name(zh="值班员", en="duty officer"),
    channels=("log", "webhook"),
    step=1,
    cycle=0,
    level=Level.ORANGE,
    tier=Tier.ENTERPRISE,
    due_ns=NOON,
    expires_ns=NOON + 600 * SECOND,
    state="delivered",
    text={
        "zh": ("【演练】一号装置硫化氢 42.5 ppm",),
        "en": ("[SIMULATED] Unit 1 H2S 42.5 ppm", "acknowledge"),
    },
    link="/alerts/c1",
    simulated=True,
    attempts=(
        AttemptMade(
            n=1,
            channel="webhook",
            nonce="n1",
            made_ns=NOON,
            result="failed",
            receipt_ns=NOON,
            detail="timed out",
        ),
        AttemptMade(n=2, channel="log", nonce="n2", made_ns=NOON),
    ),
)
READINGS = Readings.from_rows(
    [
        ("e01-u1-h2s-1", NOON, 4.2, Quality.GOOD, 17),
        ("传感器", NOON + 1, 0.0, Quality.UNCERTAIN, NO_SEQUENCE),
        ("e01-u1-h2s-1", NOON + 5 * SECOND, -0.0, Quality.OVER_RANGE, 18),
        ("e01-u1-h2s-1", -1, 1.7976931348623157e308, Quality.NO_COMMUNICATION, 0),
    ]
)

EXAMPLES: dict[str, BaseModel | Batch] = {
    "epoch_first": Epoch(journal=1, park="demo"),
    "epoch_after_another": Epoch(journal=2, park="demo", previous="1/41/" + "0" * 32),
    "claim": Claim(filter=FILTER, owner="ingest-1", term=1),
    "tick": Tick(filter=FILTER, owner="ingest-1", term=1, time_ns=NOON),
    "time_set": TimeSet(action="a-1", by="张伟", time_ns=0),
    "in_force": InForce(
        items={
            "park": {"id": "demo", "boundary": [[121.5, 31.25]]},
            "rules": [{"deadband": 0.1}],
            "build": "b",
        },
        hashes={"park": "ab", "rules": "cd", "build": "ef"},
    ),
    "action": Action(action="a-2", verb="acknowledge", alert=ALERT.id, revision=3, by="张伟"),
    "attempt": Attempt(page="c1/1", number=1, channel="webhook", nonce="n1"),
    "receipt": Receipt(page="c1/1", number=1, result="delivered", detail='200 "OK"\n'),
    "receipt_expired": Receipt(page="c1/1", number=0, result="expired"),
    "said": Said(
        role="station",
        owner="host-7-0a1b2c3d",
        condition="account-imbalance",
        holds=Condition.TRUE,
        since_ns=NOON,
        detail="the engine has 5 readings of the journal's 6",
        evidence={"journal": 6, "engine": 5},
    ),
    "said_no_more": Said(
        role="station",
        owner="host-7-0a1b2c3d",
        condition="journal-full",
        holds=Condition.FALSE,
        since_ns=NOON + SECOND,
    ),
    "dead_letter": DeadLetter(
        key="k",
        reason="not_json",
        detail="unexpected end",
        topic="fenceline/demo/e01/e01-gds-1/readings",
        received_ns=NOON,
        length=3,
        sha256="00" * 32,
        encoding="text",
        raw='{"值',
    ),
    "finding": Finding(
        rule="h2s-high",
        version="0a1b2c3d",
        level=Level.ORANGE,
        subject="e01-u1-h2s-1",
        condition=Condition.TRUE,
        since_ns=NOON,
        at_ns=NOON + SECOND,
        value=42.5,
        limit=LIMIT,
        evidence={"values": [9.5, 42.5]},
    ),
    "finding_cannot_tell": Finding(
        rule="draught",
        version="1",
        level=Level.ATTENTION,
        subject="e01-u1-p-1",
        condition=Condition.UNKNOWN,
        since_ns=0,
        at_ns=NOON,
        limit=OUTSIDE,
        reason="silent",
    ),
    "extreme": Extreme(
        rule="toxic",
        version="1f",
        level=Level.RED,
        subject="e01-u1-h2s-1",
        since_ns=NOON,
        at_ns=NOON + 10 * SECOND,
        extreme=42.5,
        extreme_at_ns=NOON + 7 * SECOND,
    ),
    "folded": Folded(
        to_ns=NOON,
        sensors=300,
        watching=299,
        account=Account(
            received=4, out=1, rejected=1, late=1, duplicate=1, reasons={"rejected": {"not_json": 1}}
        ),
    ),
    "gap": Gap(from_ns=NOON, to_ns=NOON + 60 * SECOND),
    "quarantined": Quarantined(
        offset=7, record="batch", error="ZeroDivisionError", sensors=("e01-u1-h2s-1",)
    ),
    "alert": AlertRecord(change="acknowledged", at_ns=NOON, alert=ALERT, by="张伟", action="a-2"),
    "call": CallRecord(
        change="answered",
        at_ns=NOON,
        call=Call(id="a~1", step=1, cycle=0, pages_due=2, answered_by="张伟"),
        alerts=("a", "b"),
        by="张伟",
    ),
    "refused": ActionRefused(
        action="a-3", alert=ALERT.id, by="李娜", reason="already_acknowledged", at_ns=NOON
    ),
    "page": PageRecord(change="attempted", at_ns=NOON, page=PAGE),
    "batch": Batch(
        filter=FILTER,
        owner="ingest-1",
        term=1,
        received_ns=NOON,
        readings=READINGS,
        rejected=(("k", "not_json"), ("k/1", "unknown_sensor")),
        messages=3,
        extra={"later": [1, 2.5, "x"]},
    ),
    "batch_empty": Batch(filter=FILTER, owner="ingest-1", term=1, received_ns=0, readings=Readings.empty()),
}


def path_of(name: str) -> Path:
    """The file of an example."""
    return FOLDER / f"{name}.{'arrow' if isinstance(EXAMPLES[name], Batch) else 'json'}"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for example, example_record in EXAMPLES.items():
        if not path_of(example).exists():
            path_of(example).write_bytes(encode(example_record))
