"""Judges a run from outside: history, witness and store in; for each promise pass, fail or unknown out.

`python -m tests.faults.judge FOLDER` judges a kept folder again. A judge that breaks says unknown.
"""

import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from console.fold import ParkFold
from fenceline.bus import Stored
from fenceline.wire import encode, kind_of
from tests.faults.evidence import Evidence, Reading
from tests.faults.judgepages import look_at_actions, look_at_pages
from tests.faults.losses import look_at_acknowledged
from tests.faults.words import FAIL, PASS, UNKNOWN, Finding, failed, passed

# How Python ends by SIGINT or SIGTERM while it still imports: nothing was opened yet.
BEFORE_IT_LISTENS = (130, -2, -15)


@dataclass(slots=True)
class Verdict:
    """Every promise that was looked at."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def word(self) -> str:
        """The worst of them: fail before unknown before pass."""
        words = {one.verdict for one in self.findings}
        return next((word for word in (FAIL, UNKNOWN) if word in words), PASS)


def judge(folder: Path) -> Verdict:
    """Look at everything; one look that breaks does not keep the others from being made."""
    verdict = Verdict()
    try:
        evidence = Evidence(folder)
    except Exception:
        verdict.findings.append(Finding("evidence", UNKNOWN, traceback.format_exc()))
        return verdict
    for look in LOOKS:
        try:
            verdict.findings += look(evidence)
        except Exception:
            name = look.__name__.removeprefix("look_at_")
            verdict.findings.append(Finding(name, UNKNOWN, traceback.format_exc()))
    return verdict


def look_at_processes(evidence: Evidence) -> Iterator[Finding]:
    """The station ends only where it is ended, in order with code 0, and always comes back."""
    wrong = [
        f"start {one['number']} ended by itself with {one['code']}"
        for one in evidence.of("station_ended_itself")
    ]
    ready = {one["number"] for one in evidence.of("station_ready")}
    wrong += [
        f"start {one['number']} was stopped in order and ended with {one['code']}"
        for one in evidence.of("station_ended")
        if one["meant"] == "station_stop"
        and one["code"] not in ((0,) if one["number"] in ready else (0, *BEFORE_IT_LISTENS))
    ]
    wrong += [one["what"] for one in evidence.of("not_reached")]
    starts = sum(1 for _ in evidence.of("station_start"))
    yield failed("processes", wrong) or passed("processes", f"{starts} starts")


def look_at_durability(evidence: Evidence) -> Iterator[Finding]:
    """What could once be read stands for ever as it was; offsets follow each other without a gap."""
    wrong = [one["what"] for one in evidence.of("witness_problem")]
    records = 0
    for log, seen in evidence.logs.items():
        records += len(seen)
        if [row.offset for row in seen] != list(range(len(seen))):
            wrong.append(f"{log}: its offsets have gaps")
        now = {row.offset: row for row in evidence.station_file(log)}
        head = min(now, default=0)
        for row in seen:
            kept = now.get(row.offset)
            if row.offset >= head and (kept is None or (kept.hash, kept.payload) != (row.hash, row.payload)):
                wrong.append(f"{log}: record {row.offset} was read once and is another now, or gone")
    yield failed("durability", wrong) or passed(
        "durability", f"{records} records stand as they were first read"
    )


def look_at_fold(evidence: Evidence) -> Iterator[Finding]:
    """Findings and ledger are those of a fresh fold of the journal, byte for byte."""
    fold = ParkFold()
    fresh: dict[str, list[tuple[tuple[int, int, int], str, bytes]]] = {"findings": [], "alerts": []}
    journal = int(evidence.logs["journal"][0].said["journal"])
    for row in evidence.logs["journal"]:
        stored = Stored(
            offset=row.offset,
            kind=row.kind,
            key=row.key,
            cause=None,
            hash=row.hash.hex(),
            payload=row.payload,
        )
        output = fold.apply(stored)
        for log, records in (("findings", output.findings), ("alerts", output.ledger)):
            for index, record in enumerate(records):
                fresh[log].append(((journal, row.offset, index), kind_of(record), encode(record)))
    for log, expected in fresh.items():
        written = [(row.cause, row.kind, row.payload) for row in evidence.derived[log]]
        wrong = []
        if written != expected:
            first = next(
                (n for n, (a, b) in enumerate(zip(written, expected, strict=False)) if a != b),
                min(len(written), len(expected)),
            )
            wrong.append(f"{len(written)} written, {len(expected)} folded; they part at number {first}")
            wrong += [repr(one[first])[:600] for one in (written, expected) if first < len(one)]
        again = len(evidence.logs[log]) - len(written)
        yield failed(f"{log} = fold", wrong) or passed(
            f"{log} = fold", f"{len(written)} records; {again} written again"
        )


def look_at_alerts(evidence: Evidence) -> Iterator[Finding]:
    """No alert is raised twice, and none goes on after its end."""
    raised: Counter[str] = Counter()
    ended: set[str] = set()
    wrong = []
    for row in evidence.derived["alerts"]:
        if row.kind != "alert":
            continue
        change, alert = row.said["change"], row.said["alert"]["id"]
        if alert in ended:
            wrong.append(f"{alert}: {change} after its end")
        raised[alert] += change == "raised"
        if change in ("ended", "withdrawn") and row.said["alert"]["state"] == "normal":
            ended.add(alert)
    wrong += [f"{alert}: raised {count} times" for alert, count in raised.items() if count != 1]
    found = failed("alerts", wrong) or passed("alerts", f"{len(raised)} raised, each once")
    yield found if raised else Finding("alerts", UNKNOWN, "no alert was raised: this run says nothing")


def look_at_account(evidence: Evidence) -> Iterator[Finding]:
    """Each reading of the journal is in one column, none twice in `out`; at the end each stage balances."""
    readings = [reading for batch in evidence.batches for reading in batch.readings]
    rejected = sum(len(batch.header["rejected"]) for batch in evidence.batches)
    folded = [row for row in evidence.logs["findings"] if row.kind == "folded"][-1].said["account"]
    columns = {name: folded[name] for name in ("received", "out", "rejected", "late", "duplicate")}
    out = _out_by_hand(readings)
    wrong = []
    if columns["received"] != len(readings) + rejected:
        wrong.append(
            f"received {columns['received']}; the journal has {len(readings)} and {rejected} refused"
        )
    if columns["received"] != sum(columns[name] for name in ("out", "rejected", "late", "duplicate")):
        wrong.append(f"does not balance: {columns}")
    if columns["out"] != out:
        wrong.append(f"out {columns['out']}; counted by hand {out}")
    last = list(evidence.of("account"))
    if not last:
        yield Finding("account", UNKNOWN, "the station was not asked at the end")
        return
    wrong += [
        f"{stage['stage']}: {stage}"
        for stage in last[-1]["stages"]
        if not stage["balanced"] or stage["in_flight"]
    ]
    yield failed("account", wrong) or passed(
        "account", ", ".join(f"{name} {n}" for name, n in columns.items())
    )


def look_at_store(evidence: Evidence) -> Iterator[Finding]:
    """The store has the journal's readings, each as often as the journal, and the whole ledger."""
    readings, ledger = evidence.stored()
    expected = Counter(reading for batch in evidence.batches for reading in batch.readings)
    wrong = []
    if readings != expected:
        missing, more = (expected - readings).total(), (readings - expected).total()
        wrong.append(f"{missing} readings of the journal are missing, {more} are there too often")
    written = [(*(row.cause or ()), row.payload.decode()) for row in evidence.derived["alerts"]]
    if ledger != written:
        wrong.append(f"its ledger has {len(ledger)} records, the ledger {len(written)}, or they differ")
    told = f"{readings.total()} readings, {len(ledger)} records of the ledger"
    yield failed("store", wrong) or passed("store", told)


def look_at_dead_letters(evidence: Evidence) -> Iterator[Finding]:
    """Every letter that a batch names is there."""
    kept = {row.said["key"] for row in evidence.logs["deadletter"] if row.kind == "dead_letter"}
    named = [key for batch in evidence.batches for key, _ in batch.header["rejected"]]
    wrong = [f"{key} is named in the journal and not kept" for key in named if key not in kept]
    yield failed("dead letters", wrong) or passed("dead letters", f"{len(named)} named, {len(kept)} kept")


def _out_by_hand(readings: list[Reading]) -> int:
    """A reading counts as `out` once, and only where it is not older than its sensor's newest."""
    newest: dict[str, int] = {}
    counted: set[Reading] = set()
    for reading in readings:
        sensor, time_ns = reading[0], reading[1]
        if time_ns >= newest.get(sensor, time_ns) and reading not in counted:
            counted.add(reading)
            newest[sensor] = time_ns
    return len(counted)


LOOKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    look_at_processes,
    look_at_acknowledged,
    look_at_durability,
    look_at_fold,
    look_at_alerts,
    look_at_account,
    look_at_pages,
    look_at_actions,
    look_at_store,
    look_at_dead_letters,
)


def main() -> int:
    """Print the verdict on a folder."""
    verdict = judge(Path(sys.argv[1]))
    for one in verdict.findings:
        print(f"{one.verdict:8}{one.promise:16}{one.told}")
    print(verdict.word)
    return 0 if verdict.word == PASS else 1


if __name__ == "__main__":
    sys.exit(main())
