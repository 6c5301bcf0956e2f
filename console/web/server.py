"""Serves an app inside the event loop that is running, and stops when cancelled.

Beyond the loopback only where people must log in; the loopback is always served too, for the programs of
this machine.
"""

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
    with_accounts: bool = False,
    trusted_proxy: str | None = None,
    before_stop: Callable[[], None] = lambda: None,
    started: Callable[[int], None] = lambda _: None,
) -> None:
    """Serve until cancelled.

    Args:
        port: 0 takes any free port.
        with_accounts: people must log in, so that addresses beyond the loopback may be served.
        trusted_proxy: addresses whose word on who is asking, and how, is believed.
        before_stop: ends what would keep connections open (`Live.close`).
        started: is told the port once requests are answered.

    Raises:
        ServiceError: an address beyond the loopback without accounts, or a port that is taken.
    """
    listeners = [listen(host, port, with_accounts=with_accounts)]
    taken: int = listeners[0].getsockname()[1]
    if not _reaches_loopback(host):
        try:
            listeners.append(listen("127.0.0.1", taken))
        except BaseException:
            listeners[0].close()
            raise
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            proxy_headers=trusted_proxy is not None,
            forwarded_allow_ips=trusted_proxy,
        )
    )
    running = asyncio.ensure_future(server.serve(sockets=listeners))
    try:
        while not server.started and not running.done():
            await asyncio.wait({running}, timeout=0.01)
        started(taken)
        await asyncio.shield(running)
    finally:
        before_stop()
        server.should_exit = True
        try:
            await asyncio.shield(running)
        finally:
            for listener in listeners:
                listener.close()


def listen(host: str, port: int, *, with_accounts: bool = False) -> socket.socket:
    """A socket bound to the address.

    Raises:
        ServiceError: an address beyond the loopback without accounts, or a port that is taken.
    """
    if not with_accounts and not is_loopback(host):
        raise ServiceError(
            f"the address `{host}` is not the loopback: whoever reaches the port could acknowledge alerts",
            hint="make accounts first (`fenceline user add NAME --role lead`), or bind 127.0.0.1",
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


def is_every_address(host: str) -> bool:
    """Whether it stands for all addresses of this machine: 0.0.0.0 and ::."""
    if host == "":
        return True
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _reaches_loopback(host: str) -> bool:
    return is_loopback(host) or is_every_address(host)


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
