"""The watchdog's own HTTP on the loopback: its clock for ingest, its state, the canary's page, farewells."""

import hmac
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

from console.watchdog.report import TOKEN_HEADER, Standing, WatchdogState
from console.web.guard import Guard


class Farewell(BaseModel):
    """Why the watchdog is told to rest or to go."""

    why: Literal["stopped", "taken over"]


class SandboxPage(BaseModel):
    """Of a page's payload, what the watchdog reads."""

    alerts: list[str]


def door_of(
    *,
    token: str,
    now_ns: Callable[[], int],
    state: Callable[[], WatchdogState],
    page_came: Callable[[list[str]], bool],
    farewell: Callable[[str], dict[str, int]],
) -> FastAPI:
    """The app. Whoever knows the token may bring pages and say farewell; the clock tells anybody."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    def check(given: str) -> None:
        if not hmac.compare_digest(token.encode(), given.encode()):
            raise HTTPException(403, "the token is in the data folder, for those who may read it")

    @app.get("/clock")
    async def clock() -> dict[str, int]:
        return {"now_ns": now_ns()}

    @app.get("/state")
    async def show(given: Annotated[str, Header(alias=TOKEN_HEADER)] = "") -> WatchdogState:
        check(given)
        return state()

    @app.post("/page/{given}")
    async def page(given: str, body: SandboxPage) -> dict[str, Any]:
        check(given)
        return {"awaited": page_came(body.alerts)}

    @app.post("/farewell")
    async def go(body: Farewell, given: Annotated[str, Header(alias=TOKEN_HEADER)] = "") -> Standing:
        check(given)
        return Standing(since_ns=farewell(body.why))

    app.add_middleware(Guard)
    return app
