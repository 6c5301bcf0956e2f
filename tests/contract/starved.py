"""Appends to an embedded bus on a disk without room, makes room, and goes on; prints what it saw as JSON.

Run as `python -m tests.contract.starved FOLDER disk` with FOLDER on a small disk of its own, or with
`limit` in place of `disk` to starve it by a limit on the size of its files.
"""

import asyncio
import json
import resource
import signal
import sys
from pathlib import Path

from fenceline.bus import Record, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.errors import NotDurable

PARK = "demo"
BALLAST_BYTES = 2 * 1024 * 1024
LIMIT_BYTES = 1024 * 1024


async def _main(folder: Path, *, by_disk: bool) -> None:
    bus = EmbeddedBus(folder / "data")
    acknowledged = [await bus.append(Topic.FINDINGS, PARK, [Record("first", b"")])]
    ballast = folder / "ballast"
    if by_disk:
        ballast.write_bytes(bytes(BALLAST_BYTES))
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, resource.RLIM_INFINITY))
    errors: list[str] = []
    while len(errors) < 3:
        try:
            number = len(acknowledged)
            acknowledged.append(
                await bus.append(Topic.FINDINGS, PARK, [Record("more", b"%d " % number + bytes(20_000))])
            )
        except NotDurable as error:
            errors.append(type(error).__name__)
    read_while_full = len(await bus.read(Topic.FINDINGS, PARK, 0, limit=100_000))
    if by_disk:
        ballast.unlink()
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    acknowledged.append(await bus.append(Topic.FINDINGS, PARK, [Record("after", b"")]))
    await bus.close()
    bus = EmbeddedBus(folder / "data")
    found = await bus.read(Topic.FINDINGS, PARK, 0, limit=100_000)
    await bus.close()
    seen = {
        "errors": errors,
        "acknowledged": acknowledged,
        "read_while_full": read_while_full,
        "offsets": [stored.offset for stored in found],
        "last": found[-1].kind,
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), by_disk=sys.argv[2] == "disk"))
