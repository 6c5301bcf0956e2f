"""People at the console: who asks (a request in, a visitor out), logging in and out, and what slows guessing.

Without accounts everybody who reaches the loopback may do everything under the name they type. With
accounts nobody may do anything but log in.
"""

import asyncio
import functools
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from console.web.people.inforce import AccountsInForce
from console.web.people.limits import Limiter
from console.web.people.loginlog import LoginLog, What
from console.web.people.names import name_key
from console.web.people.origins import Origins, is_this_machine, neighbourhood
from console.web.people.passwords import LONGEST, Passwords
from console.web.people.roles import EVERYTHING, Permission, permissions_of
from console.web.people.sessions import Session, Sessions
from console.web.people.settings import PeopleSettings
from fenceline.clock import Clock

# Failed logins: ten at once from an address and one more each half minute; five of a name and one a minute.
ADDRESS_BURST, ADDRESS_EVERY_SECONDS = 10, 30.0
NAME_BURST, NAME_EVERY_SECONDS = 5, 60.0
# Actions: more than a person's hand in a storm of alerts.
ACTION_BURST, ACTION_EVERY_SECONDS = 120, 0.2
HASHES_WAITING = 16
FAMILIAR_KEPT = 10_000
REQUEST_HEADER = "x-fenceline"
STATION_HEADER = "x-fenceline-station"
# What a page says of a request that no person's hand caused.
IDLE = "idle"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and what they may.

    Args:
        name: of the login; none where people type their names, and for whoever has not logged in.
        key: what their actions are counted under.
        holds: whether it is still so; a stream asks again and again.
    """

    name: str | None
    may: frozenset[Permission]
    key: str
    holds: Callable[[], bool]
    session: Session | None = None


class LoginRefused(Exception):
    """Nobody was let in.

    Args:
        wait_seconds: zero for a wrong name or password, else how long to wait before trying again.
    """

    def __init__(self, wait_seconds: float = 0.0) -> None:
        super().__init__()
        self.wait_seconds = wait_seconds


class People:
    """The accounts, sessions and limits of one console.

    Args:
        users: the accounts file; none where there are to be no accounts.
        origins: the names under which it is reached.
        logins: where it is written down who came and went.
        station_token: lets programs of this machine that may read the data folder drive dead letters again.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        users: Path | None = None,
        settings: PeopleSettings | None = None,
        origins: Origins | None = None,
        passwords: Passwords | None = None,
        station_token: str | None = None,
        logins: LoginLog | None = None,
    ) -> None:
        self.settings = PeopleSettings() if settings is None else settings
        self.origins = Origins() if origins is None else origins
        self.accounts = AccountsInForce(users, clock)
        self.sessions = Sessions(
            clock,
            idle_seconds=self.settings.session_idle_hours * 3600,
            longest_seconds=self.settings.session_longest_days * 86_400,
        )
        self.actions = Limiter(clock, burst=ACTION_BURST, every_seconds=ACTION_EVERY_SECONDS)
        self._by_address = Limiter(clock, burst=ADDRESS_BURST, every_seconds=ADDRESS_EVERY_SECONDS)
        self._by_name = Limiter(clock, burst=NAME_BURST, every_seconds=NAME_EVERY_SECONDS)
        self._given_passwords = passwords
        self.station_token = station_token or ""
        self._logins = LoginLog(None, clock) if logins is None else logins
        self._hashing = asyncio.Semaphore(1)
        self._waiting = 0
        # Where somebody has logged in before: there a stranger's guessing cannot shut them out.
        self._familiar: OrderedDict[tuple[str, str], None] = OrderedDict()
        if self.accounts.exist():
            _ = self._passwords

    @functools.cached_property
    def _passwords(self) -> Passwords:
        return Passwords() if self._given_passwords is None else self._given_passwords

    def visitor(self, scope: Scope) -> Visitor:
        """Who asks. Asking counts as use, except where the page asked by itself."""
        if not self.accounts.exist():
            return Visitor(None, EVERYTHING, neighbourhood(scope), lambda: not self.accounts.exist())
        headers = Headers(scope=scope)
        session = self.session_of(scope)
        if session is None:
            if self._is_station(scope, headers):
                return Visitor(None, frozenset({Permission.REDRIVE}), "station", lambda: False)
            return Visitor(None, frozenset(), neighbourhood(scope), lambda: False)
        # A browser's stream can say nothing of itself, and comes back by itself.
        if headers.get(REQUEST_HEADER) != IDLE and scope["path"] != "/api/stream":
            self.sessions.use(session)
        account = session.account
        return Visitor(
            account.name, permissions_of(account.role), account.name, lambda: self._holds(session), session
        )

    def session_of(self, scope: Scope) -> Session | None:
        """The session whose id the browser sent, if it holds."""
        cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
        session = self.sessions.find(cookies.get(self.cookie_name(scope), ""))
        return session if session is not None and self._holds(session) else None

    def cookie_name(self, scope: Scope) -> str:
        """By https the browser itself sees to it that nobody else's page and no plain http set it."""
        return "__Host-fenceline-session" if self.origins.over_https(scope) else "fenceline-session"

    def may_probe(self, scope: Scope) -> bool:
        """Whether `/metrics` and `/readyz` answer, also without a login."""
        if not self.accounts.exist() or is_this_machine(scope):
            return True
        token = self.settings.metrics_token
        given = Headers(scope=scope).get("authorization", "")
        return token is not None and _same(given, f"Bearer {token.get_secret_value()}")

    async def log_in(self, name: str, password: str, scope: Scope) -> tuple[str, Session]:
        """
        A new session and its id.

        Raises:
            LoginRefused: wrong, or tried too often; which names there are cannot be told from it.
        """
        address, key = neighbourhood(scope), name_key(name)[:LONGEST]
        familiar = (key, address) in self._familiar
        name_limit = f"{key} {address}" if familiar else key
        wait = self._by_address.take(address) or self._by_name.take(name_limit)
        if wait > 0:
            _log.warning("a login is put off: too many failed", address=address, wait_seconds=round(wait))
            self._logins.note(What.PUT_OFF, "unknown", address=address)
            raise LoginRefused(wait)
        account = self.accounts.current(now=True).find(name)
        right = await self._matches(None if account is None else account.password, password)
        # It may have been removed or changed while its password was being checked.
        if not right or account is None or self.accounts.current(now=True).find(name) != account:
            # A name that does not exist may be a password in the wrong field.
            said = "unknown" if account is None else account.name
            _log.warning("a login failed", name=said, address=address)
            self._logins.note(What.FAILED, said, address=address)
            raise LoginRefused
        self._by_address.give_back(address)
        self._by_name.give_back(name_limit)
        self._familiar[key, address] = None
        while len(self._familiar) > FAMILIAR_KEPT:
            self._familiar.popitem(last=False)
        before = self.session_of(scope)
        if before is not None:
            self.sessions.end(before)
        _log.info("somebody logged in", name=account.name, role=account.role.value, address=address)
        self._logins.note(What.IN, account.name, role=account.role.value, address=address)
        await asyncio.to_thread(self._logins.keep)  # before they are in
        return self.sessions.begin(account, address)

    def log_out(self, session: Session) -> None:
        self.sessions.end(session)
        _log.info("somebody logged out", name=session.account.name, address=session.address)
        self._logins.note(What.OUT, session.account.name, address=session.address)

    async def _matches(self, stored: str | None, password: str) -> bool:
        """One at a time, so that guessing costs the engine no more than one core and 64 MiB."""
        if self._waiting >= HASHES_WAITING:
            raise LoginRefused(1.0)
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(self._passwords.matches, stored, password)
        finally:
            self._waiting -= 1

    def _holds(self, session: Session) -> bool:
        """Whether time, the person and the accounts file let it go on."""
        account = session.account
        if self.accounts.current().find(account.name) != account:
            if not session.ended:
                _log.info("a session ends: its account was changed or removed", name=account.name)
                self._logins.note(What.ENDED, account.name, address=session.address)
            self.sessions.end(session)
        return self.sessions.holds(session)

    def _is_station(self, scope: Scope, headers: Headers) -> bool:
        known = self.station_token
        return known != "" and is_this_machine(scope) and _same(headers.get(STATION_HEADER, ""), known)


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), known.encode())
