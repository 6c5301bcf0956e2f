"""A park as its site wrote it down: who is in it, what measures where; in the journal it travels as JSON.

A `Park` that came through `load_park` is consistent: every name it uses exists, every place is where its kind
of sensor belongs, every unit fits. The tier of a sensor comes from where it stands.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from fenceline.configfile import ConfigModel
from fenceline.configwords import did_you_mean
from fenceline.errors import ConfigError
from fenceline.limit import UnitName
from fenceline.localname import LocalName
from fenceline.vocabulary import Placement, Tier

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


def _within(name: str, most: float) -> Callable[[float], float]:
    def check(degrees: float) -> float:
        if abs(degrees) > most:
            said = f"the {name} `{degrees:g}` is beyond {most:g} degrees"
            raise ValueError(f"{said} hint: longitude comes first, then latitude")
        return degrees

    return check


def _bounds(most: float) -> Any:
    return Field(json_schema_extra={"minimum": -most, "maximum": most})


Longitude = Annotated[float, AfterValidator(_within("longitude", 180)), _bounds(180)]
Latitude = Annotated[float, AfterValidator(_within("latitude", 90)), _bounds(90)]
Position = tuple[Longitude, Latitude]
Polygon = Annotated[tuple[Position, ...], Field(min_length=3)]

PARK_OWNER = "park"
COMMUNITY_OWNER = "community"
WATCHDOG_OWNER = "watchdog"  # owns the canary, which no site configures and no screen lists
RESERVED_OWNERS = {
    PARK_OWNER: LocalName(zh="园区", en="Park"),
    COMMUNITY_OWNER: LocalName(zh="周边社区", en="Community"),
    WATCHDOG_OWNER: LocalName(zh="看门狗", en="Watchdog"),
}


def _low_below_high(span: tuple[float, float]) -> tuple[float, float]:
    if not span[0] < span[1]:
        raise ValueError(f"the range goes from `{span[0]:g}` to `{span[1]:g}` hint: write [lowest, highest]")
    return span


class ReceptorKind(StrEnum):
    """Who must be protected."""

    SCHOOL = "school"
    HOSPITAL = "hospital"
    VILLAGE = "village"


class ProcessUnit(ConfigModel):
    """A process unit of an enterprise."""

    id: Identifier
    """Its name within the enterprise."""
    name: LocalName
    """What people call it."""
    position: Position
    """Its middle, [longitude, latitude] in WGS 84."""


class Enterprise(ConfigModel):
    """A firm in the park."""

    id: Identifier
    """Its name in topics, rules and routes."""
    name: LocalName
    """What people call it."""
    polygon: Polygon
    """Its ground, corner by corner, the first not repeated."""
    units: tuple[ProcessUnit, ...] = ()
    """Its process units."""


class Receptor(ConfigModel):
    """People outside the park who must be protected."""

    id: Identifier
    """Its name in rules and pages."""
    name: LocalName
    """What people call it."""
    kind: ReceptorKind
    """School, hospital or village."""
    population: int = Field(ge=0)
    """How many people are there."""
    position: Position
    """Its middle, [longitude, latitude]."""


class Sensor(ConfigModel):
    """One value that a device measures again and again."""

    id: Identifier
    """Its name, unique in the park; messages carry it."""
    name: LocalName
    """What people call it."""
    quantity: str
    """A substance or quantity of `config/substances.yaml`."""
    unit: UnitName
    """The unit of its readings; messages in another unit of the same kind are converted on arrival."""
    range: Annotated[tuple[float, float], AfterValidator(_low_below_high)]
    """Lowest and highest value it can measure; beyond it is over range."""
    placement: Placement
    """What it stands at; the tier of its alerts comes from this."""
    unit_id: Identifier | None = None
    """The process unit it watches, if it watches one."""
    position: Position
    """Where it stands, [longitude, latitude]."""
    height_m: float = Field(ge=0, le=500)
    """Height above the ground in metres."""
    interval_seconds: float = Field(gt=0, le=86_400)
    """How often a reading is expected."""
    hold_seconds: float = Field(gt=0, le=864_000)
    """How long a reading speaks for the sensor; afterwards nobody can tell."""
    tags: tuple[str, ...] = ()
    """Words of the site's own, for rules to choose by."""


class Device(ConfigModel):
    """What publishes: a gateway, a station, an analyser; one topic, many sensors."""

    id: Identifier
    """Its name in topics: `fenceline/{park}/{owner}/{device}/readings`."""
    owner: Identifier
    """The enterprise it belongs to, or `park`, or `community`."""
    name: LocalName
    """What people call it."""
    sensors: Annotated[tuple[Sensor, ...], Field(min_length=1)]
    """What it measures."""


@dataclass(frozen=True, slots=True)
class PlacedSensor:
    """A sensor with its device, owner and tier: all that a room needs to know about it."""

    id: str
    name: LocalName
    device: str
    owner: str
    quantity: str
    unit: str
    range: tuple[float, float]
    placement: Placement
    tier: Tier
    position: tuple[float, float]
    height_m: float
    interval_seconds: float
    hold_seconds: float
    unit_id: str | None
    tags: tuple[str, ...]


class Park(ConfigModel):
    """The whole park."""

    id: Identifier
    """Its name in topics and in the journal."""
    name: LocalName
    """What people call it."""
    simulated: bool
    """True for a drill: every screen and page says so."""
    timezone: str
    """Its time zone, for example `Asia/Shanghai`; only screens and pages use it."""
    boundary: Polygon
    """The park's ground, corner by corner, the first not repeated."""
    enterprises: tuple[Enterprise, ...]
    """The firms in it."""
    receptors: tuple[Receptor, ...] = ()
    """The people around it."""
    devices: tuple[Device, ...]
    """What publishes readings."""

    @functools.cached_property
    def sensors(self) -> tuple[PlacedSensor, ...]:
        """Every sensor, in the order of the file."""
        return tuple(
            PlacedSensor(
                device=device.id,
                owner=device.owner,
                tier=sensor.placement.tier,
                **{name: getattr(sensor, name) for name in Sensor.model_fields},
            )
            for device in self.devices
            for sensor in device.sensors
        )

    @functools.cached_property
    def sensor_by_id(self) -> dict[str, PlacedSensor]:
        """Sensors by id."""
        return {sensor.id: sensor for sensor in self.sensors}

    @functools.cached_property
    def device_by_id(self) -> dict[str, Device]:
        """Devices by id."""
        return {device.id: device for device in self.devices}

    @functools.cached_property
    def enterprise_by_id(self) -> dict[str, Enterprise]:
        """Enterprises by id; the reserved owners are not among them."""
        return {enterprise.id: enterprise for enterprise in self.enterprises}

    @functools.cached_property
    def owners(self) -> dict[str, LocalName]:
        """Everyone who owns devices, by id: the enterprises, the park, the community."""
        named = {enterprise.id: enterprise.name for enterprise in self.enterprises} | RESERVED_OWNERS
        return {owner: name for owner, name in named.items() if owner != WATCHDOG_OWNER}

    def sensor(self, sensor_id: str) -> PlacedSensor:
        """
        The sensor called `sensor_id`.

        Raises:
            ConfigError: there is none.
        """
        found = self.sensor_by_id.get(sensor_id)
        if found is None:
            hint = did_you_mean(sensor_id, self.sensor_by_id, "known sensors")
            raise ConfigError(f"the park `{self.id}` has no sensor `{sensor_id}`", hint=hint)
        return found

    def tier_of(self, sensor_id: str) -> Tier:
        """The tier of a sensor's alerts."""
        return self.sensor(sensor_id).tier

    def owner_name(self, owner: str) -> LocalName:
        """
        What people call an owner of devices.

        Raises:
            ConfigError: there is none.
        """
        if owner == WATCHDOG_OWNER:
            return RESERVED_OWNERS[owner]
        if owner not in self.owners:
            hint = did_you_mean(owner, self.owners, "known owners")
            raise ConfigError(f"the park `{self.id}` has no owner `{owner}`", hint=hint)
        return self.owners[owner]

    def unit_name(self, sensor: PlacedSensor) -> LocalName | None:
        """What people call the process unit that a sensor watches; none if it watches no single one."""
        enterprise = self.enterprise_by_id.get(sensor.owner)
        units = enterprise.units if enterprise is not None else ()
        return next((unit.name for unit in units if unit.id == sensor.unit_id), None)

    def topic_of(self, device_id: str) -> str:
        """The MQTT topic that a device publishes to."""
        return f"fenceline/{self.id}/{self.device_by_id[device_id].owner}/{device_id}/readings"
