"""What the terminal shows while a station runs: what runs where, live counts, the newest pages."""

import asyncio

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alerts.channels.log import LogChannel
from console.station import Station
from console.web.account import of_engine
from console.webparts import ingest_stage, store_stage

REFRESH_SECONDS = 1.0
PLAIN_EVERY = 10
PAGES_SHOWN = 5


async def show(station: Station, console: Console) -> None:
    """Refresh until cancelled; without a terminal, a line every ten seconds."""
    await station.ready.wait()
    if not console.is_terminal:
        console.print(*_where(station), sep="\n")
        count = 0
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            count += 1
            if count % PLAIN_EVERY == 0:
                console.print(_line(station))
    with RichLive(console=console, auto_refresh=False) as live:
        while True:
            live.update(_screen(station), refresh=True)
            await asyncio.sleep(REFRESH_SECONDS)


def _where(station: Station) -> list[str]:
    options, broker = station.options, station.broker
    name = f"{broker.name}: {broker.durability}" if broker is not None else "a broker of the site's own"
    channels = ", ".join(sorted(station.site.channels))
    return [
        f"page      {options.door.public(station.web_port)}",
        f"MQTT      {options.mqtt.broker}  ({name})",
        f"topic     fenceline/{station.site.park.id}/ENTERPRISE/DEVICE/readings",
        f"data      {options.data.resolve()}",
        f"channels  {channels}"
        + "".join(
            f"; {name}: {why}" for name, why in station.site.absent_channels.items() if name == "webhook"
        ),
    ]


def _line(station: Station) -> str:
    """The counts in one line."""
    assert station.ingestor is not None
    assert station.sink is not None
    assert station.live is not None
    ingest = station.ingestor.snapshot()
    view = station.live.view
    folded = view.folded
    watching = "—" if folded is None else f"{folded.watching}/{folded.sensors}"
    return (
        f"received {ingest.readings_decoded} readings, rejected {ingest.readings_rejected}, "
        f"watching {watching}, open alerts {len(view.open)}, stored {station.sink.account.out}"
    )


def _screen(station: Station) -> Group:
    simulated = station.site.park.simulated
    title = "[black on yellow] 演练 / SIMULATED [/] " if simulated else ""
    head = Panel(
        "\n".join(_where(station)),
        title=f"{title}Fenceline · {station.site.park.name.zh} {station.site.park.name.en}",
        subtitle="Ctrl-C stops",
    )
    return Group(head, _parts(station), _account(station), _pages(station))


def _parts(station: Station) -> Table:
    assert station.live is not None
    view = station.live.view
    table = Table.grid(padding=(0, 3))
    status = station.live.status()
    table.add_row(
        f"folded to [bold]{status['folded_to'] or '—'}[/]",
        f"watching [bold]{status['watching']}[/] of {status['sensors']}",
        f"open alerts [bold]{len(view.open)}[/] ({view.unacknowledged} unacknowledged)",
        f"[bold]{status['received_per_second']}[/] readings/s",
    )
    return table


def _account(station: Station) -> Table:
    assert station.ingestor is not None
    assert station.sink is not None
    assert station.live is not None
    table = Table(box=None, padding=(0, 2))
    for column in ("stage", "in", "out", "rejected", "late", "duplicate", "in flight", ""):
        table.add_column(column, justify="left" if column in ("stage", "") else "right")
    folded = station.live.view.folded
    stages = {"ingest": ingest_stage(station.ingestor.snapshot())}
    if folded is not None:
        stages["engine"] = of_engine(folded.account)
    stages["store"] = store_stage(station.sink.account)
    for name, stage in stages.items():
        numbers = (stage.received, stage.out, stage.rejected, stage.late, stage.duplicate, stage.in_flight)
        balances = "[green]balances[/]" if stage.balanced else "[red]DOES NOT BALANCE[/]"
        table.add_row(name, *(f"{number:,}" for number in numbers), balances)
    return table


def _pages(station: Station) -> Panel:
    channel = station.site.channels.get("log")
    messages = list(channel.recent)[-PAGES_SHOWN:] if isinstance(channel, LogChannel) else []
    lines = [Text(f"→ {message.recipient}  {message.title}") for message in messages]
    return Panel(Group(*lines) if lines else Text("no page yet"), title="pages")
