"""What a channel is: it takes a message and says whether it was delivered. No more is known to the pager."""

from dataclasses import dataclass
from typing import Protocol

from fenceline.alert import Name
from fenceline.vocabulary import Level, Tier


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sending: `detail` is a sentence, without any secret."""

    delivered: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One page as one attempt sends it.

    Args:
        page: the page's id; the same for every attempt.
        number: the page's number within its call.
        attempt: which attempt this is, from 1.
        revision: of the page's text.
        title: one line for a list or a lock screen; begins with the mark where it is simulated.
        zh, en: the lines, the first says what, where, how bad.
        link: the whole address that opens the alert.
        due_ns, expires_ns: when it became due, and when it says nothing any more.
    """

    page: str
    number: int
    attempt: int
    revision: int
    alerts: tuple[str, ...]
    recipient: str
    recipient_name: Name
    level: Level
    tier: Tier
    simulated: bool
    title: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    link: str
    due_ns: int
    expires_ns: int

    @property
    def key(self) -> str:
        """The same whenever this attempt is sent: page and attempt."""
        return f"{self.page}/{self.attempt}"


class Channel(Protocol):
    """A way to reach a person.

    `send` returns within a bounded time. What it raises is a failed attempt; only cancellation goes through.
    It may be asked for several messages at once.
    """

    async def send(self, message: Message) -> Outcome:
        """Deliver the message, or say why not."""

    async def close(self) -> None:
        """Let go of connections and threads."""
