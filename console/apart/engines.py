"""The engine role apart: any number of processes share out the parks; each park is folded by one of them.

A process that loses a park takes a last snapshot and lets go before another takes it up. One that does not
know yet that it was replaced writes what readers drop.
"""

import asyncio

import structlog

from console.apart.setting import PAGER, SAY_SECONDS, SINKS, Setting
from console.roles.engine import EngineWorker
from console.roles.folding import fold_forever, last_snapshot
from fenceline.bus import Topic
from fenceline.errors import BusError

_log = structlog.get_logger()


class Engines:
    """One process of the role."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Fold the parks that are shared out to this process until it is told to stop.

        Raises:
            FencelineError: a park cannot be folded, or Kafka cannot be reached.
        """
        setting = self._setting
        shares = setting.bus.shares("engines", setting.member, self._take, self._give)
        await shares.start()
        setting.ready.set()
        stop = asyncio.create_task(setting.stopping.wait())
        stop.add_done_callback(self._stopped)
        try:
            await self._over
        finally:
            stop.cancel()
            await asyncio.gather(*(self._give(park) for park in list(self._tasks)))
            await shares.stop()

    async def _take(self, park: str) -> None:
        self._tasks[park] = asyncio.create_task(self._fold(park), name=f"engine {park}")
        self._tasks[park].add_done_callback(self._ended)

    async def _give(self, park: str) -> None:
        task = self._tasks.pop(park, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            _log.info("a park was let go of", park=park)

    def _stopped(self, _stop: "asyncio.Task[bool]") -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and not self._over.done():
            self._over.set_exception(task.exception() or RuntimeError(f"{task.get_name()} ended"))

    async def _fold(self, park: str) -> None:
        setting = self._setting
        needed = Needed(setting, park)

        def worker() -> EngineWorker:
            return EngineWorker(
                bus=setting.bus,
                park=park,
                clock=setting.clock,
                force=setting.sites[park].force,
                needed=lambda: needed.journal,
                stored=lambda: needed.findings,
            )

        asking = asyncio.create_task(needed.run())
        workers: list[EngineWorker] = []
        try:
            await fold_forever(worker, setting.clock, workers)
        finally:
            asking.cancel()
            if workers:
                await last_snapshot(workers[-1])


class Needed:
    """What readers in other processes still need, asked now and then; nothing is cut before it is known."""

    def __init__(self, setting: Setting, park: str) -> None:
        self._setting, self._park = setting, park
        self.journal: list[int] = [0]
        self.findings: int | None = None

    async def run(self) -> None:
        """Until cancelled."""
        bus, park = self._setting.bus, self._park
        while True:
            try:
                self.journal = await bus.needed(Topic.JOURNAL, park, (PAGER, SINKS))
                stored = min(await bus.needed(Topic.FINDINGS, park, (SINKS,)))
                self.findings = stored - 1 if stored else None
            except BusError as error:
                _log.warning(
                    "what other readers need is not known; what was known stands", error=error.message
                )
            await self._setting.clock.sleep(SAY_SECONDS)
