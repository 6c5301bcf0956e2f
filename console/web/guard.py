"""What every request must pass: a Host that is the console's own, an Origin of our own, a small body.

A page of another site cannot speak to the console through the browser of somebody who sits before
it: neither by a name that it points at the loopback, nor by a form or a script. Every answer
carries the headers that keep the browser application to itself.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.web.faults import answer
from console.web.people.origins import Origins

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


# Only by https: by http a browser ignores it, and this machine itself is asked by http.
STRICT_TRANSPORT = "max-age=31536000"


class Guard:
    """The outermost layer of the app.

    Args:
        origins: the names it is reached by; by default only the loopback's own.
    """

    def __init__(self, app: ASGIApp, origins: Origins | None = None) -> None:
        self._app = app
        self._origins = Origins() if origins is None else origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                if self._origins.over_https(scope):
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = refusal(scope, self._origins)
        if refused is None:
            await self._app(scope, receive, send_guarded)
        else:
            status, message, hint = refused
            await answer(status, message, hint)(scope, receive, send_guarded)


def refusal(scope: Scope, origins: Origins) -> tuple[int, str, str] | None:
    """Status, message and hint for a request that must not pass."""
    headers, path = Headers(scope=scope), scope["path"]
    host = headers.get("host", "")
    if not origins.known(host):
        return 421, f"the host `{host}` is not this console", origins.hint
    if scope["method"] in _READING:
        return None
    origin = headers.get("origin")
    foreign = origin is not None and not origins.is_own(origin, scope)
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
