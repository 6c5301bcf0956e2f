"""The kernel's numbers have words, each its own, from the same enums that everybody else uses."""

import pytest

from fenceline.reason import CannotTell
from fenceline.vocabulary import FIRST_BAD_QUALITY, Condition, Quality
from rules import memory as m
from rules.words import COLUMNS, CONDITIONS, reason_word

NUMBERS = [
    m.REASON_NEVER_SEEN,
    m.REASON_SILENT,
    m.REASON_DELAYED,
    m.REASON_LATE,
    m.REASON_AHEAD,
    m.REASON_QUARANTINED,
    m.REASON_TOO_LITTLE,
    m.REASON_TOO_MUCH,
    *(m.REASON_QUALITY + quality for quality in Quality if quality >= FIRST_BAD_QUALITY),
]


def test_every_reason_can_be_said() -> None:
    """The reasons of the kernel and those of the vocabulary are the same set, word by word."""
    words = [reason_word(number) for number in NUMBERS]

    assert sorted(CannotTell) == sorted(words, key=str)
    assert len(words) == len(set(words))


def test_a_sensor_that_can_tell_has_no_reason() -> None:
    """Being able to tell is no reason, and not the first reason either."""
    assert reason_word(m.REASON_NONE) is None


@pytest.mark.parametrize("name", ["OVER_RANGE", "BAD"])
def test_qualities_have_the_numbers_of_the_vocabulary(name: str) -> None:
    """Compiled code takes its own copies of these numbers."""
    assert getattr(m, name) == Quality[name]
    assert FIRST_BAD_QUALITY == m.FIRST_BAD


def test_every_class_has_its_column() -> None:
    """Each class of reading stands in one of the account's columns, under a reason of its own."""
    assert set(range(m.CLASSES)) == set(COLUMNS)
    assert len(set(COLUMNS.values())) == m.CLASSES
    assert {"out", "late", "duplicate", "rejected"} == {column for column, _ in COLUMNS.values()}


def test_every_condition_has_its_word() -> None:
    """Three values, three words."""
    assert set(Condition) == set(CONDITIONS.values())
    assert {m.UNKNOWN, m.FALSE, m.TRUE} == set(CONDITIONS)
