"""A process that appends to an embedded bus until it is killed, saying each offset once it is acknowledged.

Run as `python -m tests.contract.appender FOLDER`. Lines: `owner number offset`. Record `number` of an
owner is 1 to 3 records with the payload `owner number part`, of a size that changes.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from fenceline.bus import Cause, Record, Topic
from fenceline.bus.embedded import EmbeddedBus

OWNERS = 4
PARK = "demo"


def records_of(owner: int, number: int) -> list[Record]:
    """What `owner` appends as his `number`-th."""
    size = (owner * 7919 + number * 104729) % 30_000
    return [
        Record("batch", f"{owner} {number} {part} ".encode() + b"." * size, "k", Cause(1, number, part))
        for part in range(1 + number % 3)
    ]


async def _append_for_ever(bus: EmbeddedBus, owner: int) -> None:
    for number in count():
        offset = await bus.append(Topic.JOURNAL, PARK, records_of(owner, number))
        sys.stdout.write(f"{owner} {number} {offset}\n")
        sys.stdout.flush()


async def _main() -> None:
    bus = EmbeddedBus(Path(sys.argv[1]))
    await asyncio.gather(*(_append_for_ever(bus, owner) for owner in range(OWNERS)))


if __name__ == "__main__":
    asyncio.run(_main())
