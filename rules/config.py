"""The files of config that the rules read: config/rules/*.yaml and config/timing.yaml."""

from typing import Annotated

from pydantic import Field

from fenceline.configfile import ConfigModel
from rules.registry import Rule


class RuleFile(ConfigModel):
    """One file of rules."""

    rules: tuple[Rule, ...]
    """The rules."""


class Timing(ConfigModel):
    """config/timing.yaml: the bounds by which readings are judged against time."""

    delayed_after_seconds: Annotated[float, Field(gt=0, le=7 * 86400)] = 30.0
    """A reading this far behind log time is delayed: kept, but it decides nothing."""
    duplicate_seconds: Annotated[float, Field(ge=0, le=86400)] = 900.0
    """How long a reading is remembered, to know it when it comes again."""
    ahead_seconds: Annotated[float, Field(gt=0, le=86400)] = 60.0
    """A reading this far ahead of the ingestor's clock is its device's fault."""
