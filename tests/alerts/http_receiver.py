"""A real HTTP server on the loopback that answers as it was told and keeps what it received."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer; with `hang` the request is read and never answered."""

    status: str = "204 No Content"
    headers: tuple[str, ...] = ()
    body: bytes = b""
    hang: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What was received."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        return dict(orjson.loads(self.body))


@dataclass(slots=True)
class Receiver:
    """The server's address, its answers (the last one again and again), and what it received."""

    answers: list[Answer]
    port: int = 0
    received: list[Request] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *rest = head.strip().split("\r\n")
            headers = {key.lower(): value for key, _, value in (part.partition(": ") for part in rest)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append(Request(line, headers, body))
            self.arrived.set()
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer.hang:
                await reader.read()  # until the other side gives up
                return
            said = [f"HTTP/1.1 {answer.status}", *answer.headers, "Connection: close"]
            if not answer.status.startswith("204"):
                said.append(f"Content-Length: {len(answer.body)}")
            writer.write("\r\n".join([*said, "", ""]).encode() + answer.body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client went away
        finally:
            self.open.discard(writer)
            writer.close()


@contextlib.asynccontextmanager
async def receiver(*answers: Answer) -> AsyncIterator[Receiver]:
    """A server for the duration of a block."""
    received = Receiver(list(answers) or [Answer()])
    server = await asyncio.start_server(received.handle, "127.0.0.1", 0)
    received.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield received
        finally:
            for writer in received.open:
                writer.transport.abort()  # the server's end would wait for those it never answered


async def free_port() -> int:
    """A port on which nobody listens."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port
