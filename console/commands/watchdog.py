"""`fenceline watchdog`: the process that watches a station from outside and pages over its own channels."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from console.logs import set_up_logs
from fenceline.errors import ServiceError


def watchdog(  # noqa: PLR0917 - each is an option of the command line
    park: Annotated[str, typer.Option(help="Name of the park.")] = "demo",
    data: Annotated[
        Path, typer.Option("--data", envvar="FENCELINE_DATA", help="The station's data folder.")
    ] = Path("fenceline-data/park"),
    config: Annotated[
        Path | None, typer.Option("--config", envvar="FENCELINE_CONFIG", help="Configuration folder.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the station's page.")] = 8080,
    mqtt_host: Annotated[str, typer.Option("--mqtt-host", help="Broker's address.")] = "127.0.0.1",
    mqtt_port: Annotated[int, typer.Option("--mqtt-port", help="Broker's port.")] = 1883,
    mqtt_user: Annotated[
        str | None,
        typer.Option("--mqtt-user", help="Broker's user; the password comes from FENCELINE_MQTT_PASSWORD."),
    ] = None,
    mqtt_protocol: Annotated[str, typer.Option("--mqtt-protocol", help="5 or 3.1.1.")] = "5",
    of_station: Annotated[bool, typer.Option("--of-station", hidden=True)] = False,
) -> None:
    """Watch a station: page when it does not answer, falls behind, or cannot page."""
    from console.mqttoptions import mqtt_settings
    from console.watchdog.config import channels_of, load_watchdog
    from console.watchdog.ownclock import OwnClock
    from console.watchdog.service import Watchdog, WatchdogOptions
    from fenceline.configdir import config_dir

    if not data.is_dir():
        raise ServiceError(
            f"there is no data folder `{data}`", hint="start the station first, or name --data"
        )
    set_up_logs("json", data / "watchdog.log")
    settings = load_watchdog(config_dir(config))
    channels = channels_of(settings, os.environ)
    mqtt = mqtt_settings(
        "watchdog",
        host=mqtt_host,
        port=mqtt_port,
        protocol=mqtt_protocol,
        user=mqtt_user,
        connect_seconds=settings.canary_within_seconds / 2,
    )
    options = WatchdogOptions(
        data=data, park=park, address=f"http://127.0.0.1:{port}", mqtt=mqtt, apart=not of_station
    )
    if not of_station:
        typer.echo(f"watching {options.address}; its log is {data / 'watchdog.log'}; Ctrl-C ends it")

    async def run() -> None:
        process = Watchdog(options, settings, channels, OwnClock())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, process.stop)
        await process.run()

    asyncio.run(run())
