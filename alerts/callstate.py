"""A call that nobody answered yet: its record in memory, and in a snapshot."""

from dataclasses import dataclass, field
from typing import Any

from alerts.routes import Step
from fenceline.alert import Page
from fenceline.vocabulary import Level, Tier

NEXT_TICK = -2  # the wait begins at the next tick
NOT_WAITING = -1

_PLAIN = (
    "id",
    "owner",
    "quantity",
    "level",
    "tier",
    "members",
    "step",
    "cycle",
    "pages_due",
    "wait_due_ns",
)


@dataclass(slots=True)
class OpenCall:
    """A call that nobody answered yet."""

    id: str
    owner: str
    quantity: str
    level: Level
    tier: Tier
    members: list[str]
    steps: tuple[Step, ...]
    step: int = 0
    cycle: int = 0
    pages_due: int = 0
    wait_due_ns: int = NOT_WAITING
    pages: dict[str, Page] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return (self.owner, self.quantity)


def dump_call(call: OpenCall) -> dict[str, Any]:
    """Plain values for a snapshot."""
    entry: dict[str, Any] = {name: getattr(call, name) for name in _PLAIN}
    entry["steps"] = [step.model_dump(mode="json") for step in call.steps]
    entry["pages"] = [page.model_dump(mode="json") for page in call.pages.values()]
    return entry


def load_call(entry: dict[str, Any]) -> OpenCall:
    """The call that `dump_call` was given."""
    plain = {name: entry[name] for name in _PLAIN}
    plain |= {"level": Level(entry["level"]), "tier": Tier(entry["tier"])}
    pages = [Page.model_validate(page) for page in entry["pages"]]
    return OpenCall(
        **plain,
        steps=tuple(Step.model_validate(step) for step in entry["steps"]),
        pages={page.id: page for page in pages},
    )
