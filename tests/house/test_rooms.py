"""The rooms: where they stand, that all are packaged, and that imports run downwards only."""

import importlib
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOMS, ROOT, project


def test_rooms_stand_beside_the_floor() -> None:
    """Each room comes from the same folder as `fenceline`: no other distribution's package shadows one."""
    floor = Path(importlib.import_module("fenceline").__file__ or "").parent.parent

    places = {room: Path(importlib.import_module(room).__file__ or "").parent.parent for room in ROOMS}

    assert dict.fromkeys(ROOMS, floor) == places


def test_every_room_is_packaged_and_layered() -> None:
    """The packages on disk, those in the wheel and those whose imports are checked are the same."""
    settings = project()["tool"]
    on_disk = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert set(ROOMS) == on_disk
    assert set(ROOMS) == set(settings["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert set(ROOMS) == set(settings["importlinter"]["root_packages"])


def test_imports_run_downwards() -> None:
    """No room imports another or the control room, and the floor imports no room; nor for types."""
    linter = Path(sys.executable).parent / "lint-imports"

    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
