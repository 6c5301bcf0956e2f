"""A tree and what a model refuses in it; out the tree without that, so that the rest can still be looked at.

A report is to hold all that can be known of a file in one go. Unknown keys are left out, items of lists that
may lose some are left out whole, and where a value is needed a stand-in takes its place; nothing made this
way is ever used for anything but further checks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic_core import ErrorDetails

from fenceline.yamltree import Node, Plain

Path_ = tuple[str | int, ...]
Pattern = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repair:
    """A tree without what was refused.

    Args:
        partial: whether items were left out.
        spoilt: line and column of each value that lost a key. Such a key was misspelt, as a rule, and what
            then does not fit together there comes of that.
    """

    root: Node
    partial: bool
    spoilt: frozenset[tuple[int, int]]


def walk(root: Node, path: Path_) -> tuple[Node, Path_]:
    """The deepest node on `path`, and its own path: parts that the file does not hold are passed over."""
    node = root
    taken: list[str | int] = []
    for part in path:
        if part in node.children:
            node = node.children[part]
            taken.append(part)
    return node, tuple(taken)


def as_written(root: Node, path: Path_) -> Path_:
    """A path in a repaired tree as it is in the file, where items before it may have been left out."""
    node: Node | None = root
    written: list[str | int] = []
    for part in path:
        moved = node is not None and isinstance(part, int) and part < len(node.places)
        written.append(node.places[part] if node is not None and moved and isinstance(part, int) else part)
        node = None if node is None else node.children.get(part)
    return tuple(written)


def repaired(
    root: Node,
    errors: Sequence[ErrorDetails],
    items: Collection[Pattern],
    stand_ins: Mapping[Pattern, Plain],
) -> Repair | None:
    """
    The tree without what the errors name; none where that cannot be.

    Args:
        items: the containers' children that may be left out, as `("devices", "*")`.
        stand_ins: values for what is needed and wrong or missing.
    """
    dropped: set[Path_] = set()
    spoilt: set[tuple[int, int]] = set()
    given: dict[Path_, Plain] = {}
    partial = False
    for details in errors:
        _, taken = walk(root, details["loc"])
        item = _item_of(taken, items)
        if details["type"] == "extra_forbidden" and taken[-1:] == details["loc"][-1:]:
            dropped.add(taken)
            above, _ = walk(root, taken[:-1])
            spoilt.add((above.line, above.column))
        elif item is not None:
            dropped.add(item)
            partial = True
        else:
            place = next((p for p in stand_ins if _matches(details["loc"][: len(p)], p)), None)
            if place is None:
                return None
            given[details["loc"][: len(place)]] = stand_ins[place]
    return Repair(_rebuilt(root, (), dropped, given), partial, frozenset(spoilt))


def _item_of(path: Path_, items: Collection[Pattern]) -> Path_ | None:
    """The innermost item on the path that may be left out."""
    for length in range(len(path), 0, -1):
        if any(_matches(path[:length], item) for item in items):
            return path[:length]
    return None


def _matches(path: Path_, pattern: Pattern) -> bool:
    return len(path) == len(pattern) and all(
        part in ("*", name) for name, part in zip(path, pattern, strict=True)
    )


def _rebuilt(node: Node, path: Path_, dropped: Collection[Path_], given: Mapping[Path_, Plain]) -> Node:
    """Only along the paths that change: the rest is shared with the tree as it was read."""
    below = [one for one in (*dropped, *given) if one[: len(path)] == path and len(one) > len(path)]
    if not below:
        return node
    kept: list[tuple[str | int, Node]] = []
    for key, child in node.children.items():
        here = (*path, key)
        if here in dropped:
            continue
        if here in given:
            child = replace(child, value=given[here], children={})  # noqa: PLW2901 - stands at the same place
        kept.append((key, _rebuilt(child, here, dropped, given)))
    missing = [one for one in given if one[:-1] == path and one[-1] not in node.children]
    kept += [(one[-1], Node(given[one], node.line, node.column)) for one in missing]
    if isinstance(node.value, list):
        before = node.places or tuple(range(len(node.value)))
        places = tuple(before[int(key)] for key, _ in kept)
        children: dict[str | int, Node] = {n: child for n, (_, child) in enumerate(kept)}
        return replace(node, value=[child.value for _, child in kept], children=children, places=places)
    values: dict[str, Plain] = {str(key): child.value for key, child in kept}
    return replace(node, value=values, children=dict(kept))
