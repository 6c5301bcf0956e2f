"""What every rule of config/rules/*.yaml says of itself: what it watches, its limits, its own examples."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from fenceline.alert import Name
from fenceline.configfile import ConfigModel
from fenceline.vocabulary import Level, Placement

Seconds = Annotated[float, Field(ge=0, le=7 * 86400)]
RuleName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class Watches(ConfigModel):
    """Which sensors a rule watches: those that match every list given; no list matches all."""

    quantity: tuple[str, ...] = ()
    """Substances or plain quantities."""
    placement: tuple[Placement, ...] = ()
    """What the sensor stands at."""
    owner: tuple[str, ...] = ()
    """Enterprises, or the reserved owners `park` and `community`."""
    sensor: tuple[str, ...] = ()
    """Single sensors by id."""
    tag: tuple[str, ...] = ()
    """Tags of park.yaml; one of them is enough."""


class LimitValue(ConfigModel):
    """A limit written out; it needs its unit and where it comes from."""

    value: float
    """The number."""
    unit: str
    """Its unit; converted to the sensor's."""
    source: str
    """Standard, clause, or the park's decision."""


class Interval(ConfigModel):
    """The good interval of an `outside` rule, ends excluded."""

    lower: float
    """Alarms at or below."""
    upper: float
    """Alarms at or above."""
    unit: str
    """Unit of both."""
    source: str
    """Standard, clause, or the park's decision."""

    @model_validator(mode="after")
    def _ordered(self) -> "Interval":
        if self.lower >= self.upper:
            raise ValueError(f"`lower` {self.lower:g} must be less than `upper` {self.upper:g}")
        return self


def _which_limit(given: Any) -> str:
    """What somebody meant to write, so that only its own mistakes are told."""
    if isinstance(given, Interval) or (isinstance(given, dict) and {"lower", "upper"} & given.keys()):
        return "interval"
    return "written_out" if isinstance(given, LimitValue | dict) else "by_name"


def _no_bare_number(given: Any) -> Any:
    if isinstance(given, int | float):
        raise ValueError(
            f"the limit `{given}` is a bare number hint: a limit's name, or "
            f"{{value: {given}, unit: ..., source: ...}}"
        )
    return given


AnyLimit = Annotated[
    Annotated[str, Tag("by_name")]
    | Annotated[LimitValue, Tag("written_out")]
    | Annotated[Interval, Tag("interval")],
    Discriminator(_which_limit),
    BeforeValidator(_no_bare_number),
]


def _word_of_truth(given: Any) -> Any:
    """YAML reads a bare `true` as a boolean; here it is a word beside `unknown`."""
    return str(given).lower() if isinstance(given, bool) else given


class LevelRule(ConfigModel):
    """One rung of the ladder: a limit and the level it gives."""

    level: Level
    """The level while the condition holds."""
    limit: AnyLimit
    """A limit's name in config/substances.yaml, or a value with unit and source."""
    on_delay_seconds: Seconds = 0.0
    """How long the condition must hold before it counts."""


class Deadband(ConfigModel):
    """How far a value must come back from the limit before the condition may end."""

    fraction: Annotated[float, Field(ge=0, lt=1)] | None = None
    """As a fraction of the limit."""
    value: Annotated[float, Field(ge=0)] | None = None
    """In the unit of the limit."""

    @model_validator(mode="after")
    def _one(self) -> "Deadband":
        if (self.fraction is None) == (self.value is None):
            raise ValueError("give either `fraction` or `value`")
        return self


class ExampleSensor(ConfigModel):
    """The sensor an example speaks of."""

    quantity: str
    """Substance or quantity."""
    unit: str
    """The unit of the example's values."""
    placement: Placement = Placement.UNIT
    """What it stands at."""
    interval_seconds: Annotated[float, Field(gt=0)] = 5.0
    """Time between two readings of the series."""
    hold_seconds: Annotated[float, Field(gt=0)] = 20.0
    """How long one reading speaks."""


class Expected(ConfigModel):
    """A change of a condition that the example must show."""

    at_seconds: Seconds
    """Log time of the change, counted from the first reading, to the second."""
    level: Level
    """Which rung."""
    condition: Annotated[Literal["true", "false", "unknown"], BeforeValidator(_word_of_truth)]
    """What it becomes."""


class Example(ConfigModel):
    """A series of readings and every change it must cause; an empty `expect` says: nothing."""

    name: str
    """The situation in one sentence."""
    sensor: ExampleSensor
    """What measures."""
    readings: str
    """Series: `4` one reading, `4x10` ten of them, `0+5x10` rising by 5, `_x3` three missing,
    `4!calibration` with a quality."""
    then_seconds: Seconds = 0.0
    """How long time goes on after the last reading."""
    expect: tuple[Expected, ...]
    """All changes after the first reading made the condition known."""


class RuleModel(ConfigModel):
    """Keys of every rule; `kind` chooses the model of the rest."""

    kind: str
    """Which kind of rule."""
    name: RuleName
    """Unique among all rules; part of every alert's id."""
    title: Name
    """What a page calls it."""
    watches: Watches = Watches()
    """The sensors it watches."""
    what_to_do: Name | None = None
    """First action of whoever answers."""
    examples: tuple[Example, ...] = ()
    """Run by `fenceline check`."""


def rising_levels(levels: Sequence[Any]) -> None:
    """
    Raises:
        ValueError: a level named twice, or not the lowest first.
    """
    ranks = [rung.level.rank for rung in levels]
    if ranks != sorted(set(ranks)):
        raise ValueError("`levels` must name each level once, the lowest first")


class LadderRule(RuleModel):
    """Keys of rules that compare with limits of the sensor's quantity."""

    direction: Literal["above", "below", "outside"] = "above"
    """`above` alarms at or above the limit, `below` at or below it."""
    levels: Annotated[tuple[LevelRule, ...], Field(min_length=1)]
    """The ladder, lowest level first."""
    deadband: Deadband = Deadband(fraction=0.0)
    """How far the value must come back."""
    off_delay_seconds: Seconds = 0.0
    """How long it must stay back."""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        rising_levels(self.levels)
        for rung in self.levels:
            if (self.direction == "outside") != isinstance(rung.limit, Interval):
                raise ValueError("`outside` takes `lower` and `upper`; `above` and `below` take one limit")
        return self


class RateLimit(ConfigModel):
    """A limit of a change per time; it needs its unit and where it comes from."""

    value: Annotated[float, Field(gt=0)]
    """The number; whether up or down says `direction`."""
    unit: str
    """Unit of what changes; converted to the sensor's."""
    per: Literal["s", "min", "h"]
    """Per how much time."""
    source: str
    """Standard, clause, or the park's decision."""

    @property
    def seconds(self) -> float:
        return {"s": 1.0, "min": 60.0, "h": 3600.0}[self.per]
