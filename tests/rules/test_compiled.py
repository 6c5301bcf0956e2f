"""The cache of compiled code is never stale: it is named after everything compiled code is made from."""

import shutil
from pathlib import Path

import numba
import pytest

from rules import compiled
from tests.rules.engines import ROOT

ROOM = ROOT / "rules"


MARKS = ("@compiled\n", "@inlined\n", "@outlined\n", "@intrinsic")


def test_every_file_is_counted() -> None:
    """A file with compiled functions, and those with the numbers that they are made with, are in the list."""
    files = {str(path.relative_to(ROOM)): path.read_text("utf-8") for path in ROOM.rglob("*.py")}
    needed = {name for name, text in files.items() if any(mark in text for mark in MARKS)}

    assert needed | {"memory.py", "registry.py"} <= set(compiled.KERNEL_FILES)
    assert set(compiled.KERNEL_FILES) <= files.keys()


@pytest.mark.parametrize("name", compiled.KERNEL_FILES)
def test_a_change_anywhere_is_another_cache(name: str, tmp_path: Path) -> None:
    """One change in any of the files gives another folder."""
    (tmp_path / "kinds").mkdir()
    for file in compiled.KERNEL_FILES:
        shutil.copy(ROOM / file, tmp_path / file)
    before = compiled.fingerprint_of(folder=tmp_path)

    (tmp_path / name).write_text((tmp_path / name).read_text("utf-8") + "# changed", "utf-8")

    assert before == compiled.fingerprint_of()
    assert before != compiled.fingerprint_of(folder=tmp_path)


def test_numba_uses_it() -> None:
    """Numba keeps its files in the folder of this content."""
    assert Path(numba.config.CACHE_DIR).name == f"kernels-{compiled.fingerprint_of()}"
