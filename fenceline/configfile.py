"""A YAML file and a model in, the checked model out; or every mistake of the file, each with its line.

`load` is for files that stand alone. Where a check needs other files too (a sensor's unit, the substances),
`load_document` keeps the places, and the checks add their own findings to the same list.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from fenceline.configwords import explain, known_keys
from fenceline.errors import ConfigError
from fenceline.yamltree import MAX_BYTES, Node, read_tree

Path_ = tuple[str | int, ...]


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
    """A file that was read, its model, where each value stands, and what checks found wrong since."""

    file: str
    model: ModelT
    root: Node
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, path: Path_) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the nearest value above it that the file holds."""
        node, _ = _walk(self.root, path)
        return node.line, node.column

    def refuse(self, path: Path_, message: str, hint: str = "") -> None:
        """Note a mistake at `path`; `raise_if_refused` reports all of them together."""
        line, column = self.line_of(path)
        self.problems.append(Problem(self.file, line, column, dotted(path), message, hint))

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
    return parse_document(text, str(path), model)


def parse_document(text: str, name: str, model: type[ModelT]) -> Document[ModelT]:
    """As `load_document`, from text."""
    root, mistakes = read_tree(text)
    in_text = [Problem(name, m.line, m.column, "", m.message, m.hint) for m in mistakes]
    if root is None:
        raise ConfigProblems(in_text)
    in_values: list[Problem] = []
    checked: ModelT | None = None
    try:
        # Through JSON and strictly: text is never taken for a number, yet lists become tuples, words enums.
        checked = model.model_validate_json(json.dumps(root.value), strict=True)
    except ValidationError as error:
        places = {(problem.line, problem.column) for problem in in_text}
        found = _first_of_each_place(_problems_of(error, name, root, model))
        in_values = [problem for problem in found if (problem.line, problem.column) not in places]
    if checked is None or in_text:
        raise ConfigProblems([*in_text, *in_values])
    return Document(name, checked, root)


def dotted(path: Path_) -> str:
    """`("devices", 3, "unit")` as `devices[3].unit`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _walk(root: Node, path: Path_) -> tuple[Node, Path_]:
    """The deepest node on `path`, and its own path: parts that the file does not hold are passed over."""
    node = root
    taken: list[str | int] = []
    for part in path:
        if part in node.children:
            node = node.children[part]
            taken.append(part)
    return node, tuple(taken)


def _problems_of(error: ValidationError, file: str, root: Node, model: type[BaseModel]) -> list[Problem]:
    problems = []
    for details in error.errors(include_url=False):
        at_key = details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)
        path = details["loc"]
        if details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]:
            continue  # only because items of the list are wrong, each reported by itself
        if details["type"] == "union_tag_invalid":
            path = (*path, details["ctx"]["discriminator"].strip("'"))
        node, taken = _walk(root, path)
        line, column = node.line, node.column
        if at_key and taken:
            parent, _ = _walk(root, taken[:-1])
            line, column = parent.key_places.get(str(taken[-1]), (line, column))
        message, hint = explain(details, known_keys(model, path[:-1]))
        problems.append(Problem(file, line, column, dotted(taken), message, hint))
    return problems


def _first_of_each_place(problems: Sequence[Problem]) -> list[Problem]:
    """One mistake may break several checks: the first that names a place is enough, save for missing keys."""
    kept: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        missing = problem.message if problem.message.startswith("the key") else ""
        kept.setdefault((problem.line, problem.column, problem.where, missing), problem)
    return list(kept.values())
