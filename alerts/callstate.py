"""A call that nobody answered yet: its record in memory, and in a snapshot."""

from dataclasses import dataclass, field
from typing import Any

from alerts.routes import Step
from fenceline.alert import Page
from fenceline.vocabulary import Level, Tier

NEXT_TICK = -2  # the wait begins at the next tick
NOT_WAITING = -1
NO_NEWS = -1

_PLAIN = ("id", "owner", "quantity", "step", "cycle", "pages_due", "wait_due_ns", "news_ns", "moved")


@dataclass(slots=True)
class OpenCall:
    """A call that nobody answered yet.

    Args:
        level, tier: the highest that its alerts have had.
        members: ids of its alerts, in the order in which they joined.
        steps: of its route; none where the routes now in force have none, until the next tick ends it.
        pages_due: how many pages became due so far.
        news_ns: log time of the first change of its alerts that its pages do not tell of yet.
        moved: it paged since its alerts' records last said how it stands.
        pages: those of the step it stands in.
    """

    id: str
    owner: str
    quantity: str
    level: Level
    tier: Tier
    members: dict[str, None]
    steps: tuple[Step, ...]
    step: int = 0
    cycle: int = 0
    pages_due: int = 0
    wait_due_ns: int = NOT_WAITING
    news_ns: int = NO_NEWS
    moved: bool = False
    pages: dict[str, Page] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return (self.owner, self.quantity)


def dump_call(call: OpenCall) -> dict[str, Any]:
    """Plain values for a snapshot."""
    entry: dict[str, Any] = {name: getattr(call, name) for name in _PLAIN}
    return entry | {
        "level": str(call.level),
        "tier": str(call.tier),
        "members": list(call.members),
        "steps": [step.model_dump(mode="json") for step in call.steps],
        "pages": [page.model_dump(mode="json") for page in call.pages.values()],
    }


def load_call(entry: dict[str, Any]) -> OpenCall:
    """The call that `dump_call` was given."""
    pages = [Page.model_validate(page) for page in entry["pages"]]
    return OpenCall(
        **{name: entry[name] for name in _PLAIN},
        level=Level(entry["level"]),
        tier=Tier(entry["tier"]),
        members=dict.fromkeys(entry["members"]),
        steps=tuple(Step.model_validate(step) for step in entry["steps"]),
        pages={page.id: page for page in pages},
    )
