"""Looks at what a station runs on: configuration, channels, ports, the journal, and the station itself."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx

from alerts.channels.channel import Channel, Message
from alerts.channels.log import LogChannel
from alerts.channels.registry import close_channels
from console.doctor.facts import (
    ConfigFacts,
    JournalFacts,
    PagerFacts,
    PortFacts,
    SnapshotFacts,
    StationFacts,
)
from console.places import port_is_free
from console.site import Site, failed_examples, load_site
from console.stationfile import StationFile, owner_pid
from console.web.people.people import STATION_HEADER
from fenceline.alert import Name
from fenceline.bus import Bus, Stored, Topic, check_position
from fenceline.bus.readonly import ReadOnlyBus
from fenceline.errors import BusError, ConfigError, FencelineError
from fenceline.journal import Tick
from fenceline.vocabulary import Level, Tier
from fenceline.wire import decode

ANSWER_SECONDS = 5.0
TEST_SECONDS = 30.0
VERIFIED = 2_000
_WINDOW = 4_096
_TITLE = Name(zh="【测试】Fenceline 测试呼叫，无需处理", en="[TEST] Fenceline test page: nothing to do")


def config(folder: Path, park: str, environ: Mapping[str, str]) -> tuple[ConfigFacts, Site | None]:
    """Load the configuration and run the rules' examples."""
    try:
        site = load_site(folder, park, environ)
        failed = tuple(failed_examples(site))
    except ConfigError as error:
        return ConfigFacts(str(folder), error.message, error.hint), None
    facts = ConfigFacts(
        str(folder),
        sensors=len(site.park.sensors),
        rules=len(site.force.rules),
        failed_examples=failed,
    )
    return facts, site


async def pagers(site: Site, *, send_test: bool, now_ns: int) -> PagerFacts:
    """Who can be reached; with a test, each channel sends one page that says it is a test."""
    tested: dict[str, tuple[bool, str]] = {}
    try:
        if send_test:
            for name, channel in sorted(site.channels.items()):
                if not isinstance(channel, LogChannel):
                    tested[name] = await _send_test(channel, name, now_ns)
    finally:
        await close_channels(site.channels.values())
    return PagerFacts(
        channels={
            name: "log" if isinstance(channel, LogChannel) else "loud"
            for name, channel in site.channels.items()
        },
        absent=dict(site.absent_channels),
        recipients={name: one.channels for name, one in site.force.routes.recipients.items()},
        tested=tested,
    )


async def _send_test(channel: Channel, name: str, now_ns: int) -> tuple[bool, str]:
    message = Message(
        page=f"test.{now_ns}",
        number=1,
        attempt=1,
        revision=1,
        alerts=(),
        recipient=name,
        recipient_name=Name(zh=name, en=name),
        level=Level.ATTENTION,
        tier=Tier.PARK,
        simulated=True,
        title=f"{_TITLE.zh} · {_TITLE.en}",
        zh=(_TITLE.zh, "由 fenceline doctor --send-test 发出"),
        en=(_TITLE.en, "sent by `fenceline doctor --send-test`"),
        link="",
        due_ns=now_ns,
        expires_ns=now_ns + 300_000_000_000,
    )
    try:
        async with asyncio.timeout(TEST_SECONDS):
            outcome = await channel.send(message)
    except Exception as error:  # a channel may raise anything: that is a page that did not go out
        return False, f"{type(error).__name__}: {error}"
    return outcome.delivered, outcome.detail


def ports(web_port: int, mqtt_port: int, *, own_broker: bool, running: bool) -> tuple[PortFacts, ...]:
    """The ports a station needs, where none of this folder holds them."""
    wanted = [("page", web_port, "--port")]
    if own_broker:
        wanted.append(("broker", mqtt_port, "--mqtt-port"))
    return tuple(
        PortFacts(what, port, taken=not running and not port_is_free(port), option=option)
        for what, port, option in wanted
    )


async def journal(data: Path, park: str) -> JournalFacts:
    """Read a park's journal as a stranger would: its ends, its last records, its snapshots."""
    folder = data / "journal"
    if not (folder / park).is_dir():
        return _no_journal(data, park)
    bus = ReadOnlyBus(folder)
    try:
        return await _journal(bus, folder / park, park)
    except FencelineError as error:
        return JournalFacts(park, exists=True, problem=error.message, hint=error.hint)
    finally:
        await bus.close()


def _no_journal(data: Path, park: str) -> JournalFacts:
    folder = data / "journal"
    return JournalFacts(
        park,
        exists=False,
        missing_folder=None if data.is_dir() else str(data),
        other_parks=tuple(sorted(one.name for one in folder.glob("*") if one.is_dir())),
    )


async def _journal(bus: ReadOnlyBus, folder: Path, park: str) -> JournalFacts:
    head, end = await bus.head(Topic.JOURNAL, park), await bus.end(Topic.JOURNAL, park)
    last = await bus.read(Topic.JOURNAL, park, max(head, end - VERIFIED), limit=VERIFIED)
    for topic in (Topic.FINDINGS, Topic.ALERTS):
        await bus.last(topic, park)
    tick_ns = await _tick_before(bus, park, end, head)
    snapshots: list[SnapshotFacts] = []
    for one in await bus.snapshots(park):
        try:
            await check_position(bus, park, one.position)
            fits = True
        except BusError:
            fits = False
        at_ns = await _tick_before(bus, park, one.position.offset + 1, head) if fits else None
        seconds = None if at_ns is None or tick_ns is None else (tick_ns - at_ns) / 1e9
        snapshots.append(SnapshotFacts(one.position.offset, end - 1 - one.position.offset, seconds, fits))
    letters = await bus.end(Topic.DEADLETTER, park) - await bus.head(Topic.DEADLETTER, park)
    return JournalFacts(
        park=park,
        exists=True,
        head=head,
        end=end,
        bytes=await asyncio.to_thread(_bytes_of, folder),
        verified=len(last),
        tick_ns=tick_ns,
        snapshots=tuple(snapshots),
        dead_letters=letters,
    )


def _bytes_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


async def _tick_before(bus: Bus, park: str, before: int, head: int) -> int | None:
    """The last tick before an offset, within a window."""
    start = max(head, before - _WINDOW)
    found = await bus.read(Topic.JOURNAL, park, start, limit=_WINDOW, kinds=("tick",))
    ticks: list[Stored] = [one for one in found if one.offset < before]
    if not ticks:
        return None
    tick: Tick = decode(ticks[-1].kind, ticks[-1].payload)
    return tick.time_ns


async def station(data: Path, known: StationFile | None) -> StationFacts:
    """Ask the running station how it is."""
    pid = owner_pid(data)
    if known is None:
        return StationFacts(pid)
    headers = {STATION_HEADER: known.token}
    async with httpx.AsyncClient(
        base_url=known.web, headers=headers, timeout=ANSWER_SECONDS, trust_env=False
    ) as http:
        try:
            ready = (await http.get("/readyz")).json()
            accounting = await http.get("/api/accounting")
            contradictions = accounting.json()["contradictions"] if accounting.is_success else None
        except (httpx.HTTPError, ValueError):
            return StationFacts(known.pid, web=known.web)
    return StationFacts(
        pid=known.pid,
        answers=True,
        web=known.web,
        parts={name: (part["ready"], part["detail"]) for name, part in ready.get("parts", {}).items()},
        contradictions=None if contradictions is None else tuple(contradictions),
    )
