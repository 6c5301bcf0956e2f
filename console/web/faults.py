"""Errors out of the API: one shape, a sentence and a way out, whatever went wrong."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from fenceline.errors import FencelineError, ServiceError


class Problem(Exception):
    """An answer that is not a success; `extra` stands beside the error."""

    def __init__(self, status: int, message: str, hint: str, /, **extra: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
        self.extra = extra


def answer(status: int, message: str, hint: str, /, **extra: str) -> JSONResponse:
    """The error as JSON."""
    return JSONResponse({"error": {"message": message, "hint": hint}, **extra}, status_code=status)


def install(app: FastAPI) -> None:
    """Let every error of the app take that shape."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return answer(error.status, error.message, error.hint, **error.extra)

    @app.exception_handler(FencelineError)
    async def house(_: Request, error: FencelineError) -> JSONResponse:
        return answer(503 if isinstance(error, ServiceError) else 500, error.message, error.hint)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return answer(422, f"`{where}`: {first['msg']}", "see /api/openapi.json for what is expected")

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return answer(
            error.status_code,
            f"`{request.method} {request.url.path}`: {error.detail}",
            "see /api/openapi.json for what there is",
        )

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        return answer(
            500,
            f"`{request.method} {request.url.path}` failed: {type(error).__name__}",
            "the console's log has the whole error; please report it",
        )
