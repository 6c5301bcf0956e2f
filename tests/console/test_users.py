"""`fenceline user`: accounts made, changed and removed from the command line; a password is never shown."""

import json
import os
import pty
import select
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.web.people.accounts import read_accounts
from console.web.people.passwords import Passwords
from console.web.people.roles import Role

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
WITHIN_SECONDS = 30.0
POLL_SECONDS = 0.05


def user(folder: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """`fenceline user ...` on the accounts of a data folder."""
    command = [sys.executable, "-m", "console", "user", *words, "--data", str(folder)]
    return subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def added(folder: Path, name: str, role: str = "monitor") -> None:
    done = user(folder, "add", name, "--role", role, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert 0 == done.returncode, done.stderr


class Terminal:
    """A person at a terminal: the program's words, and answers typed when it asks."""

    def __init__(self, *command: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.shown = ""

    def answer(self, question: str, typed: str) -> None:
        """Wait until the question stands there and what is typed is not shown, then type."""
        self._until(question)
        os.write(self._ours, typed.encode() + b"\n")

    def end(self) -> int:
        """The exit code, once all is said."""
        self._until(None)
        os.close(self._ours)
        return self.process.wait(WITHIN_SECONDS)

    def close(self) -> None:
        """Whatever is left of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(WITHIN_SECONDS)

    def _hides(self) -> bool:
        return not termios.tcgetattr(self._ours)[3] & termios.ECHO

    def _until(self, question: str | None) -> None:
        seen = len(self.shown)
        end = time.monotonic() + WITHIN_SECONDS
        while time.monotonic() < end:
            if question is not None and question in self.shown[seen:] and self._hides():
                return
            readable, _, _ = select.select([self._ours], [], [], POLL_SECONDS)
            if not readable:
                continue
            try:
                piece = os.read(self._ours, 4096)
            except OSError:  # Linux says so when the other side has closed
                piece = b""
            if not piece:
                break
            self.shown += piece.decode()
        assert question is None, f"{question!r} was not asked\n{self.shown}"


@pytest.fixture
def adding(tmp_path: Path) -> Iterator[Callable[[], Terminal]]:
    """Begins `fenceline user add` at a terminal."""
    begun: list[Terminal] = []

    def begin() -> Terminal:
        command = [sys.executable, "-m", "console", "user", "add", "张伟", "--role", "monitor"]
        begun.append(Terminal(*command, "--data", str(tmp_path)))
        return begun[-1]

    yield begin
    for one in begun:
        one.close()


def test_a_person_at_a_terminal_types_the_password_twice_unseen(
    tmp_path: Path, adding: Callable[[], Terminal]
) -> None:
    """What is typed does not appear on the screen; the account can then be logged in to."""
    terminal = adding()

    terminal.answer("Password", PASSWORD)
    terminal.answer("The same again", PASSWORD)
    code = terminal.end()

    assert 0 == code, terminal.shown
    assert PASSWORD not in terminal.shown
    (account,) = read_accounts(tmp_path / "users.json").accounts
    assert ("张伟", "张伟", Role.MONITOR) == (account.name, account.display_name, account.role)
    assert Passwords().matches(account.password, PASSWORD)
    assert 0o600 == stat.S_IMODE((tmp_path / "users.json").stat().st_mode)


def test_two_passwords_that_differ_change_nothing(tmp_path: Path, adding: Callable[[], Terminal]) -> None:
    """A slip of the hand makes no account that nobody can log in to."""
    terminal = adding()

    terminal.answer("Password", PASSWORD)
    terminal.answer("The same again", f"{PASSWORD}!")

    assert 1 == terminal.end()
    assert "the two passwords differ" in terminal.shown
    assert not (tmp_path / "users.json").exists()


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (("add", "张伟", "--role", "admin"), PASSWORD, "`admin` is not a role"),
        (("add", "张伟", "--role", "monitor"), "short", "the least is 10"),
        (("add", "张伟", "--role", "monitor"), "password123", "everybody tries first"),
        (("add", "  ", "--role", "monitor"), PASSWORD, "`name` has 0 characters"),
        (("add", "李娜", "--role", "lead"), PASSWORD, "there is an account `李娜` already"),
        (("password", "nobody"), PASSWORD, "there is no account `nobody`"),
        (("password", "李娜"), "short", "the least is 10"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_a_hint(
    tmp_path: Path, words: tuple[str, ...], password: str, said: str
) -> None:
    """Exit code 1, nothing changed, no traceback."""
    added(tmp_path, "李娜", "engineer")
    before = (tmp_path / "users.json").read_bytes()

    done = user(tmp_path, *words, "--password-stdin", stdin=f"{password}\n")

    assert 1 == done.returncode
    assert said in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr
    assert before == (tmp_path / "users.json").read_bytes()


def test_without_a_terminal_the_password_comes_by_standard_input(tmp_path: Path) -> None:
    """A script that forgot to say so is told, and does not hang."""
    done = user(tmp_path, "add", "张伟", "--role", "monitor")

    assert 1 == done.returncode
    assert "--password-stdin" in done.stderr


def test_accounts_are_listed_without_their_hashes(tmp_path: Path) -> None:
    """For people as a table, for programs as JSON lines."""
    added(tmp_path, "张伟")
    added(tmp_path, "王芳", "lead")

    table, lines = user(tmp_path, "list"), user(tmp_path, "list", "--json")

    assert "张伟" in table.stdout
    assert "see, acknowledge, redrive, manage" in table.stdout
    found = [json.loads(line) for line in lines.stdout.splitlines()]
    assert [("张伟", "monitor"), ("王芳", "lead")] == [(one["name"], one["role"]) for one in found]
    assert "argon2" not in table.stdout + lines.stdout


def test_password_role_and_removal(tmp_path: Path) -> None:
    """Each changes one account, in its place, and leaves the others alone."""
    for name in ("张伟", "李娜"):
        added(tmp_path, name)
    path = tmp_path / "users.json"
    before = read_accounts(path)

    new = user(tmp_path, "password", "张伟", "--password-stdin", stdin="staple of another kind\n")
    role = user(tmp_path, "role", "张伟", "lead")
    changed = read_accounts(path)
    gone = user(tmp_path, "remove", "李娜")
    after = read_accounts(path)

    assert [0, 0, 0] == [done.returncode for done in (new, role, gone)], gone.stderr
    assert ["张伟", "李娜"] == [one.name for one in changed.accounts]
    assert Role.LEAD is changed.known("张伟").role
    assert Passwords().matches(changed.known("张伟").password, "staple of another kind")
    assert before.known("李娜") == changed.known("李娜")
    assert ["张伟"] == [one.name for one in after.accounts]


def test_the_last_account_removed_is_said(tmp_path: Path) -> None:
    """With none left nobody can log in, which is to be known before it is noticed."""
    added(tmp_path, "张伟")

    done = user(tmp_path, "remove", "张伟")

    assert 0 == done.returncode
    assert "no account is left" in done.stdout


@pytest.mark.parametrize("word", ["remove", "password"])
def test_a_folder_without_accounts_is_a_sentence(tmp_path: Path, word: str) -> None:
    """It names the file that was looked for."""
    done = user(tmp_path, word, "张伟")

    assert 1 == done.returncode
    assert "users.json" in done.stderr
