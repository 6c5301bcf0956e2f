"""The series notation of rule examples: what each word means, and what is refused with which sentence."""

import pytest

from fenceline.errors import ConfigError
from fenceline.vocabulary import Quality
from rules.series import MOST_READINGS, Sample, parse_series


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("4", [4.0]),
        ("0", [0.0]),
        ("-3.5", [-3.5]),
        ("1e3", [1000.0]),
        ("2.5e-3", [0.0025]),
        ("4x3", [4.0, 4.0, 4.0]),
        ("0+5x4", [0.0, 5.0, 10.0, 15.0]),
        ("90-10x3", [90.0, 80.0, 70.0]),
        ("-5-2x3", [-5.0, -7.0, -9.0]),
        ("-1+0.5x3", [-1.0, -0.5, 0.0]),
        ("1x0 2", [2.0]),
        ("_ 7", [None, 7.0]),
        ("0 _x2 1", [0.0, None, None, 1.0]),
        ("  1 \n 2\t3 ", [1.0, 2.0, 3.0]),
    ],
)
def test_values(text: str, values: list[float | None]) -> None:
    """One entry per interval; what is missing is none."""
    samples = parse_series(text)

    assert values == [None if sample is None else sample.value for sample in samples]


def test_a_step_starts_from_the_value_each_time() -> None:
    """Steps are multiplied, not added up, so no rounding grows along the series."""
    last = parse_series("0+0.1x1001")[-1]

    assert Sample(100.0, Quality.GOOD) == last


@pytest.mark.parametrize("quality", list(Quality))
def test_each_quality_has_its_word(quality: Quality) -> None:
    """A reading carries the quality that is named, good where none is."""
    assert [Sample(4.0, quality)] * 2 == parse_series(f"4x2!{quality.word}")
    assert [Sample(4.0, Quality.GOOD)] == parse_series("4")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the series is empty"),
        ("  ", "the series is empty"),
        ("4 high", "`high` is not of the series notation"),
        ("4 x3", "`x3` is not of the series notation"),
        ("4x", "`4x` is not of the series notation"),
        ("4x-1", "`4x-1` is not of the series notation"),
        ("4!", "`4!` is not of the series notation"),
        ("nan", "`nan` is not of the series notation"),
        ("4!broken", "`4!broken` names an unknown quality"),
        ("_!fault", "`_!fault`: what is missing has neither step nor quality"),
        ("_+1x3", "`_+1x3`: what is missing has neither step nor quality"),
        (f"1x{MOST_READINGS + 1}", f"`1x{MOST_READINGS + 1}` repeats too often"),
        (f"1x{MOST_READINGS} 2", f"the series is longer than {MOST_READINGS} readings"),
    ],
)
def test_refused(text: str, said: str) -> None:
    """A mistake names the word it is in, and says what may stand there."""
    with pytest.raises(ConfigError) as refused:
        parse_series(text)

    assert said == refused.value.message
    assert refused.value.hint
