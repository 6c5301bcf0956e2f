"""State from an old arena into a new one: what a change of rules, sensors or limits did not touch goes on."""

import numpy as np

from rules import memory as m
from rules.compile import RungInfo, Tables
from rules.place import RulePlan

_HEAD = (
    m.NEWEST,
    m.SEEN,
    m.USABLE,
    m.REASON,
    m.SEQUENCE,
    m.MISSING,
    m.HIGH,
    m.LOW,
    m.SAID_BAD,
    m.BOUND,
    m.DISAGREES,
)


def carry_state(old: Tables, new: Tables) -> list[RungInfo]:
    """Move the state of what did not change into `new`; return the rungs that are no more."""
    for count in range(m.CLASSES):
        new.arena.integers[m.DESK_COUNTS + count] = old.arena.integers[m.DESK_COUNTS + count]
    for word in (m.DESK_LAST_TICK, m.DESK_MISSING):
        new.arena.integers[word] = old.arena.integers[word]
    for number, sensor in enumerate(new.placed):
        before = old.code.get(sensor.id)
        if before is not None:
            _carry_sensor(old, before, new, number)
    kept = {info.identity for info in new.infos}
    return [info for info in old.infos if info.identity not in kept]


def _carry_sensor(old: Tables, before: int, new: Tables, number: int) -> None:
    source, target = old.arena.integers, new.arena.integers
    was, head = old.arena.head(before), new.arena.head(number)
    for word in _HEAD:
        target[head + word] = source[was + word]
    _carry_keys(source, was, target, head)
    if old.placed[before].unit != new.placed[number].unit:
        # Values in another unit say nothing to what is new.
        new.arena.floats[head + m.HIGH], new.arena.floats[head + m.LOW] = -np.inf, np.inf
        return
    _carry_history(source, was, target, head)
    rules = {
        old.infos[rule.first_rung].identity: (rule, at)
        for rule, at in zip(old.arena.sensors[before].rules, old.arena.rule_places(before), strict=True)
    }
    for rule, at in zip(new.arena.sensors[number].rules, new.arena.rule_places(number), strict=True):
        kept = rules.get(new.infos[rule.first_rung].identity)
        if kept is None:
            continue
        _carry_rungs(source, kept[1], target, at, len(rule.plan.rungs))
        if rule.op == m.OP_SILENCE and int(target[target[at + m.RUNGS_AT] + m.STATE]) & m.ACTIVE:
            target[head + m.FLAGS] |= m.FLAG_SILENT
        if kept[0].plan.words == rule.plan.words:
            _carry_signal(source, kept, was, target, (rule, at), head)


def _carry_keys(source: np.ndarray, was: int, target: np.ndarray, head: int) -> None:
    start, end = int(source[was + m.KEY_AT]), int(source[was + m.KEY_END])
    newest_first = np.roll(source[start:end], start - int(source[was + m.KEY_NEXT]))[::-1]
    room = int(target[head + m.KEY_END] - target[head + m.KEY_AT])
    kept = newest_first[:room][::-1]
    first = int(target[head + m.KEY_AT])
    target[first : first + len(kept)] = kept
    target[head + m.KEY_NEXT] = first + len(kept) % room


def _carry_history(source: np.ndarray, was: int, target: np.ndarray, head: int) -> None:
    """The newest readings, so far as both hold them; they end where the new ring comes round."""
    start, end = int(source[was + m.HISTORY_AT]), int(source[was + m.HISTORY_END])
    first, last = int(target[head + m.HISTORY_AT]), int(target[head + m.HISTORY_END])
    both = min(end - start, last - first)
    if both == 0:
        return
    oldest_first = np.roll(source[start:end], start - int(source[was + m.HISTORY_NEXT]))
    target[last - both : last] = oldest_first[len(oldest_first) - both :]


def _carry_rungs(source: np.ndarray, was: int, target: np.ndarray, at: int, count: int) -> None:
    old, new = int(source[was + m.RUNGS_AT]), int(target[at + m.RUNGS_AT])
    for _ in range(count):
        target[new + m.STATE : new + m.RUNG_WORDS] = source[old + m.STATE : old + m.RUNG_WORDS]
        old += m.RUNG_WORDS
        new += m.RUNG_WORDS


def _carry_signal(
    source: np.ndarray,
    kept: tuple[RulePlan, int],
    was: int,
    target: np.ndarray,
    rule: tuple[RulePlan, int],
    head: int,
) -> None:
    """The kind's own words and ring, with the places in them moved to where things stand now."""
    plan, old, at = rule[0].plan, kept[1], rule[1]
    ring = None if plan.ring_word is None else int(target[at + m.OWN + plan.ring_word])
    length = m.OWN - m.AUX + len(plan.words)
    target[at + m.AUX : at + m.AUX + length] = source[old + m.AUX : old + m.AUX + length]
    if ring is not None and plan.ring_word is not None:
        first = int(source[old + m.OWN + plan.ring_word])
        target[at + m.OWN + plan.ring_word] = ring
        target[ring : ring + plan.ring] = source[first : first + plan.ring]
    if plan.history:
        size = int(source[was + m.HISTORY_END] - source[was + m.HISTORY_AT])
        behind = int(source[was + m.HISTORY_NEXT] - source[old + m.TAIL]) % size
        # The newest stand at the end of the new ring, which begins at its place for the next.
        end = int(target[head + m.HISTORY_END])
        target[at + m.TAIL] = end - behind if behind else int(target[head + m.HISTORY_AT])
