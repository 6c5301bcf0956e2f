"""Sends what the ledger says is due: due pages in, attempts and receipts in the journal and messages out.

Promise: an attempt is in the journal before anything is sent, and only the first of a number sends. So
a page is never lost; it may repeat under its number where a pager ends, or an answer is lost, between
sending and receipt.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from alerts.channels.channel import Channel
from alerts.channels.message import message_of
from alerts.outbox import Need, Standing, Todo
from alerts.outboxfeed import OutboxFeed
from alerts.sending import Sending
from fenceline.bus import Bus, Record, Topic
from fenceline.clock import Clock
from fenceline.errors import HeadCut, NotDurable
from fenceline.journal import Attempt, Receipt
from fenceline.wire import encode

LOOK_SECONDS = 1.0  # waits end by log time, which ticks once a second

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PagerState:
    """How the pager stands, for /readyz and the terminal.

    Args:
        synced: it has read both topics to their ends.
        durable: its last append is known to be recorded.
        pages_due: pages that are not closed and not delivered.
        in_flight: messages being sent.
        delivered, failed: attempts since it started.
        last_sent_ns: wall time of the last delivery.
        failing: the channels whose last attempt failed, and why.
    """

    synced: bool
    durable: bool
    pages_due: int
    in_flight: int
    delivered: int
    failed: int
    last_sent_ns: int | None
    failing: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Claim:
    """An attempt of ours that was appended and has not been read back."""

    page: str
    number: int
    channel: str
    nonce: str


class Pager:
    """The pager of one park.

    Args:
        bus, park: where the ledger and the journal are.
        channels: by the names that recipients use.
        clock: for pauses and time bounds; what is due, late or expired goes by log time.
        owner: names this run; two pagers at once must differ.
        link_base: address of the web application, put before each page's link.
        attempts_per_channel, receipt_seconds: as in the routes in force.
        retry_seconds: pause between two attempts over the same channel.
        in_flight: messages that one channel is sent at once; one slow channel holds up no other.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        park: str,
        channels: Mapping[str, Channel],
        clock: Clock,
        owner: str,
        link_base: str,
        attempts_per_channel: int = 3,
        receipt_seconds: float = 20.0,
        retry_seconds: float = 2.0,
        in_flight: int = 32,
    ) -> None:
        self._bus = bus
        self._park = park
        self._clock = clock
        self._owner = owner
        self._link_base = link_base
        self._attempts_per_channel = attempts_per_channel
        self._retry_seconds = retry_seconds
        self._most_in_flight = in_flight
        self._feed = OutboxFeed(
            bus, park, attempts_per_channel=attempts_per_channel, receipt_seconds=receipt_seconds
        )
        self._wake = asyncio.Event()
        self._sending = Sending(
            channels, clock=clock, send_seconds=receipt_seconds, keep=self._keep_receipt, wake=self._wake
        )
        self._claims: dict[tuple[str, int], _Claim] = {}
        self._run = ""
        self._counter = 0
        self._synced = False
        self._durable = True
        self._stopping = False

    @property
    def position(self) -> int:
        """The journal offset this pager reads next: the head may be cut up to here."""
        return self._feed.journal_next

    @property
    def state(self) -> PagerState:
        """How it stands now."""
        return PagerState(
            synced=self._synced,
            durable=self._durable,
            pages_due=self._feed.outbox.pages_due,
            in_flight=len(self._sending.pages),
            delivered=self._sending.delivered,
            failed=self._sending.failed,
            last_sent_ns=self._sending.last_sent_ns,
            failing=dict(self._sending.failing),
        )

    async def run(self) -> None:
        """Send what is due until `stop` or cancellation.

        Raises:
            BusError: the bus cannot be read; WireError: the ledger holds what this release does not know.
        """
        try:
            await self._start()
            while not self._stopping:
                self._wake.clear()
                try:
                    await self._round()
                except HeadCut:
                    await self._start()  # what was cut away, the ledger has: see `OutboxFeed.start`
                    continue
                self._sending.raise_failure()
                await self._rest()
            await self._sending.finish()
        finally:
            await self._sending.abandon()

    def stop(self) -> None:
        """Begin nothing new; `run` returns when what is being sent has its receipt."""
        self._stopping = True
        self._wake.set()

    async def _start(self) -> None:
        self._synced = False
        self._claims.clear()
        await self._feed.start()
        # Unique to this run: by the time that an owner starts again its first attempt has moved the end.
        self._run = f"{self._owner}/{await self._bus.end(Topic.JOURNAL, self._park)}"

    async def _round(self) -> None:
        await self._feed.sync()
        self._synced = True
        records = self._plan(self._feed.outbox.todo())
        if records:
            await self._append(records)
            await self._feed.sync()
        # Also those of earlier rounds: an append that was not known to be recorded may show up later.
        for claim in list(self._claims.values()):
            self._send_if_first(claim)

    def _plan(self, todo: list[Todo]) -> list[Record]:
        """The records to append for what can be begun now, the most urgent pages first."""
        records: list[Record] = []
        open_pages = {one.page.id for one in todo}
        self._sending.forget_pauses(open_pages)
        room = self._sending.room(self._most_in_flight)
        for one in todo:
            page = one.page
            if page.id in self._sending.pages:
                continue
            if one.need is Need.EXPIRED:
                detail = f"not delivered by its expiry, after {one.number} attempts"
                records.append(_record(Receipt(page=page.id, number=0, result="expired", detail=detail)))
            elif one.need is Need.SEND and self._sending.may_begin(page.id):
                if room.setdefault(one.channel, self._most_in_flight) <= 0:
                    continue
                room[one.channel] -= 1
                claim = self._claim(one)
                attempt = Attempt(page=page.id, number=claim.number, channel=claim.channel, nonce=claim.nonce)
                records.append(_record(attempt))
        return records

    def _claim(self, one: Todo) -> _Claim:
        """The same claim again where its append was not known to be recorded."""
        key = (one.page.id, one.number)
        if key not in self._claims:
            self._counter += 1
            self._claims[key] = _Claim(*key, one.channel, f"{self._run}/{self._counter}")
        return self._claims[key]

    def _send_if_first(self, claim: _Claim) -> None:
        key = (claim.page, claim.number)
        standing = self._feed.outbox.standing(claim.page, claim.number, claim.nonce)
        page = self._feed.outbox.page(claim.page)
        if standing is Standing.UNSEEN:
            return
        del self._claims[key]
        if standing is Standing.FIRST and page is not None:
            last_of_channel = claim.number % self._attempts_per_channel == 0
            pause = 0.0 if last_of_channel else self._retry_seconds
            self._sending.begin(message_of(page, claim.number, self._link_base), claim.channel, pause)

    async def _append(self, records: list[Record]) -> bool:
        """False where they are not known to be recorded; what was shows when the journal is read again."""
        try:
            await self._bus.append(Topic.JOURNAL, self._park, records)
        except NotDurable as error:
            if self._durable:
                _log.error("pager cannot record, so it cannot send", park=self._park, error=error.message)
            self._durable = False
            return False
        if not self._durable:
            _log.info("pager records again", park=self._park)
        self._durable = True
        return True

    async def _keep_receipt(self, receipt: Receipt) -> None:
        """Append a receipt until it is known to be recorded; when stopping, once."""
        while not await self._append([_record(receipt)]) and not self._stopping:
            await self._clock.sleep(LOOK_SECONDS)

    async def _rest(self) -> None:
        """Until the ledger has something new, a sending ends, a pause is over, or a second has passed."""
        seconds = self._sending.next_pause(LOOK_SECONDS)
        looking = asyncio.ensure_future(
            self._bus.wait(Topic.ALERTS, self._park, self._feed.ledger_next, seconds=seconds)
        )
        woken = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({looking, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            looking.cancel()
            woken.cancel()
            results = await asyncio.gather(looking, woken, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


def _record(record: Attempt | Receipt) -> Record:
    return Record(record.kind, encode(record))
