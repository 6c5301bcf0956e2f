"""The park's configuration in, ingest's directory out: who speaks for which sensor, in which units."""

from functools import partial

from fenceline.park import Park
from fenceline.substance import Substances
from fenceline.units import factor
from ingest.checks import Directory, Factor, KnownSensor

# What gas detectors send; worked out at the start, so that the first such message waits for nothing.
_USUAL_UNITS = ("ppm", "ppb", "mg/m3", "ug/m3")


def directory_of(park: Park, substances: Substances) -> Directory:
    """The directory of a park."""
    sensors = [
        KnownSensor(
            id=sensor.id,
            device=sensor.device,
            owner=sensor.owner,
            unit=sensor.unit,
            factor=partial(_factor, sensor.unit, substances.molar_mass(sensor.quantity)),
        )
        for sensor in park.sensors
    ]
    directory = Directory(park.id, sensors)
    for number, known in enumerate(sensors):
        if known.unit in _USUAL_UNITS:
            for unit in _USUAL_UNITS:
                directory.factor(number, unit)
    return directory


def _factor(to_unit: str, molar_mass: float | None, from_unit: str) -> Factor:
    return factor(from_unit, to_unit, molar_mass)
