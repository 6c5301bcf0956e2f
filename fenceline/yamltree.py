"""The text of a YAML file in; out a tree of plain values with the line and column of each, or every mistake.

What YAML readers disagree on is refused, so that a file means the same here, in an editor and in a script:
tags, doubled keys, `no`, `on` or `12:30` without quotes. Size, depth and alias expansion are bounded.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

MAX_BYTES = 5_000_000
MAX_DEPTH = 40
MAX_NODES = 500_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+$")
_BASE_60 = re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?$")
_WORDS: dict[str, bool | None] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip
_DISPUTED = {"yes", "no", "on", "off"}

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with the text itself, before any model looks at it."""

    line: int
    column: int
    message: str
    hint: str


@dataclass(slots=True)
class Node:
    """One value of the file, where it stands, and the nodes below it by key or index.

    Args:
        places: of a list that items were taken out of, where the others stand in the file.
    """

    value: Plain
    line: int
    column: int
    size: int = 1
    children: dict[str | int, "Node"] = field(default_factory=dict)
    key_places: dict[str, tuple[int, int]] = field(default_factory=dict)
    places: tuple[int, ...] = ()


class _Stop(Exception):
    """Reading on makes no sense."""


def read_tree(text: str) -> tuple[Node | None, list[Mistake]]:
    """The tree of the one document in `text`, none where it cannot be read to its end, and all mistakes."""
    mistakes = [
        Mistake(number, line.index("\t") + 1, "a tab in the indentation", "indent with spaces")
        for number, line in enumerate(text.split("\n"), start=1)
        if "\t" in line[: len(line) - len(line.lstrip())] and line.strip()
    ]
    if mistakes:
        return None, mistakes
    builder = _Builder(mistakes)
    try:
        events = iter(yaml.parse(text, Loader=_LOADER))
        return builder.document(events), mistakes
    except _Stop:
        return None, mistakes
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        context = f"{error.context}, " if error.context else ""
        said = "this is not YAML: " + context + (error.problem or "it does not parse")
        mistakes.append(Mistake(line, column, said, _syntax_hint(error.problem or "")))
    except yaml.YAMLError as error:
        said = "this is not YAML: " + str(error).splitlines()[0]
        mistakes.append(Mistake(1, 1, said, "look for characters that do not print"))
    return None, mistakes


def _syntax_hint(problem: str) -> str:
    if "nesting" in problem:
        return f"a file may be {MAX_DEPTH} levels deep"
    if "cannot start any token" in problem:
        return "put a value that starts with a special character such as % @ ` in quotes"
    return "look at this line and the one above: a colon, bracket or quote is missing, or the indentation off"


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


class _Builder:
    def __init__(self, mistakes: list[Mistake]) -> None:
        self._mistakes = mistakes
        self._anchors: dict[str, Node] = {}

    def document(self, events: Iterator[yaml.Event]) -> Node:
        next(events)
        event = next(events)
        if isinstance(event, yaml.StreamEndEvent):
            self._mistakes.append(Mistake(1, 1, "the file is empty", "start from a sample in config/"))
            raise _Stop
        root = self._node(next(events), events, 0)
        next(events)
        event = next(events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._add(event, "a second document starts here", "one file holds one document: remove the `---`")
        return root

    def _add(self, event: yaml.Event, message: str, hint: str) -> None:
        self._mistakes.append(Mistake(*_place(event), message, hint))

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._add(event, f"nested more than {MAX_DEPTH} levels deep", "flatten the file")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise _Stop
        node = Node(None, *_place(event))
        if event.tag is not None and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._add(event, f"the tag `{tag}`", "leave it out: a value is text, a number or a boolean")
        if isinstance(event, yaml.ScalarEvent):
            node.value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._sequence(node, events, depth)
        else:
            self._mapping(node, events, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            said = f"the alias `*{event.anchor}` has no anchor above it"
            self._add(event, said, f"put `&{event.anchor}` at the value that is meant, or write it out")
            return Node(None, *_place(event))
        return node

    def _grow(self, node: Node, child: Node, event: yaml.Event) -> None:
        node.size += child.size
        if node.size > MAX_NODES:
            self._add(event, f"more than {MAX_NODES} values, aliases written out", "use fewer aliases")
            raise _Stop

    def _sequence(self, node: Node, events: Iterator[yaml.Event], depth: int) -> None:
        values: list[Plain] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            child = self._node(event, events, depth + 1)
            self._grow(node, child, event)
            node.children[len(values)] = child
            values.append(child.value)
        node.value = values

    def _mapping(self, node: Node, events: Iterator[yaml.Event], depth: int) -> None:
        values: dict[str, Plain] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, depth)
            if key in values:
                first = node.key_places[key][0]
                self._add(event, f"the key `{key}` stands twice, first in line {first}", "keep one of them")
            child = self._node(next(events), events, depth + 1)
            self._grow(node, child, event)
            node.children[key] = child
            node.key_places.setdefault(key, _place(event))
            values[key] = child.value
        node.value = values

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> str:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
            return str(event.value)
        self._node(event, events, depth + 1)
        self._add(event, "a key that is not a word", "keys are plain text")
        return ""

    def _scalar(self, event: yaml.ScalarEvent) -> Plain:
        text: str = event.value
        if event.style or event.tag == "!":
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text.lower() in _DISPUTED:
            said = f"`{text}` without quotes is a boolean to some YAML readers and text to others"
            self._add(event, said, f'write "{text}" in quotes for the text, or true or false')
            return text
        if _INTEGER.match(text) and len(text) <= 18:
            return int(text)
        if _LEADING_ZERO.match(text):
            said = f"`{text}` starts with a zero: an octal number to some YAML readers"
            self._add(event, said, "leave the zero out, or put it in quotes if it is text")
            return text
        if _BASE_60.match(text):
            said = f"`{text}` without quotes is a number in base 60 to some YAML readers"
            self._add(event, said, f'a time of day is text: write "{text}" in quotes')
            return text
        if _FLOAT.match(text) and math.isfinite(number := float(text)):
            return number
        return text
