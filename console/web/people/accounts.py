"""The accounts file: names, roles and password hashes; read whole or refused, written whole.

Two people who change it at once wait for each other. It is readable by its owner only.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

from pydantic import field_validator, model_validator

from console.web.people.names import name_key, readable_name
from console.web.people.passwords import hash_problem
from console.web.people.roles import Role
from fenceline.configfile import ConfigModel, load
from fenceline.errors import ServiceError

FILE_NAME = "users.json"
OWNER_ONLY = 0o600


class Account(ConfigModel):
    """One person who may log in."""

    name: str
    """What the person logs in with, and what stands in the ledger."""
    display_name: str
    """What the page shows."""
    role: Role
    password: str
    """The argon2id hash."""
    created_at: str
    password_changed_at: str

    @field_validator("name", "display_name")
    @classmethod
    def _readable(cls, name: str) -> str:
        try:
            return readable_name(name)
        except ServiceError as error:
            raise ValueError(f"{error.message} hint: {error.hint}") from error

    @field_validator("password")
    @classmethod
    def _argon2id(cls, stored: str) -> str:
        problem = hash_problem(stored)
        if problem is not None:
            raise ValueError(f"this {problem} hint: make it with `fenceline user password NAME`")
        return stored


class Accounts(ConfigModel):
    """All accounts."""

    format: Literal[1] = 1
    accounts: tuple[Account, ...] = ()

    @model_validator(mode="after")
    def _different(self) -> Self:
        seen: dict[str, str] = {}
        for account in self.accounts:
            key = name_key(account.name)
            if key in seen:
                raise ValueError(
                    f"`{account.name}` and `{seen[key]}` are the same name hint: remove one of them"
                )
            seen[key] = account.name
        return self

    def find(self, name: str) -> Account | None:
        """The account that this name means."""
        key = name_key(name)
        return next((one for one in self.accounts if name_key(one.name) == key), None)

    def known(self, name: str) -> Account:
        """
        The same, where it must be there.

        Raises:
            ServiceError: it is not.
        """
        found = self.find(name)
        if found is None:
            names = ", ".join(f"`{one.name}`" for one in self.accounts) or "there are none"
            raise ServiceError(f"there is no account `{name}`", hint=f"accounts: {names}")
        return found

    def with_account(self, account: Account) -> "Accounts":
        """With this one in the place of the one of its name, or as the last."""
        rest = self.without(account.name).accounts
        index = next(
            (at for at, one in enumerate(self.accounts) if name_key(one.name) == name_key(account.name)),
            len(rest),
        )
        return Accounts(accounts=(*rest[:index], account, *rest[index:]))

    def without(self, name: str) -> "Accounts":
        key = name_key(name)
        return Accounts(accounts=tuple(one for one in self.accounts if name_key(one.name) != key))


def read_accounts(path: Path) -> Accounts:
    """
    The accounts of a file.

    Raises:
        ConfigError: it is not there, cannot be read, or has mistakes, all of them named with their lines.
    """
    return load(path, Accounts)


def change_accounts(path: Path, change: Callable[[Accounts], Accounts]) -> Accounts:
    """
    Read, change and write the file as one act; a file that is not there begins empty.

    Raises:
        ConfigError: it has mistakes; nothing was written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        before = read_accounts(path) if path.exists() else Accounts()
        after = change(before)
        _write(path, after)
        return after


def _write(path: Path, accounts: Accounts) -> None:
    text = json.dumps(accounts.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"
    # `mkstemp` makes a file that only its owner may read; nobody ever sees half a file, or a readable one.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), OWNER_ONLY)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
