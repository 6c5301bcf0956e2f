"""The watchdog's own time: the wall clock as it stood at its start, carried on by a clock that nobody sets.

Somebody who sets the machine's clock changes the station's time and not this one, so the two disagree.
What a time service slews, both follow. A new watchdog process takes the machine's time.
"""

import asyncio
import time
from collections.abc import Callable

NANOSECONDS = 1_000_000_000


def elapsed_seconds() -> float:
    """Seconds that never go back and go on while the machine sleeps, where the system can tell."""
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class OwnClock:
    """Wall time that is set once.

    Args:
        wall_ns: the machine's wall clock, ns since 1970 UTC.
        elapsed: seconds of a clock that nobody sets.
    """

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, elapsed: Callable[[], float] = elapsed_seconds
    ) -> None:
        self._elapsed = elapsed
        self._start = elapsed()
        self._start_ns = wall_ns()

    def now_ns(self) -> int:
        """Wall time by this clock."""
        return self._start_ns + round((self._elapsed() - self._start) * NANOSECONDS)

    def monotonic(self) -> float:
        """Seconds of the clock beneath."""
        return self._elapsed()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
