"""A YAML file and a model in, the checked model out; or every mistake of the file, each with its line.

`load` is for files that stand alone. Where a check needs other files too (a sensor's unit, the substances),
`load_document` keeps the places, and the checks add their own findings to the same list. `examine_document`
goes on where a file has mistakes, so that such checks still see what is sound in it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from fenceline.configrepair import Path_, Pattern, as_written, repaired, walk
from fenceline.configwords import explain, known_keys
from fenceline.errors import ConfigError
from fenceline.yamltree import MAX_BYTES, Node, Plain, read_tree

ROUNDS = 5  # what is wrong across the values shows only once each value is right


class ConfigModel(BaseModel):
    """Base of everything a site writes: unknown keys are mistakes, what was read does not change."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
    )


ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of one file."""

    file: str
    line: int
    column: int
    where: str
    message: str
    hint: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        hint = f"  hint: {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {where}{self.message}{hint}"


class ConfigProblems(ConfigError):
    """Every mistake found in one or several files, in the order of file, line and column."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Document(Generic[ModelT]):
    """A file that was read, its model, where each value stands, and what is wrong with it.

    Args:
        model: of a file with mistakes (`examine_document`) what is sound in it.
        whole: the tree as it was read.
        partial: whether items of the file are missing in the model.
    """

    file: str
    model: ModelT
    root: Node
    whole: Node
    partial: bool = False
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, path: Path_) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the nearest value above it that the file holds."""
        node, _ = walk(self.root, path)
        return node.line, node.column

    def refuse(self, path: Path_, message: str, hint: str = "") -> None:
        """Note a mistake at `path`; `raise_if_refused` reports all of them together."""
        line, column = self.line_of(path)
        where = dotted(as_written(self.root, path))
        self.problems.append(Problem(self.file, line, column, where, message, hint))

    def raise_if_refused(self) -> None:
        if self.problems:
            raise ConfigProblems(self.problems)


def load(path: Path | str, model: type[ModelT]) -> ModelT:
    """
    Read one configuration file.

    Raises:
        ConfigProblems: the file has mistakes, all of them named.
        ConfigError: the file cannot be read at all.
    """
    return load_document(path, model).model


def load_text(text: str, name: str, model: type[ModelT]) -> ModelT:
    """As `load`, from text; `name` stands for the file in messages."""
    return parse_document(text, name, model).model


def load_document(path: Path | str, model: type[ModelT]) -> Document[ModelT]:
    """As `load`, keeping where each value stands for the checks that need other files."""
    document = examine_document(path, model)
    document.raise_if_refused()
    return document


def parse_document(text: str, name: str, model: type[ModelT]) -> Document[ModelT]:
    """As `load_document`, from text."""
    document = examine_text(text, name, model)
    document.raise_if_refused()
    return document


def examine_document(
    path: Path | str,
    model: type[ModelT],
    *,
    items: Collection[Pattern] = (),
    stand_ins: Mapping[Pattern, Plain] | None = None,
) -> Document[ModelT]:
    """
    Read a file as far as it is sound; its mistakes stand in the document's `problems`.

    Args:
        items: children of containers that may be left out where they are wrong, as `("devices", "*")`.
        stand_ins: values for the model where the file's own are wrong or missing.

    Raises:
        ConfigProblems: too much is wrong for a model.
        ConfigError: the file cannot be read at all.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"`{file}` does not exist", hint="check the path and the spelling") from None
    except OSError as error:
        raise ConfigError(
            f"`{file}` cannot be read: {error.strerror}", hint="check who may read it"
        ) from None
    if len(content) > MAX_BYTES:
        said = f"`{file}` is larger than {MAX_BYTES // 1_000_000} MB"
        raise ConfigError(said, hint="split it, or take out what is not configuration")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        said = f"the byte 0x{content[error.start]:02x} is not UTF-8"
        hint = "save the file as UTF-8 (an editor may call GBK or GB 18030 `ANSI`)"
        raise ConfigProblems([Problem(str(path), line, column, "", said, hint)]) from None
    return examine_text(text, str(path), model, items=items, stand_ins=stand_ins)


def examine_text(
    text: str,
    name: str,
    model: type[ModelT],
    *,
    items: Collection[Pattern] = (),
    stand_ins: Mapping[Pattern, Plain] | None = None,
) -> Document[ModelT]:
    """As `examine_document`, from text."""
    whole, mistakes = read_tree(text)
    problems = [Problem(name, m.line, m.column, "", m.message, m.hint) for m in mistakes]
    if whole is None:
        raise ConfigProblems(problems)
    root, partial = whole, False
    spoilt: frozenset[tuple[int, int]] = frozenset()
    for _ in range(ROUNDS):
        try:
            # By JSON and strictly: text is never taken for a number, yet lists become tuples, words enums.
            checked = model.model_validate_json(json.dumps(root.value), strict=True)
        except ValidationError as error:
            places = {(problem.line, problem.column) for problem in problems}
            found = _first_of_each_place(_problems_of(error, name, root, model))
            problems += [one for one in found if (one.line, one.column) not in places | spoilt]
            repair = repaired(root, error.errors(include_url=False), items, stand_ins or {})
            if repair is None:
                break
            root, partial, spoilt = repair.root, partial or repair.partial, spoilt | repair.spoilt
        else:
            return Document(name, checked, root, whole, partial, problems)
    raise ConfigProblems(problems)


def dotted(path: Path_) -> str:
    """`("devices", 3, "unit")` as `devices[3].unit`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _problems_of(error: ValidationError, file: str, root: Node, model: type[BaseModel]) -> list[Problem]:
    problems = []
    for details in error.errors(include_url=False):
        at_key = details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)
        path = details["loc"]
        node, taken = walk(root, details["loc"])
        if details["type"] == "too_short" and (
            node.places or len(details["input"]) >= details["ctx"]["min_length"]
        ):
            continue  # only because items of the list are wrong, each reported by itself
        if details["type"] == "union_tag_invalid":
            path = (*path, details["ctx"]["discriminator"].strip("'"))
        node, taken = walk(root, path)
        line, column = node.line, node.column
        if at_key and taken:
            parent, _ = walk(root, taken[:-1])
            line, column = parent.key_places.get(str(taken[-1]), (line, column))
        message, hint = explain(details, known_keys(model, path[:-1]))
        where = dotted(as_written(root, taken))
        problems.append(Problem(file, line, column, where, message, hint))
    return problems


def _first_of_each_place(problems: Sequence[Problem]) -> list[Problem]:
    """One mistake may break several checks: the first that names a place is enough, save for missing keys."""
    kept: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        missing = problem.message if problem.message.startswith("the key") else ""
        kept.setdefault((problem.line, problem.column, problem.where, missing), problem)
    return list(kept.values())
