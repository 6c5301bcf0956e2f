"""`config/substances.yaml` in; out every substance and quantity with its limits, each with its source.

A limit is looked up by name and never guessed: where none is given the answer says why. Where sources
disagree the plain name carries the stricter value; the others stand beside it until the park decides.
"""

import functools
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from fenceline.configfile import ConfigModel, Document, examine_document
from fenceline.configwords import did_you_mean
from fenceline.errors import ConfigError
from fenceline.limit import Absent, Averaging, Identifier, Limit, Mark, UnitName, marks_in
from fenceline.localname import LocalName
from fenceline.units import canonical, convert, dimension, factor

__all__ = [
    "Absent",
    "Averaging",
    "Clause",
    "Conflict",
    "Flag",
    "Limit",
    "LocalName",
    "Mark",
    "Quantity",
    "Substance",
    "Substances",
    "check_substances",
    "load_substances",
    "read_substances",
]


class Flag(StrEnum):
    """What a substance does."""

    TOXIC = "toxic"
    FLAMMABLE = "flammable"
    ODOROUS = "odorous"
    SILENT = "silent"
    GROUP = "group"
    PARTICULATE = "particulate"


class Substance(ConfigModel):
    """What can be in the air, and every limit known for it."""

    id: Identifier
    """What sensors, rules and topics call it."""
    name: LocalName
    """What people call it."""
    formula: str = ""
    """Chemical formula; empty for mixtures."""
    cas: str = Field(default="", pattern=r"^(\d{2,7}-\d{2}-\d)?$")
    """CAS registry number; empty for mixtures."""
    molar_mass: float | None = Field(default=None, gt=0)
    """g/mol; empty where a volume cannot be turned into a mass, as with mixtures."""
    unit: UnitName = "mg/m3"
    """The unit in which its limits are compared."""
    flags: tuple[Flag, ...] = ()
    """What it does: toxic, flammable, odorous; `silent` is dangerous before it smells."""
    note: str = ""
    """What must be known about it."""
    limits: tuple[Limit, ...] = ()
    """Its limits."""
    absent: tuple[Absent, ...] = ()
    """Limits that do not exist or were not found."""


class Quantity(ConfigModel):
    """What a sensor measures that is no substance: wind, temperature, %LEL, oxygen."""

    id: Identifier
    """What sensors and rules call it."""
    name: LocalName
    """What people call it."""
    unit: UnitName
    """Its canonical unit."""
    minimum: float | None = None
    """The lowest value that can be, in the canonical unit."""
    maximum: float | None = None
    """The highest value that can be, in the canonical unit."""
    note: str = ""
    """What must be known about it."""
    limits: tuple[Limit, ...] = ()
    """Its limits."""
    absent: tuple[Absent, ...] = ()
    """Limits that do not exist or were not found."""


class Conflict(ConfigModel):
    """Sources disagree; the park decides, and the decision is written down here."""

    id: Identifier
    """Its name."""
    limits: tuple[str, ...]
    """The limits it is about, as `substance.name`."""
    words: str = Field(min_length=1)
    """What disagrees with what."""
    decision: str = ""
    """What the park decided, who and when; empty until then."""


class Clause(ConfigModel):
    """A sentence of a standard that is no single value."""

    id: Identifier
    """Its name."""
    words: str = Field(min_length=1)
    """What it says."""
    source: str = Field(pattern=r"^\[.+\]$")
    """Where it was read."""


class Substances(ConfigModel):
    """The whole table: sources, substances, quantities, conflicts and clauses."""

    sources: dict[str, str]
    """Where values were read, by mark."""
    substances: tuple[Substance, ...]
    """What can be in the air."""
    quantities: tuple[Quantity, ...]
    """What else sensors measure."""
    conflicts: tuple[Conflict, ...] = ()
    """Where sources disagree."""
    clauses: tuple[Clause, ...] = ()
    """Sentences of standards that are no single value."""

    @functools.cached_property
    def by_id(self) -> dict[str, Substance | Quantity]:
        """Substances and quantities by id."""
        return {subject.id: subject for subject in self.subjects()}

    def subjects(self) -> Iterator[Substance | Quantity]:
        """Substances, then quantities."""
        yield from self.substances
        yield from self.quantities

    def subject(self, subject_id: str) -> Substance | Quantity:
        """
        The substance or quantity called `subject_id`.

        Raises:
            ConfigError: there is none.
        """
        found = self.by_id.get(subject_id)
        if found is None:
            said = f"`{subject_id}` is neither a substance nor a quantity"
            raise ConfigError(said, hint=did_you_mean(subject_id, self.by_id, "known"))
        return found

    def molar_mass(self, subject_id: str) -> float | None:
        """g/mol, none for quantities and mixtures."""
        subject = self.subject(subject_id)
        return subject.molar_mass if isinstance(subject, Substance) else None

    def limit(self, subject_id: str, name: str) -> Limit:
        """
        One limit of a substance or quantity.

        Raises:
            ConfigError: there is no such limit; the message says why where that is known.
        """
        subject = self.subject(subject_id)
        for limit in subject.limits:
            if limit.name == name:
                return limit
        for absent in subject.absent:
            if absent.name == name:
                said = f"`{subject_id}` has no `{name}`: {absent.reason} {absent.source}"
                raise ConfigError(
                    said, hint="take another limit, or write a value with its source into a rule"
                )
        hint = did_you_mean(name, [limit.name for limit in subject.limits], "its limits")
        raise ConfigError(f"`{subject_id}` has no limit `{name}`", hint=hint)

    def limit_value(self, subject_id: str, name: str, unit: str, temperature_c: float = 25.0) -> float:
        """A limit in the unit of a sensor, at the state of the gas that the limit is meant for."""
        limit = self.limit(subject_id, name)
        return convert(limit.value, limit.unit, unit, self.molar_mass(subject_id), temperature_c)

    def unit_problem(self, subject_id: str, unit: str) -> str:
        """Why `unit` cannot be the unit of a sensor of `subject_id`; empty when it can."""
        subject = self.subject(subject_id)
        try:
            along_a_path = (
                isinstance(subject, Substance) and dimension(unit) == "volume fraction along a path"
            )
            if not along_a_path:
                factor(unit, subject.unit, self.molar_mass(subject_id))
        except ConfigError as error:
            return error.message
        return ""


def load_substances(path: Path | str) -> Substances:
    """
    The table, checked within itself.

    Raises:
        ConfigProblems: every mistake, with its line.
    """
    document = read_substances(path)
    document.raise_if_refused()
    return document.model


def read_substances(path: Path | str) -> Document[Substances]:
    """
    The table as far as it is sound, with every mistake of the file.

    Raises:
        ConfigProblems: too much is wrong to say more.
        ConfigError: the file cannot be read at all.
    """
    document = examine_document(path, Substances)
    check_substances(document)
    return document


def check_substances(document: Document[Substances]) -> None:
    """Note on the document what does not fit together."""
    table = document.model
    known_limits: set[str] = set()
    ids: set[str] = set()
    sections: dict[str, tuple[Substance | Quantity, ...]] = {
        "substances": table.substances,
        "quantities": table.quantities,
    }
    for section, subjects in sections.items():
        for index, subject in enumerate(subjects):
            path = (section, index)
            if subject.id in ids:
                document.refuse((*path, "id"), f"the id `{subject.id}` stands twice", "give each its own")
            ids.add(subject.id)
            _check_unit(document, (*path, "unit"), subject.unit)
            names: set[str] = set()
            for place, limit in enumerate(subject.limits):
                _check_limit(document, (*path, "limits", place), limit)
                if limit.name in names:
                    said = f"`{subject.id}` has two limits `{limit.name}`"
                    document.refuse((*path, "limits", place, "name"), said, "give each its own name")
                names.add(limit.name)
            for place, absent in enumerate(subject.absent):
                if absent.name in names:
                    said = f"`{absent.name}` has a value and is said to be absent"
                    document.refuse((*path, "absent", place, "name"), said, "remove one of the two")
            known_limits |= {f"{subject.id}.{name}" for name in names}
    for index, conflict in enumerate(table.conflicts):
        for place, name in enumerate(conflict.limits):
            if name not in known_limits:
                hint = did_you_mean(name, sorted(known_limits), "known limits")
                document.refuse(("conflicts", index, "limits", place), f"there is no limit `{name}`", hint)


def _check_limit(document: Document[Substances], path: tuple[str | int, ...], limit: Limit) -> None:
    _check_unit(document, (*path, "unit"), limit.unit)
    for mark in marks_in(limit.source):
        if mark not in document.model.sources:
            document.refuse((*path, "source"), f"`{mark}` is not among the sources", "add it to `sources`")


def _check_unit(document: Document[Substances], path: tuple[str | int, ...], unit: str) -> None:
    try:
        canonical(unit)
    except ConfigError as error:
        document.refuse(path, error.message, error.hint)
