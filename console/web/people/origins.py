"""Under which names the console is reached, from where, and whether by https: headers in, verdicts out."""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
# Whoever passes another's question on says so in one of these.
PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_IPV6_SITE_BITS = 64


@dataclass(frozen=True, slots=True)
class Origins:
    """The console's own names.

    Args:
        public_url: the one that people open.
        beyond: also this machine's addresses and its name; only where people must log in.
    """

    public_url: str | None = None
    beyond: bool = False

    def known(self, host: str) -> bool:
        """Whether a `Host` is this console; a name that somebody else pointed here is not."""
        name = host_name(host)
        if name is None:
            return False
        if name in LOOPBACK_NAMES:
            return True
        if not self.beyond:
            return False
        if self.public_url is not None and name == urlsplit(self.public_url).hostname:
            return True
        # Whoever asks by number cannot have been led here by a name.
        return _address(name) is not None or name == socket.gethostname().lower()

    def over_https(self, scope: Scope) -> bool:
        """Whether the browser came by https, here or at the proxy in front."""
        if scope.get("scheme") == "https":
            return True
        if self.public_url is None or not self.public_url.startswith("https:"):
            return False
        return host_name(Headers(scope=scope).get("host", "")) == urlsplit(self.public_url).hostname

    def is_own(self, origin: str, scope: Scope) -> bool:
        """Whether an `Origin` is the page that this console served."""
        parts = urlsplit(origin)
        if parts.netloc != Headers(scope=scope).get("host", ""):
            return False
        return parts.scheme == "https" or not self.over_https(scope)

    @property
    def hint(self) -> str:
        """By which name to open it."""
        if self.public_url is not None and self.beyond:
            return f"open it as {self.public_url}"
        return "open it as http://127.0.0.1 or http://localhost with its port"


def host_name(host: str) -> str | None:
    """The name in a `Host` header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def was_passed_on(headers: Mapping[str, str]) -> bool:
    """Whether a proxy passed it on."""
    return any(name in headers for name in PASSED_ON)


def is_this_machine(scope: Scope) -> bool:
    """Whether a program of this machine asks by the loopback, for itself."""
    headers = Headers(scope=scope)
    address = _address(client_of(scope))
    return (
        address is not None
        and address.is_loopback
        and host_name(headers.get("host", "")) in LOOPBACK_NAMES
        and not was_passed_on(headers)
    )


def client_of(scope: Scope) -> str:
    """The address of whoever asks."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def neighbourhood(scope: Scope) -> str:
    """What counts as one address: of IPv6 the first 64 bits, since one machine has all of the rest."""
    address = _address(client_of(scope))
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_SITE_BITS), strict=False))
    return client_of(scope)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped
