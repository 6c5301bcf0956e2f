"""Who is logged in: kept in memory, ended by time, by the person, or by a change of the account.

A session is known by a random id of 256 bits that only its browser holds; here stands the id's hash.
They do not outlive the process: after a restart people log in again.
"""

import hashlib
import secrets
from dataclasses import dataclass

from console.web.people.accounts import Account
from fenceline.clock import Clock

ID_BYTES = 32
PER_ACCOUNT = 20


@dataclass(slots=True, eq=False)
class Session:
    """One browser of one person; times are the clock's monotonic ones."""

    digest: bytes
    account: Account
    address: str
    began_ns: int
    began: float
    used: float
    ended: bool = False


class Sessions:
    """The sessions of this process.

    Args:
        idle_seconds: one that nobody has used for this long ends.
        longest_seconds: every one ends after this long.
    """

    def __init__(self, clock: Clock, *, idle_seconds: float, longest_seconds: float) -> None:
        self.longest_seconds = longest_seconds
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._by_digest: dict[bytes, Session] = {}

    def begin(self, account: Account, address: str) -> tuple[str, Session]:
        """A new session and its id, which is told only here."""
        self.forget_ended()
        own = [one for one in self._by_digest.values() if one.account.name == account.name]
        for oldest in own[: max(0, len(own) - PER_ACCOUNT + 1)]:
            self.end(oldest)
        secret = secrets.token_urlsafe(ID_BYTES)
        now = self._clock.monotonic()
        session = Session(_digest(secret), account, address, self._clock.now_ns(), now, now)
        self._by_digest[session.digest] = session
        return secret, session

    def find(self, secret: str) -> Session | None:
        """The session of this id, if it has not ended."""
        session = self._by_digest.get(_digest(secret))
        return session if session is not None and self.holds(session) else None

    def holds(self, session: Session) -> bool:
        """Whether time has not ended it, nor anybody."""
        if session.ended:
            return False
        now = self._clock.monotonic()
        idle, age = now - session.used, now - session.began
        if idle >= self._idle_seconds or age >= self.longest_seconds:
            self.end(session)
            return False
        return True

    def use(self, session: Session) -> None:
        """The person did something."""
        session.used = self._clock.monotonic()

    def ends_ns(self, session: Session) -> int:
        """When it ends at the latest, wall time."""
        return session.began_ns + round(self.longest_seconds * 1e9)

    def end(self, session: Session) -> None:
        session.ended = True
        self._by_digest.pop(session.digest, None)

    def forget_ended(self) -> None:
        """Let go of what time has ended, so that memory does not grow."""
        for session in list(self._by_digest.values()):
            self.holds(session)

    def all(self) -> list[Session]:
        """Those that hold, oldest first."""
        return [session for session in list(self._by_digest.values()) if self.holds(session)]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
