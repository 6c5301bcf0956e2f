"""Dead letters on the web: the newest, one whole, and one that a named person mended, driven again."""

import base64
import binascii
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from console.web.faults import Problem
from console.web.people.gate import acting
from console.web.services import WebServices
from console.web.shapes import ErrorShape
from console.web.times import rfc3339
from fenceline.errors import NotDurable, ServiceError
from fenceline.journal import DeadLetter
from ingest.deadletter import NoSuchLetter, raw_of, read_letter, read_letters
from ingest.redrive import DrivenBefore

HIGHEST_LIMIT = 1_000
BEGINS_WITH = 120


class LetterShape(BaseModel):
    """A dead letter in a list: `begins_with` is its message's beginning, none where it is no text."""

    key: str
    reason: str
    detail: str
    topic: str
    received_at: str
    length: int
    truncated: bool
    redriven: bool
    begins_with: str | None


class WholeLetterShape(LetterShape):
    """The same with all that was kept of its message, as text or as base64."""

    sha256: str
    encoding: Literal["text", "base64"]
    raw: str


class LettersShape(BaseModel):
    """`GET /api/deadletters`, newest first."""

    letters: list[LetterShape]


class RedriveBody(BaseModel):
    """Who mended it, and the mended message; without one, the letter's own is sent again as it is."""

    name: str | None = None
    payload: str | None = None
    encoding: Literal["text", "base64"] = "text"


class RedrivenShape(BaseModel):
    """It was published once more; what became of it stands in the account."""

    key: str
    topic: str
    status: Literal["driven"]
    by: str
    at: str


def router_of(services: WebServices) -> APIRouter:
    """The routes. Driving again is an engineer's act: whoever lets people in does it at `redrive`."""
    router = APIRouter(prefix="/api/deadletters")
    bus, park = services.bus, services.park.id
    errors: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorShape} for status in (404, 409, 422, 503)
    }

    @router.get("", responses={422: {"model": ErrorShape}})
    async def letters(
        reason: str | None = None,
        topic: str | None = None,
        limit: Annotated[int, Query(ge=1, le=HIGHEST_LIMIT)] = 100,
    ) -> LettersShape:
        found = await read_letters(bus, park, reason=reason, topic=topic, limit=limit)
        return LettersShape(letters=[LetterShape(**_common(letter, driven)) for letter, driven in found])

    @router.get("/{key}", responses={404: {"model": ErrorShape}})
    async def letter(key: str) -> WholeLetterShape:
        found, driven = await _letter(services, key)
        return WholeLetterShape(
            **_common(found, driven), sha256=found.sha256, encoding=found.encoding, raw=found.raw
        )

    @router.post("/{key}/redrive", status_code=202, responses=errors)
    async def redrive(request: Request, key: str, body: RedriveBody) -> RedrivenShape:
        name = acting(request, body.name)
        if services.redrive is None:
            raise Problem(503, "this console reaches no broker", "use `fenceline deadletter redrive`")
        payload = await _payload(services, key, body)
        try:
            note = await services.redrive(key, payload, name)
        except NoSuchLetter as error:
            raise Problem(404, error.message, error.hint) from error
        except DrivenBefore as error:
            raise Problem(409, error.message, error.hint) from error
        except NotDurable as error:
            raise Problem(503, f"nothing was published: {error.message}", error.hint) from error
        except ServiceError as error:
            raise Problem(
                503,
                f"{error.message}; the letter counts as driven",
                "see whether its reading arrived, or publish it by hand",
            ) from error
        at = rfc3339(note.received_ns)
        return RedrivenShape(key=note.key, topic=note.topic, status="driven", by=name, at=at)

    return router


async def _letter(services: WebServices, key: str) -> tuple[DeadLetter, bool]:
    try:
        return await read_letter(services.bus, services.park.id, key)
    except NoSuchLetter as error:
        raise Problem(404, error.message, error.hint) from error


async def _payload(services: WebServices, key: str, body: RedriveBody) -> bytes:
    if body.payload is None:
        found, _ = await _letter(services, key)
        if found.truncated:
            raise Problem(422, "only the head of this letter was kept", "send a `payload`")
        return raw_of(found)
    if body.encoding == "text":
        return body.payload.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body.payload, validate=True)
    except binascii.Error as error:
        raise Problem(422, f"`payload` is not base64: {error}", "or send it as text") from error


def _common(letter: DeadLetter, redriven: bool) -> dict[str, Any]:
    return {
        "key": letter.key,
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "received_at": rfc3339(letter.received_ns),
        "length": letter.length,
        "truncated": letter.truncated,
        "redriven": redriven,
        "begins_with": letter.raw[:BEGINS_WITH] if letter.encoding == "text" else None,
    }
