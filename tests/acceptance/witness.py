"""Somebody who reads a park's journal along, from its first record, before its head is cut."""

import asyncio
import threading
from pathlib import Path

from fenceline.bus import Stored, Topic
from fenceline.bus.kafka.bus import KafkaBus
from fenceline.bus.kafka.settings import KafkaSettings
from fenceline.configfile import load
from tests.acceptance.station import PARK


class Witness:
    """Reads in a thread of its own until `end`."""

    def __init__(self, config: Path) -> None:
        self._settings = load(config / "bus.yaml", KafkaSettings)
        self._ending = threading.Event()
        self._seen: list[Stored] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._read()))
        self._thread.start()

    def end(self) -> list[Stored]:
        """The whole journal, once everything that stands now is read."""
        self._ending.set()
        self._thread.join()
        return self._seen

    async def _read(self) -> None:
        bus = KafkaBus(self._settings)
        try:
            while True:
                ending = self._ending.is_set()
                end = await bus.end(Topic.JOURNAL, PARK)
                while len(self._seen) < end:
                    self._seen += await bus.read(Topic.JOURNAL, PARK, len(self._seen))
                if ending:
                    return
                await bus.wait(Topic.JOURNAL, PARK, len(self._seen), seconds=0.5)
        finally:
            await bus.close()
