"""The engine role: reads a park's journal, folds it, writes what was derived, takes snapshots.

Snapshots are taken only behind output that has been acknowledged. A failed write ends the worker;
so does an error of the machine. A record on which the fold raises is quarantined by folding anew
from the last snapshot without it, so that nothing of it stays. A snapshot that cannot be written ends
nothing: the head is then not cut, and it is tried again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from pydantic import BaseModel

from console.fold import Output, ParkFold
from console.inforce import InForceSet
from console.roles.snapshots import EngineSettings, SnapshotKeeper
from fenceline.bus import Bus, Cause, Position, Record, Snapshot, Stored, Topic, check_position
from fenceline.bus.checks import MAX_RECORD_BYTES
from fenceline.clock import Clock
from fenceline.errors import BusError, ConfigError, HeadCut
from fenceline.finding import Quarantined
from fenceline.wire import encode, kind_of

ERROR_CHARACTERS = 2_000
REFOLDED_MOST = 500  # so that many poison records cost no more than so much folding each

_log = structlog.get_logger()

Derived = dict[Topic, list[Record]]


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
        self.snapshots = SnapshotKeeper(bus, park, clock, self._settings, needed, stored)
        self._written = _Written()
        self._quarantined: dict[int, str] = {}
        self._journal = 0
        self._next = 0
        self._last_hash = ""
        self._clean = (
            True  # the fold stands at `position`: nothing is folded whose output is not acknowledged
        )
        self.fold = ParkFold()
        self.caught_up = False

    @property
    def position(self) -> Position:
        """Everything up to here is folded and its output is acknowledged."""
        return Position(self._journal, self._next - 1, self._last_hash)

    async def start(self) -> None:
        """Restore, fold to the journal's end, put the configuration in force, fold that too.

        Raises:
            BusError: a position that does not fit the journal, a head cut above every snapshot, or a tail
                that another build has folded already.
            ConfigError: a configuration that passes every check and cannot be folded.
        """
        self._journal = await self._bus.journal_id(self._park)
        self._written.findings = await self._highest(Topic.FINDINGS)
        self._written.alerts = await self._highest(Topic.ALERTS)
        await self._restore()
        self._refuse_foreign_tail()
        while await self._step():
            pass
        if self._force is not None:
            await self._put_in_force(self._force)
        self.caught_up = True

    async def run(self) -> None:
        """Fold what comes until cancelled."""
        if not self.caught_up:
            await self.start()
        while True:
            if not await self._step():
                await self._bus.wait(Topic.JOURNAL, self._park, self._next, seconds=1.0)

    async def stop(self) -> None:
        """Take a last snapshot for a quick start; none of a fold that is ahead of its output."""
        if self._clean and self.snapshots.behind(self._next):
            await self._snapshot()

    async def _put_in_force(self, force: InForceSet) -> None:
        record = force.record(self.fold.hashes)
        if record is None:
            return
        await self._bus.append(Topic.JOURNAL, self._park, [_as_record(record)])
        while await self._step():
            pass
        if force.record(self.fold.hashes) is not None:
            why = next(reversed(self._quarantined.values()), "its record was quarantined")
            raise ConfigError(
                f"the configuration of `{self._park}` cannot be folded: {why}",
                hint="the one before stays in force; undo the last change, or report it with the log",
            )
        _log.info("configuration put in force", park=self._park, items=sorted(record.items))

    def _refuse_foreign_tail(self) -> None:
        """What one build has derived behind its last snapshot, another build must not fold again."""
        build = self.fold.items.get("build")
        if self._force is None or build is None or build["fingerprint"] == self._force.build.fingerprint:
            return
        derived = [
            cause.offset for cause in (self._written.findings, self._written.alerts) if cause is not None
        ]
        if max(derived, default=-1) >= self._next:
            raise BusError(
                f"the journal of `{self._park}` was folded by build `{build['version']}` up to offset "
                f"{max(derived)}, behind its last snapshot at {self._next - 1}; this build decides otherwise",
                hint="start that version once and stop it in order, then start this one",
            )

    async def _restore(self) -> None:
        for snapshot in await self._bus.snapshots(self._park):
            await check_position(self._bus, self._park, snapshot.position)
            self.fold = ParkFold.restore(snapshot.state)
            self._next = snapshot.position.offset + 1
            self._last_hash = snapshot.position.hash
            break
        else:
            self.fold, self._next, self._last_hash = ParkFold(), 0, ""
        self.snapshots.begin(self._next)
        self._clean = True

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
        self._clean = False
        for done, stored in enumerate(records):
            try:
                derived = self._derive(stored)
            except (MemoryError, OSError):
                raise
            except Exception as error:
                if stored.offset in self._quarantined:
                    raise  # what stands in its place cannot be written either: nothing is left to do
                await self._write(pending, records[:done])
                await self._set_apart(stored, error)
                return True
            for topic, written in derived.items():
                pending[topic] += written
        await self._write(pending, records)
        self._clean = True
        if self.snapshots.due(self._next):
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
            # Also of what stands already: what was too large the first time is quarantined again.
            made = _as_record(record, cause)
            if highest is None or cause > highest:
                fresh.append(made)
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
        self._clean = False
        begun = self._next
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
        self._clean = True
        if self._next - begun > REFOLDED_MOST:
            await self._snapshot()

    async def _write(self, pending: Derived, records: Sequence[Stored]) -> None:
        # Findings first: whoever sees an alert finds the finding behind it.
        for topic in (Topic.FINDINGS, Topic.ALERTS):
            if pending[topic]:
                await self._bus.append(topic, self._park, pending[topic])
        if records:
            self._next, self._last_hash = records[-1].offset + 1, records[-1].hash

    async def _snapshot(self) -> None:
        snapshot = Snapshot(self.position, self.fold.dump(), dict(self.fold.log.terms))
        await self.snapshots.take(snapshot, self.fold.log.now_ns)

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
