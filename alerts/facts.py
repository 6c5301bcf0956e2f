"""What the lifecycle needs to know of the park to name an alert: sensors, owners, substances, rules."""

from dataclasses import dataclass

from fenceline.alert import Name
from fenceline.vocabulary import Tier


@dataclass(frozen=True, slots=True)
class SensorFacts:
    """Where a sensor stands and what it measures."""

    name: Name
    owner: str
    owner_name: Name
    tier: Tier
    placement: str
    position: tuple[float, float] | None
    quantity: str
    quantity_name: Name
    unit: str


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What a page says of a rule."""

    title: Name
    what_to_do: Name | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it, as put in force."""

    park: Name
    simulated: bool
    timezone: str
    sensors: dict[str, SensorFacts]
    rules: dict[str, RuleFacts]
