"""The packages that are built: whole, made without node or network, and able to run from where they lie."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT
from tests.parts import need

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


def build(kind: str, source: Path, target: Path, **environment: str) -> Path:
    """Builds a `wheel` or an `sdist` of the tree at `source` with the builder of this environment."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(target)]
    done = subprocess.run(
        command, cwd=source, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def source_distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of this checkout, unpacked."""
    need("page")
    packed = build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(packed) as archive:
        archive.extractall(unpacked, filter="data")
    (folder,) = unpacked.iterdir()
    return folder


@pytest.fixture(scope="module")
def wheel(source_distribution: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that comes of the source distribution on a machine with neither node nor npm."""
    nothing = str(tmp_path_factory.mktemp("nothing"))
    return build("wheel", source_distribution, tmp_path_factory.mktemp("wheel"), PATH=nothing)


def test_wheel_holds_what_a_user_needs(wheel: Path) -> None:
    """The rooms, the built page, the configuration and the broker's file are inside; tests are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}

    assert set(ROOMS) == tops
    assert (
        set()
        == {
            "console/web/dist/index.html",
            "console/_config/substances.yaml",
            "console/_config/parks/demo/park.yaml",
            "console/_deploy/mosquitto.conf",
        }
        - names
    )


def test_source_distribution_holds_no_leftovers(source_distribution: Path) -> None:
    """What is installed, cached or left behind by a run is not shipped."""
    leftovers = {".venv", "node_modules", "__pycache__", ".mypy_cache", ".git"}

    found = [path.name for path in source_distribution.rglob("*") if path.name in leftovers]

    assert [] == found
    assert (source_distribution / "Makefile").is_file()


def test_wheel_runs_from_where_it_lies(wheel: Path, tmp_path: Path) -> None:
    """`fenceline check` finds the configuration in the wheel, with nothing of the checkout on the path."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    paths = [str(tmp_path / "installed"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    code = (
        f"import sys; sys.path[:0] = {paths!r}; sys.argv = ['fenceline', 'check']; import console.cli as cli"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{code}; cli.main()"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
