"""What a kind of rule is to the registry: its word, its model, its plan for a sensor, its steps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fenceline.finding import LimitUsed
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level
from rules import memory as m
from rules.rule import RuleModel

DIRECTIONS = {"above": m.ABOVE, "below": m.BELOW, "outside": m.OUTSIDE}


@dataclass(frozen=True, slots=True)
class RungPlan:
    """One level of a rule on a sensor: what its signal is compared with.

    Args:
        lower, upper: the limit in the signal's unit; `upper` of `outside` only.
        limit: the same for people; none where a number says nothing.
        evidence: what every finding of it carries.
    """

    level: Level
    direction: str
    lower: float
    upper: float = 0.0
    deadband: float = 0.0
    on_delay_seconds: float = 0.0
    off_delay_seconds: float = 0.0
    limit: LimitUsed | None = None
    evidence: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule on a sensor, before it has a place in memory.

    Args:
        rungs: lowest level first.
        step: which of the kind's steps makes the signal.
        words: the kind's own words with their first values; integers and floats are kept as such.
        traits: `memory.TRAIT_…`, added up.
        history: how many readings it must find in the sensor's history.
        ring: how many words of its own it needs beside; their place is written into `ring_word`.
        ring_word: which of `words` that is.
        aux: what the second number of its findings is called in their evidence.
    """

    rungs: tuple[RungPlan, ...]
    step: int = 0
    words: tuple[int | float, ...] = ()
    traits: int = 0
    history: int = 0
    ring: int = 0
    ring_word: int | None = None
    aux: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rule.

    Args:
        word: what stands under `kind:` in a rule file.
        model: the model of its configuration.
        plan: a rule on a sensor that it watches; none for kinds that look at several sensors, at ticks.
        steps: inlined functions as rules/dispatch.py describes them.
        timed: decided by the passing of time alone, at ticks.
    """

    word: str
    model: type[RuleModel]
    plan: Callable[[Any, PlacedSensor, Substances], Plan] | None = None
    steps: tuple[Any, ...] = ()
    timed: bool = False
