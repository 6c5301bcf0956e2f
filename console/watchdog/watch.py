"""The watchdog's judgement: one look a second at the station in, what to tell people out. Pure.

What only follows from something worse is not told by itself: while the station does not answer nothing
else can be told of it, and while no ticks come the engine has nothing to fold.
"""

from dataclasses import dataclass
from enum import StrEnum

from console.watchdog.alarm import FINE, UNKNOWN, Alarm, Change, Finding
from console.watchdog.config import WatchdogConfig
from console.watchdog.report import RoundReport, StationReport
from fenceline.vocabulary import Condition

NANOSECONDS = 1_000_000_000
# A longer break between two looks means that the watchdog itself was stopped, or the machine asleep.
OWN_PAUSE_SECONDS = 5.0
CURRENT_SECONDS = 3.0  # ticks come once a second
LIVE_SECONDS = 5.0  # as the screens judge it
CHANNEL_REPEATS = 12.0  # a failed channel proves itself only with the next page


class Concern(StrEnum):
    """What is watched."""

    STATION = "station"
    TICKS = "ticks"
    ENGINE = "engine"
    PAGER = "pager"
    CHANNELS = "channels"
    STORE = "store"
    CLOCKS = "clocks"
    CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the station.

    Args:
        at: monotonic seconds.
        now_ns: the watchdog's clock.
        report: what the station said; none where it did not answer, and then `problem` says how.
        offset_seconds: the station's clock less the watchdog's, as far as is certain.
    """

    at: float
    now_ns: int
    report: StationReport | None
    problem: str = ""
    offset_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are to be told."""

    concern: Concern
    change: Change
    since_ns: int
    at_ns: int
    times: int
    seconds: float | None
    detail: str


class Watch:
    """Judges what is seen.

    Args:
        at: monotonic seconds now.
    """

    def __init__(self, config: WatchdogConfig, at: float) -> None:
        self._config = config
        repeat = config.repeat_seconds
        self._alarms = {
            Concern.STATION: Alarm(0.0, 3.0, repeat),
            Concern.TICKS: Alarm(0.0, 3.0, repeat),
            Concern.ENGINE: Alarm(1.0, 3.0, repeat),
            Concern.PAGER: Alarm(0.0, 3.0, repeat),
            Concern.CHANNELS: Alarm(config.behind_seconds, 0.0, repeat * CHANNEL_REPEATS),
            Concern.STORE: Alarm(config.store_seconds, 5.0, repeat),
            Concern.CLOCKS: Alarm(3.0, 5.0, repeat),
            Concern.CANARY: Alarm(0.0, 0.0, repeat),
        }
        self._looked_at = at
        self._answered_at = at
        self._began_at: float | None = None  # the first of the answers in a row
        self._answered_before = False
        self._ticks: int | None = None
        self._ticked_at = at
        self._pager_broken_at: float | None = None
        self._round: RoundReport | None = None
        self.resting = False

    @property
    def standing(self) -> dict[str, int]:
        """What stands, and since when."""
        return {str(concern): alarm.since_ns for concern, alarm in self._alarms.items() if alarm.stands}

    def inherit(self, standing: dict[str, int], at: float) -> None:
        """What stood at the watchdog before this one stands here, so that its end is told."""
        for concern, alarm in self._alarms.items():
            if concern in standing:
                alarm.take_over(standing[concern], at)

    @property
    def can_test(self) -> bool:
        """Whether a canary would say more than is known: not while something stands that stops it."""
        stops = (Concern.STATION, Concern.TICKS, Concern.ENGINE, Concern.CLOCKS)
        answers = self._began_at is not None
        return answers and not any(self._alarms[concern].stands for concern in stops)

    def rest(self) -> None:
        """The station stops in order: nothing stands, and nothing is missed until it answers again."""
        self.resting = True
        for alarm in self._alarms.values():
            alarm.drop()
        self._round = None
        self._began_at = None

    def tested(self, done: RoundReport) -> None:
        """A canary's round has ended."""
        self._round = done

    def look(self, look: Look) -> list[Notice]:
        """What people are to be told now."""
        if self.resting and look.report is None:
            self._looked_at = self._answered_at = look.at
            return []
        self.resting = False
        if look.at - self._looked_at > OWN_PAUSE_SECONDS:
            self._start_anew(look.at)
        self._looked_at = look.at
        notices = []
        for concern, finding in self._findings(look).items():
            alarm = self._alarms[concern]
            change = alarm.take(finding, look.at, look.now_ns)
            if change is not None:
                notices.append(
                    Notice(
                        concern=concern,
                        change=change,
                        since_ns=alarm.since_ns,
                        at_ns=look.now_ns,
                        times=alarm.times,
                        seconds=finding.seconds,
                        detail=finding.detail,
                    )
                )
        return notices

    def _start_anew(self, at: float) -> None:
        """The watchdog did not look for a while: what it did not see it must not count."""
        self._answered_at = self._ticked_at = at
        self._began_at = self._pager_broken_at = None
        for alarm in self._alarms.values():
            alarm.forget_durations()

    def _findings(self, look: Look) -> dict[Concern, Finding]:
        report = look.report
        if report is None:
            self._began_at = self._pager_broken_at = None
            return {Concern.STATION: self._station(look)} | {
                concern: UNKNOWN for concern in Concern if concern is not Concern.STATION
            }
        self._answered_at, self._answered_before = look.at, True
        came_back = self._began_at is None
        began_at = self._began_at = look.at if self._began_at is None else self._began_at
        ticks = self._tick(report, look, came_back)
        engine = self._engine(report, look, began_at) if ticks.condition is Condition.FALSE else UNKNOWN
        return {
            Concern.STATION: FINE,
            Concern.TICKS: ticks,
            Concern.ENGINE: engine,
            Concern.PAGER: self._pager(report, look),
            Concern.CHANNELS: _channels(report),
            Concern.STORE: _store(report),
            Concern.CLOCKS: self._clocks(look),
            Concern.CANARY: self._canary(),
        }

    def _station(self, look: Look) -> Finding:
        silent = look.at - self._answered_at
        config = self._config
        allowed = config.answer_seconds if self._answered_before else config.start_seconds
        if silent < allowed:
            return UNKNOWN
        return Finding(Condition.TRUE, silent, look.problem, look.now_ns - _ns(silent))

    def _tick(self, report: StationReport, look: Look, came_back: bool) -> Finding:
        if came_back:
            self._ticks, self._ticked_at = report.ticks, look.at
            return UNKNOWN
        if report.ticks != self._ticks:
            self._ticks, self._ticked_at = report.ticks, look.at
        silent = look.at - self._ticked_at
        if silent >= self._config.behind_seconds:
            ingest = report.parts.get("ingest")
            detail = "" if ingest is None or ingest.ready else ingest.detail
            return Finding(Condition.TRUE, silent, detail, look.now_ns - _ns(silent))
        return FINE if silent < CURRENT_SECONDS else UNKNOWN

    def _engine(self, report: StationReport, look: Look, began_at: float) -> Finding:
        behind = self._config.behind_seconds
        if report.folded_ns is None:
            waited = look.at - began_at
            since_ns = look.now_ns - _ns(waited)
            detail = "it has not folded yet"
            return Finding(Condition.TRUE, waited, detail, since_ns) if waited >= behind else UNKNOWN
        lag = (report.server_ns - report.folded_ns) / NANOSECONDS
        if lag >= behind:
            return Finding(Condition.TRUE, lag, "", look.now_ns - _ns(lag))
        return FINE if lag < LIVE_SECONDS else UNKNOWN

    def _pager(self, report: StationReport, look: Look) -> Finding:
        pager, behind = report.pager, self._config.behind_seconds
        waiting = pager.oldest_waiting_seconds
        if waiting is not None and waiting >= behind:
            detail = f"{pager.pages_due} pages due, the oldest not begun"
            return Finding(Condition.TRUE, waiting, detail, look.now_ns - _ns(waiting))
        if pager.synced and pager.durable:
            self._pager_broken_at = None
            return FINE
        if self._pager_broken_at is None:
            self._pager_broken_at = look.at
        broken = look.at - self._pager_broken_at
        if broken < behind:
            return UNKNOWN
        detail = "it cannot record what it sends" if pager.synced else "it has not read the ledger"
        return Finding(Condition.TRUE, broken, detail, look.now_ns - _ns(broken))

    def _clocks(self, look: Look) -> Finding:
        apart = abs(look.offset_seconds)
        if apart > self._config.clock_seconds:
            return Finding(Condition.TRUE, look.offset_seconds)
        return FINE if apart < self._config.clock_seconds / 2 else UNKNOWN

    def _canary(self) -> Finding:
        done = self._round
        if done is None or (not done.ok and not self.can_test):
            return UNKNOWN
        return FINE if done.ok else Finding(Condition.TRUE, None, done.problem, done.at_ns)


def _channels(report: StationReport) -> Finding:
    failing = report.pager.failing
    if not failing:
        return FINE
    return Finding(Condition.TRUE, None, "; ".join(f"{name}: {why}" for name, why in sorted(failing.items())))


def _store(report: StationReport) -> Finding:
    store = report.parts.get("store")
    if store is None:
        return UNKNOWN
    return FINE if store.ready else Finding(Condition.TRUE, None, store.detail)


def _ns(seconds: float) -> int:
    return round(seconds * NANOSECONDS)
