"""The habits of the house that a script can see in the files themselves."""

import ast
import re
from pathlib import Path

from tests.house.tree import ROOT, files, short

CEILING_LINES = 300
# Holds the protocol of the bus and its promises, which every room reads first.
INIT_FILES_WITH_CONTENT = {"fenceline/bus/__init__.py"}
# Tables of words, one line a word, to be read beside each other.
TABLES = {"web/src/locales/en.ts", "web/src/locales/zh.ts"}
# Written together here so that this file does not find itself.
LEFT_FOR_LATER = re.compile("TO" + r"DO\b|FIX" + r"ME\b|XX" + r"X\b|HA" + r"CK\b")

PYTHON = {short(path): path.read_text("utf-8") for path in files(".py")}
CODE = PYTHON | {short(path): path.read_text("utf-8") for path in files(".ts", ".vue")}


def test_files_are_short_enough_to_be_read() -> None:
    """No file is longer than the ceiling."""
    lengths = {name: len(text.splitlines()) for name, text in CODE.items() if name not in TABLES}

    assert {} == {name: lines for name, lines in lengths.items() if lines > CEILING_LINES}


def test_nothing_is_left_for_later() -> None:
    """What is not done is an issue, not a note in the code."""
    assert {} == {name: found for name, text in CODE.items() if (found := LEFT_FOR_LATER.findall(text))}


def test_modules_open_with_a_docstring() -> None:
    """The first thing a module says is what it is for; an empty one says nothing at all."""
    modules = {name: ast.parse(text) for name, text in PYTHON.items()}

    assert [] == [name for name, module in modules.items() if module.body and not ast.get_docstring(module)]


def is_declaration(node: ast.stmt) -> bool:
    """Whether a statement only says what the package offers: an import, a docstring, a constant."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return node.value is None or not any(isinstance(part, ast.Call) for part in ast.walk(node.value))
    return False


def test_init_files_hold_no_logic() -> None:
    """A package's `__init__` says what it offers; what it does stands in a file with a name."""
    inits = {name for name in PYTHON if name.endswith("__init__.py")} - INIT_FILES_WITH_CONTENT

    logic = {
        name: lines
        for name in sorted(inits)
        if (lines := [node.lineno for node in ast.parse(PYTHON[name]).body if not is_declaration(node)])
    }

    assert {} == logic


def test_tests_are_no_packages() -> None:
    """Test files of the same name can stand in different folders, since no folder of tests is a package."""
    packages = [short(path) for path in (ROOT / "tests").rglob("__init__.py")]

    assert [] == packages


def test_names_are_plain() -> None:
    """No catch-all modules: a function stands in a file named for the thing it serves."""
    catch_alls = {"utils", "util", "helpers", "helper", "common", "misc"}

    assert [] == [name for name in PYTHON if catch_alls & set(Path(name).with_suffix("").parts)]
