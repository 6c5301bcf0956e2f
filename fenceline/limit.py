"""One limit, with all that must be known to use it: unit, averaging time, basis, source and its mark."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from fenceline.configfile import ConfigModel
from fenceline.units import canonical, is_unit

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
UnitName = Annotated[str, AfterValidator(lambda unit: canonical(unit) if is_unit(unit) else unit)]


class Averaging(StrEnum):
    """The time over which a value is averaged before it is compared with the limit."""

    INSTANT = "instant"
    CEILING = "ceiling"
    TEN_MINUTES = "10min"
    FIFTEEN_MINUTES = "15min"
    THIRTY_MINUTES = "30min"
    ONE_HOUR = "1h"
    FOUR_HOURS = "4h"
    EIGHT_HOURS = "8h"
    ONCE_MAX = "once_max"
    NOT_STATED = "not_stated"
    NOT_AVERAGED = "not_averaged"


class Mark(StrEnum):
    """How sure a value is."""

    SOURCE = "S"
    KNOWLEDGE = "K"
    COMPUTED = "C"


class Limit(ConfigModel):
    """One value that a standard, a guideline or a table gives."""

    name: Identifier
    """What rules call it, for example `alarm_1`."""
    value: float = Field(ge=0)
    """The value, in `unit`."""
    unit: UnitName
    """The unit that the source gives."""
    averaging: Averaging
    """The averaging time that the source means."""
    basis: str = Field(min_length=1)
    """The standard or guideline and what it calls this value."""
    source: str = Field(pattern=r"^\[.+\]$")
    """Where the value was read, by the marks of `sources`; `K` from knowledge, `C` computed."""
    mark: Mark
    """`S` read in a source, `K` from knowledge and not verified, `C` computed from others."""
    effective: str = Field(default="", pattern=r"^(\d{4}(-\d{2}(-\d{2})?)?)?$")
    """The day it came into force; empty where that is not known."""
    note: str = ""
    """What must be known before it is used."""

    @model_validator(mode="after")
    def _mark_says_what_the_source_says(self) -> Self:
        marks = marks_in(self.source)
        if "K" in marks or "unverified" in self.source:
            right = Mark.KNOWLEDGE
        else:
            right = Mark.COMPUTED if set(marks) == {"C"} else Mark.SOURCE
        if self.mark is not right:
            said = f"the mark `{self.mark}` and the source `{self.source}` do not agree"
            raise ValueError(f"{said} hint: a source like this one has the mark {right}")
        return self

    @property
    def verified(self) -> bool:
        """Whether a source was read for it."""
        return self.mark is Mark.SOURCE


class Absent(ConfigModel):
    """A value that one would look for and that does not exist, or was not found."""

    name: Identifier
    """The name it would have."""
    reason: str = Field(min_length=1)
    """Why there is none."""
    source: str = Field(pattern=r"^\[.+\]$")
    """Where that was read."""


def marks_in(source: str) -> list[str]:
    """The marks in a source such as `[T7][T11]` or `[K, =AEGL, C]`; not those after `from`."""
    return re.findall(r"(?<![A-Z0-9-])(?:[KC]|[A-Z]\d+)\b", source.partition("from")[0])
