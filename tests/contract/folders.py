"""Folders of embedded buses, and processes that work in them until they are killed."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fenceline.bus import Record, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.errors import BusError
from tests.contract.places import PARK

ROOT = Path(__file__).resolve().parents[2]


def command(module: str, *arguments: str | Path) -> list[str]:
    """A module of this folder as a process."""
    return [sys.executable, "-m", f"tests.contract.{module}", *map(str, arguments)]


def start_appender(folder: Path) -> subprocess.Popen[str]:
    """A process that appends until it is killed."""
    return subprocess.Popen(command("appender", folder), cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill_after(process: subprocess.Popen[str], lines: int) -> dict[tuple[int, int], int]:
    """Kill it after so many acknowledgements; all those it said: (owner, number) → offset."""
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    whole = [line.split() for line in said if line.endswith("\n")]
    return {(int(owner), int(number)): int(offset) for owner, number, offset in whole}


def refused(folder: Path) -> BusError:
    """What opening the folder raises."""
    with pytest.raises(BusError) as caught:
        asyncio.run(looked_at(folder))
    return caught.value


async def looked_at(folder: Path) -> None:
    """Open the folder, read a park, close."""
    bus = EmbeddedBus(folder)
    try:
        await bus.read(Topic.JOURNAL, PARK, 0)
    finally:
        await bus.close()


async def filled(folder: Path, count: int = 20) -> None:
    """A journal of so many ticks, closed well."""
    bus = EmbeddedBus(folder)
    await bus.append(Topic.JOURNAL, PARK, [Record("tick", b"%d" % number * 500) for number in range(count)])
    await bus.close()
