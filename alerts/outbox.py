"""What must be done now about each page: a view over the ledger's pages and the journal's attempts. Pure.

In go page records of `alerts` and attempts, receipts, ticks, claims of `journal`; out comes, for each
page that is not closed, what comes next. What the journal says counts before the engine has folded it,
so that no number is sent twice; what the ledger says counts where the journal was cut. Of the attempts
of a number the first holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from fenceline.alert import Page
from fenceline.bus import Cause
from fenceline.journal import Attempt, Claim, Receipt, Tick, TimeSet
from fenceline.logtime import LogTime

SECOND = 1_000_000_000
BEFORE_ALL = Cause(-1, -1, -1)

JournalPart = Attempt | Receipt | Tick | Claim | TimeSet
JOURNAL_KINDS = ("attempt", "receipt", "tick", "claim", "time_set")


class Need(StrEnum):
    """What a page that is not closed needs."""

    SEND = "send"  # the next attempt
    PENDING = "pending"  # nothing: an attempt may still get its receipt
    EXPIRED = "expired"  # the receipt that says so; the engine decides anew
    SPENT = "spent"  # nothing: every channel was tried, the engine closes it
    DONE = "done"  # nothing: delivered or expired, the engine has yet to fold that


class Standing(StrEnum):
    """Where an attempt of ours stands when the journal was read to its end."""

    FIRST = "first"  # it holds, and the page still waits for it
    UNSEEN = "unseen"  # not read back
    LOST = "lost"  # another was first, it came too late, or the page needs it no more


@dataclass(frozen=True, slots=True)
class Todo:
    """A page, what it needs, and with `send` the attempt that is next."""

    page: Page
    need: Need
    number: int
    channel: str


@dataclass(slots=True)
class _Try:
    nonce: str
    known_at: int  # journal offset that told of it: only a later tick gives it its time
    at_ns: int | None = None
    result: Literal["delivered", "failed", "no_receipt"] | None = None


@dataclass(slots=True)
class _Entry:
    page: Page | None = None  # none: the journal spoke of it before the ledger did
    tries: dict[int, _Try] = field(default_factory=dict)
    done: bool = False
    heard_at: int = -1  # the last journal offset that spoke of it


class Outbox:
    """The pages that are not closed.

    Args:
        attempts_per_channel: attempts before the page's next channel is taken.
        receipt_seconds: how long, in log time, an attempt may stay without a receipt.
        journal_id: of the journal that is read.
        terms: the terms in force at the journal's head, where it was cut.
        head_was_cut: a tick may then be of a term whose claim can no longer be read.
    """

    def __init__(
        self,
        *,
        attempts_per_channel: int,
        receipt_seconds: float,
        journal_id: int = 1,
        terms: Mapping[str, tuple[int, str]] | None = None,
        head_was_cut: bool = False,
    ) -> None:
        self._per_channel = attempts_per_channel
        self._receipt_ns = round(receipt_seconds * SECOND)
        self._journal_id = journal_id
        self._head_was_cut = head_was_cut
        self._ticker_known = not head_was_cut
        self._logtime = LogTime(terms=dict(terms or {}))
        self._entries: dict[str, _Entry] = {}
        self._highest = BEFORE_ALL

    @property
    def log_time_ns(self) -> int:
        """The largest tick that holds; 0 before the first."""
        return self._logtime.now_ns

    @property
    def pages_due(self) -> int:
        """How many pages are not closed and still need something."""
        return sum(entry.page is not None and not entry.done for entry in self._entries.values())

    def journal(self, offset: int, record: JournalPart) -> None:
        """Fold one record of the journal, in order."""
        match record:
            case Attempt():
                entry = self._spoken_of(record.page, offset)
                if entry is not None:
                    entry.tries.setdefault(record.number, _Try(record.nonce, offset))
            case Receipt():
                entry = self._spoken_of(record.page, offset)
                if entry is not None:
                    _receive(entry, record)
            case Tick():
                self._tick(offset, record)
            case Claim():
                self._logtime.claim(record)
            case TimeSet():
                self._logtime.time_set(record)

    def admit(self, cause: Cause) -> bool:
        """True where a ledger record of this cause is above all before it, and so is to be applied."""
        if cause <= self._highest:
            return False
        self._highest = cause
        return True

    def ledger(self, cause: Cause, page: Page) -> None:
        """Apply an admitted page; it carries everything, so only the newest record of a page is needed."""
        if page.state != "due":
            self.forget(page.id)
            return
        entry = self._entries.setdefault(page.id, _Entry())
        entry.page = page
        for made in page.attempts:
            known = entry.tries.get(made.n)
            if known is None or known.nonce != made.nonce:
                known = entry.tries[made.n] = _Try(made.nonce, cause.offset, made.at_ns)
            if known.result is None:
                known.result = made.result
            entry.done = entry.done or made.result == "delivered"

    def forget(self, page_id: str) -> None:
        """The page is closed: nothing is to be done about it any more."""
        self._entries.pop(page_id, None)

    def tidy(self) -> None:
        """Forget what the journal said of pages that the ledger, now read beyond it, does not hold open."""
        folded_to = self._folded_to()
        for name, entry in list(self._entries.items()):
            if entry.page is None and entry.heard_at <= folded_to:
                del self._entries[name]

    def todo(self) -> list[Todo]:
        """Every page that is not closed and what it needs, the most urgent first."""
        found = [self._todo(entry.page, entry) for entry in self._entries.values() if entry.page is not None]
        return sorted(found, key=_urgency)

    def standing(self, page_id: str, number: int, nonce: str) -> Standing:
        """Whether the attempt `nonce` is the one to send."""
        entry = self._entries.get(page_id)
        if entry is None or entry.page is None or entry.done or max(entry.tries, default=0) > number:
            return Standing.LOST
        made = entry.tries.get(number)
        if made is None:
            return Standing.UNSEEN
        return Standing.FIRST if made.nonce == nonce and self._pending(made) else Standing.LOST

    def page(self, page_id: str) -> Page | None:
        """The page as it stands now, if it is not closed."""
        entry = self._entries.get(page_id)
        return None if entry is None else entry.page

    def _todo(self, page: Page, entry: _Entry) -> Todo:
        last = max(entry.tries, default=0)
        number, channel = last, ""
        if entry.done:
            need = Need.DONE
        elif last > 0 and self._pending(entry.tries[last]):
            need = Need.PENDING
        elif self._logtime.now_ns > page.expires_ns:
            need = Need.EXPIRED
        elif last >= len(page.channels) * self._per_channel:
            need = Need.SPENT
        else:
            need, number = Need.SEND, last + 1
            channel = page.channels[(number - 1) // self._per_channel]
        return Todo(page, need, number, channel)

    def _pending(self, made: _Try) -> bool:
        if made.result is not None:
            return False
        return made.at_ns is None or self._logtime.now_ns - made.at_ns <= self._receipt_ns

    def _spoken_of(self, page_id: str, offset: int) -> _Entry | None:
        entry = self._entries.get(page_id)
        if entry is None:
            if offset <= self._folded_to():
                return None  # the ledger is beyond this record and does not hold the page open
            entry = self._entries[page_id] = _Entry()
        entry.heard_at = offset
        return entry

    def _folded_to(self) -> int:
        """The journal offset up to which the ledger was certainly written."""
        return self._highest.offset - 1 if self._highest.journal == self._journal_id else -1

    def _tick(self, offset: int, tick: Tick) -> None:
        if self._head_was_cut:
            self._take_terms_from(tick)
        moved = self._logtime.tick(tick)
        if moved is None:
            return
        for entry in self._entries.values():
            for made in entry.tries.values():
                if made.at_ns is not None:
                    # A gap counts in no wait, and log time put back must not make one longer.
                    made.at_ns = min(made.at_ns + moved.leap_ns, moved.now_ns)
                elif offset > made.known_at:
                    made.at_ns = moved.now_ns

    def _take_terms_from(self, tick: Tick) -> None:
        """The claims that say who ticks may be cut away; without log time nothing would ever expire."""
        holds = (tick.term, tick.owner)
        self._logtime.claim(Claim(filter=tick.filter, owner=tick.owner, term=tick.term))
        if not self._ticker_known and self._logtime.terms.get(tick.filter) == holds:
            self._logtime.ticker = tick.filter  # only the park's ticker writes ticks
            self._ticker_known = True


def _receive(entry: _Entry, receipt: Receipt) -> None:
    if receipt.result in ("delivered", "expired"):
        entry.done = True
    made = entry.tries.get(receipt.number)
    if made is not None and receipt.result != "expired" and made.result in (None, "no_receipt"):
        made.result = receipt.result


def _urgency(todo: Todo) -> tuple[int, int, int, str]:
    page = todo.page
    return (-page.level.rank, -page.tier.rank, page.due_ns, page.id)
