"""`/api/session`, `/api/login`, `/api/logout`: who is logged in; for a lead, everybody who is."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, StringConstraints

from console.web.faults import Problem, answer
from console.web.people.gate import too_many, visitor_of
from console.web.people.names import name_key
from console.web.people.people import LoginRefused, People
from console.web.people.roles import Permission, Role, permissions_of
from console.web.people.sessions import Session
from console.web.shapes import ErrorShape
from console.web.times import rfc3339

# Far more than a name or a password may have, so that a wrong one is answered like any other.
Typed = Annotated[str, StringConstraints(max_length=1_000)]


class SessionShape(BaseModel):
    """`GET /api/session`: without accounts nobody is logged in, and everybody may everything."""

    accounts: bool
    name: str | None
    display_name: str | None
    role: Role | None
    may: list[Permission]
    ends_at: str | None


class LoginBody(BaseModel):
    """`POST /api/login`."""

    name: Typed
    password: Typed


class OneSessionShape(BaseModel):
    """One browser that is logged in."""

    name: str
    role: Role
    address: str
    began_at: str


class SessionsShape(BaseModel):
    """`GET /api/sessions`."""

    sessions: list[OneSessionShape]


class EndBody(BaseModel):
    """Whose sessions end."""

    name: Typed


class EndedShape(BaseModel):
    """`POST /api/sessions/end`."""

    ended: int


def router_of(people: People) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api")
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorShape} for status in (401, 404, 422, 429)
    }

    @router.get("/session")
    async def session(request: Request) -> SessionShape:
        visitor = visitor_of(request)
        return _shape(people, visitor.session, [one for one in Permission if one in visitor.may])

    @router.post("/login", response_model=SessionShape, responses=refusals)
    async def login(request: Request, body: LoginBody) -> Response:
        if not people.accounts.exist():
            raise Problem(
                404, "there are no accounts to log in to", "make one: `fenceline user add NAME --role lead`"
            )
        try:
            secret, begun = await people.log_in(body.name, body.password, request.scope)
        except LoginRefused as refused:
            if refused.wait_seconds > 0:
                return too_many("too many logins have failed", refused.wait_seconds)
            return answer(401, "the name or the password is wrong", "a lead can set a new password")
        may = permissions_of(begun.account.role)
        shape = _shape(people, begun, [one for one in Permission if one in may])
        response = JSONResponse(shape.model_dump(mode="json"))
        _set_cookie(people, request, response, secret)
        return response

    @router.post("/logout", status_code=204)
    async def logout(request: Request) -> Response:
        found = visitor_of(request).session
        if found is not None:
            people.log_out(found)
        response = Response(status_code=204)
        _set_cookie(people, request, response, None)
        return response

    @router.get("/sessions")
    async def sessions() -> SessionsShape:
        return SessionsShape(
            sessions=[
                OneSessionShape(
                    name=one.account.name,
                    role=one.account.role,
                    address=one.address,
                    began_at=rfc3339(one.began_ns),
                )
                for one in people.sessions.all()
            ]
        )

    @router.post("/sessions/end")
    async def end(body: EndBody) -> EndedShape:
        key = name_key(body.name)
        own = [one for one in people.sessions.all() if name_key(one.account.name) == key]
        for one in own:
            people.log_out(one)
        return EndedShape(ended=len(own))

    return router


def _shape(people: People, session: Session | None, may: list[Permission]) -> SessionShape:
    account = None if session is None else session.account
    return SessionShape(
        accounts=people.accounts.exist(),
        name=None if account is None else account.name,
        display_name=None if account is None else account.display_name,
        role=None if account is None else account.role,
        may=may,
        ends_at=None if session is None else rfc3339(people.sessions.ends_ns(session)),
    )


def _set_cookie(people: People, request: Request, response: Response, secret: str | None) -> None:
    """None takes it away."""
    response.set_cookie(
        people.cookie_name(request.scope),
        secret or "",
        max_age=0 if secret is None else round(people.sessions.longest_seconds),
        path="/",
        secure=people.origins.over_https(request.scope),
        httponly=True,
        samesite="strict",
    )
