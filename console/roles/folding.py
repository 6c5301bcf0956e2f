"""Keeps a park folded: a failed write ends a worker, and the next one begins from the last snapshot."""

from collections.abc import Callable

import structlog

from console.roles.engine import EngineWorker
from fenceline.clock import Clock
from fenceline.errors import BusError, NotDurable

AGAIN_SECONDS = 1.0
AGAIN_MOST_SECONDS = 15.0

_log = structlog.get_logger()


async def last_snapshot(worker: EngineWorker) -> None:
    """At an orderly end, for a quick start; without it the next start folds more."""
    try:
        await worker.stop()
    except BusError as error:
        _log.warning("no snapshot at the end; the next start folds more", error=str(error))


async def fold_forever(
    new_worker: Callable[[], EngineWorker], clock: Clock, workers: list[EngineWorker]
) -> None:
    """Fold until cancelled; whatever but a failed write ends a worker is raised.

    Args:
        new_worker: makes the first one, where `workers` is empty, and each that follows.
        workers: the one at work stands last.
    """
    pause = AGAIN_SECONDS
    if not workers:
        workers.append(new_worker())
    while True:
        begun = clock.monotonic()
        try:
            await workers[-1].run()
        except NotDurable as error:
            pause = pause if clock.monotonic() - begun < AGAIN_MOST_SECONDS else AGAIN_SECONDS
            _log.error("the engine could not write and starts again", error=str(error), in_seconds=pause)
            await clock.sleep(pause)
            pause = min(pause * 2, AGAIN_MOST_SECONDS)  # each start folds from the snapshot on
            workers[:] = [new_worker()]
