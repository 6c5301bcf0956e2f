"""A site's configuration with mistakes in several files, and of several kinds in one: told in one go."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from console import cli
from console.site import load_site
from fenceline.errors import ConfigError

ROOT = Path(__file__).parents[2]
PARK = "parks/demo/park.yaml"


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A command sets the log of its process, which here is that of the tests that follow."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped configuration, to be spoilt."""
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


def spoil(folder: Path, file: str, *changes: tuple[str, str]) -> None:
    """Replace the first place of each text."""
    path = folder / file
    text = path.read_text("utf-8")
    for right, wrong in changes:
        assert right in text, right
        text = text.replace(right, wrong, 1)
    path.write_text(text, "utf-8")


def said(folder: Path) -> list[str]:
    """Each line of the report: file, place and sentence."""
    with pytest.raises(ConfigError) as caught:
        load_site(folder, "demo", {})
    lines = caught.value.message.splitlines()
    return [line.replace(f"{folder}/", "").split("  hint:")[0] for line in lines]


def found(folder: Path, *parts: str) -> None:
    """The report has a line with each of these, and no other."""
    lines = said(folder)
    assert sorted(parts) == sorted(next((p for p in parts if p in line), line) for line in lines)


def test_mistakes_of_the_model_hide_none_beyond_it(folder: Path) -> None:
    """An unknown key, a unit that cannot be, and a time zone that is none: once they took three rounds."""
    spoil(
        folder,
        PARK,
        ("timezone: Asia/Shanghai", "timezone: Asia/Shanghia"),
        ("simulated: true", "simulated: true\ncolour: blue"),
        ("quantity: cl2, unit: mg/m3", "quantity: cl2, unit: kPa"),
    )

    found(folder, "unknown key `colour`", "time zone `Asia/Shanghia`", "`kPa` cannot be the unit of `cl2`")


def test_every_file_is_looked_at(folder: Path) -> None:
    """Park, rules, routes, channels, timing, watchdog: each with its own mistake and those between them."""
    spoil(folder, PARK, ("simulated: true", "simulated: perhaps"))
    spoil(folder, "timing.yaml", ("ahead_seconds: 60", "ahead_seconds: 60\nahed_seconds: 60"))
    spoil(folder, "channels.yaml", ("kind: apprise, url_env", "kind: apprise, url_evn"))
    spoil(folder, "watchdog.yaml", ("channels:", "answr_seconds: 3\nchannels:"))
    spoil(
        folder,
        "routes.yaml",
        ("[webhook, log]", "[webhok, log]"),
        ("update_seconds: 30", "updat_seconds: 30"),
    )
    spoil(
        folder,
        "rules/boundary.yaml",
        ("quantity: [nmhc]}", "quantity: [nmhcc]}\n    colour: blue"),
    )
    spoil(folder, "rules/fence.yaml", ("rules:", "ruels: []\nrules:"))

    found(
        folder,
        "simulated: expected true or false",
        "unknown key `ahed_seconds`",
        "unknown key `url_evn`",
        "unknown key `answr_seconds`",
        "there is no channel `webhok`",
        "unknown key `updat_seconds`",
        "there is no quantity `nmhcc`",
        "unknown key `colour`",
        "unknown key `ruels`",
    )


def test_what_is_not_sound_is_not_said_to_be_missing(folder: Path) -> None:
    """A sensor and a channel with a mistake: who names them is right, and is not told otherwise."""
    spoil(
        folder, PARK, ("id: e01-u1-cl2-1", "id: e01-u1-cl2-1, height: 3"), ("height_m: 0.5", "height_m: low")
    )
    spoil(folder, "channels.yaml", ("kind: webhook", "kind: webhoook"))
    spoil(
        folder,
        "rules/boundary.yaml",
        (
            "watches: {placement: [boundary, community], quantity: [nmhc]}",
            "watches: {sensor: [e01-u1-cl2-1, x]}",
        ),
    )

    found(
        folder,
        "unknown key `height`",
        "expected a number, found the text `low`",
        "`webhoook` is not one of the words known here",
        "there is no sensor `x`",
    )


def test_places_after_an_item_that_is_wrong_are_those_of_the_file(folder: Path) -> None:
    """The second sensor stays the second, also where the first is left aside."""
    lines = (folder / PARK).read_text("utf-8").splitlines()
    places = [n for n, line in enumerate(lines, start=1) if "quantity: cl2, unit: ppm" in line]
    spoil(
        folder,
        PARK,
        ("quantity: cl2, unit: ppm", "quantity: cl2, unit: [a]"),
        ("quantity: cl2, unit: ppm", "quantity: cl2, unit: kPa"),
    )

    first, second = said(folder)

    assert first.startswith(f"{PARK}:{places[0]}:")
    assert second.startswith(f"{PARK}:{places[1]}:")
    assert "devices[0].sensors[0].unit" in first
    assert "devices[0].sensors[1].unit" in second


def test_a_file_that_cannot_be_read_hides_no_other(folder: Path) -> None:
    """Nor does an address that cannot be right: it has no line, and stands with the others."""
    (folder / "timing.yaml").unlink()
    spoil(folder, PARK, ("timezone: Asia/Shanghai", "timezone: Asia/Shanghia"))

    found(folder, "timing.yaml` does not exist", "time zone `Asia/Shanghia`")


def test_several_parks_are_told_of_together(folder: Path) -> None:
    """`fenceline check`: what is wrong with the site's own files is said once, not for each park."""
    shutil.copytree(folder / "parks" / "demo", folder / "parks" / "other")
    spoil(folder, "parks/other/park.yaml", ("timezone: Asia/Shanghai", "timezone: Asia/Shanghia"))
    spoil(folder, "timing.yaml", ("ahead_seconds: 60", "ahed_seconds: 60"))

    done = CliRunner().invoke(cli.app, ["check", str(folder)])

    assert isinstance(done.exception, ConfigError)
    lines = done.exception.message.splitlines()
    assert 1 == sum("ahed_seconds" in line for line in lines)
    assert 1 == sum("Shanghia" in line for line in lines)
    assert 2 == len(lines)


def test_channels_that_are_left_out_are_named_once(folder: Path) -> None:
    """Also with two parks, and not in the log beside it."""
    shutil.copytree(folder / "parks" / "demo", folder / "parks" / "other")

    done = CliRunner().invoke(cli.app, ["check", str(folder)], env={"FENCELINE_PAGE_URL": ""})

    assert 0 == done.exit_code, done.output
    assert 1 == done.output.count("duty-email")
    assert 2 == done.output.count("`webhook`")
    assert 1 == done.output.count("the watchdog's channel `webhook`")
