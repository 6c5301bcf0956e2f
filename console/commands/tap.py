"""`fenceline tap TOPIC`: prints any topic as JSON lines, also while another process owns the data folder."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import BaseModel

from fenceline.bus import Bus, Stored, Topic
from fenceline.bus.kinds import KINDS
from fenceline.errors import ServiceError, WireError
from fenceline.journal import Batch
from fenceline.vocabulary import Quality
from fenceline.wire import decode

READ_LIMIT = 500
FOLLOW_SECONDS = 1.0


def tap(
    topic: Annotated[str, typer.Argument(help="journal, deadletter, findings or alerts.")],
    data: Annotated[
        Path, typer.Option("--data", envvar="FENCELINE_DATA", help="The station's data folder.")
    ] = Path("fenceline-data/demo"),
    park: Annotated[str, typer.Option(help="Name of the park.")] = "demo",
    start: Annotated[int, typer.Option("--from", help="First offset; negative counts from the end.")] = 0,
    limit: Annotated[int | None, typer.Option(help="Stop after so many records.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only records of this kind; may be given again.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for what comes.")] = False,
) -> None:
    """Print a topic as JSON lines."""
    names = [name.value for name in Topic if name is not Topic.STATE]
    if topic not in names:
        raise ServiceError(f"`{topic}` is not a topic", hint=f"one of: {', '.join(names)}")
    known = KINDS[Topic(topic)]
    for word in kind or ():
        if word not in known:
            raise ServiceError(
                f"`{word}` is no kind of record in `{topic}`", hint=f"one of: {', '.join(known)}"
            )
    try:
        asyncio.run(_tap(Topic(topic), data, park, start, limit, kind, follow))
    except (BrokenPipeError, KeyboardInterrupt):
        sys.stderr.close()  # the reader of our lines has gone


async def _tap(
    topic: Topic,
    data: Path,
    park: str,
    start: int,
    limit: int | None,
    kinds: list[str] | None,
    follow: bool,
) -> None:
    bus = open_readonly(data)
    try:
        head, end = await bus.head(topic, park), await bus.end(topic, park)
        offset = max(head, end + start if start < 0 else start)
        printed = 0
        while limit is None or printed < limit:
            room = READ_LIMIT if limit is None else min(READ_LIMIT, limit - printed)
            found = await bus.read(topic, park, offset, limit=room, kinds=kinds)
            for stored in found:
                sys.stdout.write(as_line(stored) + "\n")
            sys.stdout.flush()
            printed += len(found)
            if found:
                offset = found[-1].offset + 1
            elif not follow:
                return
            else:
                offset = max(offset, await bus.end(topic, park))
                await bus.wait(topic, park, offset, seconds=FOLLOW_SECONDS)
    finally:
        await bus.close()


def open_readonly(data: Path) -> Bus:
    """The station's journal for reading.

    Raises:
        ServiceError: there is none in this folder.
    """
    from fenceline.bus.readonly import ReadOnlyBus

    folder = data / "journal"
    if not folder.is_dir():
        raise ServiceError(f"there is no journal in `{data}`", hint="name the station's folder with --data")
    return ReadOnlyBus(folder)


def as_line(stored: Stored) -> str:
    """One record as one JSON line."""
    line: dict[str, Any] = {"offset": stored.offset, "kind": stored.kind}
    if stored.cause is not None:
        line["cause"] = str(stored.cause)
    if stored.key:
        line["key"] = stored.key
    try:
        record = decode(stored.kind, stored.payload)
    except WireError as error:
        line |= {"unreadable": error.message, "bytes": len(stored.payload)}
    else:
        line["record"] = _plain(record)
    return orjson.dumps(line).decode()


def _plain(record: Any) -> Any:
    if isinstance(record, BaseModel):
        return record.model_dump(mode="json")
    assert isinstance(record, Batch)
    readings = record.readings
    return {
        "filter": record.filter,
        "owner": record.owner,
        "term": record.term,
        "received_ns": record.received_ns,
        "messages": record.messages,
        "rejected": [list(pair) for pair in record.rejected],
        "readings": [
            {
                "sensor": readings.sensors[code],
                "time_ns": time,
                "value": value,
                "quality": Quality(quality).word,
                "sequence": None if sequence < 0 else sequence,
            }
            for code, time, value, quality, sequence in zip(
                readings.code.tolist(),
                readings.time.tolist(),
                readings.value.tolist(),
                readings.quality.tolist(),
                readings.sequence.tolist(),
                strict=True,
            )
        ],
    }
