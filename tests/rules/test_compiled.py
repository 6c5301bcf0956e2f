"""The cache of compiled code is never stale: it is named after everything compiled code is made from."""

import ast
import shutil
from pathlib import Path

import numba
import pytest

from rules import compiled
from tests.rules.engines import ROOT

ROOM = ROOT / "rules"


def imported(path: Path) -> set[str]:
    """Modules of this room that a file imports."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        f"{node.module.partition('.')[2]}.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rules.")
    }


def test_every_file_is_counted() -> None:
    """A file with compiled functions, and every file of the room that one imports, is in the list."""
    with_kernels = {path.name for path in ROOM.glob("*.py") if "\n@compiled\n" in path.read_text("utf-8")}
    needed = with_kernels | {name for file in with_kernels for name in imported(ROOM / file)}

    assert needed == set(compiled.KERNEL_FILES)


@pytest.mark.parametrize("name", compiled.KERNEL_FILES)
def test_a_change_anywhere_is_another_cache(name: str, tmp_path: Path) -> None:
    """One changed constant in any of the files gives another folder."""
    for file in compiled.KERNEL_FILES:
        shutil.copy(ROOM / file, tmp_path)
    before = compiled.fingerprint_of(folder=tmp_path)

    (tmp_path / name).write_text((tmp_path / name).read_text("utf-8").replace("1", "2"), "utf-8")

    assert before == compiled.fingerprint_of()
    assert before != compiled.fingerprint_of(folder=tmp_path)


def test_numba_uses_it() -> None:
    """Numba keeps its files in the folder of this content."""
    assert Path(numba.config.CACHE_DIR).name == f"kernels-{compiled.fingerprint_of()}"
