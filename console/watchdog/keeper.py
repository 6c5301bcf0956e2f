"""The station's side of the watchdog: started as a process of its own, seen to live, told of an orderly stop.

A watchdog that somebody started apart on the same folder is used instead. What ends otherwise than in order
leaves its watchdog behind, on purpose: it pages until the station is back or somebody ends it.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import structlog

from console.watchdog.asking import Asker, NoAnswer, state_at
from console.watchdog.clockcheck import ClockCheck
from console.watchdog.place import read_door
from console.watchdog.report import WatchdogState
from console.watchdog.sandbox import SandboxChannel
from fenceline.clock import Clock
from ingest.settings import IngestSettings

Mode = Literal["own", "apart", "none"]
LOOK_SECONDS = 2.0
SEEN_SECONDS = 10.0
HANGS_AFTER_SECONDS = 30.0
GOODBYE_SECONDS = 4.0
MOST_PAUSE_SECONDS = 60.0

_log = structlog.get_logger()


class Keeper:
    """Keeps a watchdog beside a station.

    Args:
        mode: `own` starts one, `apart` expects one that somebody else starts.
        config: the site's configuration folder.
    """

    def __init__(
        self, *, mode: Mode, data: Path, park: str, config: Path, mqtt: IngestSettings, clock: Clock
    ) -> None:
        self.channel = SandboxChannel(data)
        self.clock_check = ClockCheck(clock)
        self._mode = mode
        self._data = data
        self._park = park
        self._config = config
        self._mqtt = mqtt
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._state: WatchdogState | None = None
        self._seen_at = clock.monotonic()
        self._not_before = 0.0
        self._pause = 1.0

    @property
    def pid(self) -> int | None:
        """The process started here, while it lives."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def token(self) -> str | None:
        """The secret of the watchdog that stands in the data folder."""
        door = read_door(self._data)
        return None if door is None else door.token

    def seen(self) -> WatchdogState | None:
        """What the watchdog last said; none where it said nothing lately."""
        return self._state if self._clock.monotonic() - self._seen_at <= SEEN_SECONDS else None

    def condition(self) -> tuple[bool, str]:
        """Whether there is a watchdog, and what it says."""
        state = self.seen()
        if state is None:
            hint = "start `fenceline watchdog`" if self._mode == "apart" else "it is being started"
            return False, f"no watchdog answers; {hint}"
        done = state.canary
        if done is None:
            return True, "watching; no canary yet"
        age = (state.now_ns - done.at_ns) / 1e9
        said = f"failed: {done.problem}" if done.latency_seconds is None else f"{done.latency_seconds:.3f} s"
        return True, f"watching; canary {age:.0f} s ago: {said}"

    async def run(self, ready: asyncio.Event, port: Callable[[], int]) -> None:
        """Once the station's web answers on `port`, look after the watchdog until cancelled."""
        await ready.wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.clock_check.run(self._data))
            tasks.create_task(self._look_forever(port))

    async def close(self, *, orderly: bool) -> None:
        """Tell it that the station stops in order; else leave it behind."""
        if not orderly:
            if self.pid is not None:
                _log.warning("the watchdog stays and pages; a new start takes over", pid=self.pid)
            return
        door = read_door(self._data)
        if door is not None and (door.apart or door.pid == self.pid):
            async with Asker(door.address, 1.0) as asker:
                with contextlib.suppress(NoAnswer):
                    await asker.farewell(door.token, "stopped")
        process, waited = self._process, 0.0
        while process is not None and process.poll() is None:
            if waited >= GOODBYE_SECONDS:
                process.kill()
            await self._clock.sleep(0.05)
            waited += 0.05

    async def _look_forever(self, port: Callable[[], int]) -> None:
        while True:
            try:
                await self._look(port())
            except Exception as error:
                # The station goes on without its watchdog rather than end with it; /readyz says so.
                _log.error("the watchdog could not be looked after", error=repr(error))
            await self._clock.sleep(LOOK_SECONDS)

    async def _look(self, port: int) -> None:
        now = self._clock.monotonic()
        door = read_door(self._data)
        if door is not None and (door.apart or door.pid == self.pid):
            state = await state_at(door)
            if state is not None:
                self._state, self._seen_at, self._pause = state, self._clock.monotonic(), 1.0
                return
        if self._mode == "apart" or now < self._not_before:
            return
        if self.pid is None:
            self._start(port)
        elif now - self._seen_at > HANGS_AFTER_SECONDS and self._process is not None:
            _log.warning("the watchdog does not answer and is started anew", pid=self.pid)
            self._process.kill()

    def _start(self, port: int) -> None:
        if self._process is not None:
            _log.warning("the watchdog has ended and is started anew", code=self._process.returncode)
        self._not_before = self._clock.monotonic() + self._pause
        self._pause = min(self._pause * 2, MOST_PAUSE_SECONDS)
        mqtt = self._mqtt
        command = [sys.executable, "-m", "console", "watchdog", "--of-station"]
        command += ["--park", self._park, "--data", str(self._data), "--config", str(self._config)]
        command += ["--port", str(port), "--mqtt-host", mqtt.host, "--mqtt-port", str(mqtt.port)]
        command += ["--mqtt-protocol", mqtt.protocol]
        environment = dict(os.environ)
        if mqtt.username is not None:
            command += ["--mqtt-user", mqtt.username]
        if mqtt.password is not None:
            environment["FENCELINE_MQTT_PASSWORD"] = mqtt.password.get_secret_value()
        self._seen_at = self._clock.monotonic()
        try:
            with (self._data / "watchdog.log").open("ab") as output:
                self._process = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    # Its own session: neither Ctrl-C nor the end of the terminal reaches it.
                    start_new_session=True,
                )
        except OSError as error:
            _log.error("the watchdog cannot be started", error=str(error))
