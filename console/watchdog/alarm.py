"""One alarm of the watchdog: what a look found in, when to tell people out. Pure.

Three-valued: not being able to tell completes no duration, raises nothing and clears nothing.
"""

from dataclasses import dataclass
from typing import Literal

from fenceline.vocabulary import Condition

Change = Literal["raised", "again", "cleared"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found of one concern.

    Args:
        seconds: how long, or how far apart; none where nothing was measured.
        since_ns: when it began by the watchdog's clock; none where this look is the first to see it.
    """

    condition: Condition
    seconds: float | None = None
    detail: str = ""
    since_ns: int | None = None


UNKNOWN = Finding(Condition.UNKNOWN)
FINE = Finding(Condition.FALSE)


@dataclass(slots=True)
class Alarm:
    """Raised after `on_after` seconds of being true, cleared after `off_after` seconds of being false."""

    on_after: float
    off_after: float
    repeat: float
    stands: bool = False
    since_ns: int = 0
    times: int = 0  # how often it was told since it was raised
    _true_at: float | None = None
    _false_at: float | None = None
    _told_at: float = 0.0

    def take(self, finding: Finding, at: float, now_ns: int) -> Change | None:
        """A look at monotonic second `at`; what to tell people, if anything."""
        if finding.condition is Condition.UNKNOWN:
            self.forget_durations()
            return None
        if finding.condition is Condition.FALSE:
            return self._take_false(at)
        self._false_at = None
        if self._true_at is None:
            self._true_at = at
            if not self.stands:
                self.since_ns = now_ns if finding.since_ns is None else finding.since_ns
        if self.stands:
            if at - self._told_at < self.repeat:
                return None
            return self._tell("again", at)
        if at - self._true_at < self.on_after:
            return None
        self.stands, self.times = True, 0
        return self._tell("raised", at)

    def take_over(self, since_ns: int, at: float) -> None:
        """Another watchdog has raised and told it."""
        self.stands, self.since_ns, self.times, self._told_at = True, since_ns, 1, at

    def forget_durations(self) -> None:
        """What was counted so far proves nothing any more."""
        self._true_at = self._false_at = None

    def drop(self) -> None:
        """As at the beginning, without a word."""
        self.stands = False
        self.forget_durations()

    def _take_false(self, at: float) -> Change | None:
        self._true_at = None
        if self._false_at is None:
            self._false_at = at
        if not self.stands or at - self._false_at < self.off_after:
            return None
        self.stands = False
        return "cleared"

    def _tell(self, change: Change, at: float) -> Change:
        self._told_at = at
        self.times += 1
        return change
