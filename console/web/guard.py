"""What every request must pass: a Host of this machine's own names, an Origin of our own, a small body.

A page of another site cannot speak to the console through the browser of somebody who sits before
it: neither by a name that it points at the loopback, nor by a form or a script. Every answer
carries the headers that keep the browser application to itself.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.web.faults import answer

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
BODY_BYTES = 16 * 1024
# A mended message may be as large as ingest takes them, and grows when it is written as JSON.
REDRIVE_BYTES = 2 * 1024 * 1024
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

# The chart library writes style attributes into its tooltips; style sheets come from files only.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


class Guard:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = refusal(scope["method"], Headers(scope=scope), scope["path"])
        if refused is None:
            await self._app(scope, receive, send_guarded)
        else:
            status, message, hint = refused
            await answer(status, message, hint)(scope, receive, send_guarded)


def refusal(method: str, headers: Headers, path: str = "") -> tuple[int, str, str] | None:
    """Status, message and hint for a request that must not pass."""
    host = headers.get("host", "")
    if _name(f"//{host}") not in LOOPBACK_NAMES:
        return (
            421,
            f"the host `{host}` is not this console",
            "open it as http://127.0.0.1 or http://localhost with its port",
        )
    if method in _READING:
        return None
    origin = headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != host
    if foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return (
            403,
            f"the origin `{origin}` may not act here",
            "act on the console's own page, or send no `Origin` header",
        )
    length = headers.get("content-length", "")
    redrive = path.startswith("/api/deadletters/") and path.endswith("/redrive")
    most = REDRIVE_BYTES if redrive else BODY_BYTES
    if not length.isdigit() or int(length) > most:
        return (
            413,
            f"a body of `{length or 'unknown'}` bytes is not taken",
            f"send at most {most} bytes with their `Content-Length`",
        )
    return None


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
