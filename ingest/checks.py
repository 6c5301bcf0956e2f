"""Who may say what: topic, park, owner, device and sensor must agree; units as a table of factors.

Built once from the park's configuration. A topic, a unit or a time is looked up, never parsed twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fenceline.errors import ConfigError
from fenceline.reason import Rejected

IDENTITY = (1.0, -0.0)  # -0.0 leaves every value as it is, 0.0 would turn -0.0 into 0.0
_TOPIC_PARTS = 5
_MOST_CACHED = 20_000
_LONGEST_QUOTE = 60

Refusal = tuple[Rejected, str]
Factor = tuple[float, float]


@dataclass(frozen=True, slots=True)
class KnownSensor:
    """What ingest needs to know of a sensor.

    Args:
        factor: from a unit word to (scale, offset) into `unit`; raises `ConfigError` where there is none.
    """

    id: str
    device: str
    owner: str
    unit: str
    factor: Callable[[str], Factor]


@dataclass(slots=True)
class Route:
    """Where a good topic leads: the sensors of its device, by id.

    `columns` is what the last gateway message of this topic looked like, so that the next one, which
    as a rule looks the same, needs no look-ups.
    """

    owner: str
    device: str
    sensors: dict[str, int]
    sends_columns: bool = False
    columns: object = None  # `ingest.decode.columns.Layout`


class Directory:
    """The park's sensors by number, and the routes by topic."""

    def __init__(self, park: str, sensors: Iterable[KnownSensor]) -> None:
        self.park = park
        self.sensors = tuple(sensors)
        self.ids = tuple(sensor.id for sensor in self.sensors)
        self._number = {sensor: number for number, sensor in enumerate(self.ids)}
        self._devices: dict[str, Route] = {}
        self._routes: dict[str, Route | Refusal] = {}
        self._factors: dict[tuple[int, str], Factor | None] = {}
        for number, sensor in enumerate(self.sensors):
            route = self._devices.setdefault(sensor.device, Route(sensor.owner, sensor.device, {}))
            route.sensors[sensor.id] = number

    def route(self, topic: str) -> Route | Refusal:
        """The device that a topic belongs to, or why a message there is refused as a whole."""
        found = self._routes.get(topic)
        if found is None:
            if len(self._routes) >= _MOST_CACHED:
                self._routes.clear()
            found = self._routes[topic] = self._resolve(topic)
        return found

    def number(self, sensor: str, route: Route) -> int | Refusal:
        """A sensor's number, or why this device may not speak for it."""
        number = route.sensors.get(sensor)
        if number is not None:
            return number
        elsewhere = self._number.get(sensor)
        if elsewhere is None:
            return Rejected.UNKNOWN_SENSOR, f"the park has no sensor {quote(sensor)}"
        known = self.sensors[elsewhere]
        return (
            Rejected.IDENTITY_MISMATCH,
            f"{quote(sensor)} belongs to device `{known.device}`, not to `{route.device}`",
        )

    def factor(self, number: int, unit: str) -> Factor | None:
        """Scale and offset from a unit word into the sensor's unit, or none where there is no way."""
        key = (number, unit)
        try:
            return self._factors[key]
        except KeyError:
            pass
        sensor = self.sensors[number]
        factor: Factor | None
        try:
            factor = IDENTITY if unit == sensor.unit else sensor.factor(unit)
        except ConfigError:
            factor = None
        if len(self._factors) >= _MOST_CACHED:
            self._factors.clear()
        self._factors[key] = factor
        return factor

    def _resolve(self, topic: str) -> Route | Refusal:
        parts = topic.split("/")
        if len(parts) != _TOPIC_PARTS or parts[0] != "fenceline" or parts[4] != "readings":
            return (
                Rejected.TOPIC_UNKNOWN,
                f"{quote(topic)} is not `fenceline/PARK/ENTERPRISE/DEVICE/readings`",
            )
        _, park, owner, device, _ = parts
        if park != self.park:
            return Rejected.WRONG_PARK, f"this is park `{self.park}`, the topic says {quote(park)}"
        route = self._devices.get(device)
        if route is None:
            return Rejected.IDENTITY_MISMATCH, f"no sensor of the park belongs to device {quote(device)}"
        if owner != route.owner:
            return (
                Rejected.IDENTITY_MISMATCH,
                f"device `{device}` belongs to `{route.owner}`, the topic says {quote(owner)}",
            )
        return route


def quote(value: object) -> str:
    """Somebody else's words, short and harmless, in backticks."""
    if not isinstance(value, str | int | float | None):
        return "a list" if isinstance(value, list) else "an object"
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    safe = text.encode("utf-8", "backslashreplace").decode()
    return f"`{''.join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in safe)}`"
