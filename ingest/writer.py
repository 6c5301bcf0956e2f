"""Appends records until they are durable: the same ones again after a failure, with a pause."""

from collections.abc import Sequence

from fenceline.bus import Bus, Record, Topic
from fenceline.clock import Clock
from fenceline.errors import JournalFull, NotDurable
from ingest import events
from ingest.account import Account

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
FULL_PAUSE_SECONDS = 1.0


class Writer:
    """The ingestor's only way to the bus."""

    def __init__(self, bus: Bus, park: str, account: Account, clock: Clock) -> None:
        self._bus = bus
        self._park = park
        self.account = account
        self._clock = clock
        self._pause_seconds = FIRST_PAUSE_SECONDS

    async def try_once(self, topic: Topic, records: Sequence[Record]) -> bool:
        """One attempt; where it is not known to be durable, pause and say false."""
        try:
            await self._bus.append(topic, self._park, records)
        except JournalFull as error:
            if self.account.journal != "full":
                events.journal_full(error.message)
            self.account.journal_is("full", error.message)
            await self._clock.sleep(FULL_PAUSE_SECONDS)
            return False
        except NotDurable as error:
            if self.account.journal == "ok":
                events.not_durable(topic, error.message, self._pause_seconds)
            self.account.journal_is("not_durable", error.message)
            await self._clock.sleep(self._pause_seconds)
            self._pause_seconds = min(self._pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            return False
        if self.account.journal != "ok":
            events.journal_goes_on()
            self.account.journal_is("ok")
            self._pause_seconds = FIRST_PAUSE_SECONDS
        return True

    async def append(self, topic: Topic, records: Sequence[Record]) -> None:
        """Return once these records are durable, however long it takes."""
        while not await self.try_once(topic, records):
            pass
