"""One run from one seed: a world is made, disturbed, healed, brought to rest; the judge gets what is left."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import structlog

from console.fold import ParkFold
from console.roles.snapshots import EngineSettings
from fenceline import wire
from fenceline.bus import Stored, Topic
from fenceline.wire import encode, kind_of
from tests.simulation.broker import Published, SimBroker
from tests.simulation.channels import Ways
from tests.simulation.devices import Sent, script
from tests.simulation.disk import Disk, at_once
from tests.simulation.loop import VirtualLoop
from tests.simulation.park import CHANNELS, FILTERS, PARK
from tests.simulation.plan import Fault, Saboteur, faults, heal
from tests.simulation.roles import House, Makers
from tests.simulation.store import Rows
from tests.simulation.world import Process, ProcessClock, World

FAULTS_UNTIL, HEALED_AT, QUIET_AT, INGEST_UNTIL, END_AT = 11.5, 12.5, 14.0, 23.5, 25.5


@dataclass(slots=True)
class Remains:
    """What an onlooker has of a run: the disk, the broker's books, the channels', and the order of events."""

    seed: int
    plan: list[Fault]
    sent: list[Sent]
    kept: dict[Topic, list[Stored]]
    heads: dict[Topic, int]
    history: list[tuple[Any, ...]]
    taken: dict[int, Published]
    acknowledged: set[int]
    broker_lost: set[int]
    broker_holds: set[int]
    rows: Rows
    crashes: list[tuple[float, str, str]]
    fresh: dict[Topic, list[tuple[str, str, bytes]]]
    folded_ns: int
    unbalanced: list[str] = field(default_factory=list)
    stuck: str = ""
    used: dict[str, dict[str, int]] = field(default_factory=dict)  # role → operation → how often
    steps: int = 0


class _Remembering:
    """A type adapter that knows the records it has read; they are frozen, so that many may have the same."""

    def __init__(self, adapter: Any) -> None:
        self.validate_json = lru_cache(maxsize=256)(adapter.validate_json)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No log: a run says what it has to say in its history. A record is decoded once, not by each reader."""
    before, decode_batch, decode_json = structlog.get_config(), wire._decode_batch, wire._ADAPTERS
    wire._decode_batch = lru_cache(maxsize=256)(decode_batch)
    remembering: Any = {kind: _Remembering(adapter) for kind, adapter in decode_json.items()}
    wire._ADAPTERS = remembering
    structlog.configure(
        processors=[],
        wrapper_class=structlog.make_filtering_bound_logger(50),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        wire._decode_batch, wire._ADAPTERS = decode_batch, decode_json
        structlog.configure(**before)


def run(seed: int, makers: Makers | None = None, *, trace: bool = False) -> Remains:
    """The whole run; the same seed gives the same history."""
    rng = random.Random(seed)
    loop = VirtualLoop()
    world = World(loop, rng, trace=trace)
    makers = makers or Makers()
    house = _house(world, makers)
    plan, sent = faults(rng, FAULTS_UNTIL), script(rng, QUIET_AT)
    if makers.alone:
        plan = [] if makers.fault is None else [Fault(0.0, *makers.fault)]
    elif makers.fault is not None:
        plan += [Fault(rng.uniform(3.0, 10.0), *makers.fault) for _ in range(3)]
    stuck = ""
    try:
        asyncio.set_event_loop(None)
        _begin(house, plan, sent)
        try:
            loop.run_until_complete(_until_rest(house))
        except Exception as error:
            stuck = f"{type(error).__name__}: {error}"
        unbalanced = [
            process.name
            for process in world.processes.values()
            if (ingestor := process.memory.get("ingestor")) is not None and not ingestor.snapshot().balanced
        ]
        _end(house)
    finally:
        loop.close()
    fresh, folded_ns = fresh_fold(house.disk.kept[Topic.JOURNAL])
    broker = house.broker
    return Remains(
        seed=seed,
        plan=plan,
        sent=sent,
        kept=house.disk.kept,
        heads={topic: at_once(house.disk.memory.head(topic, PARK)) for topic in house.disk.kept},
        history=world.history,
        taken=broker.taken,
        acknowledged=broker.acknowledged,
        broker_lost=broker.lost,
        broker_holds=broker.waiting,
        rows=house.rows,
        crashes=world.crashes,
        fresh=fresh,
        folded_ns=folded_ns,
        unbalanced=unbalanced,
        stuck=stuck,
        used={process.role: process.used for process in world.processes.values()},
        steps=loop.steps,
    )


def _house(world: World, makers: Makers) -> House:
    rng = world.rng
    settings = EngineSettings(
        read_limit=rng.choice((1, 3, 7, 500)),
        snapshot_records=rng.choice((6, 12, 25, 60)),
        snapshot_seconds=rng.choice((5.0, 300.0)),
        snapshot_retry_seconds=1.5,
        findings_days=rng.choice((None, 5 / 86400)),
    )
    return House(
        world=world,
        disk=Disk(world),
        broker=SimBroker(world),
        ways=Ways(world, CHANNELS),
        rows=Rows(),
        makers=makers,
        engine_settings=settings,
        filters=FILTERS[1:] if rng.random() < 0.2 else FILTERS[:1],
        window=rng.choice((20, 2000)),
    )


def _begin(house: House, plan: list[Fault], sent: list[Sent]) -> None:
    world, rng = house.world, house.world.rng
    roles: list[tuple[str, str, Any]] = [
        (f"ingest-{number}", "ingest", house.ingest(filter_, ticks=number == 0))
        for number, filter_ in enumerate(house.filters)
    ]
    roles += [("engine", "engine", house.engine), ("pager-0", "pager", house.pager)]
    if rng.random() < 0.3:
        roles.append(("pager-1", "pager", house.pager))
    roles += [("sink", "sink", house.sink), ("operator", "operator", house.operator)]
    for name, role, make in roles:
        clock = ProcessClock(offset_seconds=rng.uniform(-0.4, 0.4))
        world.processes[name] = Process(world, name, role, make, clock)
        world.loop.call_later(rng.uniform(0.0, 0.4), world.processes[name].start_if_none)
    for message in sent:
        world.loop.call_at(message.at, house.broker.publish, message.topic, message.payload)
    Saboteur(house, plan)
    world.loop.call_at(HEALED_AT, heal, house)


async def _until_rest(house: House) -> None:
    loop = house.world.loop
    await _at(loop, INGEST_UNTIL)
    for process in house.world.processes.values():
        if process.role in ("ingest", "operator"):
            process.held = True
            process.kill(-1.0)
    await _at(loop, END_AT)


async def _at(loop: VirtualLoop, when: float) -> None:
    future = loop.create_future()
    loop.call_at(when, future.set_result, None)
    await future


def _end(house: House) -> None:
    """Nobody lives on, and nobody does anything while dying."""
    loop = house.world.loop
    for process in house.world.processes.values():
        process.held = True
        process.kill(-1.0)
    for _ in range(20):
        left = [task for task in asyncio.all_tasks(loop) if not task.done()]
        if not left:
            return
        for task in left:
            task.cancel()
        with contextlib.suppress(BaseException):
            loop.run_until_complete(asyncio.wait(left, timeout=0.0))


def fresh_fold(journal: list[Stored]) -> tuple[dict[Topic, list[tuple[str, str, bytes]]], int]:
    """What the whole journal gives on a new fold, from its first record: cause, kind, bytes."""
    poison: dict[int, str] = {}
    while True:
        fold = ParkFold()
        derived: dict[Topic, list[tuple[str, str, bytes]]] = {Topic.FINDINGS: [], Topic.ALERTS: []}
        for stored in journal:
            error = poison.get(stored.offset)
            try:
                out = fold.apply(stored) if error is None else fold.quarantine(stored, error)
            except Exception as raised:
                poison[stored.offset] = f"{type(raised).__name__}: {raised}"
                break
            for topic, records in ((Topic.FINDINGS, out.findings), (Topic.ALERTS, out.ledger)):
                derived[topic] += [
                    (f"1/{stored.offset}/{index}", kind_of(record), encode(record))
                    for index, record in enumerate(records)
                ]
        else:
            return derived, fold.log.now_ns
