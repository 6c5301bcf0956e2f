"""Runs the suites one after another: takes their names (all, if none), prints each one's time and, aloud,
what was not tested and why.

A failed suite does not stop the next one; the exit code says whether all passed. With CI=true what was not
tested is a failure.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deploy import build_web  # noqa: E402  (found through the line above)
from tests.parts import PARTS, in_ci  # noqa: E402

NO_TESTS_COLLECTED = 5
TOOL = str(Path(sys.executable).parent) + os.sep
# A pipe has no width of its own.
console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)


def pytest_command(selection: str, *more: str) -> list[str]:
    """Those tests that carry these markers (tests/conftest.py sets them)."""
    quiet = ["-q", "--durations=5", "--durations-min=1"]
    return [sys.executable, "-m", "pytest", *quiet, "-m", selection, *more]


UNIT = "not (contract or broker or acceptance or browser)"
# The unit tests without the slow ones, spread over the cores.
QUICK_UNIT = pytest_command(f"{UNIT} and not slow", "-n", str(min(os.cpu_count() or 1, 4)))
WEB = [sys.executable, "deploy/build_web.py"]
LAYERS = [f"{TOOL}lint-imports", "--no-cache"]
# Each suite's commands; a suite passes when all of them do.
SUITES: dict[str, list[list[str]]] = {
    "lint": [[f"{TOOL}ruff", "check", "."], [f"{TOOL}ruff", "format", "--check", "."]],
    "types": [[f"{TOOL}mypy"]],
    "layers": [LAYERS],
    "web": [[*WEB, "npm", "run", "check"], [*WEB, "npm", "run", "test"], WEB],
    "unit": [pytest_command(UNIT)],
    "contract": [pytest_command("(contract or broker) and not (acceptance or browser)")],
    "acceptance": [pytest_command("acceptance and not browser")],
    "browser": [pytest_command("browser")],
}
NEEDS_PARTS = {"contract", "acceptance", "browser"}


@dataclass
class Run:
    """What became of the suites so far."""

    results: dict[str, tuple[str, float]] = field(default_factory=dict)
    not_tested: Counter[tuple[str, str]] = field(default_factory=Counter)
    skips_file: Path = field(default_factory=lambda: Path(tempfile.mkstemp(prefix="fenceline-skips-")[1]))

    def environment(self, **more: str) -> dict[str, str]:
        """What the suites' processes are given."""
        return {**os.environ, "FENCELINE_SKIPS": str(self.skips_file), **more}

    def collect_skips(self) -> None:
        """Takes over what the tests wrote down as skipped."""
        for line in self.skips_file.read_text("utf-8").splitlines():
            skip = json.loads(line)
            self.not_tested["tests", skip["reason"]] += 1
        self.skips_file.unlink()

    @property
    def failed(self) -> bool:
        """Whether the whole run failed."""
        if any(result != "passed" for result, _ in self.results.values() if result != "not run"):
            return True
        return in_ci() and bool(self.not_tested)


def get_parts(run: Run) -> None:
    """Installs what is missing, where that can be done without asking; notes what stays missing."""

    def missing() -> dict[str, str]:
        return {
            part.installable: part.why_missing
            for part in PARTS.values()
            if part.installable and not part.path()
        }

    wanted = missing()
    if wanted:
        console.print(f"Missing: {', '.join(wanted)}. Trying deploy/services/install.sh", style="bold")
        subprocess.run(["bash", "deploy/services/install.sh", *wanted], cwd=ROOT, check=False)
    for part, why in missing().items():
        run.not_tested[part, why] += 1


def web_is_buildable(run: Run) -> bool:
    """Whether there is a node, also as a package, to check and build the browser application with."""
    try:
        build_web.find_npm()
    except build_web.WebBuildError as error:
        run.not_tested["web", str(error).partition("\n")[0]] += 1
        return False
    return True


def run_suite(name: str, run: Run) -> None:
    """Runs one suite, its output going straight through."""
    console.rule(f"[bold]{name}")
    start = time.monotonic()
    if name == "web" and not web_is_buildable(run):
        run.results[name] = ("not run", time.monotonic() - start)
        return
    result = "passed"
    for command in SUITES[name]:
        code = subprocess.run(command, cwd=ROOT, env=run.environment(), check=False).returncode
        if code != 0:
            result = "no tests found" if code == NO_TESTS_COLLECTED and "pytest" in command else "FAILED"
    run.results[name] = (result, time.monotonic() - start)


def run_quick(run: Run) -> None:
    """Two lanes side by side, each printed when done: the unit tests, and everything that reads the code."""

    def lane(names: Sequence[str]) -> None:
        for name in names:
            start = time.monotonic()
            outputs = [
                subprocess.run(
                    command,
                    cwd=ROOT,
                    env=run.environment(HYPOTHESIS_PROFILE="quick"),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                )
                for command in ([QUICK_UNIT] if name == "unit" else SUITES[name])
            ]
            passed = all(output.returncode == 0 for output in outputs)
            run.results[name] = ("passed" if passed else "FAILED", time.monotonic() - start)
            if not passed or name == "unit":
                console.rule(f"[bold]{name}")
                print("".join(output.stdout for output in outputs), flush=True)

    reading = ["lint", "layers"]
    if (ROOT / ".mypy_cache").is_dir():
        reading.append("types")
    else:
        run.not_tested["types", "a first check takes longer than all of `make quick`; `make types` once"] += 1
    with ThreadPoolExecutor(max_workers=2) as lanes:
        for done in [lanes.submit(lane, ["unit"]), lanes.submit(lane, reading)]:
            done.result()


def report(run: Run, seconds: float) -> None:
    """The tables, and a last line for machines."""
    console.rule("[bold]suites")
    times = Table("suite", "result", "seconds")
    times.columns[2].justify = "right"
    styles = {"passed": "green", "not run": "yellow"}
    for name, (result, took) in run.results.items():
        times.add_row(name, f"[{styles.get(result, 'bold red')}]{result}", f"{took:.1f}")
    times.add_section()
    times.add_row("all", "", f"{seconds:.1f}")
    console.print(times)
    if run.not_tested:
        style = "bold red" if in_ci() else "bold yellow"
        console.print(f"\n[{style}]NOT TESTED" + (" (a failure, since CI=true)" if in_ci() else ""))
        table = Table("what", "why", "times", style=style)
        for (what, why), count in sorted(run.not_tested.items()):
            table.add_row(what, why, str(count))
        console.print(table)
    counts = Counter(result for result, _ in run.results.values())
    failed = len(run.results) - counts["passed"] - counts["not run"]
    print(f"suites: {counts['passed']} passed, {failed} failed, {counts['not run']} skipped", flush=True)


def main() -> int:
    """`run.py [--quick] [SUITE...]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of: {', '.join(SUITES)}")
    parser.add_argument("--quick", action="store_true", help="what can be said in 20 seconds")
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - set(SUITES)
    if unknown:
        parser.error(f"`{sorted(unknown)[0]}` is no suite; there are {', '.join(SUITES)}")
    names = arguments.suites or list(SUITES)

    run = Run()
    start = time.monotonic()
    interrupted = False
    try:
        if arguments.quick:
            run_quick(run)
        else:
            if NEEDS_PARTS & set(names):
                get_parts(run)
            for name in names:
                run_suite(name, run)
    except KeyboardInterrupt:
        interrupted = True
    run.collect_skips()
    report(run, time.monotonic() - start)
    return 130 if interrupted else int(run.failed)


if __name__ == "__main__":
    sys.exit(main())
