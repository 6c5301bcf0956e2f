"""`fenceline doctor`: looks at everything a station leans on, and says what is wrong and what to do."""

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import structlog
import typer
from rich.console import Console
from rich.text import Text

from console.doctor.facts import Facts
from console.doctor.verdict import State, Verdict
from fenceline.errors import FencelineError

if TYPE_CHECKING:
    from ingest.settings import IngestSettings

_MARKS = {
    State.OK: ("ok", "green"),
    State.WARNING: ("warning", "yellow"),
    State.PROBLEM: ("problem", "bold red"),
}


def doctor(  # noqa: PLR0917 - each is an option of the command line
    data: Annotated[
        Path, typer.Option("--data", envvar="FENCELINE_DATA", help="The station's data folder.")
    ] = Path("fenceline-data/demo"),
    config: Annotated[
        Path | None, typer.Option("--config", envvar="FENCELINE_CONFIG", help="Configuration folder.")
    ] = None,
    park: Annotated[str, typer.Option("--park", help="Name of the park.")] = "demo",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the page.")] = 8080,
    mqtt_host: Annotated[
        str | None, typer.Option("--mqtt-host", help="The site's own broker; else the one of a station here.")
    ] = None,
    mqtt_port: Annotated[int, typer.Option("--mqtt-port", help="Broker's port.")] = 1883,
    mqtt_user: Annotated[
        str | None,
        typer.Option("--mqtt-user", help="Broker's user; the password comes from FENCELINE_MQTT_PASSWORD."),
    ] = None,
    mqtt_protocol: Annotated[str, typer.Option("--mqtt-protocol", help="5 or 3.1.1.")] = "5",
    send_test: Annotated[
        bool, typer.Option("--send-test", help="Send a page marked as a test through every channel.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """Look at broker, clocks, disk, ports, pagers, versions, journal; exit code 1 with a problem."""
    from console.doctor.judge import judge
    from console.mqttoptions import mqtt_settings

    # What the parts would log about what they find stands in the findings.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    mqtt = mqtt_settings(
        "doctor", host=mqtt_host or "127.0.0.1", port=mqtt_port, protocol=mqtt_protocol, user=mqtt_user
    )
    facts = asyncio.run(
        _look(data, config, park, port, mqtt, own_broker=mqtt_host is None, send_test=send_test)
    )
    verdicts = judge(facts, time.time_ns())
    if as_json:
        found = [
            {"topic": one.topic, "state": one.state.value, "says": one.says, "do": one.do} for one in verdicts
        ]
        typer.echo(orjson.dumps({"findings": found}, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(verdicts)
    if any(one.state is State.PROBLEM for one in verdicts):
        raise typer.Exit(1)


async def _look(
    data: Path,
    config: Path | None,
    park: str,
    port: int,
    mqtt: "IngestSettings",
    *,
    own_broker: bool,
    send_test: bool,
) -> Facts:
    from console.doctor import look_broker, look_machine, look_site
    from console.doctor.facts import ConfigFacts
    from console.stationfile import running_station
    from fenceline.configdir import config_dir

    running = running_station(data)
    if running is not None:  # its own word on what it runs on
        park, own_broker = running.park, running.own_broker
        known = {"host": running.mqtt_host, "port": running.mqtt_port, "protocol": running.mqtt_protocol}
        mqtt = mqtt.model_copy(update=known)
        config = config or Path(running.config)
    site = None
    try:
        found, site = look_site.config(config_dir(config), park, os.environ)
    except FencelineError as error:
        found = ConfigFacts(str(config), error.message, error.hint)
    zone = None if site is None else site.park.timezone
    station = await look_site.station(data, running)
    up = station.pid is not None
    return Facts(
        clock=await look_machine.clock(zone),
        disk=look_machine.disk(data),
        memory=look_machine.memory(),
        versions=look_machine.versions(),
        cache=look_machine.cache(),
        config=found,
        broker=await look_broker.broker(mqtt, own=own_broker, data=data, running=up),
        ports=look_site.ports(port, mqtt.port, own_broker=own_broker, running=up),
        pagers=None
        if site is None
        else await look_site.pagers(site, send_test=send_test, now_ns=time.time_ns()),
        journal=await look_site.journal(data, park),
        station=station,
    )


def _show(verdicts: list[Verdict]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(one.topic) for one in verdicts)
    for one in verdicts:
        word, style = _MARKS[one.state]
        line = Text.assemble((f"{word:8}", style), f"{one.topic:{width}}  {one.says}")
        if one.do:
            line.append(f"\n{'':8}{'':{width}}  → {one.do}")
        console.print(line)
    counts = {state: sum(one.state is state for one in verdicts) for state in State}
    console.print(
        f"{counts[State.PROBLEM]} problems, {counts[State.WARNING]} warnings, {counts[State.OK]} in order"
    )
