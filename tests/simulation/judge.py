"""Says of what is left of a run whether every promise was kept: pass, fail with what was broken, or unknown.

It reads the disk's bytes, the broker's books, the channels' and the order of events; with the pipeline it
shares no code. A judge that raises, and a run that came to no rest, prove nothing: unknown.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import orjson

from fenceline.bus import Topic
from tests.simulation.judgepages import Pages
from tests.simulation.oracle import Oracle
from tests.simulation.park import SECOND, START_NS
from tests.simulation.rawledger import CauseKey, batch_of, cause_of, rising
from tests.simulation.scenario import INGEST_UNTIL, Remains

BEHIND_NS = 3 * SECOND


class Verdict(StrEnum):
    """What a run proved."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and every broken promise: (promise, what was found)."""

    verdict: Verdict
    broken: tuple[tuple[str, str], ...] = ()


def judge(remains: Remains) -> Judgement:
    """The whole of it."""
    if remains.stuck:
        return Judgement(Verdict.UNKNOWN, (("run", remains.stuck),))
    try:
        case = Case(remains)
        case.look()
    except Exception as error:
        return Judgement(Verdict.UNKNOWN, (("judge", f"{type(error).__name__}: {error}"),))
    return Judgement(Verdict.FAIL if case.broken else Verdict.PASS, tuple(case.broken))


class Case:
    """One run before the judge."""

    def __init__(self, remains: Remains) -> None:
        self.remains = remains
        self.broken: list[tuple[str, str]] = []
        self.journal = remains.kept[Topic.JOURNAL]
        self.alerts = [
            (cause_of(stored), orjson.loads(stored.payload)) for stored in rising(remains.kept[Topic.ALERTS])
        ]
        self.findings = rising(remains.kept[Topic.FINDINGS])
        self.acknowledged = {
            cause[1]: record["alert"]["id"]
            for cause, record in self.alerts
            if record["kind"] == "alert" and record["change"] == "acknowledged"
        }
        self.oracle = Oracle()

    def fail(self, promise: str, found: object) -> None:
        self.broken.append((promise, str(found)[:400]))

    def look(self) -> None:
        """Every promise in turn."""
        self.oracle.journal(self.journal, self.acknowledged)
        self.journal_is_whole()
        self.nothing_acknowledged_is_lost()
        self.order_is_kept()
        self.ledger_is_a_fresh_fold()
        self.conditions_are_expected()
        self.alerts_are_expected()
        self.account_is_right()
        self.actions_are_answered()
        self.store_is_whole()
        self.all_goes_on()
        Pages(self.remains, self.alerts, self.oracle, self.fail).look()

    def journal_is_whole(self) -> None:
        """Offsets rise by one; what is not cut is there; nobody was cut off from what he needed."""
        if [stored.offset for stored in self.journal] != list(range(len(self.journal))):
            self.fail("journal has gaps", "offsets do not rise by one")
        if self.journal[0].kind != "epoch":
            self.fail("journal has gaps", f"begins with {self.journal[0].kind}")
        for when, who, why in self.remains.crashes:
            self.fail("a role ended by itself", f"{when:.3f} {who}: {why}")

    def nothing_acknowledged_is_lost(self) -> None:
        """At a PUBACK its readings stand in the journal, and what is unreadable in the dead letters."""
        remains = self.remains
        contents = {(sent.topic, sent.payload): sent for sent in remains.sent}
        readings: set[tuple[str, int, float, int]] = set()
        letters: set[str] = set()
        named: set[str] = set()
        letter_records = remains.kept[Topic.DEADLETTER]
        for event in remains.history:
            if event[1] == "landed" and event[2] == "journal":
                for stored in self.journal[event[3] : event[4]]:
                    batch = batch_of(stored.payload) if stored.kind == "batch" else None
                    if batch is not None:
                        readings |= {(name, time, value, number) for name, time, value, _, number in batch[1]}
                        rejected = {key for key, _ in batch[0]["rejected"]}
                        if rejected - letters:
                            self.fail("dead letters are durable first", f"journal {stored.offset}")
                        named |= rejected
            elif event[1] == "landed" and event[2] == "deadletter":
                letters |= {orjson.loads(one.payload)["key"] for one in letter_records[event[3] : event[4]]}
            elif event[1] == "puback":
                message = remains.taken[event[2]]
                sent = contents[message.topic, message.payload]
                lost = [one for one in sent.good if one not in readings]
                keys = [_letter_key(sent.topic, raw) for raw in sent.bad]
                gone = [key for key in keys if key not in letters or key not in named]
                if lost or gone:
                    self.fail(
                        "acknowledged before it is durable", f"{event[0]} message {event[2]} {lost} {gone}"
                    )
        booked = remains.acknowledged | remains.broker_lost
        if set(remains.taken) - booked:
            self.fail("not everything was taken in", sorted(set(remains.taken) - booked)[:5])

    def order_is_kept(self) -> None:
        """What a device published first stands first, the first time that it stands at all."""
        numbers: dict[tuple[str, int, float, int], list[int]] = {}
        contents = {(sent.topic, sent.payload): sent for sent in self.remains.sent}
        for message in self.remains.taken.values():
            for reading in contents[message.topic, message.payload].good:
                numbers.setdefault(reading, []).append(message.number)
        last: dict[str, int] = {}
        seen: set[tuple[str, int, float, int]] = set()
        for stored in self.journal:
            batch = batch_of(stored.payload) if stored.kind == "batch" else None
            for name, time, value, _, sequence in () if batch is None else batch[1]:
                reading = (name, time, value, sequence)
                known = numbers.get(reading, [])
                if reading in seen or len(known) != 1:
                    continue
                seen.add(reading)
                if known[0] < last.get(name, 0):
                    self.fail("a sensor's order is lost", (stored.offset, reading))
                last[name] = known[0]

    def ledger_is_a_fresh_fold(self) -> None:
        """What readers keep of the derived topics has the bytes of a fold of the journal from its start."""
        for topic in (Topic.FINDINGS, Topic.ALERTS):
            got = [
                ("/".join(map(str, cause_of(stored))), stored.kind, stored.payload)
                for stored in rising(self.remains.kept[topic])
            ]
            want = self.remains.fresh[topic]
            if got != want:
                at = next(
                    (n for n, pair in enumerate(zip(got, want, strict=False)) if pair[0] != pair[1]), -1
                )
                at = min(len(got), len(want)) if at < 0 else at
                self.fail(
                    f"{topic.value} differ from a fresh fold", (at, got[at : at + 1], want[at : at + 1])
                )

    def conditions_are_expected(self) -> None:
        """Each change of a condition is one that the oracle expects, at its record, since its onset."""
        got: dict[int, list[tuple[str, str, str, str, int]]] = {}
        for stored in self.findings:
            if stored.kind == "finding":
                found = orjson.loads(stored.payload)
                said = found["condition"]
                since = 0 if said == "unknown" else found["since_ns"]
                change = (found["rule"], found["level"], found["subject"], said, since)
                got.setdefault(cause_of(stored)[1], []).append(change)
        want = self.oracle.changes
        for offset in sorted(set(got) | set(want)):
            if sorted(got.get(offset, [])) != sorted(want.get(offset, [])):
                self.fail("conditions differ", (offset, got.get(offset), want.get(offset)))
                return

    def alerts_are_expected(self) -> None:
        """Every alert that the oracle expects began once, at its record, under an id of its own; no other."""
        raised = [
            (cause[1], record["alert"]["id"])
            for cause, record in self.alerts
            if record["kind"] == "alert" and record["change"] == "raised"
        ]
        twice = [name for name, count in Counter(name for _, name in raised).items() if count > 1]
        if twice:
            self.fail("alert doubled", twice)
        bare = sorted((offset, _without_ordinal(name)) for offset, name in raised)
        if bare != sorted(self.oracle.began):
            self.fail("alerts differ", (bare, sorted(self.oracle.began)))
        newest = {
            record["alert"]["id"]: record["alert"]
            for _, record in self.alerts
            if "alert" in record and record["kind"] == "alert"
        }
        standing = sorted(
            (_without_ordinal(name), alert["state"] == "acknowledged")
            for name, alert in newest.items()
            if alert["state"] != "normal"
        )
        want = sorted((alert.id, alert.acknowledged) for alert in self.oracle.open.values())
        if standing != want:
            self.fail("standing alerts differ", (standing, want))

    def account_is_right(self) -> None:
        """At each tick every reading stands in the one column that the oracle puts it in."""
        for stored in self.findings:
            if stored.kind != "folded":
                continue
            offset, folded = cause_of(stored)[1], orjson.loads(stored.payload)
            to_ns, columns = self.oracle.accounts.get(offset, (0, {}))
            account = folded["account"]
            got = {
                (column, reason): count
                for column, reasons in account["reasons"].items()
                for reason, count in reasons.items()
                if count
            }
            sums = account["out"] + account["rejected"] + account["late"] + account["duplicate"]
            if folded["to_ns"] != to_ns:
                self.fail("log time differs", (offset, folded["to_ns"], to_ns))
                return
            if account["received"] != sums or got != columns:
                self.fail("account differs", (offset, account["received"], sums, got, columns))
                return
        for name in self.remains.unbalanced:
            self.fail("account differs", f"{name} does not balance")

    def actions_are_answered(self) -> None:
        """Each action, by its first record, has one outcome in the ledger, at that record."""
        first: dict[str, int] = {}
        for stored in self.journal:
            if stored.kind == "action" and stored.offset not in self.oracle.poisoned:
                first.setdefault(orjson.loads(stored.payload)["action"], stored.offset)
        answered = [
            (record["action"], cause[1])
            for cause, record in self.alerts
            if record["kind"] == "refused" or record.get("action") is not None
        ]
        if sorted(answered) != sorted(first.items()):
            self.fail("actions differ", (sorted(answered), sorted(first.items())))

    def store_is_whole(self) -> None:
        """The store holds the journal's readings and the ledger, each once, in their order."""
        rows = self.remains.rows
        want = []
        for stored in self.journal:
            batch = batch_of(stored.payload) if stored.kind == "batch" else None
            if batch is not None:
                want += [(stored.offset, *row) for row in batch[1]]
        if rows.readings != want:
            self.fail("store differs: readings", (len(rows.readings), len(want)))
        for name, got, stored_records in (
            ("ledger", rows.ledger, rising(self.remains.kept[Topic.ALERTS])),
            ("findings", rows.findings, [one for one in self.findings if one.kind != "folded"]),
        ):
            want_text = [(_text(cause_of(one)), one.payload.decode()) for one in stored_records]
            if got != want_text and _read(got) != _read(want_text):
                self.fail(f"store differs: {name}", (len(got), len(want_text)))
        # The store reads batches and ticks of the journal, no other kind.
        kinds = [self.journal[offset].kind for offset in self.oracle.poisoned]
        poison = sum(kind in ("batch", "tick") for kind in kinds)
        if rows.account != {"readings": len(want), "unreadable": poison}:
            self.fail("store differs: account", (rows.account, len(want), poison))

    def all_goes_on(self) -> None:
        """In the end time has gone on, and the engine has folded it all."""
        if not self.oracle.times or self.remains.folded_ns != self.oracle.log:
            self.fail("log time differs", (self.remains.folded_ns, self.oracle.log))
        truth = START_NS + round(INGEST_UNTIL * SECOND)
        stepped = any(fault.kind == "clock" for fault in self.remains.plan)
        if self.oracle.log < truth - BEHIND_NS and not stepped:
            self.fail("time stands still", (self.oracle.log - truth) / SECOND)
        if not stepped and self.oracle.log > truth + BEHIND_NS:
            self.fail("log time is ahead", (self.oracle.log - truth) / SECOND)


def _letter_key(topic: str, raw: bytes) -> str:
    return hashlib.sha256(topic.encode() + b"\0" + raw).hexdigest()


def _without_ordinal(name: str) -> str:
    head, _, ordinal = name.rpartition(".")
    return head if ordinal.isdigit() else name


def _read(rows: list[tuple[str, str]]) -> list[tuple[str, object]]:
    return [(cause, orjson.loads(text)) for cause, text in rows]


def _text(cause: CauseKey) -> str:
    return "/".join(map(str, cause))
