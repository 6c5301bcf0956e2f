"""`fenceline deadletter`: what could not be read, with its reason, whole; and mended, driven again."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from console.commands.columns import Column, show
from console.commands.tap import open_readonly
from fenceline.configwords import did_you_mean
from fenceline.errors import ServiceError
from fenceline.journal import DeadLetter
from fenceline.reason import Rejected
from ingest.deadletter import read_letter, read_letters

app = typer.Typer(help="Look at what could not be read, mend it, drive it again.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", envvar="FENCELINE_DATA", help="The station's data folder.")]
ParkName = Annotated[str, typer.Option("--park", help="Name of the park.")]
_KEY_SHOWN, _RAW_SHOWN = 12, 60


def _short_topic(topic: str) -> str:
    """Owner and device of a topic as it should be; any other whole."""
    parts = topic.split("/")
    good = len(parts) == 5 and (parts[0], parts[4]) == ("fenceline", "readings")
    return "/".join(parts[2:4]) if good else topic


_COLUMNS = (
    Column("key", short=lambda key: key[:_KEY_SHOWN]),
    Column("received (UTC)"),
    Column("reason"),
    Column("from", gives=True, short=_short_topic),
    Column("again"),
    Column("begins with", gives=True, wide=True),
)


@app.command("list")
def list_letters(
    data: Data = Path("fenceline-data/demo"),
    park: ParkName = "demo",
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only this MQTT topic.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")] = False,
) -> None:
    """The newest dead letters; to a pipe as lines with tabs, without a heading and with whole keys."""
    if reason is not None and reason not in list(Rejected):
        hint = did_you_mean(reason, list(Rejected), "the reasons")
        raise ServiceError(f"`{reason}` is not a reason", hint=hint)
    letters = asyncio.run(_list(data, park, reason, topic, limit))
    if as_json:
        for letter, redriven in letters:
            typer.echo(orjson.dumps({**letter.model_dump(mode="json"), "redriven": redriven}).decode())
        return
    rows = (
        (
            letter.key,
            _moment(letter.received_ns),
            letter.reason,
            letter.topic,
            "yes" if redriven else "",
            letter.raw[:_RAW_SHOWN],
        )
        for letter, redriven in letters
    )
    show(_COLUMNS, rows, nothing="no dead letters")


@app.command("show")
def show_letter(
    key: Annotated[str, typer.Argument(help="The letter's key, or its beginning.")],
    data: Data = Path("fenceline-data/demo"),
    park: ParkName = "demo",
) -> None:
    """One dead letter, whole, with what was wrong."""
    letter, redriven = asyncio.run(_show(data, park, key))
    fields = letter.model_dump(mode="json")
    raw = fields.pop("raw")
    for name, value in {**fields, "received": _moment(letter.received_ns), "redriven": redriven}.items():
        typer.echo(f"{name:12} {value}")
    typer.echo("")
    typer.echo(raw)


@app.command("redrive")
def redrive_letter(
    key: Annotated[str, typer.Argument(help="The letter's key, or its beginning.")],
    by: Annotated[str, typer.Option("--by", help="Your name; it is kept with the letter.")],
    payload: Annotated[
        str | None,
        typer.Option(
            "--payload",
            help="File with the mended message, - for standard input; by default the letter's own.",
        ),
    ] = None,
    data: Data = Path("fenceline-data/demo"),
    park: ParkName = "demo",
    url: Annotated[
        str | None, typer.Option("--url", help="The station's web address; found by itself on this machine.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", envvar="FENCELINE_CONFIG", help="Configuration, where no station runs."),
    ] = None,
) -> None:
    """Send a dead letter once more, mended or as it is. Each at most once."""
    from console.commands.redriving import by_station, into_folder
    from console.stationfile import running_station

    mended = None if payload is None else _payload(payload)
    running = running_station(data)
    address = url or (None if running is None else running.web)
    if address is not None:
        # The token goes to the station that wrote it, and to no other address.
        token = running.token if running is not None and address == running.web else ""
        typer.echo(by_station(address, key, mended, by, token))
    else:
        typer.echo(asyncio.run(into_folder(data, park, config, key, mended, by)))


def _payload(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


async def _list(
    data: Path, park: str, reason: str | None, topic: str | None, limit: int
) -> list[tuple[DeadLetter, bool]]:
    bus = open_readonly(data)
    try:
        return await read_letters(bus, park, reason=reason, topic=topic, limit=limit)
    finally:
        await bus.close()


async def _show(data: Path, park: str, key: str) -> tuple[DeadLetter, bool]:
    bus = open_readonly(data)
    try:
        return await read_letter(bus, park, key)
    finally:
        await bus.close()


def _moment(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
