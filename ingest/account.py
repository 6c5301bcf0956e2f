"""The account of one ingestor since it started: what came in, what became of it, and whether it balances.

Messages: received = journaled + dropped + in flight. Readings: decoded = accepted + rejected, by reason; what
is in flight has not been decoded yet and counts as messages. Counted from any thread, read as a frozen copy.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

JournalState = Literal["ok", "not_durable", "full"]
BrokerState = Literal["connecting", "connected", "refused", "lost", "stopped"]


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """The account at one moment.

    Args:
        messages_received: MQTT messages taken from the broker.
        messages_journaled: those whose batch is durable.
        messages_dropped: sent at QoS 0 and dropped, since nothing could be taken.
        messages_in_flight: received and not durable yet, as found in the queue and in the open batch.
        readings_decoded: readings, and messages refused as a whole, that decoding has seen.
        readings_accepted: durable in the journal.
        rejected: durable as dead letters, by reason.
        readings_in_flight: decoded, their batch not durable yet.
        batches: batches appended, marks included.
        ticks: ticks appended.
        broker, broker_problem, broker_hint: the connection, and what is wrong with it.
        session_present: whether the broker had kept the session at the last connect.
        word_age_seconds: since the broker last said anything; none where it never did.
        journal, journal_problem: whether the journal takes records, and why not.
        term: the claim's term; 0 where there is none yet.
    """

    messages_received: int
    messages_journaled: int
    messages_dropped: int
    messages_in_flight: int
    readings_decoded: int
    readings_accepted: int
    readings_in_flight: int
    rejected: dict[str, int]
    batches: int
    ticks: int
    broker: BrokerState
    broker_problem: str
    broker_hint: str
    session_present: bool | None
    word_age_seconds: float | None
    journal: JournalState
    journal_problem: str
    term: int

    @property
    def readings_rejected(self) -> int:
        return sum(self.rejected.values())

    @property
    def balanced(self) -> bool:
        """Whether every message and every reading is in exactly one column."""
        messages = self.messages_journaled + self.messages_dropped + self.messages_in_flight
        readings = self.readings_accepted + self.readings_rejected + self.readings_in_flight
        return self.messages_received == messages and self.readings_decoded == readings


@dataclass(slots=True)
class Account:
    """Counters behind one lock. None is a difference of others, so that a lost message or reading shows."""

    messages_received: int = 0
    messages_journaled: int = 0
    messages_dropped: int = 0
    messages_queued: int = 0
    messages_open: int = 0
    readings_decoded: int = 0
    readings_accepted: int = 0
    readings_open: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    ticks: int = 0
    broker: BrokerState = "connecting"
    broker_problem: str = ""
    broker_hint: str = ""
    session_present: bool | None = None
    word_at: float | None = None
    journal: JournalState = "ok"
    journal_problem: str = ""
    term: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def received(self) -> None:
        with self._lock:
            self.messages_received += 1
            self.messages_queued += 1

    def dropped(self) -> None:
        with self._lock:
            self.messages_received += 1
            self.messages_dropped += 1

    def opened(self, messages: int) -> None:
        """Messages left the queue for the open batch."""
        with self._lock:
            self.messages_queued -= messages
            self.messages_open += messages

    def decoded(self, elements: int, outcomes: int) -> None:
        """Elements that decoding has seen, and the readings and rejections it made of them."""
        with self._lock:
            self.readings_decoded += elements
            self.readings_open += outcomes

    def journaled(self, messages: int, accepted: int, rejected: Counter[str]) -> None:
        """A batch is durable."""
        with self._lock:
            self.batches += 1
            self.messages_open -= messages
            self.messages_journaled += messages
            self.readings_open -= accepted + rejected.total()
            self.readings_accepted += accepted
            self.rejected.update(rejected)

    def ticked(self) -> None:
        with self._lock:
            self.ticks += 1

    def word(self, monotonic: float) -> None:
        self.word_at = monotonic

    def connection(
        self, state: BrokerState, problem: str = "", hint: str = "", *, session_present: bool | None = None
    ) -> None:
        with self._lock:
            self.broker, self.broker_problem, self.broker_hint = state, problem, hint
            if session_present is not None:
                self.session_present = session_present

    def journal_is(self, state: JournalState, problem: str = "") -> None:
        with self._lock:
            self.journal, self.journal_problem = state, problem

    def snapshot(self, monotonic: float) -> AccountSnapshot:
        with self._lock:
            return AccountSnapshot(
                messages_received=self.messages_received,
                messages_journaled=self.messages_journaled,
                messages_dropped=self.messages_dropped,
                messages_in_flight=self.messages_queued + self.messages_open,
                readings_decoded=self.readings_decoded,
                readings_accepted=self.readings_accepted,
                readings_in_flight=self.readings_open,
                rejected=dict(self.rejected),
                batches=self.batches,
                ticks=self.ticks,
                broker=self.broker,
                broker_problem=self.broker_problem,
                broker_hint=self.broker_hint,
                session_present=self.session_present,
                word_age_seconds=None if self.word_at is None else max(0.0, monotonic - self.word_at),
                journal=self.journal,
                journal_problem=self.journal_problem,
                term=self.term,
            )
