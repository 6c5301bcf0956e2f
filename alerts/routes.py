"""The model of config/routes.yaml: who is paged for what, in which steps, and how long each waits."""

from typing import Annotated

from pydantic import Field, model_validator

from fenceline.alert import Name
from fenceline.configfile import ConfigModel
from fenceline.vocabulary import Level, Tier

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Wait = Annotated[float, Field(gt=0, le=86400)]


class Recipient(ConfigModel):
    """A person or a desk that can be paged."""

    name: Name
    """What the screens call it."""
    channels: Annotated[tuple[Id, ...], Field(min_length=1)]
    """Its channels by name (config/channels.yaml), the preferred one first."""


class Step(ConfigModel):
    """One step of a route: everybody named is paged at once."""

    to: Annotated[tuple[Id, ...], Field(min_length=1)]
    """Recipients."""
    wait_seconds: Wait
    """How long to wait for an answer before the next step, from the receipt or the last failure."""


class Route(ConfigModel):
    """Which alerts go which way: the first route whose lists all match; an empty list matches all."""

    tier: tuple[Tier, ...] = ()
    """Tiers."""
    level: tuple[Level, ...] = ()
    """Levels."""
    owner: tuple[str, ...] = ()
    """Enterprises, or `park` and `community`."""
    steps: tuple[Step, ...] = ()
    """Climbed in turn, and begun anew after the last, until somebody answers. No steps: on screen only."""

    def matches(self, tier: Tier, level: Level, owner: str) -> bool:
        return (
            (not self.tier or tier in self.tier)
            and (not self.level or level in self.level)
            and (not self.owner or owner in self.owner)
        )


class Routes(ConfigModel):
    """The whole of config/routes.yaml."""

    recipients: dict[Id, Recipient]
    """Who can be paged."""
    routes: Annotated[tuple[Route, ...], Field(min_length=1)]
    """In order; the last must match everything, so that no alert is without a decision."""
    update_seconds: Wait = 30.0
    """How long a page is updated by what follows, before it is left as it was sent."""
    expire_seconds: Wait = 300.0
    """How long a page that is due may wait to be sent; then it is decided anew."""
    receipt_seconds: Wait = 20.0
    """How long an attempt may stay without a receipt."""
    attempts_per_channel: Annotated[int, Field(ge=1, le=10)] = 3
    """Attempts before the recipient's next channel is taken."""

    @model_validator(mode="after")
    def _complete(self) -> "Routes":
        known = set(self.recipients)
        for route in self.routes:
            for step in route.steps:
                unknown = [name for name in step.to if name not in known]
                if unknown:
                    raise ValueError(f"`to` names `{unknown[0]}`, which is not among `recipients`")
                twice = [name for name in step.to if step.to.count(name) > 1]
                if twice:
                    raise ValueError(f"`to` names `{twice[0]}` twice: it would be paged twice at once")
        last = self.routes[-1]
        if last.tier or last.level or last.owner:
            raise ValueError("the last route must match everything: leave out `tier`, `level` and `owner`")
        return self

    def route_for(self, tier: Tier, level: Level, owner: str) -> Route:
        """The first route that matches."""
        return next(route for route in self.routes if route.matches(tier, level, owner))
