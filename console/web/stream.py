"""One screen's stream: first the greeting, then every ledger change it missed, then what is published."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from console.web.frames import ledger_frames
from console.web.live import Live, Screen
from fenceline.bus import Bus, Topic
from fenceline.errors import HeadCut
from fenceline.wire import decode

READ_LIMIT = 500


class StreamResponse(Response):
    """Server-Sent Events of a park to one screen.

    Args:
        last_position: the ledger position of the last event the screen has, if it has one.
        holds: whether the person at the screen may still see; asked before anything is sent, so at
            least once a second.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        *,
        live: Live,
        bus: Bus,
        park: str,
        last_position: int | None,
        holds: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live = live
        self._bus = bus
        self._park = park
        self._last_position = last_position
        self._holds = holds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        screen = self._live.join()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            sending = asyncio.ensure_future(self._send_all(screen, send))
            gone = asyncio.ensure_future(_gone(receive))
            screen.task = sending
            try:
                await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, gone):
                    task.cancel()
                results = await asyncio.gather(sending, gone, return_exceptions=True)
            for result in results:
                if isinstance(result, Exception) and not isinstance(result, OSError):
                    raise result
        finally:
            self._live.leave(screen)

    async def _send_all(self, screen: Screen, send: Send) -> None:
        async for encoded in self._frames(screen):
            if not self._holds():
                break
            screen.sending_since = self._live.monotonic()
            await send({"type": "http.response.body", "body": encoded, "more_body": True})
            screen.sending_since = None
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _frames(self, screen: Screen) -> AsyncIterator[bytes]:
        # The place in the frames is taken already: what is published meanwhile comes after this.
        yield self._live.hello()
        if self._last_position is not None:
            async for encoded in self._missed(self._last_position):
                yield encoded
        while True:
            frames = await self._live.next_frames(screen)
            if frames is None:
                return
            for encoded in frames:
                yield encoded

    async def _missed(self, last_position: int) -> AsyncIterator[bytes]:
        if last_position > self._live.view.position:
            for encoded in self._live.open_alerts():
                yield encoded
            return
        position = last_position
        while (at_hand := self._live.ledger_after(position)) is None:
            try:
                found = await self._bus.read(Topic.ALERTS, self._park, position + 1, limit=READ_LIMIT)
            except HeadCut as cut:
                position = cut.head - 1
                continue
            if not found:
                return
            for stored in found:
                encoded_or_none = ledger_frames(decode(stored.kind, stored.payload), stored.offset)
                if encoded_or_none is not None:
                    yield encoded_or_none
            position = found[-1].offset
        for encoded in at_hand:
            yield encoded


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
