"""A limit as a rule names it, in; the number in the sensor's unit, with its source, out."""

from dataclasses import dataclass
from typing import Literal

from fenceline.errors import ConfigError
from fenceline.finding import LimitUsed
from fenceline.park import PlacedSensor
from fenceline.substance import Substances
from fenceline.units import factor
from fenceline.vocabulary import Level
from rules.kind import RungPlan
from rules.rule import Deadband, Interval, LadderRule, LevelRule, LimitValue

Direction = Literal["above", "below", "outside"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A limit in the sensor's unit.

    Args:
        scale: from the limit's unit to the sensor's, for differences.
        written: the limit as it was written.
    """

    limit: LimitUsed
    scale: float
    written: float

    def width(self, deadband: Deadband) -> float:
        """A deadband in the sensor's unit: a difference, so an offset between two scales does not count."""
        if deadband.fraction is None:
            return abs((deadband.value or 0.0) * self.scale)
        return abs(deadband.fraction * self.written * self.scale)


def to_sensor(
    rule: str, level: Level, unit: str, sensor: PlacedSensor, substances: Substances
) -> tuple[float, float]:
    """Factor and offset from `unit` to the sensor's.

    Raises:
        ConfigError: it does not convert.
    """
    try:
        return factor(unit, sensor.unit, substances.molar_mass(sensor.quantity))
    except ConfigError as error:
        raise ConfigError(
            f"rule `{rule}`, level `{level}`, sensor `{sensor.id}`: {error.message}",
            hint=error.hint or "give the limit in a unit that converts to the sensor's",
        ) from error


def resolve(
    rule: str,
    level: Level,
    given: str | LimitValue | Interval,
    direction: Direction,
    sensor: PlacedSensor,
    substances: Substances,
) -> Resolved:
    """
    Raises:
        ConfigError: a limit that does not exist for the sensor's substance, or does not convert.
    """
    upper = None
    if isinstance(given, str):
        try:
            found = substances.limit(sensor.quantity, given)
        except ConfigError as error:
            raise ConfigError(
                f"rule `{rule}`, level `{level}`: sensor `{sensor.id}` measures `{sensor.quantity}`, "
                f"which has no limit `{given}`",
                hint=error.hint or "narrow `watches`, or give the limit as a value with unit and source",
            ) from error
        name, value, unit, source = given, found.value, found.unit, f"{found.basis} {found.source}"
    elif isinstance(given, LimitValue):
        name, value, unit, source = "value", given.value, given.unit, given.source
    else:
        name, value, unit, source = "interval", given.lower, given.unit, given.source
    scale, offset = to_sensor(rule, level, unit, sensor, substances)
    if isinstance(given, Interval):
        upper = given.upper * scale + offset
    limit = LimitUsed(
        name=name,
        value=value * scale + offset,
        unit=sensor.unit,
        direction=direction,
        source=source,
        upper=upper,
    )
    return Resolved(limit, scale, value)


def ladder(rule: LadderRule, sensor: PlacedSensor, substances: Substances) -> tuple[RungPlan, ...]:
    """The rungs of a rule whose signal has the sensor's unit."""
    return tuple(_rung(rule, rung, sensor, substances) for rung in rule.levels)


def _rung(rule: LadderRule, rung: LevelRule, sensor: PlacedSensor, substances: Substances) -> RungPlan:
    resolved = resolve(rule.name, rung.level, rung.limit, rule.direction, sensor, substances)
    deadband = resolved.width(rule.deadband)
    limit = resolved.limit
    return RungPlan(
        level=rung.level,
        direction=rule.direction,
        lower=limit.value,
        upper=limit.upper if limit.upper is not None else 0.0,
        deadband=deadband,
        on_delay_seconds=rung.on_delay_seconds,
        off_delay_seconds=rule.off_delay_seconds,
        limit=limit,
        evidence={
            "deadband": deadband,
            "on_delay_seconds": rung.on_delay_seconds,
            "off_delay_seconds": rule.off_delay_seconds,
        },
    )
