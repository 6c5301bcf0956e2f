"""The ticker's clock: wall and monotonic readings in, the time of the next tick out. Pure.

Promises: ticks never go back. Between two ticks the ticker's time advances by the monotonic time that
passed, faster or slower by at most `SLEW` (5 %) to meet the wall clock, so that somebody who sets the
clock by a second neither tears a hole into log time nor completes a duration early. Where the wall clock
is ahead by more than `LEAP_NS` (5 s, the same bound from which the fold records a gap), because it was
set or because the process or the machine stood still, the next tick leaps to it in one step. Where it is
behind, however far, ticks go on at 95 % until it has been caught up: only a named person's *time set*
record and a newer claim put log time back.
"""

from dataclasses import dataclass

from fenceline.clock import NANOSECONDS
from fenceline.logtime import LEAP_NS

SLEW = 0.05
INTERVAL_SECONDS = 1.0
STALE_SECONDS = 1.0
_STEP_WORTH_SAYING_NS = NANOSECONDS


@dataclass(frozen=True, slots=True)
class Due:
    """A tick to append.

    Args:
        time_ns: what the tick says.
        taken_at: monotonic seconds at which it was taken; older than `STALE_SECONDS` it is replaced.
        stepped_seconds: how far the wall clock was stepped since the last tick; 0 where it was not.
    """

    time_ns: int
    taken_at: float
    stepped_seconds: float = 0.0

    def is_stale(self, monotonic: float) -> bool:
        return monotonic - self.taken_at > STALE_SECONDS


class Ticker:
    """The time of one ingestor's ticks.

    Args:
        log_ns: log time as the journal has it, 0 where there is none.
        wall_ns, monotonic: the clocks now.
    """

    def __init__(self, log_ns: int, wall_ns: int, monotonic: float) -> None:
        self.behind_seconds = max(0.0, (log_ns - wall_ns) / NANOSECONDS)
        self._time_ns = max(log_ns, wall_ns)
        self._wall_ns = wall_ns
        self._at = monotonic
        self._next = monotonic

    def is_due(self, monotonic: float) -> bool:
        return monotonic >= self._next

    def due_in(self, monotonic: float) -> float:
        """Seconds to the next tick, 0 where it is due."""
        return max(0.0, self._next - monotonic)

    def take(self, wall_ns: int, monotonic: float) -> Due:
        """The tick of this moment. Everything received before the clocks were read must be appended first."""
        elapsed_ns = max(0, round((monotonic - self._at) * NANOSECONDS))
        stepped_ns = wall_ns - self._wall_ns - elapsed_ns
        predicted = self._time_ns + elapsed_ns
        error = wall_ns - predicted
        if error > LEAP_NS:
            time_ns = wall_ns
        else:
            most = round(elapsed_ns * SLEW)
            time_ns = predicted + max(-most, min(error, most))
        self._time_ns = max(time_ns, self._time_ns + 1)
        self._wall_ns, self._at = wall_ns, monotonic
        # On the grid of the first tick, so that late wake-ups do not add up; after a stall, from now on.
        self._next += INTERVAL_SECONDS
        if self._next <= monotonic:
            self._next = monotonic + INTERVAL_SECONDS
        stepped = stepped_ns / NANOSECONDS if abs(stepped_ns) > _STEP_WORTH_SAYING_NS else 0.0
        return Due(self._time_ns, monotonic, stepped)
