"""The canary: a reading over MQTT, the time until its page arrives; then its alert is answered and ends.

A round leaves nothing open: what an earlier one left behind is cleared away first. The alert's id follows
from the reading's own time, so a page of another round is never taken for this one's.
"""

import asyncio
from collections.abc import Awaitable, Callable

from alerts.lifecycle import alert_id
from console.watchdog.asking import NoAnswer
from console.watchdog.names import CANARY_RULE, CANARY_SENSOR
from console.watchdog.report import AcknowledgeCanary, CanaryAlert, RoundReport, StationReport
from fenceline.clock import Clock
from fenceline.errors import ServiceError

RAISED, QUIET = 1.0, 0.0
LOOK_SECONDS = 0.1
MILLISECOND_NS = 1_000_000


class Broken(Exception):
    """The round did not go through; the text says at which point."""


class Canary:
    """Runs rounds, one at a time.

    Args:
        publish: value and time of a reading to MQTT; returns when the broker has it, else ServiceError.
        ask: the station's report.
        acknowledge: answers the alert.
        clock: measures, and makes the readings' times.
        within_seconds: the bound of each of a round's steps.
    """

    def __init__(
        self,
        *,
        publish: Callable[[float, int], Awaitable[None]],
        ask: Callable[[], Awaitable[StationReport]],
        acknowledge: Callable[[AcknowledgeCanary], Awaitable[None]],
        clock: Clock,
        within_seconds: float,
    ) -> None:
        self._publish = publish
        self._ask = ask
        self._acknowledge = acknowledge
        self._clock = clock
        self._within = within_seconds
        self._awaited = ""
        self._paged = asyncio.Event()

    def page_came(self, alerts: list[str]) -> bool:
        """A page came to the sandbox; whether it was awaited."""
        if self._awaited not in alerts:
            return False
        self._paged.set()
        return True

    async def round(self) -> RoundReport:
        """One round; it never raises but for cancellation."""
        began_ns = self._clock.now_ns()
        latency: float | None = None
        problem = ""
        try:
            await self._clear()
            latency = await self._raise_and_wait()
            await self._clear(after_page=True)
        except Broken as error:
            problem = str(error)
        finally:
            self._awaited = ""
        return RoundReport(at_ns=began_ns, ok=not problem, latency_seconds=latency, problem=problem)

    async def _raise_and_wait(self) -> float:
        time_ns = self._now_ms() * MILLISECOND_NS
        self._awaited = alert_id(CANARY_RULE, CANARY_SENSOR, time_ns, 0)
        self._paged.clear()
        began = self._clock.monotonic()
        bound = asyncio.ensure_future(self._clock.sleep(self._within))
        paged = asyncio.ensure_future(self._paged.wait())
        sent = asyncio.ensure_future(self._send(RAISED, time_ns))
        try:
            await asyncio.wait({sent, bound}, return_when=asyncio.FIRST_COMPLETED)
            if sent.done():
                sent.result()
            await asyncio.wait({paged, bound}, return_when=asyncio.FIRST_COMPLETED)
            if paged.done():
                return self._clock.monotonic() - began
            what = "no page came" if sent.done() else "the broker did not take the reading"
            raise Broken(f"{what} within {self._within:g} s")
        finally:
            for task in (bound, paged, sent):
                task.cancel()
            await asyncio.gather(bound, paged, sent, return_exceptions=True)

    async def _clear(self, *, after_page: bool = False) -> None:
        """Send the quiet value, answer the alert, and see it end.

        Args:
            after_page: there is an alert, though the screens' picture may not hold it yet.
        """
        began = self._clock.monotonic()
        awaited, quiet, answered = after_page, False, False
        while True:
            try:
                standing = (await self._ask()).canary
                if standing is None and not awaited:
                    return
                if not quiet:
                    await self._send(QUIET, self._now_ms() * MILLISECOND_NS)
                    quiet = True
                if standing is not None:
                    awaited = False
                    if not (standing.acknowledged or answered):
                        await self._acknowledge(_answer_to(standing))
                        answered = True
                last = "the alert does not end"
            except NoAnswer as error:
                last = str(error)
            if self._clock.monotonic() - began >= self._within:
                raise Broken(f"{last}, after {self._within:g} s")
            await self._clock.sleep(LOOK_SECONDS)

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MILLISECOND_NS

    async def _send(self, value: float, time_ns: int) -> None:
        try:
            await self._publish(value, time_ns)
        except ServiceError as error:
            raise Broken(error.message) from error
        except Exception as error:
            # A watchdog outlives whatever the client's library does.
            raise Broken(f"{type(error).__name__}: {error}") from error


def _answer_to(alert: CanaryAlert) -> AcknowledgeCanary:
    """The same action however often it is asked for."""
    action = f"{alert.id}-{alert.revision}"
    return AcknowledgeCanary(alert=alert.id, revision=alert.revision, action_id=action)
