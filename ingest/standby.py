"""A standby: reads the journal to its end until the ingestor in force shows no sign of life any more.

It promises not to mistake its own deafness for the other's silence: what counts is time in which the
journal's end could be asked for, and was read.
"""

import structlog

from fenceline.bus import Bus, Stored, Topic
from fenceline.clock import Clock
from fenceline.errors import BusError
from fenceline.journal import Batch, Claim, Tick
from fenceline.wire import decode_readable

SILENT_SECONDS = 5.0
LOOK_SECONDS = 0.5
_KINDS = ("batch", "tick", "claim")
_LIMIT = 500

_log = structlog.get_logger()


class Standby:
    """Of one topic filter.

    Args:
        filter_: what it would take over.
        silent_seconds: how long without a mark, a tick or a claim that holds.
    """

    def __init__(
        self, bus: Bus, park: str, filter_: str, clock: Clock, *, silent_seconds: float = SILENT_SECONDS
    ) -> None:
        self._bus, self._park, self._filter, self._clock = bus, park, filter_, clock
        self._silent_seconds = silent_seconds
        self._term = 0
        self._next = 0

    async def until_vacant(self) -> None:
        """Return once nobody holds the filter: nobody ever did, or the one who did has fallen silent."""
        while not await self._begun():
            await self._clock.sleep(LOOK_SECONDS)
        if self._term == 0:
            return
        _log.info("stands by", park=self._park, filter=self._filter, term=self._term)
        heard = looked = self._clock.monotonic()
        while True:
            now = self._clock.monotonic()
            try:
                alive = await self._listen()
            except BusError as error:
                _log.warning("a standby cannot read the journal and waits", problem=error.message)
                alive = True  # who cannot hear does not know
            # A pause of this very process counts for nothing either.
            if alive or now - looked > self._silent_seconds:
                heard = self._clock.monotonic()
            looked = self._clock.monotonic()
            if looked - heard >= self._silent_seconds:
                _log.warning("takes over", park=self._park, filter=self._filter, term=self._term)
                return
            await self._clock.sleep(LOOK_SECONDS)

    async def _begun(self) -> bool:
        """Find the highest term of the filter, in the newest snapshot and in what came since."""
        try:
            snapshots = await self._bus.snapshots(self._park)
            head = await self._bus.head(Topic.JOURNAL, self._park)
            self._next = head
            if snapshots:
                self._term = max(self._term, snapshots[0].terms.get(self._filter, (0, ""))[0])
                self._next = max(head, snapshots[0].position.offset + 1)
            await self._listen()
        except BusError as error:
            _log.warning("a standby cannot read the journal and waits", problem=error.message)
            return False
        return True

    async def _listen(self) -> bool:
        """Read to the journal's end; whether the one in force has shown itself."""
        alive = False
        end = await self._bus.end(Topic.JOURNAL, self._park)
        while self._next < end:
            found = await self._bus.read(Topic.JOURNAL, self._park, self._next, limit=_LIMIT, kinds=_KINDS)
            for stored in found:
                alive = self._heard(stored) or alive
            self._next = found[-1].offset + 1 if found else end
        return alive

    def _heard(self, stored: Stored) -> bool:
        record = decode_readable(stored.kind, stored.payload)
        if not isinstance(record, Batch | Tick | Claim) or record.filter != self._filter:
            return False
        holds = record.term >= self._term
        self._term = max(self._term, record.term)
        return holds
