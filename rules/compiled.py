"""The compiler of the kernels: a function in, its compiled form out, kept on disk between runs.

Numba sees when the file of a function changes, but not when a file it calls or takes constants from does.
So what it keeps lies in a folder named after the content of all of them, and cannot be stale.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

HERE = Path(__file__).resolve().parent
# Every file that compiled code is made from; the kinds bring their steps, the registry their numbers.
KERNEL_FILES = (
    *(
        "access.py",
        "baseline.py",
        "compiled.py",
        "dispatch.py",
        "fold.py",
        "history.py",
        "keys.py",
        "late.py",
    ),
    *("memory.py", "registry.py", "rungs.py", "ticks.py"),
    *sorted(f"kinds/{path.name}" for path in (HERE / "kinds").glob("[a-z]*.py")),
)

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])


def fingerprint_of(files: tuple[str, ...] = KERNEL_FILES, folder: Path = HERE) -> str:
    """Hash over the content of the files that compiled code is made from."""
    digest = hashlib.blake2b(digest_size=8)
    for name in files:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def _cache_folder() -> Path:
    """NUMBA_CACHE_DIR where it is set, else beside this file, else (where nobody may write there) at home."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    beside = HERE / "__pycache__"
    if chosen:
        base = Path(chosen)
    elif os.access(beside if beside.exists() else HERE, os.W_OK):
        base = beside
    else:
        base = Path.home() / ".cache" / "numba"
    return base / f"kernels-{fingerprint_of()}"


# Made of the environment when numba is imported, so its stubs do not know it.
setattr(numba.config, "CACHE_DIR", str(_cache_folder()))  # noqa: B010


def compiled(function: FunctionT) -> FunctionT:
    """Compile at the first call, keep the result on disk."""
    return cast(FunctionT, numba.njit(cache=True, forceinline=False, error_model="numpy")(function))


def inlined(function: FunctionT) -> FunctionT:
    """Part of whatever calls it."""
    return cast(FunctionT, numba.njit(forceinline=True, error_model="numpy")(function))


def outlined(function: FunctionT) -> FunctionT:
    """Called: for what is rare, so that the loops stay small."""
    return cast(FunctionT, numba.njit(forceinline=False, error_model="numpy")(function))
