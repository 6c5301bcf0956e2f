"""The rules of one park as a pure fold: batches and ticks in, findings out, with the account of readings.

Same records in, same findings out, whatever the batch sizes between calls and wherever it was
restored from its dump.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenceline.errors import WireError
from fenceline.finding import Account, FindingRecord, Folded, Gap
from fenceline.journal import Batch
from fenceline.logtime import Moved
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from rules import memory as m
from rules.account import account_of
from rules.carry import carry_state
from rules.changes import Change, record_of, written
from rules.compile import RungInfo, Tables, compile_tables
from rules.config import Timing
from rules.fold import fold_readings
from rules.registry import Rule
from rules.ticks import LEAP, NO_LEAP, PUT_BACK, fold_tick, quarantine
from rules.words import COLUMNS, reason_word

MAPS_KEPT = 256  # gateways send the same names again and again


class RuleEngine:
    """State and fold of a park's rules. Nothing is in force until `put_in_force`."""

    def __init__(self) -> None:
        self._tables: Tables | None = None
        self._timing = Timing()
        self._counts: Counter[tuple[str, str]] = Counter()  # what the kernels do not count
        self._received = 0
        self._rejected_keys: dict[str, int] = {}
        self._places: dict[int, tuple[tuple[str, ...], NDArray[np.int64]]] = {}

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
        self._tables, self._timing, self._places = tables, timing, {}
        desk = tables.arena.integers
        desk[m.DESK_AHEAD] = round(timing.ahead_seconds * m.SECOND)
        desk[m.DESK_DELAY] = round(timing.delayed_after_seconds * m.SECOND)
        desk[m.DESK_WINDOW] = int(timing.duplicate_seconds)
        return gone

    def batch(self, batch: Batch, log_ns: int) -> list[FindingRecord]:
        """Fold a batch at log time `log_ns` (0 before the first tick).

        Whether a reading is old is judged against the later of log time and the ingestor's clock: after an
        outage of the ingestor its backlog stands before the first tick, and is a backlog all the same.
        """
        received = batch.received_ns
        now_ns = log_ns if log_ns > received else received
        if batch.rejected:
            self._count_rejected(batch, now_ns)
        readings = batch.readings
        count = len(readings.code)
        self._received += count
        tables = self._tables
        if count == 0:
            return []
        if tables is None:
            self._counts[COLUMNS[m.NOT_IN_FORCE]] += count
            return []
        names = readings.sensors
        known = self._places.get(id(names))
        places = known[1] if known is not None and known[0] is names else self._find_places(tables, names)
        words = tables.arena.integers
        done = 0
        found: list[FindingRecord] = []
        while done < count:
            done = fold_readings(
                words,
                places,
                readings.code,
                readings.time,
                readings.value,
                readings.quality,
                readings.sequence,
                done,
                now_ns,
                received,
            )
            if done < 0:  # something was found
                done = -done
                found += [
                    record_of(tables.infos[change.rung], change, batch, log_ns)
                    for change in written(tables.arena)
                ]
        return found

    def tick(self, moved: Moved) -> list[FindingRecord]:
        """Let log time move: timers fire in the order (due, rule, subject), then `Folded`."""
        found: list[FindingRecord] = []
        if moved.leap_ns:
            found.append(Gap(from_ns=moved.before_ns, to_ns=moved.now_ns))
        if self._rejected_keys:
            self._forget_keys(moved.now_ns)
        tables = self._tables
        if tables is not None:
            changes = list(self._due(tables, moved))
            if changes:
                infos = tables.infos
                changes.sort(
                    key=lambda change: (
                        change.due,
                        infos[change.rung].rule.name,
                        infos[change.rung].sensor,
                        change.rung,
                    )
                )
                found += [record_of(infos[one.rung], one, None, moved.now_ns) for one in changes]
        watching = 0 if tables is None else int(tables.arena.integers[m.DESK_WATCHING])
        found.append(
            Folded(to_ns=moved.now_ns, sensors=self.sensors, watching=watching, account=self.account)
        )
        return found

    def quarantine(self, sensors: Sequence[str], log_ns: int) -> list[FindingRecord]:
        """These sensors cannot tell, since a record that speaks of them could not be folded."""
        tables = self._tables
        if tables is None:
            return []
        found: list[FindingRecord] = []
        for name in sorted(set(sensors) & tables.code.keys()):
            quarantine(tables.arena.integers, tables.code[name], log_ns)
            found += [
                record_of(tables.infos[change.rung], change, None, log_ns) for change in written(tables.arena)
            ]
        return found

    def count_quarantined(self, readings: int) -> None:
        """The readings of a quarantined record stand in the account as rejected."""
        self._received += readings
        self._counts["rejected", "quarantined"] += readings

    @property
    def sensors(self) -> int:
        return 0 if self._tables is None else self._tables.counted

    @property
    def watching(self) -> int:
        """How many sensors can tell."""
        if self._tables is None:
            return 0
        known = self._column(m.REASON) == m.REASON_NONE
        return int(np.count_nonzero(known & (self._column(m.FLAGS) & m.FLAG_COUNTED != 0)))

    def cannot_tell(self) -> dict[str, str]:
        """Sensor → why it cannot tell."""
        if self._tables is None:
            return {}
        reasons = self._column(m.REASON)
        return {
            self._tables.placed[int(number)].id: reason_word(int(reasons[number])) or ""
            for number in np.flatnonzero(reasons != m.REASON_NONE)
        }

    def newest(self, rule: str, sensor: str) -> tuple[int, float, float] | None:
        """The newest time of a sensor with its largest and smallest value, which a rule on values compares.

        None where the sensor cannot tell, or the rule compares something else, such as a mean.
        """
        tables = self._tables
        if tables is None or sensor not in tables.code:
            return None
        whole, real = tables.arena.integers, tables.arena.floats
        head = tables.arena.state_at + tables.code[sensor] * m.HEAD_WORDS
        if whole[head + m.REASON] != m.REASON_NONE or whole[head + m.NEWEST] == m.NEVER:
            return None
        at = int(whole[head + m.RULES_AT])
        while int(whole[at + m.META]) & m.OP_MASK != m.OP_END:
            rung = int(whole[at + m.RUNGS_AT])
            direct = int(whole[rung + m.TRAITS]) & m.TRAIT_DIRECT
            if direct and tables.infos[int(whole[rung + m.RUNG_NUMBER])].rule.name == rule:
                return int(whole[head + m.NEWEST]), float(real[head + m.HIGH]), float(real[head + m.LOW])
            at += int(whole[at + m.META]) >> m.LENGTH_SHIFT
        return None

    @property
    def account(self) -> Account:
        lost, words = 0, None if self._tables is None else self._tables.arena.integers
        if words is not None:
            lost = int(words[m.DESK_MISSING])
        return account_of(self._received, lost, words, self._counts)

    def dump(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Head and arrays for a snapshot; what is in force is the caller's to keep."""
        head = {
            "format": m.FORMAT,
            "received": self._received,
            "counts": [[column, str(reason), count] for (column, reason), count in self._counts.items()],
            "rejected_keys": list(self._rejected_keys.items()),
        }
        tables = self._tables
        if tables is None:
            return head, {}
        words = tables.arena.integers
        head["classes"] = words[: m.CLASSES].tolist()
        head["last_tick"], head["missing"] = int(words[m.DESK_LAST_TICK]), int(words[m.DESK_MISSING])
        return head, {"state": words[tables.arena.state_at :]}

    def load(self, head: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Take up a dump; the same things must have been put in force before.

        Raises:
            WireError: a dump of another format, or of other rules or sensors than those in force.
        """
        if head.get("format") != m.FORMAT:
            raise WireError(
                f"a snapshot's rules have format `{head.get('format')}`; this release reads {m.FORMAT}",
                hint="start the release that wrote it, or delete the snapshots and fold anew",
            )
        self._received = head["received"]
        self._counts = Counter({(column, reason): count for column, reason, count in head["counts"]})
        self._rejected_keys = dict(head["rejected_keys"])
        if self._tables is not None:
            self._tables.arena.take_over(arrays["state"])
            desk = self._tables.arena.integers
            desk[: m.CLASSES] = head["classes"]
            desk[m.DESK_LAST_TICK], desk[m.DESK_MISSING] = head["last_tick"], head["missing"]

    def _column(self, word: int) -> NDArray[np.int64]:
        """One word of all heads."""
        assert self._tables is not None
        arena = self._tables.arena
        heads = arena.integers[arena.state_at : arena.state_at + len(self._tables.placed) * m.HEAD_WORDS]
        return heads[word :: m.HEAD_WORDS]

    def _due(self, tables: Tables, moved: Moved) -> Iterator[Change]:
        words = tables.arena.integers
        how = LEAP if moved.leap_ns else PUT_BACK if moved.now_ns < int(words[m.DESK_LAST_TICK]) else NO_LEAP
        done = 0
        while done < len(tables.placed):
            done = fold_tick(words, done, moved.now_ns, how)
            yield from written(tables.arena)

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
        oldest = now_ns - round(self._timing.duplicate_seconds * m.SECOND)
        while self._rejected_keys:
            key = next(iter(self._rejected_keys))
            if self._rejected_keys[key] >= oldest:
                return
            del self._rejected_keys[key]

    def _find_places(self, tables: Tables, names: tuple[str, ...]) -> NDArray[np.int64]:
        """The batch's own sensor codes as ours."""
        places = np.fromiter(map(tables.code.__getitem__, names), np.int64, len(names))
        if len(self._places) >= MAPS_KEPT:
            self._places.clear()
        self._places[id(names)] = (names, places)  # holding the names keeps their id theirs
        return places
