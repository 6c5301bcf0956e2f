"""A reader of a derived topic keeps what is above the highest cause before it, wherever the reads are cut."""

import pytest

from fenceline.bus import Cause, Record, Topic
from fenceline.bus.memory import MemoryBus
from sinks.follow import Follower

PARK = "p"
# As two workers leave it, one of which does not know that it was replaced.
WRITTEN = [1, 2, 3, 2, 3, 4, 1, 4, 5]


@pytest.mark.parametrize("limit", range(1, len(WRITTEN) + 2))
async def test_what_was_written_twice_is_read_once(limit: int) -> None:
    """Doubles within one read are dropped like those of an earlier read."""
    bus = MemoryBus()
    for offset in WRITTEN:
        await bus.append(Topic.ALERTS, PARK, [Record("alert", b"%d" % offset, cause=Cause(1, offset, 0))])
    follower = Follower(bus, Topic.ALERTS, PARK)
    await follower.start(None)

    found = []
    while read := await follower.read(limit):
        found += [stored.payload for stored in read]

    assert [b"1", b"2", b"3", b"4", b"5"] == found
