"""Where the configuration is: the folder a site keeps, else the samples that came with the program."""

import os
from pathlib import Path

from fenceline.errors import ConfigError

VARIABLE = "FENCELINE_CONFIG"
_HOME = Path(__file__).resolve().parent.parent
# An installed wheel carries the samples inside the control room; a checkout has them beside it.
_SAMPLES = (_HOME / "console" / "_config", _HOME / "config")


def config_dir(given: Path | str | None = None) -> Path:
    """
    The configuration folder: `given`, else the one `FENCELINE_CONFIG` names, else the samples.

    Raises:
        ConfigError: the folder does not exist.
    """
    named = given if given is not None else os.environ.get(VARIABLE) or None
    if named is None:
        return sample_config_dir()
    folder = Path(named).expanduser()
    if not folder.is_dir():
        asked = "" if given is not None else f", which {VARIABLE} names,"
        raise ConfigError(f"the folder `{folder}`{asked} does not exist", hint="`fenceline init` writes one")
    return folder


def sample_config_dir() -> Path:
    """
    The samples that came with the program: substances, the demonstration park, rules and routes.

    Raises:
        ConfigError: they are missing, as in a broken installation.
    """
    for folder in _SAMPLES:
        if folder.is_dir():
            return folder
    raise ConfigError(f"the samples are missing beside `{_HOME}`", hint="install the program again")
