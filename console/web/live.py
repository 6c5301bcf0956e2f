"""The live stream: frames are encoded once and kept for a while; every screen reads them at its own pace.

There is no queue per screen. A screen has a place in the shared frames; one that falls out of them,
or does not take what it is sent, is disconnected, comes back with its last ledger position, and is
sent every later change again.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from console.web.frames import alert_frame, frame, hello_frame, ledger_frames, peaks_frame, values_frame
from console.web.times import rfc3339, rfc3339_or_none
from console.web.view import View
from fenceline.alert import LedgerRecord
from fenceline.clock import Clock

FRAMES_KEPT = 20_000
BYTES_KEPT = 16 * 1024 * 1024
LEDGER_KEPT = 5_000
STUCK_AFTER_SECONDS = 10.0
PULSE_SECONDS = 1.0

_log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Screen:
    """One connected screen: its place in the frames, and since when it has not taken what it was sent."""

    place: int
    sending_since: float | None = None
    task: "asyncio.Task[None] | None" = None


class Live:
    """Frames for all screens of a park.

    Args:
        frames_kept, bytes_kept: how far a screen may fall behind.
        ledger_kept: how many frames of the ledger are at hand for screens that come back.
    """

    def __init__(
        self,
        *,
        park: str,
        simulated: bool,
        view: View,
        clock: Clock,
        frames_kept: int = FRAMES_KEPT,
        bytes_kept: int = BYTES_KEPT,
        ledger_kept: int = LEDGER_KEPT,
    ) -> None:
        self.view = view
        self.screens: set[Screen] = set()
        self.encoded = 0
        self.disconnected_slow = 0
        self.closed = False
        self.balanced: Callable[[], bool] = lambda: True  # set by who knows every stage's account
        self.intake: Callable[[], str] = lambda: "ok"  # and whether the journal takes records
        self._park = park
        self._simulated = simulated
        self._clock = clock
        self._frames: deque[bytes] = deque()
        self._frames_kept = frames_kept
        self._bytes = 0
        self._bytes_kept = bytes_kept
        self._first = 0  # the number of the oldest frame kept
        self._ledger: deque[tuple[int, bytes]] = deque()
        self._ledger_kept = ledger_kept
        self._ledger_from = view.position + 1
        self._news = asyncio.Event()

    # From the follower

    def begin(self) -> None:
        """The view was seeded or its ledger starts over: frames of the ledger count from there."""
        self._ledger.clear()
        self._ledger_from = self.view.position + 1
        if self.screens:
            self._publish(self.hello())

    def publish_ledger(self, position: int, record: LedgerRecord) -> None:
        """Encode a change of the ledger, once for everybody."""
        encoded = ledger_frames(record, position)
        if encoded is None:
            return
        self._ledger.append((position, encoded))
        if len(self._ledger) > self._ledger_kept:
            gone, _ = self._ledger.popleft()
            self._ledger_from = gone + 1
        self._publish(encoded)

    def pulse(self) -> None:
        """Once a second: new values, the status, and farewell to screens that are stuck."""
        changed = self.view.newest.take_changed()
        if changed:
            self._publish(values_frame(changed))
        worse = self.view.take_worse()
        if worse:
            self._publish(peaks_frame(worse))
        self._publish(frame("status", self.status()))
        now = self._clock.monotonic()
        for screen in list(self.screens):
            since = screen.sending_since
            if since is not None and now - since > STUCK_AFTER_SECONDS and screen.task is not None:
                self._slow("it does not take what it is sent")
                screen.sending_since = None
                screen.task.cancel()

    async def run(self) -> None:
        """Pulse until cancelled."""
        while True:
            self.pulse()
            await self._clock.sleep(PULSE_SECONDS)

    def close(self) -> None:
        """End every stream, so that the server can stop at once."""
        self.closed = True
        self._wake()

    # For screens

    def join(self) -> Screen:
        """A new screen, placed after everything published so far."""
        screen = Screen(place=self._first + len(self._frames))
        self.screens.add(screen)
        return screen

    def leave(self, screen: Screen) -> None:
        self.screens.discard(screen)

    async def next_frames(self, screen: Screen) -> list[bytes] | None:
        """What was published after the screen's place; none when the stream must end."""
        while not self.closed:
            if screen.place < self._first:
                self._slow("it fell too far behind")
                return None
            end = self._first + len(self._frames)
            if screen.place < end:
                start = screen.place - self._first
                screen.place = end
                return [self._frames[number] for number in range(start, len(self._frames))]
            await self._news.wait()
        return None

    def ledger_after(self, position: int) -> list[bytes] | None:
        """The frames of the ledger after a position; none where they are no longer at hand."""
        if position + 1 < self._ledger_from:
            return None
        return [encoded for at, encoded in self._ledger if at > position]

    @property
    def ledger_from(self) -> int:
        """The first ledger position whose frames are at hand."""
        return self._ledger_from

    def open_alerts(self) -> list[bytes]:
        """The open alerts as they stand, for a screen whose position is of another ledger."""
        return [alert_frame(alert, self.view.position) for alert in self.view.open.values()]

    def hello(self) -> bytes:
        return hello_frame(
            {
                "park": self._park,
                "simulated": self._simulated,
                "position": self.view.position,
                "server_time": rfc3339(self._clock.now_ns()),
            }
        )

    def status(self) -> dict[str, object]:
        """What every screen shows all the time."""
        view, now_ns = self.view, self._clock.now_ns()
        folded = view.folded
        sensors = len(view.sensors) if folded is None else folded.sensors
        watching = 0 if folded is None else folded.watching
        return {
            "server_time": rfc3339(now_ns),
            "folded_to": rfc3339_or_none(None if folded is None else folded.to_ns),
            "watching": watching,
            "cannot_tell": sensors - watching,
            "sensors": sensors,
            "open": len(view.open),
            "unacknowledged": view.unacknowledged,
            "engine": "behind" if view.behind(now_ns) else "live",
            "balanced": self.balanced(),
            "journal": self.intake(),
            "received_per_second": round(view.received_per_second, 1),
        }

    def monotonic(self) -> float:
        return self._clock.monotonic()

    # Inside

    def _publish(self, encoded: bytes) -> None:
        self.encoded += 1
        self._frames.append(encoded)
        self._bytes += len(encoded)
        while len(self._frames) > self._frames_kept or (
            self._bytes > self._bytes_kept and len(self._frames) > 1
        ):
            self._bytes -= len(self._frames.popleft())
            self._first += 1
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _slow(self, why: str) -> None:
        self.disconnected_slow += 1
        _log.info("a slow screen is disconnected; it comes back and misses nothing", why=why)
