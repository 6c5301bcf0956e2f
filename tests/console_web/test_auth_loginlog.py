"""Who came and went is written down, durably, and keeps nobody out."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console import cli
from console.web.people import loginlog
from console.web.people.loginlog import Entry, LoginLog, What, read_logins
from tests.console_web.house import new_clock
from tests.console_web.seats import LEAD, MONITOR, House, house_with, remove


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_with(tmp_path, MONITOR, LEAD) as house:
        yield house


def kept(house: House) -> list[tuple[str, str, str, str]]:
    return [(e.what, e.name, e.role, e.address) for e in read_logins(house.users.with_name("logins.jsonl"))]


async def test_each_coming_and_going_has_a_line(house: House, tmp_path: Path) -> None:
    """In, out, failed, and ended by a change of the accounts; a name that is none is not written down."""
    seat, other = await house.seat(), await house.seat(address="10.0.0.9")

    await seat.log_in(MONITOR)
    await seat.client.post("/api/logout")
    await seat.log_in(MONITOR, "not the password")
    await seat.log_in("my password by mistake", "not the password")
    await other.log_in(LEAD)
    remove(house.users, LEAD)
    await house.clock.advance(2)
    await other.get("/api/session")

    assert [
        ("in", MONITOR, "monitor", "10.0.0.7"),
        ("out", MONITOR, "", "10.0.0.7"),
        ("failed", MONITOR, "", "10.0.0.7"),
        ("failed", "unknown", "", "10.0.0.7"),
        ("in", LEAD, "lead", "10.0.0.9"),
        ("ended", LEAD, "", "10.0.0.9"),
    ] == kept(house)
    assert 0o600 == stat.S_IMODE((tmp_path / "logins.jsonl").stat().st_mode)


async def test_guessing_is_written_down(house: House) -> None:
    """Also what is not even tried any more."""
    seat = await house.seat()

    for _ in range(6):
        await seat.log_in(MONITOR, "guess after guess")

    assert ["failed"] * 5 + ["put_off"] == [one[0] for one in kept(house)]


async def test_a_login_is_on_the_disk_before_the_person_is_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synced after the line and before the answer."""
    synced: list[list[str]] = []
    monkeypatch.setattr(loginlog.os, "fsync", lambda _: synced.append([one[0] for one in kept(house)]))
    seat = await house.seat()

    answer = await seat.log_in(MONITOR)

    assert 200 == answer.status_code
    assert [["in"]] == synced


async def test_a_disk_that_takes_nothing_keeps_nobody_out(house: House, tmp_path: Path) -> None:
    """In an emergency people must get in."""
    (tmp_path / "logins.jsonl").mkdir()
    seat = await house.seat()

    assert 200 == (await seat.log_in(MONITOR)).status_code


def test_the_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing from everywhere must not fill the disk; the newest stay, and are read in their order."""
    monkeypatch.setattr(loginlog, "MOST_BYTES", 1_000)
    path = tmp_path / "logins.jsonl"
    log = LoginLog(path, new_clock())

    for number in range(50):
        log.note(What.FAILED, f"n{number}")

    names = [one.name for one in read_logins(path)]
    assert names == [f"n{number}" for number in range(50 - len(names), 50)]
    assert 8 < len(names) < 25


def test_half_a_line_is_passed_over(tmp_path: Path) -> None:
    """What a power cut leaves."""
    path = tmp_path / "logins.jsonl"
    LoginLog(path, new_clock()).note(What.IN, MONITOR)
    path.write_bytes(path.read_bytes() + b'{"time": "2026')

    assert [MONITOR] == [one.name for one in read_logins(path)]


def test_the_command_shows_the_newest(tmp_path: Path) -> None:
    """For people as a table, for programs as JSON lines."""
    log = LoginLog(tmp_path / "logins.jsonl", new_clock())
    for name in (MONITOR, LEAD):
        log.note(What.IN, name, role="lead", address="10.0.0.7")
    words = ["user", "logins", "--data", str(tmp_path), "--limit", "1"]

    table, lines = CliRunner().invoke(cli.app, words), CliRunner().invoke(cli.app, [*words, "--json"])

    entry = Entry.model_validate_json(lines.stdout)
    assert LEAD == entry.name
    assert f"{entry.time}\tin\t{LEAD}\tlead\t10.0.0.7\n" == table.stdout
