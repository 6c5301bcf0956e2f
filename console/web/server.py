"""Serves an app on the loopback inside the event loop that is running, and stops when cancelled."""

import asyncio
import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

from fenceline.errors import ServiceError

GRACE_SECONDS = 2
_PORTS_TRIED = 50


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: FastAPI,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    before_stop: Callable[[], None] = lambda: None,
    started: Callable[[int], None] = lambda _: None,
) -> None:
    """Serve until cancelled.

    Args:
        port: 0 takes any free port.
        before_stop: ends what would keep connections open (`Live.close`).
        started: is told the port once requests are answered.

    Raises:
        ServiceError: an address beyond the loopback, or a port that is taken.
    """
    listener = listen(host, port)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            proxy_headers=False,
        )
    )
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        while not server.started and not running.done():
            await asyncio.wait({running}, timeout=0.01)
        started(listener.getsockname()[1])
        await asyncio.shield(running)
    finally:
        before_stop()
        server.should_exit = True
        try:
            await asyncio.shield(running)
        finally:
            listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the loopback.

    Raises:
        ServiceError: an address beyond the loopback, or a port that is taken.
    """
    if not is_loopback(host):
        raise ServiceError(
            f"the address `{host}` is not the loopback: whoever reaches the port could acknowledge alerts",
            hint="bind 127.0.0.1, and reach it from elsewhere through `ssh -L 8080:127.0.0.1:8080`",
        )
    try:
        return _bound(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServiceError(
                f"port `{port}` on `{host}` is taken by another program",
                hint=f"stop that program, or use another port: `--port {_free_port(host, port)}`",
            ) from error
        if error.errno == errno.EACCES:
            raise ServiceError(
                f"this user may not open port `{port}`", hint="use a port above 1023, such as 8080"
            ) from error
        raise ServiceError(
            f"`{host}` port `{port}` cannot be opened: {error.strerror}", hint="use 127.0.0.1"
        ) from error


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bound(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Lets a console that is started again take its port back from connections that linger.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _free_port(host: str, taken: int) -> int:
    for port in range(taken + 1, min(taken + _PORTS_TRIED, 65_535)):
        with contextlib.suppress(OSError):
            _bound(host, port).close()
            return port
    with _bound(host, 0) as listener:
        return int(listener.getsockname()[1])
