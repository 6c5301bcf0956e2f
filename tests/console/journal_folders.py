"""Folders as a station leaves them, and every way in which a disk or a person may damage them."""

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from console.journal.ledger import standing
from console.journal.stored import STORE_NAME, opened
from console.roles.engine import EngineWorker
from console.roles.snapshots import EngineSettings
from fenceline.alert import Alert
from fenceline.bus import Record, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.bus.kinds import KINDS
from fenceline.bus.logfile import LOG_NAME
from fenceline.bus.pagefile import PageFile
from fenceline.bus.pagerows import rows_of
from fenceline.bus.snapshotfile import STATE_NAME
from fenceline.bus.sqlitefile import connect
from fenceline.clock import ManualClock
from fenceline.journal import DeadLetter, Tick
from fenceline.wire import encode, kind_of
from sinks.embedded import EmbeddedStore
from sinks.service import StoreSink
from tests.console.worlds import PARK, SECOND, START_NS, journal, write

SEED = 8
SECONDS = 200
LETTERS = 30
SNAPSHOT_RECORDS = 200
LAST = 450  # offset of the journal's last record
LOWER, UPPER = 199, 399  # the snapshots


@dataclass(frozen=True, slots=True)
class Folder:
    """A station's data folder."""

    data: Path

    @property
    def park(self) -> Path:
        return self.data / "journal" / PARK

    @property
    def log(self) -> Path:
        return self.park / LOG_NAME

    @property
    def wal(self) -> Path:
        return self.park / f"{LOG_NAME}-wal"

    @property
    def state(self) -> Path:
        return self.park / STATE_NAME

    def sql(self, statement: str, *, path: Path | None = None) -> list[tuple[object, ...]]:
        """Work on the file behind everybody's back."""
        connection = sqlite3.connect(self.log if path is None else path)
        with connection:
            rows = connection.execute(statement).fetchall()
        connection.close()
        return rows

    def page_of(self, offset: int) -> int:
        """The page on which a journal record begins."""
        file = PageFile(self.log)
        kinds = KINDS[Topic.JOURNAL]
        (page,) = {row.page for row in rows_of(file) if row.number == offset and row.values[1:2][0] in kinds}
        file.close()
        return page

    def files(self) -> dict[str, bytes]:
        """What stands in the park's folder now."""
        return {path.name: path.read_bytes() for path in sorted(self.park.iterdir()) if path.is_file()}


async def station_folder(
    data: Path, *, seed: int = SEED, cut: bool = False, live: Path | None = None
) -> Folder:
    """A journal with snapshots, what was derived, dead letters and a store that has everything, closed well.

    Args:
        cut: the head was cut behind the lower snapshot, as it is after a day.
        live: copied there, as a power cut leaves it, before it was closed; that folder is then returned.
    """
    bus = EmbeddedBus(data / "journal", clock=ManualClock())
    await write(bus, journal(seed, SECONDS))
    await bus.append(Topic.DEADLETTER, PARK, [_letter(number) for number in range(LETTERS)])
    worker = EngineWorker(
        bus=bus,
        park=PARK,
        clock=ManualClock(),
        force=None,
        settings=EngineSettings(read_limit=20, snapshot_records=SNAPSHOT_RECORDS),
        needed=lambda: () if cut else (0,),
    )
    await worker.start()
    await store_all(bus, data)
    if live is not None:
        shutil.copytree(data, live)
    await bus.close()
    return Folder(data if live is None else live)


async def store_all(bus: EmbeddedBus, data: Path) -> None:
    """Let a store sink read to the end."""
    store = EmbeddedStore(data / STORE_NAME)
    sink = StoreSink(bus=bus, park=PARK, store=store, clock=ManualClock(START_NS))
    await sink._start()
    while await sink.step():
        pass
    await store.close()


async def go_on(folder: Folder, *, seconds: int = 10) -> dict[Topic, list[tuple[str, bytes]]]:
    """Start the engine and the store as a station does, with some more ticks; what is derived then."""
    bus = EmbeddedBus(folder.data / "journal", clock=ManualClock())
    worker = EngineWorker(bus=bus, park=PARK, clock=ManualClock(), force=None)
    await worker.start()
    ticks = [
        Tick(filter="f", owner="o", term=1, time_ns=START_NS + (100_000 + second) * SECOND)
        for second in range(seconds)
    ]
    await bus.append(Topic.JOURNAL, PARK, [Record(kind_of(one), encode(one)) for one in ticks])
    await worker.start()
    await store_all(bus, folder.data)
    found = {
        topic: [(one.kind, one.payload) for one in await bus.read(topic, PARK, 0, limit=100_000)]
        for topic in (Topic.FINDINGS, Topic.ALERTS)
    }
    await bus.close()
    return found


def standing_of(folder: Folder) -> tuple[dict[str, str], dict[str, str]]:
    """Each alert's state by the ledger, and by the store."""
    connection = connect(folder.log, mode="ro")
    ledger = {name: one.state for name, one in standing(connection).items()}
    connection.close()
    with opened(folder.data / STORE_NAME, readonly=True) as store:
        rows = store.execute("SELECT id, json FROM alerts_now").fetchall()
    return ledger, {name: Alert.model_validate_json(text).state.value for name, text in rows}


def flip(path: Path, place: int, count: int = 1) -> None:
    """Turn bytes over, as a failing disk does."""
    content = bytearray(path.read_bytes())
    for at in range(place, place + count):
        content[at] ^= 0xFF
    path.write_bytes(content)


def zero_page(path: Path, number: int) -> None:
    """A page that was never written back."""
    content = bytearray(path.read_bytes())
    page_bytes = int.from_bytes(content[16:18], "big")
    content[(number - 1) * page_bytes : number * page_bytes] = bytes(page_bytes)
    path.write_bytes(content)


def _letter(number: int) -> Record:
    letter = DeadLetter(
        key=f"{number:064x}",
        reason="not_json",
        detail="a test",
        topic="fenceline/p/e/d/readings",
        received_ns=START_NS + number * SECOND,
        length=900,
        sha256=f"{number:064x}",
        encoding="text",
        raw="x" * 900,
    )
    return Record(letter.kind, encode(letter), key=letter.key)
