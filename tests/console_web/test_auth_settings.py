"""What may be a name, a password, a setting, and an address to be served at."""

from pathlib import Path

import pytest

from console.web.people.names import name_key, readable_name
from console.web.people.passwords import weakness
from console.web.people.roles import Role
from console.web.people.settings import PeopleSettings
from console.webdoor import WebDoor
from fenceline.clock import ManualClock
from fenceline.errors import ServiceError
from tests.broker import free_port
from tests.console_web.seats import LEAD, account, change


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
