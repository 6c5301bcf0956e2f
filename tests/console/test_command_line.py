"""The command line as people and programs use it: narrow terminals, pipes, and words that are misspelt."""

import asyncio
import errno
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import structlog
from rich.console import Console
from typer.testing import CliRunner

from console import cli
from console.commands import watchdog
from console.commands.columns import show
from console.commands.deadletters import _COLUMNS
from console.version import VERSION
from fenceline.bus import Record, Topic
from fenceline.bus.embedded import EmbeddedBus
from fenceline.errors import BusError, ServiceError
from fenceline.reason import Rejected
from fenceline.wire import encode
from ingest.deadletter import letter_of
from ingest.decode.rows import Rejection

TOPIC = "fenceline/demo/e01/e01-gds-unit-with-a-long-name/readings"
RAW = b'{"sensor": "e01-u1-cl2-1",\t"value": "[red]much[/red]"}\n'
SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A command sets the log of its process, which here is that of the tests that follow."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def letters_in(folder: Path) -> str:
    """A data folder with one dead letter; its key."""

    async def write() -> str:
        letter = letter_of(Rejection(TOPIC, Rejected.NOT_A_NUMBER, "a text", RAW), 1_800_000_000 * SECOND)
        bus = EmbeddedBus(folder / "journal")
        await bus.append(Topic.DEADLETTER, "demo", [Record(letter.kind, encode(letter), letter.key)])
        await bus.close()
        return letter.key

    return asyncio.run(write())


def piped(*words: str) -> str:
    """What a command prints into a pipe."""
    done = CliRunner().invoke(cli.app, words)
    assert 0 == done.exit_code, done.output
    return done.stdout


def refused(*words: str) -> ServiceError:
    """The error that a command ends with."""
    done = CliRunner().invoke(cli.app, words)
    assert isinstance(done.exception, ServiceError), done.output
    return done.exception


def at_terminal(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The lines that a person sees."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    show(_COLUMNS, rows, nothing="nothing here", console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_letters_go_into_a_pipe_as_lines_with_tabs(tmp_path: Path) -> None:
    """One letter is one line, its key whole, and what it holds breaks neither line nor column."""
    key = letters_in(tmp_path)

    (line,) = piped("deadletter", "list", "--data", str(tmp_path)).splitlines()

    found = line.split("\t")
    assert [key, "2027-01-15 08:00:00", "not_a_number", TOPIC, ""] == found[:5]
    assert RAW.decode().replace("\t", "\\t").replace("\n", "\\n") == found[5]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_a_letter_is_one_line_on_any_terminal(width: int) -> None:
    """Nothing is broken into pieces: key, time and reason stand whole, the topic gives way."""
    row = ("0123456789abcdef" * 4, "2027-01-15 08:00:00", "identity_mismatch", TOPIC, "yes", RAW.decode())

    heading, line = at_terminal([row], width)

    assert line.startswith("0123456789ab  2027-01-15 08:00:00  identity_mismatch  e01/e01-gds-unit")
    assert "yes" in line
    assert (width >= 110) is ("begins with" in heading) is ('{"sensor": "e01' in line)
    assert width >= max(len(heading), len(line))


def test_a_topic_that_is_none_of_ours_is_shown_as_it_is() -> None:
    """Where the topic is what was wrong, it must be seen."""
    row = ("k" * 64, "2027-01-15 08:00:00", "topic_unknown", "fencelin/demo/x", "", "")

    assert "fencelin/demo/x" in at_terminal([row], 80)[1]


def test_a_person_is_told_that_there_is_nothing() -> None:
    """An empty table would look like a mistake."""
    assert ["nothing here"] == at_terminal([], 80)


def test_a_reason_that_is_none_is_refused(tmp_path: Path) -> None:
    """No letter has it: an empty list would say that all is well."""
    letters_in(tmp_path)

    error = refused("deadletter", "list", "--data", str(tmp_path), "--reason", "not_a_numbr")

    assert "`not_a_numbr` is not a reason" == error.message
    assert "not_a_number" in error.hint
    assert "" == piped("deadletter", "list", "--data", str(tmp_path), "--reason", "not_utf8")


@pytest.mark.parametrize("words", [("list",), ("add", "anna", "--role", "lead"), ("remove", "anna")])
def test_accounts_of_a_folder_that_is_not_there_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A misspelt folder is not made: the accounts in it would let nobody in."""
    error = refused("user", *words, "--data", str(tmp_path / "misspelt"))

    assert f"there is no folder `{tmp_path / 'misspelt'}`" == error.message
    assert "--data" in error.hint
    assert not (tmp_path / "misspelt").exists()


def test_the_version_is_said() -> None:
    """As an option, where everybody looks for it, and as a command."""
    assert f"{VERSION}\n" == piped("--version") == piped("version")


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOENT, "spelling"),
        (errno.EACCES, "who may read"),
        (errno.ENOSPC, "free some room"),
        (errno.EADDRINUSE, "--port"),
        (errno.EIO, "fenceline doctor"),
    ],
)
def test_the_hint_fits_the_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, hint: str
) -> None:
    """A file that is not there has nothing to do with the disk's room."""

    def fail() -> None:
        raise OSError(number, "it failed", "some/[file]")

    monkeypatch.setattr(cli, "app", fail)

    with pytest.raises(SystemExit, match="1"):
        cli.main()

    said = capsys.readouterr().err
    assert "error: it failed `some/[file]`" in said
    assert hint in said


@pytest.mark.parametrize("command", ["up", "watchdog", "doctor"])
def test_an_option_of_the_broker_is_named_as_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """With its value, and where the words that it may be are listed."""
    for module in (cli, watchdog):
        monkeypatch.setattr(module, "set_up_logs", lambda *_: None)
    error = refused(command, "--data", str(tmp_path), "--mqtt-protocol", "4")

    assert "`--mqtt-protocol` is `4` and must be '5' or '3.1.1'" == error.message
    assert f"see `fenceline {command} --help`" == error.hint


def test_a_kind_that_no_topic_has_is_refused(tmp_path: Path) -> None:
    """Nothing would come, and look like a journal without such records."""
    letters_in(tmp_path)

    error = refused("tap", "journal", "--data", str(tmp_path), "--kind", "ticks")

    assert "`ticks` is no kind of record in `journal`" == error.message
    assert "tick" in error.hint.split(", ")


def test_a_folder_without_a_journal_is_not_asked_for_its_parks(tmp_path: Path) -> None:
    """The folder was misspelt, not the park."""
    done = CliRunner().invoke(cli.app, ["journal", "verify", "--data", str(tmp_path / "misspelt")])

    assert isinstance(done.exception, BusError)
    assert f"there is no journal in `{tmp_path / 'misspelt'}`" == done.exception.message
    assert "--data" in done.exception.hint
