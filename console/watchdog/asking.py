"""Short questions over HTTP on the loopback, each with a bound on its time; no proxy is asked."""

import ssl
from types import TracebackType
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from console.watchdog.place import Door
from console.watchdog.report import TOKEN_HEADER, AcknowledgeCanary, Standing, StationReport, WatchdogState

ModelT = TypeVar("ModelT", bound=BaseModel)


# These are plain HTTP. A client makes a context for TLS all the same, and one that knows the authorities of
# the web takes 50 ms in which nothing else goes on; this one knows none, and so trusts nobody.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class NoAnswer(Exception):
    """Nothing that could be used came back; its text says how."""


class Asker:
    """Asks one address.

    Args:
        seconds: the bound of one question.
    """

    def __init__(self, address: str, seconds: float = 2.0) -> None:
        self._seconds = seconds
        self._client = httpx.AsyncClient(base_url=address, timeout=seconds, trust_env=False, verify=_NO_TLS)

    async def __aenter__(self) -> "Asker":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def station(self) -> StationReport:
        """
        The station's word of itself.

        Raises:
            NoAnswer: there is none.
        """
        return await self._get("/api/watch", StationReport)

    async def acknowledge(self, body: AcknowledgeCanary, token: str) -> None:
        """
        Answer the canary's alert.

        Raises:
            NoAnswer: it is not known to be recorded.
        """
        await self._call("POST", "/api/watch/acknowledge", token, body.model_dump())

    async def watchdog(self, token: str) -> WatchdogState:
        """
        The watchdog's word of itself.

        Raises:
            NoAnswer: there is none.
        """
        return await self._get("/state", WatchdogState, token)

    async def farewell(self, token: str, why: str) -> Standing:
        """
        Tell a watchdog that its station stops in order, or that another watchdog takes over.

        Raises:
            NoAnswer: it was not heard.
        """
        return _read("/farewell", await self._call("POST", "/farewell", token, {"why": why}), Standing)

    async def clock_ns(self) -> int:
        """
        The watchdog's clock.

        Raises:
            NoAnswer: it cannot be asked.
        """
        answer = await self._call("GET", "/clock", "", None)
        try:
            return int(answer.json()["now_ns"])
        except (ValueError, KeyError, TypeError) as error:
            raise NoAnswer(f"an answer that is no time: {error}") from error

    async def _get(self, path: str, model: type[ModelT], token: str = "") -> ModelT:
        return _read(path, await self._call("GET", path, token, None), model)

    async def _call(self, method: str, path: str, token: str, body: Any) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, json=body, headers={TOKEN_HEADER: token})
        except httpx.TimeoutException as error:
            raise NoAnswer(f"no answer within {self._seconds:g} s") from error
        except httpx.HTTPError as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        if not answer.is_success:
            raise NoAnswer(f"`{path}` answers {answer.status_code}")
        return answer


def _read(path: str, answer: httpx.Response, model: type[ModelT]) -> ModelT:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise NoAnswer(f"`{path}` answers what this release does not know: {error}") from error


async def state_at(door: Door) -> WatchdogState | None:
    """What the watchdog behind a door says, if it is there and is the one that wrote it."""
    async with Asker(door.address, 1.0) as asker:
        try:
            state = await asker.watchdog(door.token)
        except NoAnswer:
            return None
    return state if state.pid == door.pid else None
