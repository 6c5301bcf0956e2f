"""The engine role: reads a park's journal, folds it, writes what was derived, takes snapshots.

Snapshots are taken only behind output that has been acknowledged. A failed write ends the worker;
so does an error of the machine. A record on which the fold raises is quarantined by folding anew
from the last snapshot without it, so that nothing of it stays. A snapshot that cannot be written ends
nothing: the head is then not cut, and it is tried again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import structlog
from pydantic import BaseModel

from console.fold import Output, ParkFold
from console.inforce import InForceSet
from fenceline.bus import Bus, Cause, Position, Record, Snapshot, Stored, Topic, check_position
from fenceline.bus.checks import MAX_RECORD_BYTES
from fenceline.clock import Clock
from fenceline.errors import BusError, HeadCut
from fenceline.finding import Quarantined
from fenceline.wire import decode, encode, kind_of

DAY_NS = 86_400_000_000_000
ERROR_CHARACTERS = 2_000
CUT_AT_ONCE = 5_000  # seconds of findings; there is a snapshot far more often

_log = structlog.get_logger()

Derived = dict[Topic, list[Record]]


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
        stored: the offset up to which the store has the findings; none while that is not known.
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
        stored: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._bus, self._park, self._clock, self._force = bus, park, clock, force
        self._settings = settings or EngineSettings()
        self._needed, self._stored = needed, stored
        self._written = _Written()
        self._quarantined: dict[int, str] = {}
        self._journal = 0
        self._next = 0
        self._last_hash = ""
        self._snapshot_at = 0
        self._snapshot_time = 0.0
        self._snapshot_again = 0.0
        self.snapshot_problem: str | None = None
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
        pending: Derived = {Topic.FINDINGS: [], Topic.ALERTS: []}
        for done, stored in enumerate(records):
            try:
                derived = self._derive(stored)
            except (MemoryError, OSError):
                raise
            except Exception as error:
                await self._write(pending, records[:done])
                await self._set_apart(stored, error)
                return True
            for topic, written in derived.items():
                pending[topic] += written
        await self._write(pending, records)
        if self._snapshot_due():
            await self._snapshot()
        return True

    def _derive(self, stored: Stored) -> Derived:
        """What a record gives that does not stand yet; whole before any of it is written."""
        output = self._fold_one(stored)
        return {
            Topic.FINDINGS: self._fresh(stored, output.findings, self._written.findings),
            Topic.ALERTS: self._fresh(stored, output.ledger, self._written.alerts),
        }

    def _fresh(self, stored: Stored, derived: Sequence[BaseModel], highest: Cause | None) -> list[Record]:
        fresh: list[Record] = []
        for index, record in enumerate(derived):
            cause = Cause(self._journal, stored.offset, index)
            if highest is None or cause > highest:
                fresh.append(_as_record(record, cause))
        return fresh

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
        self._quarantined[stored.offset] = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]
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

    async def _write(self, pending: Derived, records: Sequence[Stored]) -> None:
        # Findings first: whoever sees an alert finds the finding behind it.
        for topic in (Topic.FINDINGS, Topic.ALERTS):
            if pending[topic]:
                await self._bus.append(topic, self._park, pending[topic])
        if records:
            self._next, self._last_hash = records[-1].offset + 1, records[-1].hash

    def _snapshot_due(self) -> bool:
        now = self._clock.monotonic()
        if self.snapshot_problem is not None:
            return now >= self._snapshot_again
        aged = now - self._snapshot_time >= self._settings.snapshot_seconds
        return aged or self._next - self._snapshot_at >= self._settings.snapshot_records

    async def _snapshot(self) -> None:
        """Take one and cut what is no longer needed; where that cannot be written, say so and go on."""
        try:
            await self._take_snapshot()
            await self._cut_findings()
        except BusError as error:
            if self.snapshot_problem is None:
                _log.error(
                    "no snapshot could be written; the engine goes on, the journal's head is not cut",
                    park=self._park,
                    error=str(error),
                    again_in_seconds=self._settings.snapshot_retry_seconds,
                )
            self.snapshot_problem = error.message
            self._snapshot_again = self._clock.monotonic() + self._settings.snapshot_retry_seconds
            return
        if self.snapshot_problem is not None:
            self.snapshot_problem = None
            _log.info("snapshots can be written again", park=self._park)

    async def _take_snapshot(self) -> None:
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

    async def _cut_findings(self) -> None:
        """Findings grow by one a second; the ledger is kept for ever, and the newest finding always."""
        days, stored = self._settings.findings_days, self._stored()
        if days is None or stored is None:
            return
        before_ns = self.fold.log.now_ns - round(days * DAY_NS)
        head = await self._bus.head(Topic.FINDINGS, self._park)
        folded = await self._bus.read(Topic.FINDINGS, self._park, head, limit=CUT_AT_ONCE, kinds=("folded",))
        old = list(takewhile(lambda one: decode(one.kind, one.payload).to_ns < before_ns, folded))
        if old:
            await self._bus.cut(Topic.FINDINGS, self._park, min(old[-1].offset, stored) + 1)

    async def _highest(self, topic: Topic) -> Cause | None:
        last = await self._bus.last(topic, self._park)
        return None if last is None else last.cause


def _as_record(record: BaseModel, cause: Cause | None = None) -> Record:
    """A record as it is appended.

    Raises:
        BusError: it is larger than the bus takes; what it was derived from is then quarantined.
    """
    payload = encode(record)
    if len(payload) > MAX_RECORD_BYTES and isinstance(record, Quarantined):
        payload = encode(record.model_copy(update={"sensors": ()}))  # each is found unknown by itself
    if len(payload) > MAX_RECORD_BYTES:
        raise BusError(
            f"a `{kind_of(record)}` record of {len(payload)} bytes is larger than {MAX_RECORD_BYTES}",
            hint="what it was derived from holds more than one record can say",
        )
    return Record(kind_of(record), payload, cause=cause)
