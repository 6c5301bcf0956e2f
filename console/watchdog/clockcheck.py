"""Ingest's comparison of its clock with the watchdog's: a sentence where they disagree, else nothing.

The watchdog is asked once a second; between two answers its time is carried on by a clock that nobody
sets, so that a step of the wall clock shows at the next look and not only at the next answer. Where the
watchdog cannot be asked there is nothing to compare with, and the log says so once.
"""

from collections.abc import Callable
from pathlib import Path

import structlog

from console.watchdog.asking import Asker, NoAnswer
from console.watchdog.ownclock import elapsed_seconds
from console.watchdog.place import read_door
from fenceline.clock import NANOSECONDS, Clock

BOUND_SECONDS = 2.0
ASK_SECONDS = 1.0
STALE_SECONDS = 10.0

_log = structlog.get_logger()


class ClockCheck:
    """Compares; call it before each batch and each tick.

    Args:
        clock: ingest's.
        elapsed: seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        bound_seconds: float = BOUND_SECONDS,
        elapsed: Callable[[], float] = elapsed_seconds,
    ) -> None:
        self._clock = clock
        self._bound = bound_seconds
        self._elapsed = elapsed
        self._answer: tuple[int, float, float] | None = None
        self._said = False

    def __call__(self) -> str | None:
        """Why nothing may be written now; none where the clocks agree or cannot be compared."""
        offset = self.offset_seconds
        if offset is None or abs(offset) <= self._bound:
            return None
        return f"this machine's clock and the watchdog's are {offset:+.1f} s apart"

    @property
    def offset_seconds(self) -> float | None:
        """This clock less the watchdog's, as far as is certain; none where it did not answer lately.

        It told its time at some moment of the question, and a process may be held in the middle of one.
        """
        if self._answer is None:
            return None
        theirs_ns, asked, answered = self._answer
        now = self._elapsed()
        if now - answered > STALE_SECONDS:
            return None
        least = (self._clock.now_ns() - theirs_ns) / NANOSECONDS - (now - asked)
        most = least + (answered - asked)
        return max(least, 0.0) + min(most, 0.0)

    def answered(self, theirs_ns: int, asked: float, answered: float) -> None:
        """The watchdog's clock said `theirs_ns` between these two moments of `elapsed`."""
        self._answer = (theirs_ns, asked, answered)
        if self._said:
            _log.info("the watchdog answers again; clocks are compared")
        self._said = False

    def silent(self, why: str) -> None:
        """The watchdog cannot be asked."""
        if not self._said and self.offset_seconds is None:
            _log.warning("the watchdog cannot be asked for the time; ingest goes on without", reason=why)
            self._said = True

    async def run(self, data: Path) -> None:
        """Ask the data folder's watchdog once a second until cancelled."""
        while True:
            door = read_door(data)
            if door is None:
                self.silent("there is none")
            else:
                await self._ask(door.address)
            await self._clock.sleep(ASK_SECONDS)

    async def _ask(self, address: str) -> None:
        asked = self._elapsed()
        async with Asker(address, 1.0) as asker:
            try:
                theirs_ns = await asker.clock_ns()
            except NoAnswer as error:
                self.silent(str(error))
            else:
                self.answered(theirs_ns, asked, self._elapsed())
