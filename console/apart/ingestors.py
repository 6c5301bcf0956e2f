"""The ingest role apart: one ingestor of one topic filter, and as many standbys as are started.

Each start stands by until nobody holds the filter; one that was outranked stands by again.
"""

import asyncio

import structlog

from console.apart.setting import Setting
from console.intake import intake_seen
from console.roles.ingest import ingest_forever
from console.speaker import Speaker
from ingest.clocks import never_compared
from ingest.service import Ingestor
from ingest.settings import IngestSettings
from ingest.standby import Standby
from ingest.terms import Outranked

LOOK_SECONDS = 1.0
ROLE = "ingest"

_log = structlog.get_logger()


async def run_ingest(setting: Setting, mqtt: IngestSettings) -> None:
    """Take in readings, or stand by, until told to stop.

    Raises:
        FencelineError: the journal cannot be read.
    """
    site = setting.site
    work = asyncio.create_task(_forever(setting, mqtt))
    stop = asyncio.create_task(setting.stopping.wait())
    try:
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        for task in (work, stop):
            task.cancel()
        await asyncio.gather(work, stop, return_exceptions=True)
        _log.info("ingest has stopped", park=site.park.id)


async def _forever(setting: Setting, mqtt: IngestSettings) -> None:
    park = setting.site.park
    while True:
        setting.ready.set()  # a standby does its work, too
        await Standby(setting.bus, park.id, mqtt.filter_for(park.id), setting.clock).until_vacant()
        owner = setting.owner()
        ingestor = Ingestor(
            bus=setting.bus,
            park=park,
            substances=setting.site.force.substances,
            settings=mqtt,
            clock=setting.clock,
            owner=owner,
        )
        speaker = Speaker(setting.bus, park.id, setting.clock, role=ROLE, owner=owner)
        speaking = asyncio.create_task(_speak(setting, speaker, ingestor))
        try:
            await ingest_forever(ingestor, never_compared, setting.clock)
        except Outranked as error:
            _log.warning("another ingestor has the filter; stands by", problem=error.message)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            await asyncio.shield(ingestor.stop())


async def _speak(setting: Setting, speaker: Speaker, ingestor: Ingestor) -> None:
    while True:
        await speaker.look(intake_seen(ingestor.snapshot()))
        await setting.clock.sleep(LOOK_SECONDS)
