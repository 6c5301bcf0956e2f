"""The accounts in force: the file, looked at once a second; a broken one leaves the old accounts in force."""

import os
from pathlib import Path

import structlog

from console.web.people.accounts import OWNER_ONLY, Accounts, read_accounts
from fenceline.clock import Clock
from fenceline.errors import FencelineError

LOOK_EVERY_SECONDS = 1.0

_log = structlog.get_logger()
_Mark = tuple[int, int, int]


class AccountsInForce:
    """What the file says, or said when it could last be read.

    Args:
        path: none, or a file that need not be there yet: then there are no accounts.

    Raises:
        ConfigError: the file is broken at the start.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self.path = path
        self.problem: str | None = None
        self._clock = clock
        self._accounts = Accounts()
        self._mark: _Mark | None = None
        self._looked = clock.monotonic()
        self._ever = False
        mark = self._mark_now()
        if path is not None and mark is not None:
            self._take(read_accounts(path), mark)

    def exist(self) -> bool:
        """
        Whether people must log in.

        Once there were accounts this stays so while the process lives: a file that somebody takes
        away must not open the door.
        """
        self.current()
        return self._ever

    def current(self, *, now: bool = False) -> Accounts:
        """The accounts; `now` looks at the file even if it was looked at within the second."""
        moment = self._clock.monotonic()
        if now or moment - self._looked >= LOOK_EVERY_SECONDS:
            self._looked = moment
            self._look()
        return self._accounts

    def _look(self) -> None:
        mark = self._mark_now()
        if self.path is None or mark == self._mark:
            return
        if mark is None:
            self._mark = None
            self._broken(f"`{self.path}` is gone", "put it back; `fenceline user add` begins a new one")
            return
        try:
            self._take(read_accounts(self.path), mark)
        except FencelineError as error:
            self._mark = mark
            self._broken(error.message, error.hint or "mend the file, or put back the one before")

    def _take(self, accounts: Accounts, mark: _Mark) -> None:
        self._accounts, self._mark, self.problem = accounts, mark, None
        self._ever = self._ever or bool(accounts.accounts)
        _log.info("accounts are in force", file=str(self.path), accounts=len(accounts.accounts))

    def _broken(self, message: str, hint: str) -> None:
        self.problem = message
        _log.error("the accounts file is broken; the old accounts stay in force", why=message, hint=hint)

    def _mark_now(self) -> _Mark | None:
        """Changes whenever the file does; none where there is no file."""
        if self.path is None:
            return None
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        if found.st_mode & 0o777 & ~OWNER_ONLY and self._mark is None:
            _log.warning("others may read the accounts file", file=str(self.path), hint="chmod 600 it")
        return (found.st_mtime_ns, found.st_size, found.st_ino)
