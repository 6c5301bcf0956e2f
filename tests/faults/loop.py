"""Real faults for minutes: `python -m tests.faults.loop --seed N --minutes M [--trace] [--keep FOLDER]`.

Starts a real Mosquitto, the real `fenceline up`, devices, a receiver of pages and a person; kills, holds and
restarts the first two at moments drawn from the seed; then judges from outside. What fails keeps its folder,
and the command that does the same again is printed.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

from tests.faults import recovery
from tests.faults.bugged import BUGS
from tests.faults.devices import Fleet
from tests.faults.evidence import Evidence
from tests.faults.history import History
from tests.faults.injector import Injector
from tests.faults.judge import Verdict, judge
from tests.faults.machines import BrokerProcess, StationProcess
from tests.faults.person import Person
from tests.faults.receiver import Receiver
from tests.faults.site import write_config
from tests.faults.witness import Witness
from tests.faults.words import PASS
from tests.parts import need

FIRST_START_SECONDS = 120.0  # it compiles its kernels
BACK_SECONDS = 90.0
DRAIN_SECONDS = 90.0
QUIET_SECONDS = 5.0
POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a run."""

    verdict: Verdict
    folder: Path
    faults: int
    recovery: dict[str, list[float]]


class Run:
    """One seed, once.

    Args:
        folder: empty; everything of the run stands there afterwards.
        seconds: how long faults go on; start, drain and judgement come on top.
        bug: a known one to put into the station; the judge must find it.
    """

    def __init__(
        self, seed: int, seconds: float, folder: Path, *, trace: bool = False, bug: str | None = None
    ) -> None:
        self._seconds = seconds
        self._folder = folder
        self._history = history = History(folder, trace=trace)
        self._broker = BrokerProcess(need("mosquitto"), folder / "mosquitto", history)
        self._station = StationProcess(folder, history, self._broker.port, bug)
        write_config(self._station.config)
        self._receiver = Receiver(seed, history)
        self._station.pages_go_to(self._receiver.page_url, self._receiver.watchdog_url)
        self._witness = Witness(folder, self._station.data, history)
        self._fleet = Fleet(seed, history, self._broker.port, seconds)
        self._person = Person(seed, history, self._station.address)
        self._injector = Injector(seed, history, self._station, self._broker, self._fleet)

    def run(self) -> Result:
        """Do all of it."""
        history = self._history
        history.note("run", seconds=self._seconds)
        try:
            self._broker.start()
            self._receiver.start()
            self._witness.start()
            self._station.start()
            if not self._station.wait_ready(FIRST_START_SECONDS):
                history.note("not_reached", what="the first start was never ready")
                return self._judged()
            history.begin()
            self._fleet.start()
            self._person.start()
            self._injector.run(until=self._seconds - QUIET_SECONDS)
            self._calm_down()
        finally:
            self._close()
        return self._judged()

    def _calm_down(self) -> None:
        """No more faults: wait for what is still on its way, then stop in order."""
        history = self._history
        if not self._station.wait_ready(BACK_SECONDS):
            history.note("not_reached", what="the station was not ready again after the last fault")
            return
        self._receiver.settle()
        wait_until(lambda: history.elapsed() >= self._seconds, self._seconds)
        if not self._fleet.end():
            history.note("devices_left_over")
        self._person.answers_all = True
        if not wait_until(self._is_at_rest, DRAIN_SECONDS):
            history.note("not_at_rest", stages=self._stages())
        self._person.end()
        # The last of its actions may have closed a call a moment ago.
        wait_until(self._is_at_rest, DRAIN_SECONDS)
        history.note("account", stages=self._stages())
        self._station.stop()
        self._witness.end()
        for problem in self._witness.problems:
            history.note("witness_problem", what=problem)

    def _is_at_rest(self) -> bool:
        """Everything that came has passed every stage, and nobody waits for an answer."""
        stages = self._stages()
        told = {str(stage["stage"]): stage for stage in stages}
        settled = bool(stages) and all(stage["balanced"] and not stage["in_flight"] for stage in stages)
        if not settled or told["engine"]["in"] != told["journal"]["in"]:
            return False
        return self._person.open_unanswered() == 0

    def _stages(self) -> list[dict[str, object]]:
        try:
            answer = httpx.get(f"{self._station.address}/api/accounting", timeout=5.0)
            stages: list[dict[str, object]] = answer.json()["stages"]
            return stages
        except (httpx.HTTPError, ValueError, KeyError):
            return []

    def _close(self) -> None:
        self._person.close()
        self._station.kill()
        self._station.end_watchdogs()
        self._broker.stop()
        self._receiver.close()

    def _judged(self) -> Result:
        self._history.close()
        verdict = judge(self._folder)
        found = recovery.times(Evidence(self._folder)) if verdict.word == PASS else {}
        return Result(verdict, self._folder, self._injector.done, found)


def wait_until(check: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true within so long."""
    for _ in range(round(seconds / POLL_SECONDS)):
        if check():
            return True
        threading.Event().wait(POLL_SECONDS)
    return check()


def report(result: Result, seed: int, minutes: float) -> None:
    """The verdict, promise by promise, and how long recovery took."""
    print(f"\nseed {seed}, {minutes:g} minutes, {result.faults} faults")
    for one in result.verdict.findings:
        print(f"  {one.verdict:<8}{one.promise:<16}{one.told}")
    for line in recovery.lines(result.recovery):
        print(f"  {line}")
    print(f"verdict: {result.verdict.word}", flush=True)
    if result.verdict.word != PASS:
        print(f"kept: {result.folder}; judged again by: python -m tests.faults.judge {result.folder}")
        print(f"repeat: python -m tests.faults.loop --seed {seed} --minutes {minutes:g} --trace", flush=True)


def _end(number: int, _frame: FrameType | None) -> None:
    """What it started it ends, also where it is ended itself."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every promise was kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    parser.add_argument(
        "--keep", type=Path, help="a folder that does not exist yet; keep it whatever the verdict"
    )
    parser.add_argument("--bug", choices=sorted(BUGS), help="put in a known bug, which the judge must find")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    folder = given.keep or Path(tempfile.mkdtemp(prefix=f"fenceline-faults-{given.seed}-"))
    folder.mkdir(parents=True, exist_ok=True)
    result = Run(given.seed, given.minutes * 60.0, folder, trace=given.trace, bug=given.bug).run()
    report(result, given.seed, given.minutes)
    if result.verdict.word == PASS and given.keep is None:
        shutil.rmtree(folder)
    return 0 if result.verdict.word == PASS else 1


if __name__ == "__main__":
    sys.exit(main())
