"""What happens in a simulated park: the models of config/scenarios/*.yaml, unknown keys refused.

All times are seconds after the start of the simulation. Whether names (units, devices, sensors, substances)
exist in a park is checked when the park is simulated.
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, model_validator

from fenceline.configfile import ConfigModel, load
from fenceline.localname import LocalName
from simulators.plume import Stability, Terrain

Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Phase(ConfigModel):
    """Mean wind and stability from one moment on; speed and direction move evenly to the next phase's."""

    at_seconds: Seconds = 0.0
    """When this phase begins."""
    stability: Stability
    """Pasquill class, A to F; it changes at once."""
    wind_speed_m_s: Annotated[float, Field(ge=0.3, le=40)]
    """Mean speed at `measured_at_m`."""
    wind_from_deg: Annotated[float, Field(ge=0, lt=360)]
    """Where the wind comes from, degrees clockwise from north."""


class Weather(ConfigModel):
    """Wind, stability and temperature."""

    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    """In the order of time; the first begins at 0."""
    measured_at_m: PositiveFloat = 10.0
    """Height at which the phases' wind speed holds."""
    meander_deg: Annotated[float, Field(ge=0, le=60)] = 6.0
    """Standard deviation of the direction around its mean."""
    meander_seconds: PositiveFloat = 240.0
    """Correlation time of the direction."""
    gust_share: Annotated[float, Field(ge=0, le=0.4)] = 0.08
    """Standard deviation of the speed, as a share of its mean."""
    gust_seconds: PositiveFloat = 20.0
    """Correlation time of the speed."""
    temperature_c: Annotated[float, Field(ge=-60, le=60)] = 18.0
    """Mean air temperature at 2 m."""
    roughness_m: Annotated[float, Field(gt=0, le=1.5)] = 0.1
    """Roughness length of the ground; with class and wind it sets the temperature difference."""

    @model_validator(mode="after")
    def _phases_in_order(self) -> "Weather":
        times = [phase.at_seconds for phase in self.phases]
        if times[0] != 0 or any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("the phases are not in order hint: start at 0, each later than the one before")
        return self


class Leak(ConfigModel):
    """A release of one substance."""

    name: str
    """A word for messages."""
    substance: str
    """Id of the substance in config/substances.yaml."""
    enterprise: str | None = None
    """Whose process unit leaks; with `unit`."""
    unit: str | None = None
    """The process unit."""
    position: tuple[float, float] | None = None
    """Longitude and latitude, in place of a process unit."""
    offset_m: tuple[float, float] = (0.0, 0.0)
    """Metres east and north of that place."""
    start_seconds: Seconds
    """When it begins."""
    duration_seconds: PositiveFloat
    """How long it lasts."""
    ramp_seconds: Seconds = 0.0
    """Time over which the rate climbs to its full value."""
    rate_g_s: PositiveFloat
    """Full rate."""
    height_m: Annotated[float, Field(ge=0)] = 2.0
    """Height of the release."""
    source_size_m: Annotated[float, Field(ge=0)] = 1.0
    """Spread of the cloud at the source itself (standard deviation): the jet and the pipework around it."""
    repeat_seconds: PositiveFloat | None = None
    """It happens again after this time, counted from start to start."""

    @model_validator(mode="after")
    def _one_place(self) -> "Leak":
        named = self.enterprise is not None and self.unit is not None
        if named == (self.position is not None) or (self.enterprise is None) != (self.unit is None):
            raise ValueError("it says not where hint: give `enterprise` and `unit`, or `position`, not both")
        if self.repeat_seconds is not None and self.repeat_seconds <= self.duration_seconds:
            raise ValueError("it begins again before it ends hint: make `repeat_seconds` longer")
        return self


class Window(ConfigModel):
    """From when to when a fault stands; for ever where `to_seconds` is missing."""

    from_seconds: Seconds = 0.0
    """When it begins."""
    to_seconds: PositiveFloat | None = None
    """When it ends."""
    repeat_seconds: PositiveFloat | None = None
    """It happens again after this time, counted from start to start."""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Window":
        if self.to_seconds is not None and self.to_seconds <= self.from_seconds:
            raise ValueError("it ends before it begins hint: make `to_seconds` later than `from_seconds`")
        return self

    def holds(self, seconds: float) -> bool:
        """Whether the fault stands at this second."""
        since = seconds - self.from_seconds
        if since < 0:
            return False
        if self.repeat_seconds is not None:
            since %= self.repeat_seconds
        return self.to_seconds is None or since < self.to_seconds - self.from_seconds


class Silence(Window):
    """A device or a sensor sends nothing; `resend` says what happens with what it measured meanwhile."""

    kind: Literal["silence"]
    """The word that names this fault."""
    device: str | None = None
    """Device ids, shell pattern."""
    sensor: str | None = None
    """Sensor ids, shell pattern."""
    resend: Literal["nothing", "historical"] = "nothing"
    """`historical`: a device keeps its readings and sends them, so marked, when it is back."""

    @model_validator(mode="after")
    def _one_subject(self) -> "Silence":
        if (self.device is None) == (self.sensor is None):
            raise ValueError("it says not who is silent hint: give either `device` or `sensor`")
        if self.sensor is not None and self.resend == "historical":
            raise ValueError("a sensor keeps nothing hint: leave out `resend`, or name a device")
        return self


class Stuck(Window):
    """A sensor repeats its value, or reads `value`."""

    kind: Literal["stuck"]
    """The word that names this fault."""
    sensor: str
    """Sensor ids, shell pattern."""
    value: float | None = None
    """The value it reads; what it last measured where missing."""


class Flagged(Window):
    """A sensor's readings carry a quality word, and a test gas may be on its cell."""

    kind: Literal["flagged"]
    """The word that names this fault."""
    sensor: str
    """Sensor ids, shell pattern."""
    quality: Literal["uncertain", "calibration", "maintenance", "fault", "bad"]
    """The word sent with the readings."""
    value: float | None = None
    """What it reads meanwhile: the span gas."""


class WrongClock(Window):
    """A device's clock is off."""

    kind: Literal["wrong_clock"]
    """The word that names this fault."""
    device: str
    """Device ids, shell pattern."""
    offset_seconds: float
    """Added to its times: positive is ahead."""


class Duplicates(Window):
    """A device sends some messages twice."""

    kind: Literal["duplicates"]
    """The word that names this fault."""
    device: str = "*"
    """Device ids, shell pattern."""
    share: Share
    """Share of the messages."""


class Delayed(Window):
    """Some messages of a device arrive late, after later ones."""

    kind: Literal["delayed"]
    """The word that names this fault."""
    device: str = "*"
    """Device ids, shell pattern."""
    share: Share
    """Share of the messages."""
    delay_seconds: PositiveFloat
    """The longest delay; each is drawn between a tenth of it and the whole."""


class BadPayload(Window):
    """Now and then a device sends, besides its readings, one that cannot be read."""

    kind: Literal["bad_payload"]
    """The word that names this fault."""
    device: str = "*"
    """Device ids, shell pattern."""
    share: Share
    """Share of the messages that are followed by such a one."""
    forms: tuple[Literal["text_value", "unknown_sensor", "wrong_unit", "no_json", "old_time"], ...] = (
        "text_value",
        "unknown_sensor",
    )
    """What is wrong with them, drawn in turn."""


Fault = Annotated[
    Silence | Stuck | Flagged | WrongClock | Duplicates | Delayed | BadPayload, Field(discriminator="kind")
]


class Scenario(ConfigModel):
    """One file of config/scenarios."""

    id: str
    """The file's name without its ending."""
    title: LocalName
    """What it shows."""
    weather: Weather
    """Wind, stability and temperature."""
    terrain: Terrain = Terrain.RURAL
    """Which of Briggs' curves holds."""
    fluctuation: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Relative standard deviation of concentration at one place: eddies of some seconds."""
    leaks: tuple[Leak, ...] = ()
    """What escapes, where and when."""
    faults: tuple[Fault, ...] = ()
    """What goes wrong with the instruments and on the way."""


def load_scenario(path: Path | str) -> Scenario:
    """
    Read a scenario's file.

    Raises:
        ConfigError: it cannot be read, or has mistakes (all of them named).
    """
    return load(path, Scenario)
