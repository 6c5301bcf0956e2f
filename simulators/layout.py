"""A park, its substances and a scenario in; the air's columns and the devices' groups out.

Here every name of the scenario is looked up: a unit, substance, device or sensor that the park does not have
is a mistake.
"""

from dataclasses import dataclass

import numpy as np

from fenceline.configwords import did_you_mean
from fenceline.errors import ConfigError
from fenceline.geometry import flat
from fenceline.park import Park, Sensor
from fenceline.substance import Flag, Substance, Substances
from fenceline.units import factor
from fenceline.vocabulary import Placement
from simulators.air import Layout, Source, WeatherSensor
from simulators.devices import Group
from simulators.faults import SensorFault, device_faults, sensor_faults
from simulators.instruments import BACKGROUND_MG_M3, STEADY, WEATHER_QUANTITIES, instrument_for, panel_of
from simulators.scenario import Leak, Scenario

# What a detector that answers to many gases reads of one: mass of organic gas as mass of carbon, about.
GROUP_QUANTITIES = {"nmhc": 0.8, "tvoc": 1.0, "voc": 1.0}
_WEATHER_UNITS = {"wind_speed": "m/s", "wind_direction": "degree", "air_temperature": "K"}


@dataclass(frozen=True, slots=True)
class Simulated:
    """A park made ready: the air's layout, the devices' groups, the faults of single sensors."""

    layout: Layout
    groups: tuple[Group, ...]
    sensor_faults: tuple[SensorFault, ...]


def prepare(park: Park, substances: Substances, scenario: Scenario) -> Simulated:
    """
    Look up everything that a scenario names.

    Raises:
        ConfigError: the park or the table of substances does not have it.
    """
    sensors = [sensor for device in park.devices for sensor in device.sensors]
    names = tuple(sensor.id for sensor in sensors)
    instruments = [
        instrument_for(sensor.quantity, sensor.placement, sensor.range, _background(sensor, substances))
        for sensor in sensors
    ]
    panel = panel_of(
        instruments,
        [(float(low), float(high)) for low, high in (sensor.range for sensor in sensors)],
        [sensor.quantity == "wind_direction" for sensor in sensors],
    )
    faults = device_faults(scenario.faults, [device.id for device in park.devices])
    layout = Layout(
        sensors=names,
        panel=panel,
        sources=tuple(_source(leak, park, substances, sensors) for leak in scenario.leaks),
        weather_sensors=_weather_sensors(sensors),
        weather=scenario.weather,
        terrain=scenario.terrain,
        fluctuation=scenario.fluctuation,
    )
    groups: list[Group] = []
    column = 0
    for device in park.devices:
        by_interval: dict[int, list[int]] = {}
        for sensor in device.sensors:
            by_interval.setdefault(max(1, round(sensor.interval_seconds * 1000)), []).append(column)
            column += 1
        for interval_ms, columns in by_interval.items():
            groups.append(
                Group(
                    device=device.id,
                    topic=park.topic_of(device.id),
                    interval_ms=interval_ms,
                    columns=tuple(columns),
                    sensors=tuple(names[index] for index in columns),
                    digits=tuple(panel.digits[index] for index in columns),
                    faults=faults[device.id],
                )
            )
    return Simulated(layout, tuple(groups), sensor_faults(scenario.faults, names))


def place_of(leak: Leak, park: Park) -> tuple[float, float]:
    """Longitude and latitude of a leak, before its offset.

    Raises:
        ConfigError: the park has no such process unit.
    """
    if leak.position is not None:
        return leak.position
    units = {
        f"{enterprise.id}/{unit.id}": unit.position
        for enterprise in park.enterprises
        for unit in enterprise.units
    }
    wanted = f"{leak.enterprise}/{leak.unit}"
    if wanted not in units:
        raise ConfigError(
            f"leak `{leak.name}` is at the unit `{wanted}`, and park `{park.id}` has none",
            hint=did_you_mean(wanted, units, "units"),
        )
    longitude, latitude = units[wanted]
    return float(longitude), float(latitude)


def _background(sensor: Sensor, substances: Substances) -> float | None:
    """What a gas sensor reads in clean air, in its unit; none for quantities that are no gas."""
    subject = substances.subject(sensor.quantity)
    if not isinstance(subject, Substance):
        return None
    try:
        scale, offset = factor("mg/m3", sensor.unit, subject.molar_mass)
    except ConfigError:
        return None
    return BACKGROUND_MG_M3.get(subject.id, 0.0) * scale + offset


def _source(leak: Leak, park: Park, substances: Substances, sensors: list[Sensor]) -> Source:
    subject = substances.subject(leak.substance)
    if not isinstance(subject, Substance):
        raise ConfigError(
            f"leak `{leak.name}` is of `{leak.substance}`, which is no substance",
            hint="name one of the substances of substances.yaml",
        )
    origin = place_of(leak, park)
    seen, gain = [], []
    for index, sensor in enumerate(sensors):
        answer = _gain(sensor, subject, substances)
        if answer > 0:
            seen.append(index)
            gain.append(answer)
    places = np.array([flat(sensors[index].position, origin) for index in seen], dtype=np.float64)
    east, north = places.reshape(-1, 2).T - np.array(leak.offset_m)[:, None]
    return Source(
        leak=leak,
        seen=np.array(seen, dtype=np.int64),
        gain=np.array(gain, dtype=np.float64),
        east_m=east,
        north_m=north,
        height_m=np.array([float(sensors[index].height_m) for index in seen], dtype=np.float64),
    )


def _gain(sensor: Sensor, substance: Substance, substances: Substances) -> float:
    """What a sensor reads per mg/m³ of a substance; 0 where it does not answer to it."""
    if sensor.placement is Placement.STACK:
        return 0.0
    if sensor.quantity == substance.id:
        return _scale(sensor.unit, substance.molar_mass)
    organic = Flag.FLAMMABLE in substance.flags and substance.id not in ("h2s", "nh3", "co", "cs2", "ch4")
    if sensor.quantity in GROUP_QUANTITIES and organic:
        return GROUP_QUANTITIES[sensor.quantity] * _scale(sensor.unit, substance.molar_mass)
    if sensor.quantity == "lel" and substance.molar_mass is not None:
        lowest = next((limit for limit in substance.limits if limit.name == "lel"), None)
        if lowest is not None:
            per_mg_m3, _ = factor("mg/m3", lowest.unit, substance.molar_mass)
            return 100.0 * per_mg_m3 / lowest.value
    return 0.0


def _scale(unit: str, molar_mass: float | None) -> float:
    try:
        return factor("mg/m3", unit, molar_mass)[0]
    except ConfigError:
        return 0.0


def _weather_sensors(sensors: list[Sensor]) -> tuple[WeatherSensor, ...]:
    found = []
    for index, sensor in enumerate(sensors):
        if sensor.quantity in WEATHER_QUANTITIES and sensor.quantity not in STEADY:
            scale, offset = factor(_WEATHER_UNITS[sensor.quantity], sensor.unit)
            found.append(WeatherSensor(index, sensor.quantity, float(sensor.height_m), scale, offset))
    return tuple(found)
