"""Compares the stages' accounts with the journal's own count and each with itself; contradictions out.

A stage may be behind: it is compared at the place up to which it has come. Only what was counted since a
stage and the journal could first be compared speaks, since the journal's count begins with its process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from console.journalcount import JournalCount, Total
from console.web.account import StageAccount


@dataclass(frozen=True, slots=True)
class Mark:
    """A stage has `count` readings of the journal's records at or before `offset`."""

    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Appended:
    """An ingestor says that so many readings and refusals of its own are durable in the journal."""

    owner: str
    count: int


def _all(total: Total) -> int:
    return total.all


def _readings(total: Total) -> int:
    return total.readings  # dead letters are not stored


@dataclass(slots=True)
class _Compared:
    """A stage beside the journal: where the comparison began, and how it stood last."""

    of: Callable[[Total], int]
    first: tuple[int, int] | None = None  # the journal's count and the stage's
    last: Mark | None = None
    missing: int = 0  # in the journal and not at the stage; negative where the stage has more

    def look(self, mark: Mark, counted: Total | None) -> None:
        if counted is None:
            return  # the journal's count has not come so far, or begins behind it
        journal = self.of(counted)
        if self.first is None:
            self.first = (journal, mark.count)
        self.last = mark
        self.missing = (journal - self.first[0]) - (mark.count - self.first[1])


@dataclass(slots=True)
class Balance:
    """The whole account of one station.

    Args:
        count: the journal's own.
        engine, store: how far they are and what they have; none while that is not known.
        ingest: what it says it has appended.
        stages: the accounts as they are shown, each of which must balance by itself.
    """

    count: JournalCount
    engine: Callable[[], Mark | None]
    store: Callable[[], Mark | None]
    ingest: Callable[[], Appended | None]
    stages: Callable[[], Mapping[str, StageAccount]]
    _begun: int = 0
    _engine: _Compared = field(default_factory=lambda: _Compared(_all))
    _store: _Compared = field(default_factory=lambda: _Compared(_readings))
    _appended: tuple[Appended, int] | None = None  # a word of the ingestor, and the journal's end after it
    _unfound: int = 0

    def look(self, journal_end: int) -> list[str]:
        """Compare everything now; one sentence for each contradiction.

        Args:
            journal_end: the journal's end, asked before this call.
        """
        self._look_at_ingest(journal_end)
        self._compare()
        return self.contradictions()

    def contradictions(self) -> list[str]:
        """As of the last look, and of the stages now."""
        found = [
            f"{stage}: {account.received} came in, and "
            f"{account.received - account.unaccounted} stand in its columns"
            for stage, account in self.stages().items()
            if not account.balanced and stage != "journal"  # the journal's is the engine's comparison
        ]
        for name, compared in (("engine", self._engine), ("store", self._store)):
            if compared.missing:
                more = "fewer" if compared.missing > 0 else "more"
                found.append(f"{name}: it has {abs(compared.missing)} readings {more} than the journal")
        if self._unfound > 0:
            found.append(f"ingest: {self._unfound} readings it appended do not stand in the journal")
        return found

    def journal_stage(self) -> StageAccount:
        """Readings and refusals in the journal, those that the engine received, those on the way to it."""
        self._compare()
        first, last = self._engine.first, self._engine.last
        if first is None or last is None:
            return StageAccount()
        before = first[1] - first[0]  # what the engine had before the journal was counted
        passed = self.count.at(last.offset)
        total = self.count.total.all
        on_the_way = 0 if passed is None else total - passed.all
        return StageAccount(received=before + total, out=last.count, in_flight=on_the_way)

    def _compare(self) -> None:
        if self._begun != self.count.begun:
            self._begun = self.count.begun
            self._engine, self._store = _Compared(_all), _Compared(_readings)
        for compared, mark in ((self._engine, self.engine()), (self._store, self.store())):
            if mark is not None:
                compared.look(mark, self.count.at(mark.offset))

    def _look_at_ingest(self, journal_end: int) -> None:
        """What ingest said at one look must be found once the count has passed the journal's end of then."""
        if self._appended is not None:
            said, end = self._appended
            if self.count.next < end:
                return
            # The journal may have more: an append that was not known to be recorded is made again.
            self._unfound = 0 if self.count.begun else said.count - self.count.by_owner[said.owner]
        said_now = self.ingest()
        self._appended = None if said_now is None else (said_now, journal_end)
