"""The parts that tests use and cannot count on (broker, browser, the built page): where each is, or why not.

A test that needs one asks `need`. On a developer's machine a missing part skips the test, with a reason that
the table at the end of `make test` repeats; with CI=true it is a failure.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVICES = Path(__file__).resolve().parent.parent / "deploy" / "services"
PAGE = Path(__file__).resolve().parent.parent / "console" / "web" / "dist" / "index.html"


def in_ci() -> bool:
    """Whether a missing part is a failure."""
    return os.environ.get("CI", "").lower() in {"true", "1", "yes"}


def _first_program(*names: str) -> str | None:
    """The first of these programs that is there; system folders count though few have them on their PATH."""
    system_folders = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/homebrew/bin"]
    search_path = os.pathsep.join([os.environ.get("PATH", ""), *system_folders])
    return next((found for name in names if (found := shutil.which(name, path=search_path))), None)


def _find_chromium() -> str | None:
    """A Chromium of the system, else the one that `playwright install chromium` fetched."""
    of_system = _first_program("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    if of_system is not None:
        return of_system
    on_mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    if on_mac.is_file():
        return str(on_mac)
    caches = [
        os.environ.get("PLAYWRIGHT_BROWSERS_PATH"),
        "~/.cache/ms-playwright",
        "~/Library/Caches/ms-playwright",
    ]
    for cache in caches:
        for folder in (
            sorted(Path(cache).expanduser().glob("chromium-*/chrome-*"), reverse=True) if cache else []
        ):
            for name in ("chrome", "Chromium.app/Contents/MacOS/Chromium"):
                if (folder / name).is_file():
                    return str(folder / name)
    return None


def _of_script(*script: str) -> str | None:
    """What a script of deploy/services has fetched or built."""
    path = SERVICES.joinpath(*script)
    done = subprocess.run([str(path), "--find"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


@dataclass(frozen=True)
class Part:
    """Something the tests use and do not bring along."""

    name: str
    find: Callable[[], str | None]
    hint: str
    installable: str | None = None
    """Its name for deploy/services/install.sh."""

    @property
    def variable(self) -> str:
        """The environment variable that names the program, in place of looking for it."""
        return f"FENCELINE_{self.name.upper()}"

    def path(self) -> str | None:
        """Where the program is, or None."""
        named = os.environ.get(self.variable)
        return (named if Path(named).exists() else None) if named else self.find()

    @property
    def why_missing(self) -> str:
        """One sentence for the table of what was not tested."""
        named = os.environ.get(self.variable)
        return f"{self.variable}=`{named}` is not there" if named else f"no {self.name} here; {self.hint}"


PARTS = {
    part.name: part
    for part in (
        Part(
            name="mosquitto",
            find=lambda: _first_program("mosquitto"),
            hint="deploy/services/install.sh mosquitto",
            installable="mosquitto",
        ),
        Part(
            name="mosquitto_pub",
            find=lambda: _first_program("mosquitto_pub"),
            hint="deploy/services/install.sh mosquitto",
            installable="mosquitto",
        ),
        Part(
            name="chromium",
            find=_find_chromium,
            hint="deploy/services/install.sh chromium",
            installable="chromium",
        ),
        Part(
            name="kafka",
            find=lambda: _of_script("kafka", "fetch.sh"),
            hint="deploy/services/install.sh kafka",
            installable="kafka",
        ),
        Part(
            name="page",
            find=lambda: str(PAGE) if PAGE.is_file() else None,
            hint="make web",
        ),
    )
}


def need(name: str) -> str:
    """The path of a part's program; without it the test ends here, skipped or (with CI=true) failed."""
    part = PARTS[name]
    path = part.path()
    if path is not None:
        return path
    if in_ci():
        pytest.fail(f"{part.why_missing} (with CI=true a missing part is a failure)", pytrace=False)
    pytest.skip(part.why_missing)
