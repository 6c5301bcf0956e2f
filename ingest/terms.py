"""Who holds a topic filter: the journal's claims, after the terms of the newest snapshot.

An ingestor connects only once its claim is durable and reads back as the one that holds, and stops when a
higher term appears. Of equal terms the first in the journal holds. A claim that does not read back is none:
the fold quarantines it.
"""

from collections.abc import Awaitable, Callable

from fenceline.bus import Bus, Record, Topic
from fenceline.errors import HeadCut, ServiceError
from fenceline.journal import Claim, Tick, TimeSet
from fenceline.wire import decode_readable, encode

_WINDOW = 4096
_NOBODY = (0, "")


class Outranked(ServiceError):
    """Another ingestor holds the topic filter."""

    def __init__(self, filter_: str, owner: str, holder: tuple[int, str]) -> None:
        term, name = holder
        super().__init__(
            f"topic filter `{filter_}` is held by `{name}` with term {term}; `{owner}` stops",
            hint="one ingestor per topic filter: stop one of the two, or give them different filters",
        )
        self.holder = holder


class Terms:
    """The terms in force as the journal has them, followed to its end.

    Args:
        owner: unique to this start of the process: two that share a name both believe they hold.
    """

    def __init__(self, bus: Bus, park: str, filter_: str, owner: str) -> None:
        self.term = 0
        self._bus = bus
        self._park = park
        self._filter = filter_
        self._owner = owner
        self._holders: dict[str, tuple[int, str]] = {}
        self._next: int | None = None

    @property
    def holder(self) -> tuple[int, str]:
        """Term and owner of this filter, (0, "") where nobody has claimed it."""
        return self._holders.get(self._filter, _NOBODY)

    async def claim(self, append: Callable[[Record], Awaitable[None]]) -> Claim:
        """
        Claim the filter with one more than the highest term.

        Args:
            append: appends to the journal durably, however long it takes.

        Raises:
            Outranked: another claim of the same or a higher term stands before it.
        """
        await self._follow()
        claim = Claim(filter=self._filter, owner=self._owner, term=self.holder[0] + 1)
        await append(Record(claim.kind, encode(claim)))
        self.term = claim.term
        await self.check()
        return claim

    async def check(self) -> None:
        """
        Read the claims that came since.

        Raises:
            Outranked: this ingestor does not hold the filter.
        """
        await self._follow()
        if self.holder != (self.term, self._owner):
            raise Outranked(self._filter, self._owner, self.holder)

    async def log_time_ns(self) -> int:
        """Log time by this filter's ticks or by a *time set* that this claim puts into force; 0 without."""
        set_ns = await self._pending_time_set()
        return await self._last_tick() if set_ns is None else set_ns

    async def _follow(self) -> None:
        if self._next is None:
            await self._start_over()
        while True:
            assert self._next is not None
            end = await self._bus.end(Topic.JOURNAL, self._park)
            try:
                found = await self._bus.read(
                    Topic.JOURNAL, self._park, self._next, limit=_WINDOW, kinds=("claim",)
                )
            except HeadCut:
                await self._start_over()
                continue
            for stored in found:
                claim = decode_readable(stored.kind, stored.payload)
                if isinstance(claim, Claim):
                    self._learn(claim.filter, claim.term, claim.owner)
            if len(found) < _WINDOW:
                self._next = max(self._next, end, found[-1].offset + 1 if found else 0)
                return
            self._next = found[-1].offset + 1

    async def _start_over(self) -> None:
        """Terms from the newest snapshot that reads back, then on from its place or from the head."""
        snapshots = await self._bus.snapshots(self._park)
        start = 0
        if snapshots:
            start = snapshots[0].position.offset + 1
            for filter_, (term, owner) in snapshots[0].terms.items():
                self._learn(filter_, term, owner)
        self._next = max(start, await self._bus.head(Topic.JOURNAL, self._park))

    def _learn(self, filter_: str, term: int, owner: str) -> None:
        if term > self._holders.get(filter_, _NOBODY)[0]:
            self._holders[filter_] = (term, owner)

    async def _pending_time_set(self) -> int | None:
        """A time set by hand that no claim before this one has put into force."""
        records = await self._read_all(("time_set", "claim"))
        pending: int | None = None
        for record in records:
            if isinstance(record, TimeSet):
                pending = record.time_ns
            elif isinstance(record, Claim) and record.filter == self._filter and record.term < self.term:
                pending = None
        return pending

    async def _read_all(self, kinds: tuple[str, ...]) -> list[object]:
        start = await self._bus.head(Topic.JOURNAL, self._park)
        records: list[object] = []
        while True:
            try:
                found = await self._bus.read(Topic.JOURNAL, self._park, start, limit=_WINDOW, kinds=kinds)
            except HeadCut as cut:  # between asking for the head and reading there
                start = cut.head
                continue
            if not found:
                return records
            records += [decode_readable(stored.kind, stored.payload) for stored in found]
            start = found[-1].offset + 1

    async def _last_tick(self) -> int:
        """The last tick of this filter, searched from the end so that a long journal costs nothing."""
        head = await self._bus.head(Topic.JOURNAL, self._park)
        end = await self._bus.end(Topic.JOURNAL, self._park)
        while end > head:
            start = max(head, end - _WINDOW)
            try:
                found = await self._bus.read(Topic.JOURNAL, self._park, start, limit=_WINDOW, kinds=("tick",))
            except HeadCut as cut:
                head = cut.head
                continue
            ticks = [decode_readable(one.kind, one.payload) for one in found if one.offset < end]
            own = [tick for tick in ticks if isinstance(tick, Tick) and tick.filter == self._filter]
            if own:
                # One that was outranked may have written after its successor; it does not count.
                highest = max(tick.term for tick in own)
                return [tick.time_ns for tick in own if tick.term == highest][-1]
            end = start
        return 0
