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
from console.web.people.names import name_key, readable_name
from console.web.people.passwords import weakness
from console.web.people.roles import Role
from console.web.people.settings import PeopleSettings
from console.webdoor import WebDoor
from fenceline.clock import ManualClock
from fenceline.errors import ConfigError, ServiceError
from tests.broker import free_port
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


@pytest.mark.parametrize("name", ["张伟", "Zoë", "a" * 80, "O'Neil, Anne-Marie"])
def test_names_of_people_are_names(name: str) -> None:
    """1 to 80 characters that can be read, in any script."""
    assert name == readable_name(name)


@pytest.mark.parametrize("name", ["", "   ", "a" * 81, "张\u0000伟", "a\u202eb", "\u200b"])
def test_what_nobody_can_read_is_no_name(name: str) -> None:
    """The same rule as for a typed name."""
    with pytest.raises(ServiceError, match="`name`"):
        readable_name(name)


def test_names_are_the_same_whatever_their_width_case_or_composition() -> None:
    """What people take for the same name is one."""
    assert 1 == len({name_key(name) for name in ("Zoë Li", "zoe\u0308 li", "ＺＯＥ\u0308 ＬＩ", " Zoë Li ")})
    assert name_key("张伟") != name_key("张玮")


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "123456789",
        "1234567890",
        "0987654321",
        "aaaaaaaaaaaa",
        "abababababab",
        "abcdefghij",
        "qwertyuiop",
        "password123",
        "PassWord123",
        "Password1234",
        "fenceline2026",
        "zhangwei2026!",
        "张伟20260101",
        "administrator",
        "a" * 257,
    ],
)
def test_what_everybody_tries_first_is_no_password(password: str) -> None:
    """Too short, too long, too simple, a row of keys, the name or ours with some digits."""
    name = "zhangwei" if password.startswith("zhang") else "张伟"

    assert weakness(password, name) is not None


@pytest.mark.parametrize(
    "password", ["correct horse battery", "一二三四五六七八九十", "J7#kd0-Qpw", " leading space ok"]
)
def test_other_passwords_are_taken(password: str) -> None:
    """Length counts, not kinds of characters; Chinese and spaces are welcome."""
    assert weakness(password, "张伟") is None


def test_settings_come_from_the_environment() -> None:
    """Each by its variable; an empty one is none."""
    settings = PeopleSettings.from_environ(
        {
            "FENCELINE_PUBLIC_URL": "https://fenceline.example.org/",
            "FENCELINE_SESSION_IDLE_HOURS": "8",
            "FENCELINE_METRICS_TOKEN": "",
            "HOME": "/nowhere",
        }
    )

    assert ("https://fenceline.example.org", 8.0, 7.0, None) == (
        settings.public_url,
        settings.session_idle_hours,
        settings.session_longest_days,
        settings.metrics_token,
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FENCELINE_PUBLIC_URL", "fenceline.example.org"),
        ("FENCELINE_PUBLIC_URL", "https://fenceline.example.org/below"),
        ("FENCELINE_SESSION_IDLE_HOURS", "0"),
        ("FENCELINE_SESSION_LONGEST_DAYS", "for ever"),
        ("FENCELINE_METRICS_TOKEN", "short"),
    ],
)
def test_a_wrong_setting_is_a_sentence(variable: str, value: str) -> None:
    """It names the variable, and a secret is not repeated."""
    with pytest.raises(ServiceError, match=variable) as refused:
        PeopleSettings.from_environ({variable: value})

    assert refused.value.hint
    assert "METRICS" not in variable or value not in refused.value.message


def test_beyond_the_loopback_only_with_accounts(tmp_path: Path) -> None:
    """Without, the start says how to make them; with, the address is served."""
    door = WebDoor(tmp_path, host="0.0.0.0", port=free_port())
    with pytest.raises(ServiceError, match="is not the loopback") as refused:
        door.people(ManualClock())

    change(tmp_path / "users.json", account(LEAD, Role.LEAD))
    people = door.people(ManualClock())

    assert "fenceline user add" in refused.value.hint
    assert people.accounts.exist()
    assert people.origins.known("10.0.0.5:8080")
    assert f"http://127.0.0.1:{door.port}" == door.local(door.port)


def test_behind_a_proxy_only_with_accounts(tmp_path: Path) -> None:
    """A public address on the loopback lets others in through the proxy."""
    settings = PeopleSettings(public_url="https://fenceline.example.org")
    door = WebDoor(tmp_path, port=free_port(), settings=settings)
    with pytest.raises(ServiceError, match="anybody could act"):
        door.people(ManualClock())

    change(tmp_path / "users.json", account(LEAD, Role.LEAD))

    assert door.people(ManualClock()).origins.known("fenceline.example.org")
    assert "https://fenceline.example.org" == door.public(door.port)


def test_an_accounts_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    """A mistyped path is no way to run without accounts."""
    with pytest.raises(ServiceError, match="there is no accounts file"):
        WebDoor(tmp_path, users=tmp_path / "uesrs.json").people(ManualClock())


def test_a_file_that_others_may_read_is_said(users: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A copy or an editor may have opened it to everybody."""
    users.chmod(0o644)

    AccountsInForce(users, ManualClock())

    assert "others may read" in capsys.readouterr().out
    assert os.access(users, os.R_OK)
