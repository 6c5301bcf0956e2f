"""The accounts file: whole or refused, private, taken up while running, and no way in when broken."""

import asyncio
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from console.web.people.accounts import Accounts, change_accounts, read_accounts
from console.web.people.inforce import AccountsInForce
from console.web.people.roles import Role
from fenceline.clock import ManualClock
from fenceline.errors import ConfigError
from tests.console_web.seats import LEAD, MONITOR, VIEWER, account, change, house_with, remove


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.json"
    change(path, account(MONITOR, Role.MONITOR))
    return path


def test_it_is_readable_by_its_owner_only_and_whole(users: Path) -> None:
    """0600 from its first moment, also when it was wider; nothing half-written stays behind."""
    users.chmod(0o644)

    change(users, account(LEAD, Role.LEAD))

    assert 0o600 == stat.S_IMODE(users.stat().st_mode)
    assert [".users.json.lock", "users.json"] == sorted(path.name for path in users.parent.iterdir())
    assert [MONITOR, LEAD] == [one.name for one in read_accounts(users).accounts]


def test_names_stand_in_it_as_they_are_and_passwords_do_not(users: Path) -> None:
    """Chinese names are readable; of a password there is only its argon2id hash."""
    text = users.read_text("utf-8")

    assert MONITOR in text
    assert "correct horse" not in text
    assert json.loads(text)["accounts"][0]["password"].startswith("$argon2id$v=19$")


def test_many_at_once_lose_nothing(users: Path) -> None:
    """Whoever changes it waits for the one before, so that no change is written over."""
    names = [f"person {number}" for number in range(12)]
    threads = [
        threading.Thread(target=change, args=(users, account(name, Role.VIEWER)), daemon=True)
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert {MONITOR, *names} == {one.name for one in read_accounts(users).accounts}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"role": "admin"}, "`admin` is not one of the words known here"),
        ({"password": "correct horse battery"}, "is not an argon2id hash"),
        ({"password": "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo"}, "is not an argon2id hash"),
        ({"password": "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo"}, "memory"),
        ({"name": ""}, "`name` has 0 characters"),
        ({"name": "a\u202eb"}, "cannot be seen"),
        ({"nickname": "x"}, "unknown key `nickname`"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_no_hash(users: Path, broken: dict[str, Any], said: str) -> None:
    """A sentence with file, line and hint; a hash is never shown."""
    content = json.loads(users.read_text("utf-8"))
    content["accounts"][0] |= broken
    users.write_text(json.dumps(content, indent=1), "utf-8")

    with pytest.raises(ConfigError) as refused:
        read_accounts(users)

    assert said in str(refused.value)
    assert f"{users}:" in str(refused.value)
    assert "$argon2" not in str(refused.value)


def test_one_name_stands_once(users: Path) -> None:
    """Width and case make no other person."""
    two = Accounts(accounts=(account("Zhang Wei", Role.LEAD),))
    users.write_text(
        json.dumps(
            {
                "accounts": [
                    one | {"name": name}
                    for one in two.model_dump(mode="json")["accounts"]
                    for name in ("Zhang Wei", "ＺＨＡＮＧ wei")
                ]
            }
        ),
        "utf-8",
    )

    with pytest.raises(ConfigError, match="are the same name"):
        read_accounts(users)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"accounts": "none"}', "\x00\x01"])
def test_a_broken_file_leaves_the_old_accounts_in_force(users: Path, content: str) -> None:
    """Said in a sentence; nobody new comes in, nobody is put out, and a mended file is taken up."""
    clock = ManualClock()
    accounts = AccountsInForce(users, clock)
    good = users.read_text("utf-8")

    users.write_text(content, "utf-8")
    asyncio.run(clock.advance(1))
    in_force, said = accounts.current(), accounts.problem
    users.write_text(good, "utf-8")
    asyncio.run(clock.advance(1))

    assert [MONITOR] == [one.name for one in in_force.accounts]
    assert said
    assert accounts.exist()
    assert accounts.current().accounts
    assert accounts.problem is None


def test_a_file_that_is_taken_away_opens_no_door(users: Path) -> None:
    """The old accounts stay in force; without a single account left, nobody comes in at all."""
    clock = ManualClock()
    accounts = AccountsInForce(users, clock)

    users.unlink()
    asyncio.run(clock.advance(1))
    gone = (accounts.exist(), len(accounts.current().accounts), accounts.problem)
    change_accounts(users, lambda _: Accounts())
    asyncio.run(clock.advance(1))

    assert (True, 1, f"`{users}` is gone") == gone
    assert (True, ()) == (accounts.exist(), accounts.current().accounts)


async def test_it_is_looked_at_once_a_second_and_at_a_login(users: Path) -> None:
    """Within the second the old stands, unless somebody asks for now."""
    clock = ManualClock()
    accounts = AccountsInForce(users, clock)

    remove(users, MONITOR)
    await clock.advance(0.9)
    before = len(accounts.current().accounts)
    now = len(accounts.current(now=True).accounts)

    assert (1, 0) == (before, now)


def test_a_broken_file_stops_the_start(users: Path) -> None:
    """A station does not begin with accounts that nobody can read."""
    users.write_text("{", "utf-8")

    with pytest.raises(ConfigError):
        AccountsInForce(users, ManualClock())


async def test_readiness_says_that_the_file_is_broken(tmp_path: Path) -> None:
    """The park is watched all the same, so the part stays ready and says what is wrong."""
    async with house_with(tmp_path, VIEWER) as house:
        seat = await house.seat(VIEWER)
        house.users.write_text("{", "utf-8")
        await house.clock.advance(1)

        part = (await seat.get("/readyz")).json()["parts"]["accounts"]

        assert part["ready"]
        assert "users.json" in part["detail"]


def test_a_file_that_others_may_read_is_said(users: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A copy or an editor may have opened it to everybody."""
    users.chmod(0o644)

    AccountsInForce(users, ManualClock())

    assert "others may read" in capsys.readouterr().out
    assert os.access(users, os.R_OK)
