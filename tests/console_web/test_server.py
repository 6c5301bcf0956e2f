"""The server: on the loopback only, plain about a taken port, and quick to stop."""

import asyncio
import socket
from pathlib import Path

import httpx
import pytest

from console.web.server import listen, serve
from fenceline.bus.memory import MemoryBus
from fenceline.errors import ServiceError
from tests.console_web.house import console_over, new_clock


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.com", ""])
def test_other_addresses_are_refused(host: str) -> None:
    """Until there are accounts, nobody beyond this machine may reach it."""
    with pytest.raises(ServiceError, match="is not the loopback") as refused:
        listen(host, 0)

    assert "127.0.0.1" in refused.value.hint


def test_a_taken_port_names_another() -> None:
    """The hint names a port that is free."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        with pytest.raises(ServiceError, match=f"port `{taken}`") as refused:
            listen("127.0.0.1", taken)

    free = int(refused.value.hint.rsplit(" ", 1)[1].strip("`"))
    assert free != taken
    listen("127.0.0.1", free).close()


async def test_it_stops_with_open_streams(tmp_path: Path) -> None:
    """Cancelled while a screen listens, it ends within the grace and frees its port."""
    clock = new_clock()
    async with console_over(MemoryBus(clock=clock), clock, tmp_path) as console:
        await console.follow()
        ports: asyncio.Queue[int] = asyncio.Queue()
        server = asyncio.ensure_future(
            serve(
                console.app,
                port=0,
                before_stop=console.live.close,
                started=ports.put_nowait,
            )
        )
        port = await asyncio.wait_for(ports.get(), 10)
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            client.stream("GET", "/api/stream") as stream,
        ):
            lines = stream.aiter_lines()
            assert "retry: 1000" == await anext(lines)

            server.cancel()
            await asyncio.wait_for(asyncio.gather(server, return_exceptions=True), 3)
            async for _ in lines:
                pass

        assert server.cancelled()
        listen("127.0.0.1", port).close()
