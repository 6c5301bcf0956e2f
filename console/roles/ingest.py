"""The ingest role: an ingestor that ends where the clocks disagree is begun again once they agree."""

import structlog

from fenceline.clock import Clock
from ingest.clocks import ClockCheck, ClocksDisagree
from ingest.service import Ingestor

AGAIN_SECONDS = 1.0

_log = structlog.get_logger()


async def ingest_forever(ingestor: Ingestor, clock_check: ClockCheck, clock: Clock) -> None:
    """Run until the ingestor is stopped; whatever else ends it is raised."""
    while True:
        try:
            await ingestor.run()
        except ClocksDisagree as error:
            _log.error(error.message, hint=error.hint)
        else:
            return
        while clock_check() is not None:
            await clock.sleep(AGAIN_SECONDS)
        _log.info("the clocks agree; ingest begins again")
