"""The engine role: reads a park's journal, folds it, writes what was derived, takes snapshots.

Snapshots are taken only behind output that has been acknowledged. A failed write ends the worker;
so does an error of the machine. A record on which the fold raises is quarantined by folding anew
from the last snapshot without it, so that nothing of it stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from pydantic import BaseModel

from console.fold import Output, ParkFold
from console.inforce import InForceSet
from fenceline.bus import Bus, Cause, Position, Record, Snapshot, Stored, Topic, check_position
from fenceline.clock import Clock
from fenceline.errors import BusError, HeadCut
from fenceline.wire import encode, kind_of

_log = structlog.get_logger()


@dataclass(slots=True)
class EngineSettings:
    """How much is folded at once, and how often snapshots are taken."""

    read_limit: int = 500
    snapshot_records: int = 20_000
    snapshot_seconds: float = 300.0


@dataclass(slots=True)
class _Written:
    """The highest cause that stood in each derived topic at the start."""

    findings: Cause | None = None
    alerts: Cause | None = None


class EngineWorker:
    """Folds one park.

    Args:
        force: what this site's configuration says; put in force at the end of the catch-up where
            it differs from what the journal has in force. None leaves the journal's as it is.
        needed: the lowest journal offsets that other readers (pager, sinks) still need.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        park: str,
        clock: Clock,
        force: InForceSet | None,
        settings: EngineSettings | None = None,
        needed: Callable[[], Sequence[int]] = lambda: (),
    ) -> None:
        self._bus, self._park, self._clock, self._force = bus, park, clock, force
        self._settings = settings or EngineSettings()
        self._needed = needed
        self._written = _Written()
        self._quarantined: dict[int, str] = {}
        self._journal = 0
        self._next = 0
        self._last_hash = ""
        self._snapshot_at = 0
        self._snapshot_time = 0.0
        self.fold = ParkFold()
        self.caught_up = False

    @property
    def position(self) -> Position:
        """Everything up to here is folded and its output is acknowledged."""
        return Position(self._journal, self._next - 1, self._last_hash)

    async def start(self) -> None:
        """Restore, fold to the journal's end, put the configuration in force, fold that too.

        Raises:
            BusError: a position that does not fit the journal, or a head cut above every snapshot.
        """
        self._journal = await self._bus.journal_id(self._park)
        self._written.findings = await self._highest(Topic.FINDINGS)
        self._written.alerts = await self._highest(Topic.ALERTS)
        await self._restore()
        while await self._step():
            pass
        if self._force is not None:
            record = self._force.record(self.fold.hashes)
            if record is not None:
                await self._bus.append(Topic.JOURNAL, self._park, [_as_record(record)])
                _log.info("configuration put in force", park=self._park, items=sorted(record.items))
                while await self._step():
                    pass
        self.caught_up = True

    async def run(self) -> None:
        """Fold what comes until cancelled."""
        if not self.caught_up:
            await self.start()
        while True:
            if not await self._step():
                await self._bus.wait(Topic.JOURNAL, self._park, self._next, seconds=1.0)

    async def stop(self) -> None:
        """Take a last snapshot, so that the next start is quick."""
        if self._next > self._snapshot_at:
            await self._snapshot()

    async def _restore(self) -> None:
        for snapshot in await self._bus.snapshots(self._park):
            await check_position(self._bus, self._park, snapshot.position)
            self.fold = ParkFold.restore(snapshot.state)
            self._next = snapshot.position.offset + 1
            self._last_hash = snapshot.position.hash
            break
        else:
            self.fold, self._next, self._last_hash = ParkFold(), 0, ""
        self._snapshot_at, self._snapshot_time = self._next, self._clock.monotonic()

    async def _step(self) -> bool:
        """Fold some records and write their output; false at the journal's end."""
        try:
            records = await self._bus.read(
                Topic.JOURNAL, self._park, self._next, limit=self._settings.read_limit
            )
        except HeadCut as cut:
            raise BusError(
                f"the journal of `{self._park}` begins at {cut.head}, and no snapshot reaches that far",
                hint="restore state.sqlite from a backup, or start a new journal",
            ) from cut
        if not records:
            return False
        pending: dict[Topic, list[Record]] = {Topic.FINDINGS: [], Topic.ALERTS: []}
        for done, stored in enumerate(records):
            try:
                output = self._fold_one(stored)
            except (MemoryError, OSError):
                raise
            except Exception as error:
                await self._write(pending, records[:done])
                await self._set_apart(stored, error)
                return True
            self._collect(stored, output, pending)
        await self._write(pending, records)
        settings = self._settings
        aged = self._clock.monotonic() - self._snapshot_time >= settings.snapshot_seconds
        if self._next - self._snapshot_at >= settings.snapshot_records or aged:
            await self._snapshot()
        return True

    def _fold_one(self, stored: Stored) -> Output:
        error = self._quarantined.get(stored.offset)
        return self.fold.apply(stored) if error is None else self.fold.quarantine(stored, error)

    async def _set_apart(self, stored: Stored, error: Exception) -> None:
        """Undo what a poison record did: fold anew from the last snapshot, quarantined this time."""
        _log.error(
            "a record could not be folded and is quarantined",
            park=self._park,
            offset=stored.offset,
            kind=stored.kind,
            error=repr(error),
        )
        self._quarantined[stored.offset] = f"{type(error).__name__}: {error}"
        target = stored.offset
        await self._restore()
        while self._next < target:
            records = await self._bus.read(
                Topic.JOURNAL,
                self._park,
                self._next,
                limit=min(self._settings.read_limit, target - self._next),
            )
            for earlier in records:
                if earlier.offset >= target:
                    break
                self._fold_one(earlier)  # its output stands already
                self._next, self._last_hash = earlier.offset + 1, earlier.hash
            if not records or records[-1].offset >= target - 1:
                break

    def _collect(self, stored: Stored, output: Output, pending: dict[Topic, list[Record]]) -> None:
        for topic, highest, derived in (
            (Topic.FINDINGS, self._written.findings, output.findings),
            (Topic.ALERTS, self._written.alerts, output.ledger),
        ):
            for index, record in enumerate(derived):
                cause = Cause(self._journal, stored.offset, index)
                if highest is None or cause > highest:
                    pending[topic].append(_as_record(record, cause))

    async def _write(self, pending: dict[Topic, list[Record]], records: Sequence[Stored]) -> None:
        # Findings first: whoever sees an alert finds the finding behind it.
        for topic in (Topic.FINDINGS, Topic.ALERTS):
            if pending[topic]:
                await self._bus.append(topic, self._park, pending[topic])
        if records:
            self._next, self._last_hash = records[-1].offset + 1, records[-1].hash

    async def _snapshot(self) -> None:
        snapshot = Snapshot(self.position, self.fold.dump(), dict(self.fold.log.terms))
        await self._bus.put_snapshot(self._park, snapshot)
        self._snapshot_at, self._snapshot_time = self._next, self._clock.monotonic()
        verified = await self._bus.snapshots(self._park)
        if len(verified) < 2 or verified[0].position != snapshot.position:
            return
        lower = verified[1].position.offset
        await self._bus.drop_snapshots(self._park, lower)
        # The record at the position itself stays, so that the position can be checked.
        await self._bus.cut(Topic.JOURNAL, self._park, max(0, min([lower, *self._needed()])))

    async def _highest(self, topic: Topic) -> Cause | None:
        last = await self._bus.last(topic, self._park)
        return None if last is None else last.cause


def _as_record(record: BaseModel, cause: Cause | None = None) -> Record:
    return Record(kind_of(record), encode(record), cause=cause)
