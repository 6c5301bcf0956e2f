"""The command line: what a person types, turned into calls; errors become one sentence and a hint."""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from console.commands import configuration, deadletters, doctor, journal, run, tap, watchdog
from console.commands import users as accounts
from console.logs import Format, set_up_logs
from console.starting import interrupt_ends_at_once
from fenceline.errors import FencelineError, ServiceError

app = typer.Typer(
    name="fenceline",
    help="Streaming telemetry and risk alerts for chemical industrial parks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _say_version(asked: bool) -> None:
    if asked:
        from console.version import VERSION

        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Streaming telemetry and risk alerts for chemical industrial parks."""


app.add_typer(deadletters.app, name="deadletter")
app.add_typer(journal.app, name="journal")
app.add_typer(accounts.app, name="user")
app.add_typer(run.app, name="run")
app.command("tap")(tap.tap)
app.command("watchdog")(watchdog.watchdog)
app.command("check")(configuration.check)
app.command("doctor")(doctor.doctor)
app.command("init")(configuration.init)
app.command("schema")(configuration.schema)

DataOption = Annotated[
    Path, typer.Option("--data", envvar="FENCELINE_DATA", help="Folder for journal, store and broker.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", envvar="FENCELINE_CONFIG", help="Configuration folder.")
]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the page.")]
HostOption = Annotated[
    str,
    typer.Option(
        "--host", envvar="FENCELINE_HOST", help="Address of the page; beyond this machine only with accounts."
    ),
]
UsersOption = Annotated[
    Path | None,
    typer.Option(
        "--users", envvar="FENCELINE_USERS", help="Accounts file; by default users.json in the data folder."
    ),
]
WatchdogOption = Annotated[
    str,
    typer.Option(
        "--watchdog", help="own: start one beside; apart: `fenceline watchdog` runs by itself; none."
    ),
]
LogOption = Annotated[str, typer.Option("--log", help="Log format: console or json.")]
PageUrlOption = Annotated[
    str | None,
    typer.Option("--page-url", envvar="FENCELINE_PAGE_URL", help="Post every page to this address, too."),
]


@app.command()
def demo(  # noqa: PLR0917 - each is an option of the command line
    data: DataOption = Path("fenceline-data/demo"),
    config: ConfigOption = None,
    port: PortOption = 8080,
    host: HostOption = "127.0.0.1",
    users: UsersOption = None,
    mqtt_port: Annotated[
        int | None, typer.Option("--mqtt-port", help="Broker's port; by default 1883 or the next free.")
    ] = None,
    scenario: Annotated[str, typer.Option(help="What the simulated park does.")] = "demo",
    seed: Annotated[int, typer.Option(help="Seed of everything drawn by chance.")] = 7,
    page_url: PageUrlOption = None,
    watchdog: WatchdogOption = "own",
    log: LogOption = "json",
) -> None:
    """Everything in one process, with a simulated park that leaks within a minute."""
    interrupt_ends_at_once()
    from console.demo import find_scenario, publish
    from console.places import make_data_folder, next_free_port
    from console.running import run_station
    from console.site import load_site
    from console.station import Station
    from console.stationoptions import OWN_BROKER_PROTOCOL, StationOptions
    from console.watchdog.beside import mode_of
    from console.web.people.settings import PeopleSettings
    from fenceline.configdir import config_dir
    from ingest.settings import IngestSettings

    make_data_folder(data)
    set_up_logs(_format(log), data / "fenceline.log")
    site = load_site(config_dir(config), "demo", _environ(page_url))
    played = find_scenario(site, scenario)
    chosen = next_free_port(1883) if mqtt_port is None else mqtt_port

    async def simulate(station: Station) -> None:
        await publish(station, played, seed)

    options = StationOptions(
        data=data,
        mqtt=IngestSettings(port=chosen, protocol=OWN_BROKER_PROTOCOL),
        web_host=host,
        web_port=port,
        watchdog=mode_of(watchdog),
        users=users,
        people=PeopleSettings.from_environ(os.environ),
    )
    run_station(site, options, simulate)


@app.command()
def up(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    park: Annotated[str, typer.Option(help="Name of the park: the folder under parks/.")] = "demo",
    data: DataOption = Path("fenceline-data/park"),
    config: ConfigOption = None,
    port: PortOption = 8080,
    host: HostOption = "127.0.0.1",
    users: UsersOption = None,
    mqtt_host: Annotated[
        str | None, typer.Option("--mqtt-host", help="Use the broker there instead of starting one.")
    ] = None,
    mqtt_port: Annotated[int, typer.Option("--mqtt-port", help="Broker's port.")] = 1883,
    mqtt_user: Annotated[
        str | None,
        typer.Option("--mqtt-user", help="Broker's user; the password comes from FENCELINE_MQTT_PASSWORD."),
    ] = None,
    mqtt_protocol: Annotated[
        str | None,
        typer.Option(
            "--mqtt-protocol", help="5 or 3.1.1; by default 5, and 3.1.1 with the broker started here."
        ),
    ] = None,
    page_url: PageUrlOption = None,
    watchdog: WatchdogOption = "own",
    log: LogOption = "json",
) -> None:
    """Everything in one process, for a real park's sensors."""
    interrupt_ends_at_once()
    from console.mqttoptions import mqtt_settings
    from console.places import make_data_folder
    from console.running import run_station
    from console.site import load_site
    from console.stationoptions import OWN_BROKER_PROTOCOL, StationOptions
    from console.watchdog.beside import mode_of
    from console.web.people.settings import PeopleSettings
    from fenceline.configdir import config_dir

    make_data_folder(data)
    set_up_logs(_format(log), data / "fenceline.log")
    site = load_site(config_dir(config), park, _environ(page_url))
    mqtt = mqtt_settings(
        "up",
        host=mqtt_host or "127.0.0.1",
        port=mqtt_port,
        protocol=mqtt_protocol or ("5" if mqtt_host else OWN_BROKER_PROTOCOL),
        user=mqtt_user,
    )
    options = StationOptions(
        data=data,
        mqtt=mqtt,
        own_broker=mqtt_host is None,
        web_host=host,
        web_port=port,
        watchdog=mode_of(watchdog),
        users=users,
        people=PeopleSettings.from_environ(os.environ),
    )
    run_station(site, options)


@app.command()
def version() -> None:
    """The installed version."""
    from console.version import VERSION

    typer.echo(VERSION)


_HINTS = {
    errno.ENOENT: "check the path and its spelling",
    errno.ENOTDIR: "check the path: a part of it is a file",
    errno.EISDIR: "name a file, not a folder",
    errno.EACCES: "check who may read and write there",
    errno.EPERM: "check who may read and write there",
    errno.EROFS: "this disk can only be read: choose another folder",
    errno.ENOSPC: "free some room on the disk",
    errno.EDQUOT: "free some room, or have the quota raised",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EADDRINUSE: "another program has this port: choose another with --port, or end that one",
    errno.EADDRNOTAVAIL: "this machine has no such address: check --host",
}


def main() -> None:
    """Entry point: every error of ours is one sentence and a hint, never a traceback."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        app()
    except FencelineError as error:
        errors.print(f"[bold red]error:[/] {_escaped(error.message)}")
        if error.hint:
            errors.print(f"  [bold]hint:[/] {_escaped(error.hint)}")
        sys.exit(1)
    except OSError as error:
        where = f" `{error.filename}`" if error.filename else ""
        errors.print(f"[bold red]error:[/] {_escaped(f'{error.strerror or error}{where}')}")
        errors.print(
            f"  [bold]hint:[/] {_HINTS.get(error.errno or 0, 'see the log, and `fenceline doctor`')}"
        )
        sys.exit(1)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _environ(page_url: str | None) -> dict[str, str]:
    environ = dict(os.environ)
    if page_url:
        environ["FENCELINE_PAGE_URL"] = page_url
    return environ


def _format(name: str) -> Format:
    if name == "json":
        return "json"
    if name == "console":
        return "console"
    raise ServiceError(f"`{name}` is not a log format", hint="console or json")
