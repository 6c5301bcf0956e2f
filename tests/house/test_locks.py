"""The lock files: what is installed is named with its hashes, and from where is a matter of the machine."""

import json
import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, project, short

LOCKS = sorted(ROOT.glob("requirements*.lock"))
REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.MULTILINE)


def canonical(requirement: str) -> str:
    """A requirement's name as package indexes spell it: `types-PyYAML>=6` is `types-pyyaml`."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def locked(name: str) -> set[str]:
    """The names in one lock file."""
    return set(REQUIREMENT.findall((ROOT / name).read_text("utf-8")))


@pytest.mark.parametrize("lock", LOCKS, ids=short)
def test_lock_holds_no_address(lock: Path) -> None:
    """No lock says from where a package is to be fetched, nor any path of the machine that made it."""
    content = lock.read_text("utf-8")

    assert [] == re.findall(r"https?://\S+|file:\S+|--\S*index\S*|--find-links\S*|--extra-index\S*", content)


@pytest.mark.parametrize("lock", LOCKS, ids=short)
def test_every_locked_package_has_hashes(lock: Path) -> None:
    """What is fetched can be told from what was tested."""
    blocks = re.split(r"\n(?=\S)", lock.read_text("utf-8").strip())

    assert [] == [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block]


def test_locks_hold_what_the_project_asks_for() -> None:
    """A dependency added to pyproject.toml is locked too (`make lock`)."""
    asked = project()["project"]
    run = {canonical(requirement) for requirement in asked["dependencies"]}
    build = {canonical(requirement) for requirement in asked["optional-dependencies"]["build"]}
    develop = {canonical(requirement) for requirement in asked["optional-dependencies"]["dev"]}

    assert set() == (run | build) - locked("requirements.lock")
    assert set() == (run | build | develop) - locked("requirements-dev.lock")


def test_tools_run_on_what_users_run_on() -> None:
    """Both locks name the same version of what both name."""
    pinned = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)
    run = dict(pinned.findall((ROOT / "requirements.lock").read_text("utf-8")))
    develop = dict(pinned.findall((ROOT / "requirements-dev.lock").read_text("utf-8")))

    assert run == {name: develop.get(name) for name in run}


def test_npm_lock_holds_no_address() -> None:
    """The browser application's lock has integrity hashes and no addresses to fetch from."""
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))["packages"]
    fetched = {name: package for name, package in packages.items() if name and not package.get("link")}

    assert [] == [name for name, package in fetched.items() if "resolved" in package]
    assert [] == [
        name
        for name, package in fetched.items()
        if "integrity" not in package and not package.get("inBundle")
    ]
