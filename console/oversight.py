"""The station watching itself: accounts compared every second, and what is wrong said into the journal.

What is said there is folded into alerts that page, also when a later start reads it. What cannot be written,
since the disk is full, stands on every screen at once and is told by the watchdog; the journal has it after.
"""

import asyncio
from collections.abc import Callable, Mapping

from console.balance import Appended, Balance, Mark
from console.intake import intake_seen
from console.journalcount import JournalCount
from console.speaker import Seen, Speaker
from console.web.account import StageAccount, of_engine
from console.web.view import View
from fenceline.bus import Bus, Topic
from fenceline.clock import Clock
from fenceline.journal import SystemCondition
from ingest.account import AccountSnapshot
from sinks.service import StoreSink

LOOK_SECONDS = 1.0
ROLE = "station"


class Oversight:
    """Counts, compares and says.

    Args:
        start: the journal offset from which it counts: behind what the engine had folded at the start.
        ingest: the ingestor's account now; none where it runs in another process, and speaks for itself.
        accounts: stages of which this process knows the account, as they are shown.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        park: str,
        clock: Clock,
        owner: str,
        start: int,
        view: View,
        sink: StoreSink,
        ingest: Callable[[], AccountSnapshot] | None,
        accounts: Mapping[str, Callable[[], StageAccount]],
    ) -> None:
        self._bus, self._park, self._clock, self._owner = bus, park, clock, owner
        self._view, self._sink, self._ingest = view, sink, ingest
        self._own = dict(accounts)
        self.count = JournalCount(bus, park, start)
        self.balance = Balance(self.count, self._engine_mark, self._store_mark, self._appended, self._stages)
        self.speaker = Speaker(bus, park, clock, role=ROLE, owner=owner)

    @property
    def accounts(self) -> dict[str, Callable[[], StageAccount]]:
        """Those given, and the journal's."""
        return {**self._own, "journal": self.balance.journal_stage}

    async def run(self) -> None:
        """Until cancelled.

        Raises:
            BusError: the journal cannot be read.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.count.run(self._clock))
                tasks.create_task(self._look_forever())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group

    async def look(self) -> None:
        """One look at everything."""
        end = await self._bus.end(Topic.JOURNAL, self._park)
        await self.speaker.look(self._seen(self.balance.look(end)))

    async def _look_forever(self) -> None:
        while True:
            await self.look()
            await self._clock.sleep(LOOK_SECONDS)

    def _seen(self, contradictions: list[str]) -> dict[SystemCondition, Seen]:
        seen = {} if self._ingest is None else intake_seen(self._ingest())
        seen["account-imbalance"] = Seen(
            bool(contradictions),
            "; ".join(contradictions),
            {"contradictions": contradictions} if contradictions else {},
        )
        return seen

    def _engine_mark(self) -> Mark | None:
        folded, offset = self._view.folded, self._view.folded_offset
        return None if folded is None or offset is None else Mark(offset, folded.account.received)

    def _store_mark(self) -> Mark | None:
        position = self._sink.position
        if position is None or self._sink.problem is not None:
            return None  # what a store that cannot be written has is known when it is opened again
        return Mark(position.offset, self._sink.account.out)

    def _appended(self) -> Appended | None:
        if self._ingest is None:
            return None
        account = self._ingest()
        return Appended(self._owner, account.readings_accepted + account.readings_rejected)

    def _stages(self) -> dict[str, StageAccount]:
        known = {stage: account() for stage, account in self._own.items()}
        if self._view.folded is not None:
            known["engine"] = of_engine(self._view.folded.account)
        return known
