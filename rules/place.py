"""Plans in, the arena out: where each sensor's head, rules, rungs, history and keys stand in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenceline.errors import WireError
from rules import memory as m
from rules.kind import DIRECTIONS, Plan, RungPlan

LINE = 8  # words of a cache line
LEAST_ROOM = 1024  # changes that one call can write


@dataclass(frozen=True, slots=True)
class RulePlan:
    """A rule on a sensor: its op, and the number of its first rung among all."""

    op: int
    plan: Plan
    first_rung: int


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """What one sensor needs room for."""

    hold_ns: int
    counted: bool
    keys: int
    rules: tuple[RulePlan, ...]

    @property
    def history(self) -> int:
        """Readings; two more than the longest window, so that what leaves it can still be read."""
        longest = max((rule.plan.history for rule in self.rules), default=0)
        return longest + 2 if longest else 0


class Arena:
    """One block of memory for all sensors, as integers and as floats."""

    def __init__(self, sensors: Sequence[SensorPlan]) -> None:
        self.sensors = sensors
        most = max((sum(len(rule.plan.rungs) for rule in one.rules) for one in sensors), default=0)
        room = max(LEAST_ROOM, 8 * most)
        self.state_at = _lines(m.DESK_WORDS + room * m.OUT_WORDS)
        heads = self.state_at
        self._rules_at = heads + _lines(len(sensors) * m.HEAD_WORDS)
        rules = sum(_lines(_rule_words(one)) for one in sensors)
        rungs = sum(len(rule.plan.rungs) for one in sensors for rule in one.rules) * m.RUNG_WORDS
        rings = sum(one.keys + 2 * one.history + sum(rule.plan.ring for rule in one.rules) for one in sensors)
        words = self._rules_at + rules + _lines(rungs) + rings + LINE
        block = np.zeros(words + LINE, np.int64)
        shift = -(block.ctypes.data // 8) % LINE  # so that a line of the arena is a line of the cache
        self.integers: NDArray[np.int64] = block[shift : shift + words]
        self.floats: NDArray[np.float64] = self.integers.view(np.float64)
        desk = self.integers
        desk[m.DESK_ROOM], desk[m.DESK_OUT] = room, m.DESK_WORDS
        desk[m.DESK_SENSORS], desk[m.DESK_HEADS], desk[m.DESK_SIZE] = len(sensors), heads, words
        self._rungs_at = self._rules_at + rules
        self._rings_at = self._rungs_at + _lines(rungs)
        for number, one in enumerate(sensors):
            self._sensor(heads + number * m.HEAD_WORDS, one)

    def head(self, number: int) -> int:
        return self.state_at + number * m.HEAD_WORDS

    def rule_places(self, number: int) -> list[int]:
        """Where the rules of a sensor stand."""
        places, at = [], int(self.integers[self.head(number) + m.RULES_AT])
        while int(self.integers[at]) & m.OP_MASK != m.OP_END:
            places.append(at)
            at += int(self.integers[at]) >> m.LENGTH_SHIFT
        return places

    def take_over(self, state: NDArray[np.int64]) -> None:
        """
        Raises:
            WireError: the state of other rules or sensors than those that this arena was made for.
        """
        own = self.integers[self.state_at :]
        fixed = [self.head(number) + m.RULES_AT - self.state_at for number in range(len(self.sensors))]
        fixed += [
            at - self.state_at for number in range(len(self.sensors)) for at in self.rule_places(number)
        ]
        if len(state) != len(own) or not np.array_equal(state[fixed], own[fixed]):
            raise WireError(
                f"a snapshot's rules take {len(state)} words where those in force take {len(own)}, "
                "or stand elsewhere",
                hint="it is of another release: start that one, or delete the snapshots and fold anew",
            )
        own[:] = state

    def _sensor(self, head: int, one: SensorPlan) -> None:
        words, floats = self.integers, self.floats
        words[head : head + 8] = [
            m.NEVER,
            m.NEVER,
            m.NOT_YET,
            0,
            one.hold_ns,
            m.FAR,
            m.REASON_NEVER_SEEN,
            m.FLAG_COUNTED if one.counted else 0,
        ]
        floats[head + m.HIGH], floats[head + m.LOW] = -np.inf, np.inf
        words[head + m.SEQUENCE] = m.NEVER
        words[head + m.SAID_BAD] = m.REASON_NONE
        words[head + m.KEY_AT] = words[head + m.KEY_NEXT] = self._ring(one.keys)
        words[head + m.KEY_END] = words[head + m.KEY_AT] + one.keys
        words[words[head + m.KEY_AT] : words[head + m.KEY_END]] = m.NEVER
        if one.history:
            words[head + m.HISTORY_AT] = words[head + m.HISTORY_NEXT] = self._ring(2 * one.history)
            words[head + m.HISTORY_END] = words[head + m.HISTORY_AT] + 2 * one.history
        words[head + m.RULES_AT] = self._rules_at
        at = self._rules_at
        for rule in one.rules:
            at = self._rule(at, head, rule)
        self._rules_at += _lines(_rule_words(one))

    def _rule(self, at: int, head: int, rule: RulePlan) -> int:
        words, plan = self.integers, rule.plan
        length = m.OWN + len(plan.words)
        words[at] = rule.op | len(plan.rungs) << m.RUNGS_SHIFT | length << m.LENGTH_SHIFT
        self.floats[at + m.GUARD_LOW], self.floats[at + m.GUARD_HIGH] = np.inf, -np.inf
        words[at + m.RUNGS_AT] = self._rungs_at
        words[at + m.TAIL] = words[head + m.HISTORY_AT]
        self.floats[at + m.AUX] = np.nan
        for place, word in enumerate(plan.words):
            (words if isinstance(word, int) else self.floats)[at + m.OWN + place] = word
        if plan.ring_word is not None:
            words[at + m.OWN + plan.ring_word] = self._ring(plan.ring)
        for place, rung in enumerate(plan.rungs):
            self._rung(rung, plan.traits, rule.first_rung + place)
        return at + length

    def _rung(self, rung: RungPlan, traits: int, number: int) -> None:
        r, words, floats = self._rungs_at, self.integers, self.floats
        floats[r + m.LOWER], floats[r + m.UPPER], floats[r + m.DEADBAND] = (
            rung.lower,
            rung.upper,
            rung.deadband,
        )
        words[r + m.ON_DELAY] = round(rung.on_delay_seconds * m.SECOND)
        words[r + m.OFF_DELAY] = round(rung.off_delay_seconds * m.SECOND)
        words[r + m.DIRECTION], words[r + m.TRAITS] = DIRECTIONS[rung.direction], traits
        words[r + m.RUNG_NUMBER] = number
        words[r + m.SINCE_TICK] = words[r + m.EXTREME_AT] = words[r + m.UNDO_TIME] = m.NEVER
        words[r + m.TOLD] = m.UNTOLD
        self._rungs_at += m.RUNG_WORDS

    def _ring(self, words: int) -> int:
        place = self._rings_at
        self._rings_at += words
        return place


def _lines(words: int) -> int:
    """Whole cache lines."""
    return -(-words // LINE) * LINE


def _rule_words(one: SensorPlan) -> int:
    """All rules and the end mark."""
    return sum(m.OWN + len(rule.plan.words) for rule in one.rules) + 1
