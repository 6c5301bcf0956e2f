"""The project's files as the tests of the house see them: what is neither built, cached nor installed."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ["fenceline", "ingest", "rules", "alerts", "sinks", "simulators", "console"]
NOT_OURS = {"node_modules", "dist", "build", "__pycache__", "test-results", "coverage"}


def files(*endings: str) -> Iterator[Path]:
    """Every file of ours that ends so, in a fixed order."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(endings):
                yield Path(folder) / name


def short(path: Path) -> str:
    """A path as it stands in the tree."""
    return path.relative_to(ROOT).as_posix()


def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
