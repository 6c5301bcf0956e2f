"""Rules, sensors and limits in; the kernel's tables out, with every limit in the sensor's unit."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from fenceline.errors import ConfigError
from fenceline.finding import LimitUsed
from fenceline.park import WATCHDOG_OWNER, PlacedSensor
from fenceline.substance import Substances
from fenceline.units import factor
from fenceline.vocabulary import Level
from rules import layout
from rules.config import Interval, LevelRule, LimitValue, Rule, SilenceRule, ThresholdRule, Watches
from rules.steps import REASON_NEVER_SEEN

SECOND = 1_000_000_000
DUPLICATE_KEYS_SPARE = 16
DUPLICATE_KEYS_MOST = 1024
DEFAULT_SILENCE_SECONDS = 60.0  # domain.md section 5.3, data gap: three periods, 60 s at least
_OPS = {"above": layout.ABOVE, "below": layout.BELOW, "outside": layout.OUTSIDE}


@dataclass(frozen=True, slots=True)
class RungInfo:
    """What the kernel's rung number stands for."""

    rule: Rule
    version: str
    level: Level
    sensor: str
    limit: LimitUsed | None
    evidence: dict[str, float]
    """What every finding of it carries: deadband and delays."""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Equal identities in an old and a new rule set keep their state."""
        return (self.rule.name, self.version, self.level, self.sensor)


class Codes(dict[str, int]):
    """Sensor id → its row; -1 for a sensor that is not in force."""

    def __missing__(self, name: str) -> int:
        return -1


@dataclass(slots=True)
class Tables:
    """The compiled rule set with its state."""

    placed: tuple[PlacedSensor, ...]
    code: Codes
    infos: tuple[RungInfo, ...]
    sensors: NDArray[Any]
    rungs: NDArray[Any]
    ring: NDArray[Any]
    most_rungs: int  # of one sensor


def version_of(rule: Rule) -> str:
    """Hash of what decides: the rule without its examples."""
    content = rule.model_dump(mode="json", exclude={"examples"})
    return hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()


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
    versions = {rule.name: version_of(rule) for rule in rules}
    infos: list[RungInfo] = []
    rung_rows: list[tuple[Any, ...]] = []
    sensors = np.zeros(len(placed), layout.SENSOR)
    ring_start = 0
    for number, sensor in enumerate(placed):
        first = len(infos)
        for rule in sorted(rules, key=lambda rule: rule.name):
            if _watches(rule.watches, sensor):
                for info, row in _rungs(rule, versions[rule.name], sensor, substances):
                    infos.append(info)
                    rung_rows.append((*row, number))
        length = min(
            DUPLICATE_KEYS_MOST, int(duplicate_seconds / sensor.interval_seconds) + DUPLICATE_KEYS_SPARE
        )
        entry = sensors[number]
        entry["newest"], entry["seen"], entry["usable"] = layout.NEVER, layout.NEVER, layout.NOT_YET
        entry["sequence"] = layout.NEVER
        entry["high"], entry["low"] = -np.inf, np.inf
        entry["hold"] = round(sensor.hold_seconds * SECOND)
        entry["ring"], entry["ring_length"] = ring_start, length
        entry["first"], entry["rungs"] = first, len(infos) - first
        entry["reason"] = REASON_NEVER_SEEN
        ring_start += length
    rungs = np.zeros(len(infos), layout.RUNG)
    for index, (op, lower, upper, deadband, on_delay, off_delay, number) in enumerate(rung_rows):
        rung = rungs[index]
        rung["op"], rung["lower"], rung["upper"], rung["deadband"] = op, lower, upper, deadband
        rung["on_delay"], rung["off_delay"], rung["sensor"] = on_delay, off_delay, number
        rung["pending_tick"] = layout.NEVER
        rung["known"] = 1 if op == layout.SILENCE else 0
    ring = np.zeros(ring_start, layout.RING_KEY)
    ring["second"] = layout.NEVER
    code = Codes((sensor.id, number) for number, sensor in enumerate(placed))
    most_rungs = int(sensors["rungs"].max(initial=0))
    return Tables(placed, code, tuple(infos), sensors, rungs, ring, most_rungs)


def carry_state(old: Tables, new: Tables) -> list[RungInfo]:
    """Move the state of what did not change into `new`; return the rungs that are no more."""
    for number, sensor in enumerate(new.placed):
        before = old.code.get(sensor.id)
        if before is None:
            continue
        source, target = old.sensors[before], new.sensors[number]
        for name in ("newest", "high", "low", "seen", "usable", "reason", "sequence", "missing"):
            target[name] = source[name]
        keys = old.ring[source["ring"] : source["ring"] + source["ring_length"]]
        newest_first = np.roll(keys, -int(source["ring_next"]))[::-1][: target["ring_length"]]
        start = int(target["ring"])
        new.ring[start : start + len(newest_first)] = newest_first[::-1]
        target["ring_next"] = len(newest_first) % int(target["ring_length"])
    places = {info.identity: index for index, info in enumerate(new.infos)}
    gone = []
    for index, info in enumerate(old.infos):
        place = places.get(info.identity)
        if place is None:
            gone.append(info)
            continue
        for name in ("onset", "pending_since", "pending_tick", "active", "known", "pending"):
            new.rungs[place][name] = old.rungs[index][name]
    return gone


def _watches(watches: Watches, sensor: PlacedSensor) -> bool:
    if sensor.owner == WATCHDOG_OWNER and WATCHDOG_OWNER not in watches.owner:
        return False  # a rule for all sensors means the site's
    return (
        (not watches.quantity or sensor.quantity in watches.quantity)
        and (not watches.placement or sensor.placement in watches.placement)
        and (not watches.owner or sensor.owner in watches.owner)
        and (not watches.sensor or sensor.id in watches.sensor)
    )


def _rungs(
    rule: Rule, version: str, sensor: PlacedSensor, substances: Substances
) -> Iterable[tuple[RungInfo, tuple[Any, ...]]]:
    if isinstance(rule, SilenceRule):
        after = rule.after_seconds
        if after is None:
            after = max(DEFAULT_SILENCE_SECONDS, 3 * sensor.interval_seconds)
        row = (layout.SILENCE, 0.0, 0.0, 0.0, round(after * SECOND), 0)
        yield RungInfo(rule, version, rule.level, sensor.id, None, {"after_seconds": after}), row
        return
    for rung in rule.levels:
        limit, deadband = _limit(rule, rung, sensor, substances)
        row = (
            _OPS[rule.direction],
            limit.value,
            limit.upper if limit.upper is not None else 0.0,
            deadband,
            round(rung.on_delay_seconds * SECOND),
            round(rule.off_delay_seconds * SECOND),
        )
        evidence = {
            "deadband": deadband,
            "on_delay_seconds": rung.on_delay_seconds,
            "off_delay_seconds": rule.off_delay_seconds,
        }
        yield RungInfo(rule, version, rung.level, sensor.id, limit, evidence), row


def _limit(
    rule: ThresholdRule, rung: LevelRule, sensor: PlacedSensor, substances: Substances
) -> tuple[LimitUsed, float]:
    """The rung's limit and deadband in the sensor's unit."""

    def to_sensor(unit: str) -> tuple[float, float]:
        try:
            return factor(unit, sensor.unit, substances.molar_mass(sensor.quantity))
        except ConfigError as error:
            raise ConfigError(
                f"rule `{rule.name}`, level `{rung.level}`, sensor `{sensor.id}`: {error.message}",
                hint=error.hint or "give the limit in a unit that converts to the sensor's",
            ) from error

    given = rung.limit
    if isinstance(given, str):
        found = _named(rule, rung, sensor, substances, given)
        name, value, unit, source = given, found.value, found.unit, f"{found.basis} {found.source}"
    elif isinstance(given, LimitValue):
        name, value, unit, source = "value", given.value, given.unit, given.source
    else:
        name, value, unit, source = "interval", given.lower, given.unit, given.source
    scale, offset = to_sensor(unit)
    fraction = rule.deadband.fraction
    width = rule.deadband.value or 0.0 if fraction is None else fraction * value
    # A width, so an offset between two scales (°C and K) must not count.
    deadband = abs(width * scale)
    lower = value * scale + offset
    upper = given.upper * scale + offset if isinstance(given, Interval) else None
    limit = LimitUsed(
        name=name, value=lower, unit=sensor.unit, direction=rule.direction, source=source, upper=upper
    )
    return limit, deadband


def _named(
    rule: ThresholdRule, rung: LevelRule, sensor: PlacedSensor, substances: Substances, name: str
) -> Any:
    try:
        return substances.limit(sensor.quantity, name)
    except ConfigError as error:
        raise ConfigError(
            f"rule `{rule.name}`, level `{rung.level}`: sensor `{sensor.id}` measures `{sensor.quantity}`, "
            f"which has no limit `{name}`",
            hint=error.hint or "narrow `watches`, or give the limit as a value with unit and source",
        ) from error
