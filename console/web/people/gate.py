"""The one place where a request is let through or refused, by who asks and what the route asks for.

It stands before the app: what it refuses is neither read nor parsed. A route that is not in the table
is refused, and so is one that the app would answer in another's place.
"""

import math
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from console.web.faults import Problem, answer
from console.web.people.names import name_key, readable_name
from console.web.people.origins import is_this_machine, was_passed_on
from console.web.people.people import REQUEST_HEADER, People, Visitor
from console.web.people.roles import LEAST_ROLE, PAGE, ROUTES, Door, Permission
from fenceline.errors import ServiceError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_STATE = "fenceline_visitor"
_DECIDED = "fenceline_route"
_COMPILED = [(method, path, compile_path(path)[0], needs) for (method, path), needs in ROUTES.items()]


@dataclass(frozen=True, slots=True)
class Decided:
    """The route that a request means, and what it asks for."""

    path: str
    needs: Permission | Door


def decide(method: str, path: str) -> Decided | int:
    """What the table says; 404 or 405 where it says nothing."""
    other_method = False
    for known, template, pattern, needs in _COMPILED:
        if pattern.match(path):
            if known == method:
                return Decided(template, needs)
            other_method = True
    if path == "/api" or path.startswith("/api/"):
        return 405 if other_method else 404
    return Decided(PAGE, Door.ANYONE) if method in ("GET", "HEAD") else 405


class Gate:
    """A layer of the app, behind the guard."""

    def __init__(self, app: ASGIApp, people: People) -> None:
        self._app = app
        self._people = people

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        decided = decide(scope["method"], scope["path"])
        visitor = self._people.visitor(scope)
        refused = self._refusal(decided, visitor, Request(scope))
        if refused is not None:
            await refused(scope, receive, send)
            return
        assert isinstance(decided, Decided)
        scope.setdefault("state", {}).update({_STATE: visitor, _DECIDED: decided.path})
        await self._app(scope, receive, send)

    def _refusal(self, decided: Decided | int, visitor: Visitor, request: Request) -> Response | None:
        needs = decided.needs if isinstance(decided, Decided) else None
        with_accounts = self._people.accounts.exist()
        if not with_accounts and was_passed_on(request.headers):
            return answer(
                403,
                "a proxy passed this on, and without accounts only this machine itself is served",
                "make accounts: `fenceline user add NAME --role lead`, see docs/guides/accounts.md",
            )
        if not self._may(needs, visitor, request):
            return _not_let_in(needs, visitor)
        if isinstance(decided, int):
            what = "there is nothing at" if decided == 404 else "it takes no such request:"
            return answer(
                decided,
                f"{what} `{request.method} {request.url.path}`",
                "see /api/openapi.json for what there is",
            )
        if request.method in SAFE or needs is Door.WATCHDOG:
            return None
        by_page = REQUEST_HEADER in request.headers or (visitor.session is None and bool(visitor.may))
        if with_accounts and not by_page:
            return answer(
                403,
                f"the header `{REQUEST_HEADER}` is missing",
                f"a page of ours sends it; send `{REQUEST_HEADER}: 1`",
            )
        if request.url.path == "/api/login":
            return None  # has limits of its own
        return _too_many(self._people.actions.take(visitor.key))

    def _may(self, needs: Permission | Door | None, visitor: Visitor, request: Request) -> bool:
        if needs is Door.ANYONE:
            return True
        if needs is Door.PROBE and self._people.may_probe(request.scope):
            return True
        if needs is Door.WATCHDOG:
            return is_this_machine(request.scope)
        # What the table does not know is refused all the same: who may see is told so, others are not.
        wanted = needs if isinstance(needs, Permission) else Permission.SEE
        return wanted in visitor.may


def _not_let_in(needs: Permission | Door | None, visitor: Visitor) -> Response:
    if needs is Door.WATCHDOG:
        return answer(403, "only the watchdog on this machine may do this", "see docs/guides/watchdog.md")
    if visitor.session is None:
        return answer(401, "you are not logged in", "log in on the page, or by POST /api/login")
    role = visitor.session.account.role
    least = LEAST_ROLE[needs] if isinstance(needs, Permission) else LEAST_ROLE[Permission.SEE]
    return answer(
        403,
        f"`{visitor.name}` is a {role} and may not do this; it takes the role `{least}`",
        "ask a lead to do it, or to change the role: `fenceline user role NAME ROLE`",
    )


def _too_many(wait_seconds: float) -> Response | None:
    if wait_seconds <= 0:
        return None
    return too_many("too many actions at once", wait_seconds)


def too_many(message: str, wait_seconds: float) -> Response:
    """The answer to whoever must wait."""
    seconds = math.ceil(wait_seconds)
    refused = answer(429, message, f"try again in {seconds} s")
    refused.headers["Retry-After"] = str(seconds)
    return refused


async def confirm(request: Request) -> None:
    """
    That the app answers by the very route that was decided on; every route of the app depends on it.

    Raises:
        Problem: 403, it does not.
    """
    if request.scope["route"].path != getattr(request.state, _DECIDED, None):
        raise Problem(403, "nobody has decided who may do this", "please report it")


def visitor_of(request: Request) -> Visitor:
    """Who was let through."""
    visitor = getattr(request.state, _STATE)
    assert isinstance(visitor, Visitor)
    return visitor


def person(name: str) -> str:
    """
    A person's name as it is recorded.

    Raises:
        Problem: 422, it is empty, too long or holds characters that cannot be read.
    """
    try:
        return readable_name(name)
    except ServiceError as error:
        raise Problem(422, error.message, error.hint) from error


def acting(request: Request, typed: str | None) -> str:
    """
    In whose name something is done: the login's, else the one that was typed.

    Raises:
        Problem: 403, the typed name is somebody else's: what one person began is not recorded as another's
            act. 422, nobody is logged in and no name was typed.
    """
    name = visitor_of(request).name
    if name is None:
        return person(typed or "")
    if typed is not None and name_key(typed) != name_key(name):
        raise Problem(
            403,
            f"this was begun by `{typed}`, and `{name}` is logged in",
            "begin it again under your own login",
        )
    return name
