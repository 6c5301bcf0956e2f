"""The habits of the house that a script can see in the files themselves."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT, files, short

CEILING_LINES = 300
# Holds the protocol of the bus and its promises, which every room reads first.
INIT_FILES_WITH_CONTENT = {"fenceline/bus/__init__.py"}
# Tables of words, one line a word, to be read beside each other.
TABLES = {"web/src/locales/en.ts", "web/src/locales/zh.ts"}
# Written together here so that this file does not find itself.
LEFT_FOR_LATER = re.compile("TO" + r"DO\b|FIX" + r"ME\b|XX" + r"X\b|HA" + r"CK\b")

PYTHON = [short(path) for path in files(".py")]
CODE = [short(path) for path in files(".py", ".ts", ".vue")]


@pytest.mark.parametrize("name", CODE)
def test_file_is_short_enough_to_be_read(name: str) -> None:
    """No file is longer than the ceiling."""
    lines = len((ROOT / name).read_text("utf-8").splitlines())

    assert lines <= CEILING_LINES or name in TABLES


@pytest.mark.parametrize("name", CODE)
def test_nothing_is_left_for_later(name: str) -> None:
    """What is not done is an issue, not a note in the code."""
    found = LEFT_FOR_LATER.findall((ROOT / name).read_text("utf-8"))

    assert [] == found


@pytest.mark.parametrize("name", PYTHON)
def test_module_opens_with_a_docstring(name: str) -> None:
    """The first thing a module says is what it is for; an empty one says nothing at all."""
    module = ast.parse((ROOT / name).read_text("utf-8"))

    assert ast.get_docstring(module) or not module.body


def is_declaration(node: ast.stmt) -> bool:
    """Whether a statement only says what the package offers: an import, a docstring, a constant."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return node.value is None or not any(isinstance(part, ast.Call) for part in ast.walk(node.value))
    return False


@pytest.mark.parametrize("name", [name for name in PYTHON if name.endswith("__init__.py")])
def test_init_holds_no_logic(name: str) -> None:
    """A package's `__init__` says what it offers; what it does stands in a file with a name."""
    if name in INIT_FILES_WITH_CONTENT:
        return
    module = ast.parse((ROOT / name).read_text("utf-8"))

    logic = [node.lineno for node in module.body if not is_declaration(node)]

    assert [] == logic


def test_tests_are_no_packages() -> None:
    """Test files of the same name can stand in different folders, since no folder of tests is a package."""
    packages = [short(path) for path in (ROOT / "tests").rglob("__init__.py")]

    assert [] == packages


@pytest.mark.parametrize("room", [*ROOMS, "deploy", "tests", "benchmarks"])
def test_names_are_plain(room: str) -> None:
    """No catch-all modules: a function stands in a file named for the thing it serves."""
    catch_alls = {"utils", "util", "helpers", "helper", "common", "misc"}

    found = [
        short(path)
        for path in (ROOT / room).rglob("*.py")
        if catch_alls & set(Path(path).with_suffix("").parts)
    ]

    assert [] == found
