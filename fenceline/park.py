"""`park.yaml` and the substances in, a consistent park out; or every mistake of the file with its line."""

from pathlib import Path

from fenceline.configfile import load_document
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
]


def load_park(path: Path | str, substances: Substances) -> Park:
    """
    The park, checked within itself and against the substances.

    Raises:
        ConfigProblems: every mistake, with its line.
        ConfigError: the file cannot be read at all.
    """
    document = load_document(path, Park)
    check_park(document, substances)
    document.raise_if_refused()
    return document.model


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
