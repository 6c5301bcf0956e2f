"""What the station says of itself at `/api/watch`, and what the watchdog says of itself at `/state`."""

from typing import Literal

from pydantic import BaseModel

from fenceline.alert import Name

TOKEN_HEADER = "X-Fenceline-Watchdog"


class PartReport(BaseModel):
    """A part, and whether it does its work."""

    ready: bool
    detail: str


class PagerReport(BaseModel):
    """How the pager stands.

    Args:
        oldest_waiting_seconds: log time since the oldest page became due that nobody has begun to send;
            none where there is no such page.
        failing: the channels whose last attempt failed, and why.
    """

    synced: bool
    durable: bool
    pages_due: int
    oldest_waiting_seconds: float | None
    failing: dict[str, str]


class CanaryAlert(BaseModel):
    """The canary's open alert."""

    id: str
    revision: int
    acknowledged: bool


class StationReport(BaseModel):
    """`GET /api/watch`.

    Args:
        ticks: how many ticks this process has made durable; it must go on rising.
        folded_ns: log time up to which the engine has folded; none before its first tick.
        canary_in_force: whether this station knows the canary's sensor.
    """

    park: str
    name: Name
    simulated: bool
    timezone: str
    pid: int
    server_ns: int
    folded_ns: int | None
    ticks: int
    parts: dict[str, PartReport]
    pager: PagerReport
    canary_in_force: bool
    canary: CanaryAlert | None


class AcknowledgeCanary(BaseModel):
    """`POST /api/watch/acknowledge`: only the canary's alert, and only by the watchdog itself."""

    alert: str
    revision: int
    action_id: str


class RoundReport(BaseModel):
    """The canary's last round.

    Args:
        latency_seconds: from publishing over MQTT to the page; none where it did not come.
        at_ns: when the round began, by the watchdog's clock.
    """

    at_ns: int
    ok: bool
    latency_seconds: float | None
    problem: str


class Standing(BaseModel):
    """The answer to a farewell: the alarms that stand, and since when, for whoever takes over."""

    since_ns: dict[str, int]


class WatchdogState(BaseModel):
    """`GET /state` of the watchdog.

    Args:
        mood: `watching`, or `resting` after an orderly stop until the station is back.
        alarms: what stands, as words.
        rounds, failed_rounds: canary rounds since it started.
    """

    pid: int
    apart: bool
    now_ns: int
    mood: Literal["watching", "resting"]
    alarms: list[str]
    rounds: int
    failed_rounds: int
    canary: RoundReport | None
