"""Configuration files: every mistake at once, each with its line and a hint."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel

from fenceline import yamltree
from fenceline.configfile import (
    ConfigModel,
    ConfigProblems,
    Document,
    Problem,
    dotted,
    load,
    load_document,
    load_text,
    parse_document,
)
from fenceline.errors import ConfigError
from fenceline.park import Park
from fenceline.parkcheck import check_park
from fenceline.substance import Substances, check_substances, load_substances

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "cases" / "config").glob("*.yaml"))


class Colour(StrEnum):
    """A choice of words."""

    RED = "red"
    BLUE = "blue"


class Circle(ConfigModel):
    """One member of a union."""

    kind: Literal["circle"]
    radius: float


class Square(ConfigModel):
    """The other member."""

    kind: Literal["square"]
    side: float


class Shapes(RootModel[list[Circle]]):
    """A file that is a list."""


class Sample(ConfigModel):
    """A bit of everything."""

    name: str
    """What it is called."""
    colour: Colour = Colour.RED
    """Its colour."""
    sizes: tuple[float, ...] = ()
    """Its sizes."""
    shapes: tuple[Annotated[Circle | Square, Field(discriminator="kind")], ...] = ()
    """Its shapes."""
    named: dict[str, Circle] = Field(default={})
    """Shapes by name."""
    limit: float | Circle | None = None
    """A number or a shape."""


def problems_of(text: str, model: type[BaseModel] = Sample) -> list[str]:
    with pytest.raises(ConfigProblems) as caught:
        load_text(text, "sample.yaml", model)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture(scope="module")
def substances() -> Substances:
    return load_substances(ROOT / "config" / "substances.yaml")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, substances: Substances) -> None:
    """A file with these mistakes is refused with exactly these lines."""
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    checks: dict[str, tuple[type[BaseModel], Callable[[Document[Any]], None]]] = {
        "park": (Park, lambda document: check_park(document, substances)),
        "substances": (Substances, check_substances),
    }
    model, check = checks[case["model"]]

    try:
        document = parse_document(case["text"], f"{case['model']}.yaml", model)
        check(document)
        document.raise_if_refused()
        found = []
    except ConfigProblems as error:
        found = [str(problem) for problem in error.problems]

    assert case["problems"] == found


def test_a_good_text_becomes_its_model() -> None:
    """Lists become tuples, words become enums, numbers stay numbers, a zero is a value."""
    text = "name: 点\ncolour: blue\nsizes: [0, 0.5, 1e-3, -2]\nlimit: 0"

    sample = load_text(text, "sample.yaml", Sample)

    assert Sample(name="点", colour=Colour.BLUE, sizes=(0.0, 0.5, 0.001, -2.0), limit=0.0) == sample


def test_the_fallback_reader_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libyaml the same values and the same places come out."""
    text = "name: x\nshapes:\n  - {kind: circle, radius: 1.5}\nsizes: [1, 2e3]\nlimit: ''\n"
    fast, _ = yamltree.read_tree(text)

    monkeypatch.setattr(yamltree, "_LOADER", yaml.SafeLoader)
    slow, _ = yamltree.read_tree(text)

    assert fast == slow


def test_unions_by_kind_name_the_kinds_and_their_keys() -> None:
    """In a list of shapes the hint knows the keys of the shape that was chosen."""
    text = "name: x\nshapes:\n  - {kind: circle, radios: 1}\n  - {kind: star}\n  - {side: 2}\n"

    assert [
        "sample.yaml:3:5: shapes[0]: the key `radius` is missing  hint: add `radius: ...` here",
        "sample.yaml:3:20: shapes[0].radios: unknown key `radios`  hint: did you mean `radius`?",
        "sample.yaml:4:12: shapes[1].kind: `star` is not one of the words known here"
        "  hint: known words: `circle`, `square`",
        "sample.yaml:5:5: shapes[2]: the key `kind` is missing"
        "  hint: add it: it says what the other keys are",
    ] == problems_of(text)


def test_values_by_name_are_found_by_their_name() -> None:
    """The path of a value in a mapping carries its key."""
    assert [
        "sample.yaml:3:34: named.big.color: unknown key `color`  hint: known keys: `kind`, `radius`"
    ] == problems_of("name: x\nnamed:\n  big: {kind: circle, radius: 1, color: red}\n")


def test_a_file_that_is_a_list_knows_its_keys_too() -> None:
    """Where the whole file is a list, the hint knows the keys of what it lists."""
    assert [
        "sample.yaml:1:29: [0].radios: unknown key `radios`  hint: did you mean `radius`?"
    ] == problems_of("- {kind: circle, radius: 1, radios: 2}", Shapes)


def test_a_place_that_breaks_several_types_is_one_problem() -> None:
    """A union that no member accepts is reported once."""
    assert 1 == len(problems_of("name: x\nlimit: [1]\n"))


def test_text_is_never_taken_for_a_number() -> None:
    """A quoted number is text, and the hint says so."""
    assert [
        "sample.yaml:2:9: sizes[0]: expected a number, found the text `1`"
        "  hint: write a bare number, without quotes, unit or thousands separator"
    ] == problems_of('name: x\nsizes: ["1"]')


def test_not_utf8_names_the_byte(tmp_path: Path) -> None:
    """A file saved as GBK is refused at its first wrong byte."""
    path = tmp_path / "gbk.yaml"
    path.write_bytes("id: 1\nname: 园区\n".encode("gbk"))

    with pytest.raises(ConfigProblems) as caught:
        load(path, Sample)

    problem = caught.value.problems[0]
    # The two bytes of 园 happen to be one character of UTF-8; those of 区 are not.
    assert (2, 9) == (problem.line, problem.column)
    assert "UTF-8" in problem.hint


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Editors that put a mark in front of UTF-8 do no harm."""
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\n")

    assert Sample(name="x") == load(path, Sample)


def test_too_large_missing_and_unreadable_files_say_so(tmp_path: Path) -> None:
    """No file is read beyond 5 MB, and one that is not there has a sentence of its own."""
    large = tmp_path / "large.yaml"
    large.write_bytes(b"# " + b"x" * yamltree.MAX_BYTES)

    with pytest.raises(ConfigError, match="larger than 5 MB"):
        load(large, Sample)
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "none.yaml", Sample)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, Sample)


def test_later_checks_report_with_lines(tmp_path: Path) -> None:
    """A check that needs other files adds its findings, all raised together in the order of the file."""
    path = tmp_path / "sample.yaml"
    path.write_text("name: x\nshapes:\n  - kind: circle\n    radius: 1\n", encoding="utf-8")

    document = load_document(path, Sample)
    document.refuse(("shapes", 0, "radius"), "the circle is too small", "at least 2")
    document.refuse(("name",), "the name is taken")

    with pytest.raises(ConfigProblems) as caught:
        document.raise_if_refused()
    assert (4, 13) == document.line_of(("shapes", 0, "radius"))
    assert (3, 5) == document.line_of(("shapes", 0, "nothing"))
    assert (
        f"{path}:1:7: name: the name is taken\n"
        f"{path}:4:13: shapes[0].radius: the circle is too small  hint: at least 2"
    ) == str(caught.value)


def test_depth_is_bounded() -> None:
    """Nesting ends long before the reader's own stack does."""
    assert ["nested more than 40 levels deep"] == [
        mistake.message for mistake in yamltree.read_tree("[" * 60 + "]" * 60)[1]
    ]
    assert "nesting" in yamltree.read_tree("[" * 100_000)[1][0].message


def test_paths_read_as_they_are_written() -> None:
    """Indexes stand in brackets, keys after dots."""
    assert "devices[3].sensors[0].unit" == dotted(("devices", 3, "sensors", 0, "unit"))


@given(st.text(max_size=200))
def test_any_text_is_a_model_or_a_list_of_problems(text: str) -> None:
    """Whatever stands in a file, the answer is a model or problems, never another error."""
    try:
        outcome: Sample | list[Problem] = load_text(text, "any.yaml", Sample)
    except ConfigProblems as error:
        outcome = error.problems

    assert outcome
