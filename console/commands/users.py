"""`fenceline user`: the accounts file, made and changed; a running station takes it up within a second."""

import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.commands.columns import Column, show
from console.web.people.accounts import FILE_NAME, Account, Accounts, change_accounts, read_accounts
from console.web.people.loginlog import FILE_NAME as LOGINS_NAME
from console.web.people.loginlog import read_logins
from console.web.people.names import readable_name
from console.web.people.passwords import Passwords, weakness
from console.web.people.roles import LEAST_ROLE, Role, permissions_of
from fenceline.errors import ServiceError

app = typer.Typer(help="Who may log in, and what they may do.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", envvar="FENCELINE_DATA", help="The station's data folder.")]
File = Annotated[
    Path | None,
    typer.Option(
        "--users", envvar="FENCELINE_USERS", help="Accounts file; by default users.json in the data folder."
    ),
]
Name = Annotated[str, typer.Argument(help="What the person logs in with; it stands in the ledger.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")
]
DEFAULT_DATA = Path("fenceline-data/park")
_LOGIN_COLUMNS = (
    Column("time (UTC)", short=lambda time: time[:19].replace("T", " ")),
    Column("what"),
    Column("name", gives=True),
    Column("role"),
    Column("from", gives=True),
)
_COLUMNS = (
    Column("name", gives=True),
    Column("shown as", gives=True, wide=True),
    Column("role"),
    Column("may", gives=True, wide=True),
    Column("made"),
    Column("password of", wide=True),
)


@app.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option(help=", ".join(Role))],
    display_name: Annotated[
        str | None, typer.Option("--display-name", help="What the page shows; by default the name.")
    ] = None,
    data: Data = DEFAULT_DATA,
    users: File = None,
    password_stdin: FromStdin = False,
) -> None:
    """Add an account; the password is asked for twice and not shown."""
    path = _path(data, users, may_make=data == DEFAULT_DATA)
    chosen, known = _role(role), readable_name(name)
    shown = readable_name(display_name or known, what="display-name")
    if path.exists():
        _refuse_taken(read_accounts(path), known)
    stored = _new_hash(known, password_stdin)
    now = _now()
    account = Account(
        name=known,
        display_name=shown,
        role=chosen,
        password=stored,
        created_at=now,
        password_changed_at=now,
    )

    def change(accounts: Accounts) -> Accounts:
        _refuse_taken(accounts, known)
        return accounts.with_account(account)

    after = change_accounts(path, change)
    typer.echo(f"`{known}` is a {chosen} and may {_may(chosen)}")
    if len(after.accounts) == 1:
        typer.echo(f"it is the first account in {path}: from now on people must log in")


@app.command("list")
def list_accounts(
    data: Data = DEFAULT_DATA,
    users: File = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")] = False,
) -> None:
    """The accounts, without their passwords."""
    path = _path(data, users)
    accounts = read_accounts(path) if path.exists() else Accounts()
    if as_json:
        for one in accounts.accounts:
            typer.echo(one.model_dump_json(exclude={"password"}))
        return
    rows = (
        (one.name, one.display_name, one.role, _may(one.role), one.created_at, one.password_changed_at)
        for one in accounts.accounts
    )
    show(_COLUMNS, rows, nothing=f"there are no accounts in {path}")


@app.command("logins")
def list_logins(
    data: Data = DEFAULT_DATA,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")] = False,
) -> None:
    """Who logged in and out, and what was tried in vain."""
    found = deque(read_logins(_path(data, None).with_name(LOGINS_NAME)), maxlen=limit)
    if as_json:
        for one in found:
            typer.echo(one.model_dump_json())
        return
    rows = ((one.time, one.what, one.name, one.role, one.address) for one in found)
    show(_LOGIN_COLUMNS, rows, nothing="nobody has logged in yet")


@app.command("remove")
def remove(name: Name, data: Data = DEFAULT_DATA, users: File = None) -> None:
    """Remove an account; whoever is logged in under it is logged out within a second."""
    path = _path(data, users)
    removed: list[Account] = []

    def change(accounts: Accounts) -> Accounts:
        removed.append(accounts.known(name))
        return accounts.without(name)

    after = change_accounts(_there(path), change)
    typer.echo(f"`{removed[0].name}` is removed and logged out")
    if not after.accounts:
        typer.echo("no account is left: nobody can log in, and the next start serves this machine only")


@app.command("password")
def password(
    name: Name, data: Data = DEFAULT_DATA, users: File = None, password_stdin: FromStdin = False
) -> None:
    """Set a new password; whoever is logged in under the account is logged out within a second."""
    path = _there(_path(data, users))
    known = read_accounts(path).known(name)
    stored = _new_hash(known.name, password_stdin)
    changed = {"password": stored, "password_changed_at": _now()}
    change_accounts(
        path,
        lambda accounts: accounts.with_account(accounts.known(name).model_copy(update=changed)),
    )
    typer.echo(f"`{known.name}` has a new password; its sessions end")


@app.command("role")
def role(
    name: Name,
    role: Annotated[str, typer.Argument(help=", ".join(Role))],
    data: Data = DEFAULT_DATA,
    users: File = None,
) -> None:
    """Give an account another role; whoever is logged in under it logs in again."""
    chosen = _role(role)
    after = change_accounts(
        _there(_path(data, users)),
        lambda accounts: accounts.with_account(accounts.known(name).model_copy(update={"role": chosen})),
    )
    typer.echo(f"`{after.known(name).name}` is a {chosen} and may {_may(chosen)}; its sessions end")


def _path(data: Path, users: Path | None, *, may_make: bool = False) -> Path:
    """Where the accounts are. A folder that somebody named and that is not there was misspelt, as a rule."""
    folder, option = (data, "--data") if users is None else (users.parent, "--users")
    if not folder.is_dir() and not may_make:
        raise ServiceError(
            f"there is no folder `{folder}`",
            hint=f"check {option}; for a station that never ran make it first: mkdir -p {folder}",
        )
    return data / FILE_NAME if users is None else users


def _there(path: Path) -> Path:
    if not path.exists():
        raise ServiceError(
            f"there is no accounts file `{path}`",
            hint="name the station's folder with --data, or --users FILE",
        )
    return path


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise ServiceError(f"`{word}` is not a role", hint=f"one of: {', '.join(Role)}") from None


def _refuse_taken(accounts: Accounts, name: str) -> None:
    found = accounts.find(name)
    if found is not None:
        raise ServiceError(
            f"there is an account `{found.name}` already",
            hint="take another name, or `fenceline user password`",
        )


def _new_hash(name: str, from_stdin: bool) -> str:
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise ServiceError(
            "there is no terminal to ask for the password", hint="give it by --password-stdin, one line"
        )
    else:
        given = typer.prompt("Password", hide_input=True)
    problem = weakness(given, name)
    if problem is not None:
        raise ServiceError(problem, hint="take several words, or let a password manager make one")
    if not from_stdin and typer.prompt("The same again", hide_input=True) != given:
        raise ServiceError("the two passwords differ", hint="nothing was changed; begin again")
    return Passwords().hash(given)


def _may(role: Role) -> str:
    may = permissions_of(role)
    return ", ".join(permission for permission in LEAST_ROLE if permission in may)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
