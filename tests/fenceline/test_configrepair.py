"""A file with mistakes is looked at as far as it is sound: all that can be known of it in one report."""

import pytest
from pydantic import model_validator

from fenceline.configfile import ConfigModel, ConfigProblems, examine_text, load_text


class Span(ConfigModel):
    """Two numbers that belong together."""

    low: float
    """The lower end."""
    high: float
    """The upper end."""

    @model_validator(mode="after")
    def _in_order(self) -> "Span":
        if self.low > self.high:
            raise ValueError("`low` is above `high`")
        return self


class Spans(ConfigModel):
    """A file of them."""

    spans: tuple[Span, ...]
    """The spans."""
    title: str = ""
    """A title."""


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigProblems) as caught:
        load_text(text, "sample.yaml", Spans)
    return [str(problem) for problem in caught.value.problems]


def test_mistakes_between_values_stand_beside_those_of_a_value() -> None:
    """What is wrong between two keys once showed only when all else was right."""
    text = "titel: x\nspans:\n  - {low: 2, high: 1}\n  - {low: 1, high: 2, hihg: 3}\n"

    found = problems_of(text)

    assert [
        "1:1: titel: unknown key",
        "3:5: spans[0]: `low` is above",
        "4:23: spans[1].hihg: unknown key",
    ] == [
        " ".join(line.removeprefix("sample.yaml:").split(" ")[:places])
        for line, places in zip(found, (4, 5, 4), strict=True)
    ]


def test_what_a_misspelt_key_leads_to_is_not_said() -> None:
    """One mistake is one line: that the two do not fit comes of the key that was meant."""
    document = examine_text(
        "spans:\n  - {low: 2, high: 1, lwo: 0}\n", "s.yaml", Spans, items={("spans", "*")}
    )

    assert ["spans[0].lwo"] == [problem.where for problem in document.problems]
    assert document.partial


def test_what_is_sound_is_looked_at_further() -> None:
    """Left out is what is wrong, and every place is told as it stands in the file."""
    text = "titel: x\nspans: [{low: a, high: 1}, {low: 1, high: 2}, {high: 2}, {low: 3, high: 4}]\n"
    document = examine_text(text, "s.yaml", Spans, items={("spans", "*")})

    document.refuse(("spans", 1, "low"), "too much")

    assert [1.0, 3.0] == [span.low for span in document.model.spans]
    places = [one.where for one in document.problems]
    assert ["spans[0].low", "spans[2]", "spans[3].low", "titel"] == sorted(places)


def test_a_stand_in_serves_for_further_checks() -> None:
    """A value that is needed and wrong, or not there, hides nothing below it."""
    ins = {("spans", "*", "low"): 0.0}
    document = examine_text("spans: [{low: a, high: 1}, {high: 1}]\n", "s.yaml", Spans, stand_ins=ins)

    assert [0.0, 0.0] == [span.low for span in document.model.spans]
