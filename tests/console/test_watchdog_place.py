"""One watchdog per data folder: the lock, the door, and what may be done through either."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.watchdog.door import door_of
from console.watchdog.keeper import Keeper
from console.watchdog.place import Place, read_door
from console.watchdog.report import TOKEN_HEADER, WatchdogState
from console.watchdog.sandbox import SandboxChannel
from console.watchdog.watch import Concern
from console.watchdog.wording import message_of
from fenceline.clock import ManualClock
from ingest.settings import IngestSettings
from tests.console.test_watchdog_words import LINK, PARK, notice
from tests.console.watchdog_looks import START_NS, Scene

TOKEN = "a-token"


def test_a_folder_has_one_watchdog(tmp_path: Path) -> None:
    """A second one waits; once the first lets go it may have it, and the old door is shut."""
    first, second = Place(tmp_path), Place(tmp_path)
    assert first.take()
    first.announce(1234, apart=False)

    assert not second.take()
    door = read_door(tmp_path)
    first.release()

    assert door is not None
    assert (os.getpid(), 1234, first.token) == (door.pid, door.port, door.token)
    assert second.take()
    assert read_door(tmp_path) is None
    second.release()


def test_the_token_is_for_those_who_may_read_the_folder(tmp_path: Path) -> None:
    """Nobody but the owner, and another one at each start."""
    place = Place(tmp_path)
    assert place.take()
    place.announce(1, apart=True)

    mode = (tmp_path / "watchdog" / "door.json").stat().st_mode & 0o777
    token = place.token
    place.release()

    assert 0o600 == mode
    assert token != Place(tmp_path).token


def test_one_that_does_not_go_is_killed(tmp_path: Path) -> None:
    """Stopped with SIGSTOP it hears nothing: its place is taken all the same."""
    code = (
        "import sys, pathlib, os, signal; from console.watchdog.place import Place; "
        "place = Place(pathlib.Path(sys.argv[1])); place.take(); place.announce(1, apart=False); "
        "print('holds', flush=True); os.kill(os.getpid(), signal.SIGSTOP)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert b"holds\n" == holder.stdout.readline()
    place = Place(tmp_path)
    assert not place.take()

    assert place.end_holder()

    assert -9 == holder.wait(10)
    holder.stdout.close()
    assert place.take()
    place.release()


@pytest.mark.parametrize("begun", ["", " 1"])
def test_whoever_has_the_number_now_is_not_killed(tmp_path: Path, begun: str) -> None:
    """A number that was given away again: only the process that began when the note says so may be ended."""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    first, second = Place(tmp_path), Place(tmp_path)
    assert first.take()
    (tmp_path / "watchdog" / "lock").write_text(f"{other.pid}{begun}", "utf-8")

    ended = second.end_holder()

    other.communicate(b"\n", timeout=10)
    assert (False, 0) == (ended, other.returncode)
    first.release()
    second.release()


@pytest.mark.parametrize("text", ["", "{}", '{"pid": "x"}', "\x00"])
def test_a_door_that_does_not_read_is_none(tmp_path: Path, text: str) -> None:
    """Half written or of another release: as if there were no watchdog."""
    (tmp_path / "watchdog").mkdir()
    (tmp_path / "watchdog" / "door.json").write_text(text, "utf-8")

    assert read_door(tmp_path) is None


class Behind:
    """What stands behind a door."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = []
        self.farewells: list[str] = []

    def state(self) -> WatchdogState:
        return WatchdogState(
            pid=1, apart=False, now_ns=5, mood="watching", alarms=[], rounds=0, failed_rounds=0, canary=None
        )

    def page_came(self, alerts: list[str]) -> bool:
        self.pages.append(alerts)
        return True

    def farewell(self, why: str) -> dict[str, int]:
        self.farewells.append(why)
        return {"engine": 7}


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
async def client(behind: Behind) -> AsyncIterator[httpx.AsyncClient]:
    app = door_of(
        token=TOKEN,
        now_ns=lambda: 5,
        state=behind.state,
        page_came=behind.page_came,
        farewell=behind.farewell,
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as one:
        yield one


async def test_the_clock_tells_anybody(client: httpx.AsyncClient) -> None:
    """Ingest of any process of this machine may compare."""
    assert {"now_ns": 5} == (await client.get("/clock")).json()


@pytest.mark.parametrize("token", ["", "another"])
async def test_who_does_not_know_the_token_can_neither_silence_nor_deceive(
    client: httpx.AsyncClient, behind: Behind, token: str
) -> None:
    """No farewell, no page, no state."""
    headers = {TOKEN_HEADER: token}

    answers = [
        await client.post("/farewell", json={"why": "stopped"}, headers=headers),
        await client.post(f"/page/{token or 'none'}", json={"alerts": []}),
        await client.get("/state", headers=headers),
    ]

    assert [403, 403, 403] == [answer.status_code for answer in answers]
    assert ([], []) == (behind.pages, behind.farewells)


async def test_a_farewell_answers_what_stands(client: httpx.AsyncClient, behind: Behind) -> None:
    """So that whoever takes over can tell people when it is over."""
    answer: Any = await client.post("/farewell", json={"why": "taken over"}, headers={TOKEN_HEADER: TOKEN})

    assert {"since_ns": {"engine": 7}} == answer.json()
    assert ["taken over"] == behind.farewells


def test_what_stood_before_a_takeover_is_told_as_over() -> None:
    """It is not raised again, and its end is told with its own beginning."""
    scene = Scene()
    scene.watch.inherit({"station": START_NS - 1}, scene.at)

    told = scene.seconds(3)
    scene.at += 1.0
    ended = scene.look()

    assert [] == told
    assert [(Concern.STATION, "cleared", START_NS - 1)] == [
        (one.concern, one.change, one.since_ns) for one in ended
    ]


async def test_without_a_watchdog_the_sandbox_says_so(tmp_path: Path) -> None:
    """The pager has a sentence for its receipt."""
    channel = SandboxChannel(tmp_path)

    outcome = await channel.send(message_of(notice(), PARK, LINK))

    assert (False, "there is no watchdog") == (outcome.delivered, outcome.detail)
    await channel.close()


async def test_a_watchdog_apart_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    """The station starts none beside it, and says what is missing."""
    clock = ManualClock(START_NS)
    keeper = Keeper(
        mode="apart", data=tmp_path, park="demo", config=tmp_path, mqtt=IngestSettings(), clock=clock
    )

    await keeper._look(8080)

    assert keeper.pid is None
    assert (False, "no watchdog answers; start `fenceline watchdog`") == keeper.condition()
