"""The rules of one park as a pure fold: batches and ticks in, findings out, with the account of readings.

Same records in, same findings out, whatever the batch sizes between calls and wherever it was
restored from its dump.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenceline.errors import WireError
from fenceline.finding import Account, Finding, FindingRecord, Folded, Gap
from fenceline.journal import Batch
from fenceline.logtime import Moved
from fenceline.park import WATCHDOG_OWNER, PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Quality
from rules import layout
from rules.compile import SECOND, RungInfo, Tables, carry_state, compile_tables
from rules.config import Rule, Timing
from rules.kernel import fold_readings, fold_tick
from rules.steps import REASON_NONE, REASON_QUARANTINED, make_unknown
from rules.words import COLUMNS, CONDITIONS, reason_word


class Change(NamedTuple):
    """A change as the kernels write it: `layout.CHANGE`, field by field."""

    reading: int  # -1 where a tick decided
    due: int
    since: int
    value: float
    rung: int
    condition: int
    reason: int


class RuleEngine:
    """State and fold of a park's rules. Nothing is in force until `put_in_force`."""

    def __init__(self) -> None:
        self._tables: Tables | None = None
        self._timing = Timing()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._received = 0
        self._rejected_keys: dict[str, int] = {}
        self._changes = np.zeros(0, layout.CHANGE)
        self._known_names: tuple[str, ...] | None = None
        self._code_map = np.zeros(0, np.int32)
        self._clock = np.zeros(5, np.int64)  # what `fold_readings` calls by this name
        self._counted = np.zeros(0, bool)  # the park's own sensors: the watchdog's is none of them

    def put_in_force(
        self,
        sensors: Sequence[PlacedSensor],
        substances: Substances,
        rules: Sequence[Rule],
        timing: Timing,
    ) -> list[RungInfo]:
        """Use these from here on, keeping the state of what did not change.

        Returns:
            The rungs that are no more, active or not: what stood by them has nobody left to end it.
        """
        tables = compile_tables(sensors, substances, rules, duplicate_seconds=timing.duplicate_seconds)
        gone = carry_state(self._tables, tables) if self._tables is not None else []
        self._tables, self._timing, self._known_names = tables, timing, None
        bounds = (timing.ahead_seconds, timing.delayed_after_seconds, timing.duplicate_seconds)
        self._clock[2:] = [round(seconds * SECOND) for seconds in bounds]
        self._counted = np.array([one.owner != WATCHDOG_OWNER for one in tables.placed], bool)
        return gone

    def batch(self, batch: Batch, log_ns: int) -> list[FindingRecord]:
        """Fold a batch at log time `log_ns` (0 before the first tick).

        Whether a reading is old is judged against the later of log time and the ingestor's clock: after an
        outage of the ingestor its backlog stands before the first tick, and is a backlog all the same.
        """
        now_ns = max(log_ns, batch.received_ns)
        self._count_rejected(batch, now_ns)
        readings = batch.readings
        count = len(readings)
        self._received += count
        tables = self._tables
        if count == 0:
            return []
        if tables is None:
            self._counts[COLUMNS[layout.NOT_IN_FORCE]] += count
            return []
        codes = self._codes(readings.sensors)[readings.code]
        classes = np.zeros(count, np.uint8)
        clock = self._clock
        clock[0], clock[1] = now_ns, batch.received_ns
        written = fold_readings(
            tables.sensors,
            tables.rungs,
            tables.ring,
            codes,
            readings.time,
            readings.value,
            readings.quality,
            readings.sequence,
            clock,
            classes,
            self._room(count),
        )
        for number, total in enumerate(np.bincount(classes, minlength=layout.CLASSES).tolist()):
            if total:
                self._counts[COLUMNS[number]] += total
        return [self._finding(tables, change, batch, classes, log_ns) for change in self._taken(written)]

    def tick(self, moved: Moved) -> list[FindingRecord]:
        """Let log time move: timers fire in the order (due, rule, subject), then `Folded`."""
        found: list[FindingRecord] = []
        tables = self._tables
        if moved.leap_ns:
            found.append(Gap(from_ns=moved.before_ns, to_ns=moved.now_ns))
        self._forget_keys(moved.now_ns)
        if tables is not None:
            room = self._room(1, len(tables.rungs) * 2)
            written = fold_tick(tables.sensors, tables.rungs, moved.now_ns, moved.leap_ns > 0, room)
            infos = tables.infos
            changes = sorted(
                self._taken(written),
                key=lambda change: (
                    change.due,
                    infos[change.rung].rule.name,
                    infos[change.rung].sensor,
                    change.rung,
                ),
            )
            found += [self._finding(tables, change, None, None, moved.now_ns) for change in changes]
        found.append(
            Folded(to_ns=moved.now_ns, sensors=self.sensors, watching=self.watching, account=self.account)
        )
        return found

    def quarantine(self, sensors: Sequence[str], log_ns: int) -> list[FindingRecord]:
        """These sensors cannot tell, since a record that speaks of them could not be folded."""
        tables = self._tables
        if tables is None:
            return []
        found: list[FindingRecord] = []
        for name in sorted(set(sensors) & tables.code.keys()):
            sensor = tables.sensors[tables.code[name]]
            written = make_unknown(sensor, tables.rungs, self._room(1), 0, -1, log_ns, REASON_QUARANTINED)
            found += [self._finding(tables, change, None, None, log_ns) for change in self._taken(written)]
        return found

    def count_quarantined(self, readings: int) -> None:
        """The readings of a quarantined record stand in the account as rejected."""
        self._received += readings
        self._counts["rejected", "quarantined"] += readings

    @property
    def sensors(self) -> int:
        return int(self._counted.sum())

    @property
    def watching(self) -> int:
        """How many sensors can tell."""
        if self._tables is None:
            return 0
        return int(((self._tables.sensors["reason"] == REASON_NONE) & self._counted).sum())

    def cannot_tell(self) -> dict[str, str]:
        """Sensor → why it cannot tell."""
        if self._tables is None:
            return {}
        reasons = self._tables.sensors["reason"]
        return {
            self._tables.placed[int(i)].id: reason_word(int(reasons[i])) or ""
            for i in np.flatnonzero(reasons != REASON_NONE)
        }

    @property
    def account(self) -> Account:
        totals: Counter[str] = Counter()
        reasons: dict[str, dict[str, int]] = {}
        for (column, reason), count in sorted(self._counts.items()):
            totals[column] += count
            reasons.setdefault(column, {})[str(reason)] = count
        missing = 0 if self._tables is None else int(self._tables.sensors["missing"].sum())
        return Account(received=self._received, lost_before_us=missing, reasons=reasons, **totals)

    def dump(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Head and arrays for a snapshot; what is in force is the caller's to keep."""
        head = {
            "received": self._received,
            "counts": [[column, str(reason), count] for (column, reason), count in self._counts.items()],
            "rejected_keys": list(self._rejected_keys.items()),
        }
        tables = self._tables
        if tables is None:
            return head, {}
        return head, {"sensors": tables.sensors, "rungs": tables.rungs, "ring": tables.ring}

    def load(self, head: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Take up a dump; the same things must have been put in force before."""
        self._received = head["received"]
        self._counts = Counter({(column, reason): count for column, reason, count in head["counts"]})
        self._rejected_keys = dict(head["rejected_keys"])
        if self._tables is not None:
            for name in ("sensors", "rungs", "ring"):
                _take_over(name, arrays[name], getattr(self._tables, name))

    def _count_rejected(self, batch: Batch, now_ns: int) -> None:
        """A dead letter's key that was seen before is the same message again."""
        for key, reason in batch.rejected:
            self._received += 1
            if self._rejected_keys.pop(key, None) is None:
                self._counts["rejected", reason] += 1
            else:
                self._counts["duplicate", "dead_letter_again"] += 1
            self._rejected_keys[key] = now_ns  # the newest stand last

    def _forget_keys(self, now_ns: int) -> None:
        oldest = now_ns - round(self._timing.duplicate_seconds * SECOND)
        while self._rejected_keys:
            key = next(iter(self._rejected_keys))
            if self._rejected_keys[key] >= oldest:
                return
            del self._rejected_keys[key]

    def _codes(self, names: tuple[str, ...]) -> NDArray[np.int32]:
        """The batch's own sensor codes as ours; gateways send the same names again and again."""
        if names != self._known_names and self._tables is not None:
            code = self._tables.code
            self._code_map = np.fromiter(map(code.__getitem__, names), np.int32, len(names))
            self._known_names = names
        return self._code_map

    def _room(self, readings: int, least: int = 0) -> NDArray[Any]:
        most = 0 if self._tables is None else self._tables.most_rungs
        needed = max(readings * 2 * most, least, 1)
        if len(self._changes) < needed:
            self._changes = np.zeros(needed, layout.CHANGE)
        return self._changes

    def _taken(self, written: int) -> list[Change]:
        return [Change._make(change) for change in self._changes[:written].tolist()]

    def _finding(
        self, tables: Tables, change: Change, batch: Batch | None, classes: Any, log_ns: int
    ) -> Finding:
        info = tables.infos[change.rung]
        evidence: dict[str, Any] = {"decided_by": "tick", "log_ns": log_ns}
        # Of several values at one time the worst decides a limit; it may be one that came before.
        decided = info.limit is not None and change.condition != layout.UNKNOWN
        value = change.value if decided else None
        at_ns = log_ns
        if batch is not None:
            readings, reading = batch.readings, change.reading
            evidence["decided_by"] = "reading"
            at_ns, quality = int(readings.time[reading]), Quality(int(readings.quality[reading]))
            evidence["quality"] = (Quality.CONFLICT if classes[reading] == layout.CONFLICT else quality).word
            value = change.value if decided else float(readings.value[reading])
        return Finding(
            rule=info.rule.name,
            version=info.version,
            level=info.level,
            subject=info.sensor,
            condition=CONDITIONS[change.condition],
            since_ns=change.since,
            at_ns=at_ns,
            value=value,
            limit=info.limit,
            reason=reason_word(change.reason),
            evidence=evidence | info.evidence,
        )


def _take_over(name: str, kept: NDArray[Any], fresh: NDArray[Any]) -> None:
    """Copy a snapshot's table into the compiled one, field by field; what is new keeps its first value.

    Raises:
        WireError: a table of another length, so of other rules or sensors than those in force.
    """
    if len(kept) != len(fresh):
        raise WireError(
            f"a snapshot's `{name}` has {len(kept)} rows where the rules in force make {len(fresh)}",
            hint="it is of another release: start that one, or delete the snapshots and fold anew",
        )
    for field in fresh.dtype.names or ():
        if field in (kept.dtype.names or ()):
            fresh[field] = kept[field]
