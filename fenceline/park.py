"""`park.yaml` and the substances in, a consistent park out; or every mistake of the file with its line."""

import re
from pathlib import Path

from fenceline.configfile import Document, dotted, examine_document
from fenceline.configrepair import as_written
from fenceline.localname import LocalName
from fenceline.parkcheck import check_park
from fenceline.parkmodel import (
    COMMUNITY_OWNER,
    PARK_OWNER,
    RESERVED_OWNERS,
    WATCHDOG_OWNER,
    Device,
    Enterprise,
    Park,
    PlacedSensor,
    ProcessUnit,
    Receptor,
    ReceptorKind,
    Sensor,
)
from fenceline.substance import Substances
from fenceline.vocabulary import Placement, Tier
from fenceline.yamltree import Plain

__all__ = [
    "COMMUNITY_OWNER",
    "PARK_OWNER",
    "RESERVED_OWNERS",
    "WATCHDOG_OWNER",
    "Device",
    "Enterprise",
    "LocalName",
    "Park",
    "PlacedSensor",
    "ProcessUnit",
    "Receptor",
    "ReceptorKind",
    "Sensor",
    "example_park",
    "load_park",
    "read_park",
    "sensors_written",
    "sound_sensors",
]

# The rest of a park still makes sense without a device or a sensor; not without an enterprise or the ground.
_MAY_BE_LEFT_OUT = {("devices", "*"), ("devices", "*", "sensors", "*"), ("receptors", "*")}
_PLACE = re.compile(r"devices\[\d+\](\.sensors\[\d+\]|$|(?=\.(id|owner)))")
_STAND_INS: dict[tuple[str, ...], Plain] = {
    ("id",): "park",
    ("name",): {"zh": "-", "en": "-"},
    ("simulated",): True,
    ("timezone",): "UTC",
}


def load_park(path: Path | str, substances: Substances) -> Park:
    """
    The park, checked within itself and against the substances.

    Raises:
        ConfigProblems: every mistake, with its line.
        ConfigError: the file cannot be read at all.
    """
    document = read_park(path, substances)
    document.raise_if_refused()
    return document.model


def read_park(path: Path | str, substances: Substances | None) -> Document[Park]:
    """
    The park as far as it is sound, with every mistake of the file; without substances they are not asked.

    Raises:
        ConfigProblems: too much is wrong to say more.
        ConfigError: the file cannot be read at all.
    """
    document = examine_document(path, Park, items=_MAY_BE_LEFT_OUT, stand_ins=_STAND_INS)
    check_park(document, substances)
    return document


def sensors_written(document: Document[Park]) -> set[str]:
    """The ids of all sensors in the file, also of those that are not sound."""
    devices = document.whole.children.get("devices")
    found = set()
    for device in devices.children.values() if devices else ():
        sensors = device.children.get("sensors")
        for sensor in sensors.children.values() if sensors else ():
            found.add(str(sensor.children["id"].value) if "id" in sensor.children else "")
    return found


def sound_sensors(document: Document[Park]) -> tuple[PlacedSensor, ...]:
    """The sensors in whose place, or whose device's, no mistake was found."""
    spoilt = [found[0] for problem in document.problems if (found := _PLACE.match(problem.where))]
    wrong: set[str] = set()
    for index, device in document.root.children["devices"].children.items():
        for place, sensor in device.children["sensors"].children.items():
            where = dotted(as_written(document.root, ("devices", index, "sensors", place)))
            if where in spoilt or where.partition(".")[0] in spoilt:
                wrong.add(str(sensor.children["id"].value))
    return tuple(sensor for sensor in document.model.sensors if sensor.id not in wrong)


def example_park(
    *,
    sensor_id: str = "example",
    quantity: str = "h2s",
    unit: str = "mg/m3",
    placement: Placement = Placement.UNIT,
    interval_seconds: float = 5.0,
    hold_seconds: float = 20.0,
    range_: tuple[float, float] = (-1e6, 1e6),
) -> Park:
    """The smallest park: one device with one sensor, for the examples of rules and for tests."""
    owner = {Tier.PARK: PARK_OWNER, Tier.COMMUNITY: COMMUNITY_OWNER}.get(placement.tier, "e01")
    words = LocalName(zh="示例", en="example")
    sensor = Sensor(
        id=sensor_id,
        name=words,
        quantity=quantity,
        unit=unit,
        range=range_,
        placement=placement,
        position=(118.356, 34.05) if placement is Placement.COMMUNITY else (118.3502, 34.05),
        height_m=1.5,
        interval_seconds=interval_seconds,
        hold_seconds=hold_seconds,
    )
    ground = ((118.35, 34.049), (118.351, 34.049), (118.351, 34.051), (118.35, 34.051))
    return Park(
        id="example",
        name=words,
        simulated=True,
        timezone="Asia/Shanghai",
        boundary=ground,
        enterprises=(Enterprise(id="e01", name=words, polygon=ground),),
        devices=(Device(id="example", owner=owner, name=words, sensors=(sensor,)),),
    )
