"""The series notation of rule examples: text in, one value and quality per interval out.

4            one reading of 4            4x10        ten of them
0+5x10       ten readings, rising by 5   90-10x3     three, falling by 10
_x3          three missing               4!fault     a reading with a quality
"""

import re
from dataclasses import dataclass

from fenceline.errors import ConfigError
from fenceline.vocabulary import QUALITY_BY_WORD, Quality

MOST_READINGS = 100_000
_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_TOKEN = re.compile(
    rf"(?P<value>_|{_NUMBER})(?P<step>[+-]\d+(?:\.\d+)?)?(?:x(?P<count>\d+))?(?:!(?P<quality>[a-z_]+))?"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a series."""

    value: float
    quality: Quality


def parse_series(text: str) -> list[Sample | None]:
    """One entry per interval, none where the reading is missing.

    Raises:
        ConfigError: a word that is not of this notation, an unknown quality, or too many readings.
    """
    samples: list[Sample | None] = []
    for word in text.split():
        samples += _parse_word(word)
        if len(samples) > MOST_READINGS:
            raise ConfigError(
                f"the series is longer than {MOST_READINGS} readings", hint="shorten it: one situation each"
            )
    if not samples:
        raise ConfigError("the series is empty", hint="give at least one reading, such as `4x10`")
    return samples


def _parse_word(word: str) -> list[Sample | None]:
    match = _TOKEN.fullmatch(word)
    if match is None:
        raise ConfigError(
            f"`{word}` is not of the series notation", hint="`4`, `4x10`, `0+5x10`, `_x3`, `4!fault`"
        )
    count = int(match["count"] or 1)
    if count > MOST_READINGS:
        raise ConfigError(f"`{word}` repeats too often", hint=f"{MOST_READINGS} readings at most")
    if match["value"] == "_":
        if match["step"] or match["quality"]:
            raise ConfigError(f"`{word}`: what is missing has neither step nor quality", hint="write `_x3`")
        return [None] * count
    quality = QUALITY_BY_WORD.get(match["quality"] or "good")
    if quality is None:
        words = ", ".join(QUALITY_BY_WORD)
        raise ConfigError(f"`{word}` names an unknown quality", hint=f"one of: {words}")
    start, step = float(match["value"]), float(match["step"] or 0)
    return [Sample(start + step * number, quality) for number in range(count)]
