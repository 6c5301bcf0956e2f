"""Rules, sensors and limits in; the arena of the kernels out, with every limit in the sensor's unit."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from fenceline.errors import ConfigError
from fenceline.finding import LimitUsed
from fenceline.park import WATCHDOG_OWNER, PlacedSensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level
from rules import memory as m
from rules.kind import Plan, RungPlan
from rules.place import Arena, RulePlan, SensorPlan
from rules.registry import FIRST_STEP, KINDS, Rule
from rules.rule import Watches

DUPLICATE_KEYS_SPARE = 16
DUPLICATE_KEYS_MOST = 1024
TEXTS = {"examples", "title", "what_to_do"}  # what people read decides nothing


@dataclass(frozen=True, slots=True)
class RungInfo:
    """What the kernel's rung number stands for."""

    rule: Rule
    version: str
    level: Level
    sensor: str
    unit: str
    limit: LimitUsed | None
    evidence: dict[str, float]
    """What every finding of it carries: deadband and delays."""
    aux: str | None
    """What the kernel's second number is called in the evidence."""

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """Equal identities in an old and a new rule set keep their state."""
        return (self.rule.name, self.version, self.level, self.sensor, self.unit)


class Codes(dict[str, int]):
    """Sensor id → its number; -1 for a sensor that is not in force."""

    def __missing__(self, name: str) -> int:
        return -1


@dataclass(slots=True)
class Tables:
    """The compiled rule set with its state."""

    placed: tuple[PlacedSensor, ...]
    code: Codes
    infos: tuple[RungInfo, ...]
    arena: Arena
    counted: int  # the park's own sensors: the watchdog's is none of them


def version_of(rule: Rule, substances: Substances, quantity: str) -> str:
    """Hash of what decides on sensors of a quantity: the rule without its texts, and the limits it names."""
    content = rule.model_dump(mode="json", exclude=TEXTS)
    named = {name: _limit_content(substances, quantity, name) for name in _limits_named(content)}
    packed = orjson.dumps([content, named], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(packed, digest_size=6).hexdigest()


def _limits_named(content: dict[str, Any]) -> list[str]:
    limits = [rung.get("limit") for rung in content.get("levels", ())]
    return [limit for limit in limits if isinstance(limit, str)]


def _limit_content(substances: Substances, quantity: str, name: str) -> Any:
    try:
        found = substances.limit(quantity, name)
    except ConfigError:
        return None  # told where the rule is planned
    return [found.value, found.unit]


def compile_tables(
    sensors_in_force: Sequence[PlacedSensor],
    substances: Substances,
    rules: Sequence[Rule],
    *,
    duplicate_seconds: float,
) -> Tables:
    """
    Raises:
        ConfigError: a limit that does not exist for a substance, or does not convert to a sensor's unit.
    """
    placed = tuple(sorted(sensors_in_force, key=lambda sensor: sensor.id))
    ordered = [
        rule for rule in sorted(rules, key=lambda rule: rule.name) if KINDS[rule.kind].plan is not None
    ]
    version = cache(lambda place, quantity: version_of(ordered[place], substances, quantity))
    infos: list[RungInfo] = []
    plans: list[SensorPlan] = []
    for sensor in placed:
        planned = []
        for place, rule in enumerate(ordered):
            if watches(rule.watches, sensor):
                plan = _plan(rule, sensor, substances)
                planned.append(RulePlan(_op(rule, plan), plan, len(infos)))
                infos += [
                    _info(rule, version(place, sensor.quantity), sensor, rung, plan) for rung in plan.rungs
                ]
        keys = int(duplicate_seconds / sensor.interval_seconds) + DUPLICATE_KEYS_SPARE
        plans.append(
            SensorPlan(
                hold_ns=round(sensor.hold_seconds * m.SECOND),
                counted=sensor.owner != WATCHDOG_OWNER,
                keys=min(DUPLICATE_KEYS_MOST, keys),
                rules=tuple(planned),
            )
        )
    code = Codes((sensor.id, number) for number, sensor in enumerate(placed))
    return Tables(placed, code, tuple(infos), Arena(plans), sum(plan.counted for plan in plans))


def watches(watched: Watches, sensor: PlacedSensor) -> bool:
    """True where a sensor matches every list given."""
    if sensor.owner == WATCHDOG_OWNER and WATCHDOG_OWNER not in watched.owner:
        return False  # a rule for all sensors means the site's
    return (
        (not watched.quantity or sensor.quantity in watched.quantity)
        and (not watched.placement or sensor.placement in watched.placement)
        and (not watched.owner or sensor.owner in watched.owner)
        and (not watched.sensor or sensor.id in watched.sensor)
        and (not watched.tag or not set(watched.tag).isdisjoint(sensor.tags))
    )


def _plan(rule: Rule, sensor: PlacedSensor, substances: Substances) -> Plan:
    plan = KINDS[rule.kind].plan
    assert plan is not None
    return plan(rule, sensor, substances)


def _op(rule: Rule, plan: Plan) -> int:
    return m.OP_SILENCE if KINDS[rule.kind].timed else m.FIRST_OP + FIRST_STEP[rule.kind] + plan.step


def _info(rule: Rule, version: str, sensor: PlacedSensor, rung: RungPlan, plan: Plan) -> RungInfo:
    return RungInfo(rule, version, rung.level, sensor.id, sensor.unit, rung.limit, rung.evidence, plan.aux)
