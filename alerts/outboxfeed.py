"""Reads `journal` and `alerts` of a park into an `Outbox`, each time to their ends.

A journal record that does not read back counts for nothing: the engine quarantines it and says so.
It begins at the journal's head and at the first record of the ledger, which is kept for ever: of a page
only the newest record is decoded whole, of one that is closed only its id and state.
"""

from typing import Any, cast

import msgspec
import structlog

from alerts.outbox import JOURNAL_KINDS, Outbox
from fenceline.alert import PageRecord
from fenceline.bus import Bus, Cause, Stored, Topic
from fenceline.errors import WireError
from fenceline.wire import decode, decode_readable

READ_LIMIT = 5_000

_log = structlog.get_logger()


class _PageHead(msgspec.Struct):
    id: str
    state: str


class _RecordHead(msgspec.Struct):
    page: _PageHead


_head_decoder = msgspec.json.Decoder(_RecordHead)


class OutboxFeed:
    """Keeps an outbox in step with both topics.

    Args:
        bus, park: where to read.
        attempts_per_channel, receipt_seconds: as for `Outbox`.
    """

    def __init__(self, bus: Bus, park: str, *, attempts_per_channel: int, receipt_seconds: float) -> None:
        self._bus = bus
        self._park = park
        self._bounds: dict[str, Any] = {
            "attempts_per_channel": attempts_per_channel,
            "receipt_seconds": receipt_seconds,
        }
        self.outbox = Outbox(**self._bounds)
        self.journal_next = 0
        self.ledger_next = 0

    async def start(self) -> None:
        """Begin anew at the journal's head. What was cut away, the ledger carries in its pages."""
        head = await self._bus.head(Topic.JOURNAL, self._park)
        terms: dict[str, tuple[int, str]] = {}
        if head > 0:
            snapshots = await self._bus.snapshots(self._park)
            terms = dict(snapshots[0].terms) if snapshots else {}
            _log.info(
                "pager reads a journal whose head was cut", park=self._park, head=head, terms=len(terms)
            )
        self.outbox = Outbox(
            **self._bounds,
            journal_id=await self._bus.journal_id(self._park),
            terms=terms,
            head_was_cut=head > 0,
        )
        self.journal_next = head
        self.ledger_next = 0

    async def sync(self) -> None:
        """Read both to their ends: the journal first, so that it is behind the ledger for no attempt.

        Raises:
            HeadCut: the journal was cut beyond what was read; `start` again.
        """
        await self._read_journal()
        await self._read_ledger()
        await self._read_journal()
        self.outbox.tidy()

    async def _read_journal(self) -> None:
        end = await self._bus.end(Topic.JOURNAL, self._park)
        while self.journal_next < end:
            found = await self._bus.read(
                Topic.JOURNAL, self._park, self.journal_next, limit=READ_LIMIT, kinds=JOURNAL_KINDS
            )
            for stored in found:
                record = decode_readable(stored.kind, stored.payload)
                if record is not None:
                    self.outbox.journal(stored.offset, record)
                else:
                    _log.error(
                        "pager passes over a record that does not read back, as the engine does",
                        park=self._park,
                        offset=stored.offset,
                        kind=stored.kind,
                    )
                self.journal_next = stored.offset + 1
            if not found:  # fewer than asked for is no end: a read stops at so many bytes, too
                self.journal_next = max(self.journal_next, end)

    async def _read_ledger(self) -> None:
        end = await self._bus.end(Topic.ALERTS, self._park)
        newest: dict[str, tuple[Stored, Cause, str]] = {}
        while self.ledger_next < end:
            found = await self._bus.read(
                Topic.ALERTS, self._park, self.ledger_next, limit=READ_LIMIT, kinds=("page",)
            )
            for stored in found:
                cause = _cause_of(stored)
                if self.outbox.admit(cause):
                    page = _head_of(stored)
                    newest[page.id] = (stored, cause, page.state)
                self.ledger_next = stored.offset + 1
            if not found:
                self.ledger_next = max(self.ledger_next, end)
            self._apply(newest)
            newest.clear()

    def _apply(self, newest: dict[str, tuple[Stored, Cause, str]]) -> None:
        for page_id, (stored, cause, state) in newest.items():
            if state != "due":
                self.outbox.forget(page_id)
                continue
            record = cast(PageRecord, decode(stored.kind, stored.payload))
            self.outbox.ledger(cause, record.page)


def _cause_of(stored: Stored) -> Cause:
    if stored.cause is None:
        raise WireError(
            f"the ledger's record at offset {stored.offset} has no cause",
            hint="was it written by hand? delete the derived topics and let them be folded again",
        )
    return stored.cause


def _head_of(stored: Stored) -> _PageHead:
    try:
        return _head_decoder.decode(stored.payload).page
    except msgspec.DecodeError as error:
        raise WireError(
            f"the ledger's page at offset {stored.offset} does not read back: {error}",
            hint="run `fenceline tap alerts` to see the record as it stands",
        ) from error
