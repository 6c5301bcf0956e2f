"""How a station's web is reached: options in; its people and its addresses out."""

import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from console.web.people.accounts import FILE_NAME
from console.web.people.loginlog import FILE_NAME as LOGINS_NAME
from console.web.people.loginlog import LoginLog
from console.web.people.origins import Origins
from console.web.people.people import People
from console.web.people.settings import PeopleSettings
from console.web.server import is_every_address, is_loopback, listen
from fenceline.clock import Clock
from fenceline.errors import ServiceError

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WebDoor:
    """Where the web is and who may come in.

    Args:
        users: the accounts file; by default `users.json` of the data folder.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    users: Path | None = None
    settings: PeopleSettings = field(default_factory=PeopleSettings)

    def people(self, clock: Clock) -> People:
        """
        The people of this station, once it is certain that the address may be served and is free.

        Raises:
            FencelineError: a broken accounts file, an address that asks for accounts, a port that is taken.
        """
        if self.users is not None and not self.users.exists():
            raise ServiceError(
                f"there is no accounts file `{self.users}`",
                hint=f"begin one: `fenceline user add NAME --role lead --users {self.users}`",
            )
        beyond = not is_loopback(self.host) or self.settings.public_url is not None
        people = People(
            clock=clock,
            users=self.users or self.data / FILE_NAME,
            settings=self.settings,
            origins=Origins(self.settings.public_url, beyond),
            station_token=secrets.token_urlsafe(32),
            logins=LoginLog(self.data / LOGINS_NAME, clock),
        )
        with_accounts = people.accounts.exist()
        if self.settings.public_url is not None and not with_accounts:
            raise ServiceError(
                f"without accounts `{self.settings.public_url}` cannot be served: anybody could act",
                hint=f"make them first: `fenceline user add NAME --role lead --data {self.data}`",
            )
        listen(self.host, self.port, with_accounts=with_accounts).close()
        if not is_loopback(self.host) and not (self.settings.public_url or "").startswith("https:"):
            _log.warning(
                "passwords cross the network readable: the web is served beyond this machine without https",
                host=self.host,
                hint="put a proxy with https before it, see docs/guides/accounts.md",
            )
        return people

    def local(self, port: int) -> str:
        """The address for this machine's own programs."""
        host = self.host if is_loopback(self.host) else "127.0.0.1"
        return f"http://{_in_url(host)}:{port}"

    def public(self, port: int) -> str:
        """The address for people, as pages link to it."""
        if self.settings.public_url is not None:
            return self.settings.public_url
        host = socket.gethostname().lower() if is_every_address(self.host) else self.host
        return f"http://{_in_url(host)}:{port}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
