"""A library in, a Python that has it and nothing of ours out: made once, in the user's cache folder."""

import os
import subprocess
import sys
from pathlib import Path


def python_with(requirement: str) -> Path | None:
    """The interpreter of an environment with this requirement; none where it cannot be installed here."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "fenceline-benchmarks" / requirement.replace("==", "-")
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        steps = [[sys.executable, "-m", "venv", "--clear", str(folder)]]
        steps.append([str(python), "-m", "pip", "install", "--quiet", "--no-input", requirement])
        for step in steps:
            if subprocess.run(step, check=False, stdout=sys.stderr).returncode != 0:
                return None
        (folder / "made").write_text(requirement, "utf-8")
    return python
