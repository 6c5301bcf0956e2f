"""Log time: the largest tick of the term in force. Pure; every reader of the journal keeps its own.

Of equal terms the first claim in the journal holds. A leap over `LEAP_NS` is one gap.
"""

from dataclasses import dataclass, field

from fenceline.journal import Claim, Tick, TimeSet

LEAP_NS = 5_000_000_000
NO_TIME = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """Log time moved from `before_ns` (0: there was none) to `now_ns`."""

    before_ns: int
    now_ns: int

    @property
    def leap_ns(self) -> int:
        """How long the gap was; 0 where there was none."""
        if self.before_ns == NO_TIME:
            return 0
        step = self.now_ns - self.before_ns
        return step if step > LEAP_NS else 0


@dataclass(slots=True)
class LogTime:
    """The terms in force and the log time they give."""

    now_ns: int = NO_TIME
    terms: dict[str, tuple[int, str]] = field(default_factory=dict)
    ticker: str = ""  # the topic filter whose ticks count: that of the first one that held
    _set_ns: int = NO_TIME
    _may_go_back: bool = False

    def claim(self, claim: Claim) -> bool:
        """True where the claim holds from here on."""
        if claim.term <= self.terms.get(claim.filter, (0, ""))[0]:
            return False
        self.terms[claim.filter] = (claim.term, claim.owner)
        # Of several filters that of the ticker need not be claimed first.
        if self._may_go_back and self.ticker in ("", claim.filter):
            self.now_ns = self._set_ns
            self._may_go_back = False
        return True

    def time_set(self, record: TimeSet) -> None:
        """Remember a person's correction; it counts only after a newer claim."""
        self._set_ns = record.time_ns
        self._may_go_back = True

    def tick(self, tick: Tick) -> Moved | None:
        """The move this tick makes, or none where it does not hold or does not go forward."""
        if self.ticker not in ("", tick.filter) or self.terms.get(tick.filter) != (tick.term, tick.owner):
            return None
        self.ticker = tick.filter
        if tick.time_ns <= self.now_ns:
            return None
        moved = Moved(self.now_ns, tick.time_ns)
        self.now_ns = tick.time_ns
        return moved

    def dump(self) -> dict[str, object]:
        return {
            "now_ns": self.now_ns,
            "terms": {key: list(value) for key, value in self.terms.items()},
            "ticker": self.ticker,
            "set_ns": self._set_ns,
            "may_go_back": self._may_go_back,
        }

    @classmethod
    def load(cls, data: dict[str, object]) -> "LogTime":
        terms = {key: (int(term), str(owner)) for key, (term, owner) in data["terms"].items()}  # type: ignore[attr-defined]
        logtime = cls(int(data["now_ns"]), terms, str(data["ticker"]))  # type: ignore[call-overload]
        logtime._set_ns = int(data["set_ns"])  # type: ignore[call-overload]
        logtime._may_go_back = bool(data["may_go_back"])
        return logtime
