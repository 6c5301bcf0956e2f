"""Every kind of rule, one line each; the union of their models is what a rule file may hold."""

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field

from rules.kind import Kind
from rules.rule import RuleModel

# Each names its file in rules/kinds.
NAMES = (
    "threshold",
    "silence",
    "average",
    "rate",
    "trend",
    "deviation",
    "stuck",
    "noisy",
    "out_of_range",
)

KINDS: dict[str, Kind] = {name: import_module(f"rules.kinds.{name}").KIND for name in NAMES}

# The kernel's op is the place in this list, from `memory.FIRST_OP` on.
STEPS: tuple[Any, ...] = tuple(step for kind in KINDS.values() for step in kind.steps)
FIRST_STEP: dict[str, int] = {
    name: sum(len(kind.steps) for kind in list(KINDS.values())[:place]) for place, name in enumerate(KINDS)
}

if TYPE_CHECKING:
    Rule = RuleModel
else:
    # Pydantic takes the union as data; a type checker sees what all kinds have in common.
    Rule = Annotated[Union[tuple(kind.model for kind in KINDS.values())], Field(discriminator="kind")]  # noqa: UP007
