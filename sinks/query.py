"""What can be asked of a store, whichever one it is. Contract: tests/sinks/test_query_contract.py.

Times go in and come out as ns since 1970 UTC; intervals hold their start and not their end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from fenceline.alert import ActionRefused, Alert, AlertRecord, CallRecord, PageRecord
from fenceline.bus import Cause, Position, Topic
from fenceline.finding import Finding
from fenceline.park import WATCHDOG_OWNER
from fenceline.vocabulary import Level, Tier

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one sensor in time order; a value of NaN stands in a gap and is no reading."""

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class HourlyMean:
    """The mean of a sensor's usable values in one hour, and how many readings there were.

    `mean` is none where no value may be used: that is not a mean of zero.
    """

    sensor: str
    hour_ns: int
    mean: float | None
    used: int
    readings: int


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts; what is none does not restrict, but the watchdog's own come only by their owner."""

    state: Literal["open", "ended", "all"] = "all"
    tier: Tier | None = None
    level: Level | None = None
    owner: str | None = None
    substance: str | None = None

    def takes(self, alert: Alert) -> bool:
        return (
            (self.state == "all" or (self.state == "ended") == (alert.ended_ns is not None))
            and self.tier in (None, alert.tier)
            and self.level in (None, alert.listed_level)
            and (alert.owner != WATCHDOG_OWNER if self.owner is None else self.owner == alert.owner)
            and self.substance in (None, alert.quantity)
        )


@dataclass(frozen=True, slots=True)
class Ledgered(Generic[T]):
    """A derived record with the cause it was applied under."""

    cause: Cause
    record: T


@dataclass(frozen=True, slots=True)
class AppliedTo:
    """How far a topic was applied: the position, and for derived topics the highest cause."""

    position: Position
    cause: Cause | None = None

    @classmethod
    def from_text(cls, position: str, cause: str | None) -> Self:
        return cls(Position.parse(position), None if cause is None else Cause.parse(cause))


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """What stands open, and up to where: a reader of the topics can go on from here."""

    alerts: tuple[Alert, ...]
    pages: tuple[PageRecord, ...]
    unknown: tuple[Finding, ...]
    applied: dict[Topic, AppliedTo]


class Queries(Protocol):
    """The questions; each raises `ServiceError` where the store cannot answer now."""

    async def readings(self, sensor: str, start_ns: int, end_ns: int, *, points: int, gap_ns: int) -> Series:
        """Readings of an interval, thinned to the extremes where there are more than `points`.

        Two readings further apart than `gap_ns` have a NaN between them. The same reading stored
        twice is shown once.
        """

    async def hourly_means(self, sensors: Sequence[str], start_ns: int, end_ns: int) -> list[HourlyMean]:
        """Means by sensor and hour, in that order; hours without readings do not appear."""

    async def alerts(self, wanted: AlertFilter, *, limit: int) -> list[Alert]:
        """Alerts as they stand, the one raised last first."""

    async def alert(self, alert: str) -> Alert | None:
        """One alert as it stands."""

    async def alert_history(self, alert: str) -> list[Ledgered[AlertRecord | CallRecord]]:
        """Every change of an alert and of its calls, the first first."""

    async def pages(self, alert: str) -> list[Ledgered[PageRecord]]:
        """The pages that speak of an alert as they stand, the first first."""

    async def action(self, action: str) -> AlertRecord | ActionRefused | None:
        """What the ledger says of a person's action."""

    async def open_ledger(self) -> OpenLedger:
        """The alerts that have not ended, with what belongs to them."""
