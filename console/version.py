"""The program's version, as installed."""

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "fenceline-park"


def _installed() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0.0.0+checkout"


VERSION = _installed()
