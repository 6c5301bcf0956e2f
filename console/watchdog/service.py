"""The watchdog's process: it takes the folder's place, looks every second, tests every minute, tells people.

It ends when its station says farewell, when a newer watchdog takes over, on SIGTERM, and when its folder is
gone; one that was started apart rests after a farewell until the station is back.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import structlog

from alerts.channels.channel import Channel
from console.watchdog.asking import Asker, NoAnswer
from console.watchdog.canary import Canary
from console.watchdog.config import WatchdogConfig
from console.watchdog.door import door_of
from console.watchdog.names import CANARY_DEVICE, CANARY_SENSOR
from console.watchdog.notifier import Notifier
from console.watchdog.place import Place, read_door
from console.watchdog.report import AcknowledgeCanary, RoundReport, StationReport, WatchdogState
from console.watchdog.watch import Look, Watch
from console.watchdog.wording import Place as ParkPlace
from console.watchdog.wording import message_of
from console.web.server import serve
from fenceline.clock import Clock
from fenceline.errors import ServiceError
from fenceline.parkmodel import WATCHDOG_OWNER
from ingest.mqtt import publish_once
from ingest.settings import IngestSettings

LOOK_SECONDS = 1.0
TAKE_TRIES, TAKE_PAUSE_SECONDS = 60, 0.1
LAST_WORDS_SECONDS = 3.0

_log = structlog.get_logger("watchdog")


@dataclass(frozen=True, slots=True)
class WatchdogOptions:
    """What it watches.

    Args:
        data: the station's folder.
        address: of its web application.
        mqtt: the broker, for the canary.
        apart: started by hand or by a service manager, not by the station.
    """

    data: Path
    park: str
    address: str
    mqtt: IngestSettings
    apart: bool


class Watchdog:
    """One watchdog."""

    def __init__(
        self,
        options: WatchdogOptions,
        config: WatchdogConfig,
        channels: Mapping[str, Channel],
        clock: Clock,
    ) -> None:
        self._options = options
        self._config = config
        self._clock = clock
        self._watch = Watch(config, clock.monotonic())
        self._asker = Asker(options.address)
        self._notifier = Notifier(channels, clock)
        self._park = ParkPlace.unknown(options.park)
        self._report: StationReport | None = None  # the last look's
        self._place = Place(options.data)
        self._canary = Canary(
            publish=self._publish,
            ask=self._asker.station,
            acknowledge=self._acknowledge,
            clock=clock,
            within_seconds=config.canary_within_seconds,
        )
        self._rounds = self._failed_rounds = 0
        self._last_round: RoundReport | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End without a word to anybody."""
        self._stopping.set()

    async def run(self) -> None:
        """
        Watch until `stop`.

        Raises:
            ServiceError: another watchdog holds the folder and does not let go.
        """
        await self._take_place()
        app = door_of(
            token=self._place.token,
            now_ns=self._clock.now_ns,
            state=self._state,
            page_came=self._canary.page_came,
            farewell=self._farewell,
        )
        tasks = [
            asyncio.create_task(serve(app, port=0, started=self._announce), name="door"),
            asyncio.create_task(self._look_forever(), name="look"),
            asyncio.create_task(self._test_forever(), name="test"),
        ]
        stop = asyncio.create_task(self._stopping.wait(), name="stop")
        try:
            done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stop}:
                task.result()
        finally:
            for task in (*tasks, stop):
                task.cancel()
            await asyncio.gather(*tasks, stop, return_exceptions=True)
            await self._notifier.finish(LAST_WORDS_SECONDS)
            await self._asker.close()
            self._place.release()
            _log.info("the watchdog ends", park=self._options.park)

    async def _take_place(self) -> None:
        """Ask whoever holds the folder to go; kill it where it does not."""
        for attempt in range(TAKE_TRIES):
            if self._place.take():
                return
            if attempt == 0:
                await self._ask_to_go()
            elif attempt == TAKE_TRIES // 2 and self._place.end_holder():
                _log.warning("the watchdog before this one did not go and was killed")
            await self._clock.sleep(TAKE_PAUSE_SECONDS)
        raise ServiceError(
            f"another watchdog holds `{self._options.data}` and does not let go",
            hint="end that process, then start again",
        )

    async def _ask_to_go(self) -> None:
        door = read_door(self._options.data)
        if door is None:
            return
        _log.info("taking over from the watchdog of an earlier run", pid=door.pid)
        async with Asker(door.address, 1.0) as asker:
            try:
                standing = await asker.farewell(door.token, "taken over")
            except NoAnswer as error:
                _log.warning("the watchdog before this one does not answer", reason=str(error))
            else:
                self._watch.inherit(standing.since_ns, self._clock.monotonic())

    def _announce(self, port: int) -> None:
        self._place.announce(port, apart=self._options.apart)
        _log.info("watching", park=self._options.park, address=self._options.address, port=port)

    def _farewell(self, why: str) -> dict[str, int]:
        _log.info("farewell", why=why)
        standing = self._watch.standing
        if why == "taken over" or not self._options.apart:
            self.stop()
        else:
            self._watch.rest()
        return standing

    async def _look_forever(self) -> None:
        while not self._place.is_gone():
            began = self._clock.monotonic()
            look = await self._look()
            for notice in self._watch.look(look):
                _log.warning(
                    notice.change, concern=notice.concern, seconds=notice.seconds, detail=notice.detail
                )
                message = message_of(notice, self._park, self._options.address)
                self._notifier.send(notice.concern, message)
            await self._clock.sleep(max(0.0, LOOK_SECONDS - (self._clock.monotonic() - began)))
        _log.info("the data folder is gone; there is nothing left to watch")

    async def _look(self) -> Look:
        clock = self._clock
        asked_ns, self._report, problem = clock.now_ns(), None, ""
        try:
            report = await self._asker.station()
            if report.park == self._options.park:
                self._report = report
                self._park = ParkPlace.of(report)
            else:
                problem = f"the park `{report.park}` answers there"
        except NoAnswer as error:
            problem = str(error)
        now_ns = clock.now_ns()
        offset = 0.0
        if self._report is not None:
            # It told its time at some moment of the question: only what is certain counts.
            told_ns = self._report.server_ns
            offset = (told_ns - min(max(told_ns, asked_ns), now_ns)) / 1e9
        return Look(clock.monotonic(), now_ns, self._report, problem, offset)

    async def _test_forever(self) -> None:
        due = self._clock.monotonic()
        while True:
            due = max(due + self._config.canary_every_seconds, self._clock.monotonic())
            await self._clock.sleep(due - self._clock.monotonic())
            before = self._report
            if before is None or not before.canary_in_force or not self._watch.can_test:
                continue
            done = await self._canary.round()
            after = self._report
            restarted = after is not None and after.pid != before.pid
            if self._watch.resting or restarted or (not done.ok and not self._watch.can_test):
                continue  # it says nothing that is not known better
            self._rounds += 1
            self._failed_rounds += int(not done.ok)
            self._last_round = done
            self._watch.tested(done)

    async def _publish(self, value: float, time_ns: int) -> None:
        park = self._options.park
        topic = f"fenceline/{park}/{WATCHDOG_OWNER}/{CANARY_DEVICE}/readings"
        reading = {"sensor": CANARY_SENSOR, "time": time_ns // 1_000_000, "value": value}
        await publish_once(self._options.mqtt, topic, orjson.dumps(reading))

    async def _acknowledge(self, body: AcknowledgeCanary) -> None:
        await self._asker.acknowledge(body, self._place.token)

    def _state(self) -> WatchdogState:
        return WatchdogState(
            pid=self._place.pid,
            apart=self._options.apart,
            now_ns=self._clock.now_ns(),
            mood="resting" if self._watch.resting else "watching",
            alarms=list(self._watch.standing),
            rounds=self._rounds,
            failed_rounds=self._failed_rounds,
            canary=self._last_round,
        )
