"""The embedded store: applied once, whole or not at all, kept for its time."""
import asyncio
from fenceline.bus import Position, Topic
from fenceline.journal import Batch
from fenceline.reading import Readings
from sinks.embedded import EmbeddedStore
from sinks.changes import Changes
from sinks.query import AppliedTo


async def test_smoke(tmp_path):
    store = EmbeddedStore(tmp_path / "s.duckdb")
    await store.open()
    c = Changes(batches=[(1, Batch("f", "o", 1, 0, Readings.from_rows([("a", 10, 0.0, 0, -1), ("b", 11, 1.0, 0, -1)])))],
                applied={Topic.JOURNAL: AppliedTo(Position(1, 1, "h"))})
    await store.apply(c)
    await store.apply(c)
    s = await store.readings("a", 0, 100, points=10, gap_ns=5)
    assert s.value.tolist() == [0.0]
    print(await store.account(), await store.applied())
    print(await store.hourly_means(["a", "b"], 0, 100), await store.open_ledger())
    await store.retain(11, 0)
    await store.close()
    store = EmbeddedStore(tmp_path / "s.duckdb"); 
    print(await store.readings("b", 0, 100, points=10, gap_ns=5), await store.readings("a", 0, 100, points=10, gap_ns=5))
    await store.close()
