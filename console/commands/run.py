"""`fenceline run ROLE`: one role as a process of its own, over Kafka."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.starting import interrupt_ends_at_once
from fenceline.errors import ServiceError

if TYPE_CHECKING:
    from console.apart.setting import Setting
    from ingest.settings import IngestSettings

app = typer.Typer(
    help="One role as a process of its own, over Kafka (config/bus.yaml).", no_args_is_help=True
)

Parks = Annotated[
    list[str] | None,
    typer.Option("--park", help="A park; again for more. By default all of bus.yaml's table."),
]
Config = Annotated[
    Path | None, typer.Option("--config", envvar="FENCELINE_CONFIG", help="Configuration folder.")
]
Data = Annotated[
    Path, typer.Option("--data", envvar="FENCELINE_DATA", help="Folder for this process's log and store.")
]
Member = Annotated[
    str | None,
    typer.Option(
        "--member",
        envvar="FENCELINE_MEMBER",
        help="This process's name, the same after a restart, of no other process; by default the machine's.",
    ),
]
MqttHost = Annotated[str, typer.Option("--mqtt-host", envvar="FENCELINE_MQTT_HOST", help="Broker's address.")]
MqttPort = Annotated[int, typer.Option("--mqtt-port", envvar="FENCELINE_MQTT_PORT", help="Broker's port.")]
MqttUser = Annotated[
    str | None,
    typer.Option(
        "--mqtt-user",
        envvar="FENCELINE_MQTT_USER",
        help="Broker's user; the password comes from FENCELINE_MQTT_PASSWORD.",
    ),
]
MqttProtocol = Annotated[str, typer.Option("--mqtt-protocol", help="5 or 3.1.1.")]
FOLDER = Path("fenceline-data/apart")
SWITCH_SECONDS = 0.0005  # as for a station: see console/running.py

Role = Callable[["Setting"], Awaitable[None]]


@app.command("ingest")
def ingest(
    park: Parks = None,
    config: Config = None,
    data: Data = FOLDER,
    member: Member = None,
    mqtt_host: MqttHost = "127.0.0.1",
    mqtt_port: MqttPort = 1883,
    mqtt_user: MqttUser = None,
    mqtt_protocol: MqttProtocol = "5",
) -> None:
    """MQTT to journal, for one park; a second one is its standby."""
    from console.apart.ingestors import run_ingest

    mqtt = _mqtt(mqtt_host, mqtt_port, mqtt_user, mqtt_protocol)
    _run("ingest", park, config, data, member, lambda setting: run_ingest(setting, mqtt))


@app.command("engine")
def engine(park: Parks = None, config: Config = None, data: Data = FOLDER, member: Member = None) -> None:
    """Folds the journals: rules, alerts. Any number of processes share out the parks."""
    from console.apart.engines import Engines

    _run("engine", park, config, data, member, lambda setting: Engines(setting).run())


@app.command("pager")
def pager(
    park: Parks = None,
    config: Config = None,
    data: Data = FOLDER,
    member: Member = None,
    link_base: Annotated[
        str, typer.Option("--link-base", help="The page's address, for links in pages.")
    ] = "http://127.0.0.1:8080",
) -> None:
    """Sends the pages that are due; a second one is its standby."""
    from console.apart.pagers import run_pager

    _run("pager", park, config, data, member, lambda setting: run_pager(setting, link_base))


@app.command("web")
def web(  # noqa: PLR0917 - each is an option of the command line
    park: Parks = None,
    config: Config = None,
    data: Data = FOLDER,
    member: Member = None,
    host: Annotated[
        str, typer.Option("--host", envvar="FENCELINE_HOST", help="Address of the page.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the page.")] = 8080,
    users: Annotated[
        Path | None, typer.Option("--users", envvar="FENCELINE_USERS", help="Accounts file.")
    ] = None,
    mqtt_host: MqttHost = "127.0.0.1",
    mqtt_port: MqttPort = 1883,
    mqtt_user: MqttUser = None,
    mqtt_protocol: MqttProtocol = "5",
) -> None:
    """The page and the API of one park, with the store they ask."""
    from console.apart.webs import run_web
    from console.web.people.settings import PeopleSettings
    from console.webdoor import WebDoor

    mqtt = _mqtt(mqtt_host, mqtt_port, mqtt_user, mqtt_protocol)
    door = WebDoor(data, host, port, users, PeopleSettings.from_environ(os.environ))
    _run("web", park, config, data, member, lambda setting: run_web(setting, door, mqtt))


def _run(
    role: str, parks: list[str] | None, config: Path | None, data: Path, member: str | None, work: Role
) -> None:
    interrupt_ends_at_once()
    from console.apart.setting import Setting, default_member, load_bus, load_sites
    from console.logs import set_up_logs
    from console.places import make_data_folder
    from fenceline.bus.kafka.bus import KafkaBus
    from fenceline.clock import SystemClock
    from fenceline.configdir import config_dir

    make_data_folder(data)
    set_up_logs("json", data / f"{role}.log")
    folder = config_dir(config)
    settings = load_bus(folder, os.environ)
    sites = load_sites(folder, settings.parks, parks or (), os.environ)
    sys.setswitchinterval(SWITCH_SECONDS)

    async def run() -> None:
        clock = SystemClock()
        bus = KafkaBus(settings, clock=clock)
        setting = Setting(sites, bus, clock, member or default_member(), data)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, setting.stopping.set)
        telling = asyncio.create_task(_tell(role, setting))
        try:
            await work(setting)
        finally:
            telling.cancel()
            await bus.close()

    asyncio.run(run())
    typer.echo(f"{role}: stopped")


async def _tell(role: str, setting: "Setting") -> None:
    """One line once the role does its work; what stays for good is then out of the collector's sight."""
    await setting.ready.wait()
    gc.collect()
    gc.freeze()
    print(f"{role}: ready, parks {', '.join(setting.sites)}", flush=True)


def _mqtt(host: str, port: int, user: str | None, protocol: str) -> "IngestSettings":
    from pydantic import ValidationError

    from ingest.settings import IngestSettings

    given: dict[str, object] = {
        "host": host,
        "port": port,
        "protocol": protocol,
        "username": user,
        "password": os.environ.get("FENCELINE_MQTT_PASSWORD") if user else None,
    }
    try:
        return IngestSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ServiceError(f"`{name}`: {first['msg']}", hint="see `fenceline run --help`") from error
