"""Addresses carry credentials: how they may be shown, and how a sentence is rid of them."""

import re
from urllib.parse import unquote, urlsplit

HIDDEN = "***"
_SHORTEST_SECRET = 6
_SEPARATORS = re.compile(r"[/?&=#;,]")


def shown(url: str) -> str:
    """Scheme and host of an address, the rest hidden; for Apprise's own schemes the scheme alone.

    An `apprise` address such as `dingtalk://token/` has its secret where others have their host.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.hostname:
        port = f":{parts.port}" if parts.port is not None else ""
        rest = f"/{HIDDEN}" if parts.path.strip("/") or parts.query else ""
        return f"{parts.scheme}://{parts.hostname}{port}{rest}"
    return f"{parts.scheme}://{HIDDEN}" if parts.scheme else HIDDEN


def scrubbed(text: str, url: str) -> str:
    """`text` without the address and without any part of it that could be a secret."""
    for secret in _secrets_of(url):
        text = text.replace(secret, HIDDEN)
    return text


def _secrets_of(url: str) -> list[str]:
    scheme, _, rest = url.partition("://")
    authority, *parts = _SEPARATORS.split(rest)
    credentials, _, host = authority.rpartition("@")
    found = {url, rest, credentials, *credentials.split(":")}
    if scheme not in ("http", "https"):
        parts.append(host)
    found.update(part for part in parts if len(part) >= _SHORTEST_SECRET)
    found |= {unquote(part) for part in found}
    return sorted((part for part in found if part), key=len, reverse=True)
