"""Two ways for a mended dead letter: by the broker while a station runs, else straight into its journal."""

from collections import Counter
from dataclasses import dataclass, field

from console.web.services import Redrive
from fenceline.bus import Bus
from fenceline.clock import Clock
from fenceline.journal import Claim, DeadLetter
from fenceline.park import Park
from fenceline.substance import Substances
from ingest.account import Account
from ingest.core import IngestCore
from ingest.directory import directory_of
from ingest.inbox import Inbound, Inbox
from ingest.mqtt import publish_once
from ingest.redrive import Publish, redrive
from ingest.settings import IngestSettings
from ingest.writer import Writer

OWNER = "redrive"


def redriver(bus: Bus, park: str, settings: IngestSettings, clock: Clock) -> Redrive:
    """For a running station: published at its broker, so that it takes the way every reading takes."""

    async def publish(topic: str, payload: bytes) -> None:
        await publish_once(settings, topic, payload)

    return _driver(bus, park, clock, publish)


@dataclass(slots=True)
class TakenIn:
    """What became of a message that was taken straight in."""

    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


class DirectIntake:
    """For a folder that no station owns: decoded and judged as ingest does, appended as a batch of its own.

    It holds no claim, so it writes neither ticks nor marks; readings count whoever appends them.
    """

    def __init__(self, bus: Bus, park: Park, substances: Substances, clock: Clock) -> None:
        self._bus, self._park, self._clock = bus, park, clock
        self._directory = directory_of(park, substances)
        self.taken_in = TakenIn()

    def driver(self) -> Redrive:
        """Drives letters again into this folder."""
        return _driver(self._bus, self._park.id, self._clock, self._take_in)

    async def _take_in(self, topic: str, payload: bytes) -> None:
        settings = IngestSettings(gather_seconds=0)
        account = Account()
        inbox = Inbox(account, settings.receive_maximum)
        core = IngestCore(
            settings=settings,
            directory=self._directory,
            inbox=inbox,
            writer=Writer(self._bus, self._park.id, account, self._clock),
            clock=self._clock,
            claim=Claim(filter=settings.filter_for(self._park.id), owner=OWNER, term=0),
            ticker=None,
            has_word=lambda: False,
        )
        inbox.put(Inbound(topic, payload, lambda: None))
        await core.step()
        self.taken_in = TakenIn(account.readings_accepted, account.rejected)


def _driver(bus: Bus, park: str, clock: Clock, publish: Publish) -> Redrive:
    async def drive(key: str, payload: bytes, by: str) -> DeadLetter:
        return await redrive(bus, park, key, payload=payload, by=by, now_ns=clock.now_ns(), publish=publish)

    return drive
