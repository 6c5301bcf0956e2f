"""When the engine takes a snapshot, and what may be cut behind it: journal head and old findings.

A snapshot that cannot be written ends nothing: it is said, the head is not cut, and it is tried again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import structlog

from fenceline.bus import Bus, Snapshot, Topic
from fenceline.clock import Clock
from fenceline.errors import BusError
from fenceline.wire import decode

DAY_NS = 86_400_000_000_000
CUT_AT_ONCE = 5_000  # seconds of findings; there is a snapshot far more often

_log = structlog.get_logger()


@dataclass(slots=True)
class EngineSettings:
    """How much is folded at once, how often snapshots are taken, and how long findings are kept.

    Args:
        snapshot_retry_seconds: the pause after a snapshot that could not be written.
        findings_days: what the store has of the findings and is older, by log time, is cut; none keeps all.
    """

    read_limit: int = 500
    snapshot_records: int = 20_000
    snapshot_seconds: float = 300.0
    snapshot_retry_seconds: float = 30.0
    findings_days: float | None = 7.0


class SnapshotKeeper:
    """Of one engine worker.

    Args:
        needed: the lowest journal offsets that other readers (pager, sinks) still need.
        stored: the offset up to which the store has the findings; none while that is not known.
    """

    def __init__(
        self,
        bus: Bus,
        park: str,
        clock: Clock,
        settings: EngineSettings,
        needed: Callable[[], Sequence[int]],
        stored: Callable[[], int | None],
    ) -> None:
        self._bus, self._park, self._clock, self._settings = bus, park, clock, settings
        self._needed, self._stored = needed, stored
        self._at, self._time, self._again = 0, 0.0, 0.0
        self.problem: str | None = None

    def begin(self, offset: int) -> None:
        """The fold stands before this offset, as a snapshot has it."""
        self._at, self._time = offset, self._clock.monotonic()

    def behind(self, offset: int) -> bool:
        """Whether anything was folded since the last snapshot."""
        return offset > self._at

    def due(self, offset: int) -> bool:
        """Whether it is time for one."""
        now = self._clock.monotonic()
        if self.problem is not None:
            return now >= self._again
        return (
            now - self._time >= self._settings.snapshot_seconds
            or offset - self._at >= self._settings.snapshot_records
        )

    async def take(self, snapshot: Snapshot, log_ns: int) -> None:
        """Store it and cut what is no longer needed; where that cannot be written, say so."""
        try:
            await self._put(snapshot)
            await self._cut_findings(log_ns)
        except BusError as error:
            if self.problem is None:
                _log.error(
                    "no snapshot could be written; the engine goes on, the journal's head is not cut",
                    park=self._park,
                    error=str(error),
                    again_in_seconds=self._settings.snapshot_retry_seconds,
                )
            self.problem = error.message
            self._again = self._clock.monotonic() + self._settings.snapshot_retry_seconds
            return
        if self.problem is not None:
            self.problem = None
            _log.info("snapshots can be written again", park=self._park)

    async def _put(self, snapshot: Snapshot) -> None:
        await self._bus.put_snapshot(self._park, snapshot)
        self.begin(snapshot.position.offset + 1)
        verified = await self._bus.snapshots(self._park)
        if len(verified) < 2 or verified[0].position != snapshot.position:
            return
        lower = verified[1].position.offset
        await self._bus.drop_snapshots(self._park, lower)
        # The record at the position itself stays, so that the position can be checked.
        await self._bus.cut(Topic.JOURNAL, self._park, max(0, min([lower, *self._needed()])))

    async def _cut_findings(self, log_ns: int) -> None:
        """Findings grow by one a second; the ledger is kept for ever, and the newest finding always."""
        days, stored = self._settings.findings_days, self._stored()
        if days is None or stored is None:
            return
        before_ns = log_ns - round(days * DAY_NS)
        head = await self._bus.head(Topic.FINDINGS, self._park)
        folded = await self._bus.read(Topic.FINDINGS, self._park, head, limit=CUT_AT_ONCE, kinds=("folded",))
        old = list(takewhile(lambda one: decode(one.kind, one.payload).to_ns < before_ns, folded))
        if old:
            await self._bus.cut(Topic.FINDINGS, self._park, min(old[-1].offset, stored) + 1)
