"""The documents keep up with the tree: each path, each link and each make target they name exists."""

import re
from itertools import product
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, short

DOCUMENTS = [short(path) for path in files(".md")]
TOP_LEVEL = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} | {
    ".ci"
}
# Built, so not on a fresh checkout; or made by a run.
MADE_LATER = ("console/web/dist", "web/node_modules", "fenceline-data", ".venv")
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
MAKE = re.compile(r"\bmake ([a-z][a-z0-9_%-]*)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def alternatives(text: str) -> list[str]:
    """`a/{b,c}.py` stands for `a/b.py` and `a/c.py`."""
    parts = [part.split(",") for part in re.split(r"\{([^{}]*,[^{}]*)\}", text)]
    fixed = [[",".join(part)] if index % 2 == 0 else part for index, part in enumerate(parts)]
    return ["".join(choice) for choice in product(*fixed)]


def named_paths(text: str) -> set[str]:
    """What stands in backticks and begins with a folder of ours.

    Names to fill in (`<room>`, `NAME`) are no paths, nor are MQTT topics, which begin like one.
    """
    found: set[str] = set()
    for quoted in INLINE.findall(FENCE.sub("", text)):
        for part in quoted.split():
            word = part.strip(".,;:()\"'")
            top, slash, _ = word.partition("/")
            is_topic = (
                "+" in word or "#" in word or word.startswith("fenceline/{") or word.endswith("/readings")
            )
            if (
                not slash
                or top not in TOP_LEVEL
                or is_topic
                or re.search(r"<|>|\{\w+\}|\bNAME\b|NNN|://", word)
            ):
                continue
            found.update(alternatives(word.partition("::")[0].partition(":")[0]))
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_named_paths_exist(name: str) -> None:
    """A path in a document is there."""
    text = (ROOT / name).read_text("utf-8")

    missing = [
        path
        for path in sorted(named_paths(text))
        if not path.startswith(MADE_LATER) and not any(ROOT.glob(path.rstrip("/")))
    ]

    assert [] == missing


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    """A link to a file of ours leads to one."""
    text = FENCE.sub("", (ROOT / name).read_text("utf-8"))
    targets = {
        link.partition("#")[0] for link in LINK.findall(text) if "://" not in link and "mailto:" not in link
    }

    missing = [target for target in sorted(targets - {""}) if not ((ROOT / name).parent / target).exists()]

    assert [] == missing


@pytest.mark.parametrize("name", DOCUMENTS)
def test_named_make_targets_exist(name: str) -> None:
    """A `make` command in a document runs."""
    text = (ROOT / name).read_text("utf-8")
    targets = set(
        re.findall(r"^([a-z][a-z0-9%-]*(?: [a-z]+)*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    known = {target for line in targets for target in line.split()}
    code = " \n ".join([*INLINE.findall(text), *FENCE.findall(text)])

    missing = [
        target for target in sorted(set(MAKE.findall(code)) - known) if not target.startswith("bench-")
    ]

    assert [] == missing


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_installs_a_stranger(name: str) -> None:
    """The name `fenceline` belongs to somebody else on the package index; ours is installed from its tree."""
    text = (ROOT / name).read_text("utf-8")

    assert [] == re.findall(r"(?:pip|uv|pipx)\s+(?:tool\s+)?install\s+fenceline\b", text)


def test_readme_is_there() -> None:
    """The first document is there, and it is among those checked."""
    assert Path("README.md").as_posix() in DOCUMENTS
