"""A canned journal and what it gives on this machine: proof that this build folds as the recorded one did.

Folding it also compiles and warms the kernels, so that the first real reading does not wait for them.
"""

import hashlib

from alerts.routes import Recipient, Route, Routes, Step
from console.fold import ParkFold
from console.inforce import Build, InForceSet
from fenceline.bus import Record, Stored, hash_of
from fenceline.journal import Action, Attempt, Batch, Claim, JournalRecord, Receipt, Tick
from fenceline.localname import LocalName
from fenceline.park import example_park
from fenceline.reading import Readings
from fenceline.substance import Substances
from fenceline.vocabulary import Level, Quality
from fenceline.wire import encode, kind_of
from rules.config import Timing
from rules.kinds.silence import SilenceRule
from rules.kinds.threshold import ThresholdRule
from rules.rule import LevelRule, LimitValue

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND
_WORDS = LocalName(zh="示例", en="example")


def fingerprint(substances: Substances) -> str:
    """Hash over everything the canned journal derives."""
    digest = hashlib.blake2b(digest_size=16)
    fold = ParkFold()
    for offset, record in enumerate(_journal(substances)):
        kept = Record(kind_of(record), encode(record))
        output = fold.apply(Stored(offset, kept.kind, kept.payload, "", None, hash_of(kept)))
        for derived in (*output.findings, *output.ledger):
            digest.update(encode(derived))
    # Through a dump and back: a snapshot must not change anything either.
    digest.update(ParkFold.restore(fold.dump()).dump())
    return digest.hexdigest()


def _force(substances: Substances) -> InForceSet:
    limits = (
        LevelRule(
            level=Level.BLUE, limit=LimitValue(value=10, unit="mg/m3", source="canned"), on_delay_seconds=3
        ),
        LevelRule(level=Level.RED, limit=LimitValue(value=20, unit="mg/m3", source="canned")),
    )
    rules = (
        ThresholdRule(name="high", kind="threshold", title=_WORDS, levels=limits, off_delay_seconds=2),
        SilenceRule(name="silent", kind="silence", title=_WORDS, after_seconds=6),
    )
    step = Step(to=("desk",), wait_seconds=5)
    routes = Routes(
        recipients={"desk": Recipient(name=_WORDS, channels=("log",))}, routes=(Route(steps=(step,)),)
    )
    used = substances.model_copy(
        update={
            "substances": tuple(one for one in substances.substances if one.id == "h2s"),
            "quantities": (),
            "conflicts": (),
            "clauses": (),
            "sources": {},
        }
    )
    park = example_park(quantity="h2s", interval_seconds=1, hold_seconds=4)
    return InForceSet(park, used, rules, routes, Timing(), Build(version="canned", fingerprint=""))


def _journal(substances: Substances) -> list[JournalRecord | Batch]:
    """Rising, falling, conflicting, late, twice, faulty and silent; paged and acknowledged."""
    force = _force(substances).record({})
    assert force is not None
    records: list[JournalRecord | Batch] = [force, Claim(filter="f", owner="o", term=1)]
    values = [0.0, 11.0, 12.5, 13.25, 21.0, 19.0, 9.0, 5.0, 4.0, 0.0]
    page = f"high.example.{'20260101t000002.000z'}~1.1"
    for second, value in enumerate(values, 1):
        at_ns = START_NS + second * SECOND
        rows = [("example", at_ns, value, int(Quality.GOOD), second)]
        if second == 3:
            rows += [
                rows[0],
                ("example", at_ns, value + 1, 0, second),
                ("example", at_ns - SECOND, 1.0, 0, 99),
            ]
        if second == 8:
            rows = [("example", at_ns, value, int(Quality.CALIBRATION), second)]
        records.append(Batch("f", "o", 1, at_ns, Readings.from_rows(rows), (("key", "not_json"),), 1))
        records.append(Tick(filter="f", owner="o", term=1, time_ns=at_ns + SECOND // 2))
        if second == 6:
            records.append(Attempt(page=page, number=1, channel="log", nonce="n"))
            records.append(Receipt(page=page, number=1, result="delivered"))
    for second in range(len(values) + 1, len(values) + 12):
        records.append(Tick(filter="f", owner="o", term=1, time_ns=START_NS + second * SECOND))
    alert = "high.example.20260101t000002.000z"
    records.append(Action(action="a", verb="acknowledge", alert=alert, revision=1, by="canned"))
    records.append(Action(action="b", verb="acknowledge", alert=alert, revision=9, by="canned"))
    records.append(Tick(filter="f", owner="o", term=1, time_ns=START_NS + 60 * SECOND))
    return records
