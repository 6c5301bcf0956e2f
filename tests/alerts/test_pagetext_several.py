"""The words of a page about several alerts; numbers and units."""

import pytest

from alerts.pagetext import number, page_text, unit_sign
from fenceline.vocabulary import AlertState, Condition, Level, Tier
from tests.alerts.pagewords import alert, facts, lines


def test_the_worst_stands_first() -> None:
    """The higher level, then the higher tier, then what still stands, then the earlier."""
    back = {"state": AlertState.RETURNED, "condition": Condition.FALSE}
    members = [
        alert(1, level=Level.YELLOW),
        alert(2, level=Level.RED, **back),
        alert(3, level=Level.RED),
        alert(4, level=Level.RED, tier=Tier.PARK, **back),
        alert(5, level=Level.RED),
    ]

    order = []
    while members:
        worst, _ = page_text(members, facts())
        members.remove(worst)
        order.append(worst.id)

    assert ["a4", "a3", "a5", "a2", "a1"] == order


def test_a_few_others_are_named() -> None:
    """Five at most, the worst of them first."""
    members = [alert(n, level=Level.BLUE if n == 2 else Level.ORANGE) for n in range(1, 5)]

    chinese, english = lines(*members)

    assert "同时报警：二号装置 3 号探头、二号装置 4 号探头、二号装置 2 号探头" == chinese[4]
    assert "also in alarm: Unit 2 detector 3, Unit 2 detector 4, Unit 2 detector 2" == english[4]


def test_many_others_are_counted() -> None:
    """In Chinese the whole number follows, in English the number of those not named."""
    chinese, english = lines(*(alert(n) for n in range(1, 10)))

    assert (
        "同时报警：二号装置 2 号探头、二号装置 3 号探头、二号装置 4 号探头、二号装置 5 号探头、"
        "二号装置 6 号探头等 8 处"
    ) == chinese[4]
    assert (
        "also in alarm: Unit 2 detector 2, Unit 2 detector 3, Unit 2 detector 4, Unit 2 detector 5, "
        "Unit 2 detector 6 and 3 more"
    ) == english[4]


def test_others_that_are_back_are_not_called_in_alarm() -> None:
    """They are counted apart."""
    back = {"state": AlertState.RETURNED, "condition": Condition.FALSE}

    chinese, english = lines(alert(1), alert(2, **back), alert(3), alert(4, **back))

    assert ("同时报警：二号装置 3 号探头", "另有 2 处已恢复，尚无人确认") == chinese[4:6]
    assert (
        "also in alarm: Unit 2 detector 3",
        "2 more back to normal, not acknowledged yet",
    ) == english[4:6]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.06, "0.06"),
        (0.000012, "0.000012"),
        (14.347, "14.3"),
        (999.4, "999"),
        (999.7, "1000"),
        (1013.25, "1013"),
        (12345.6, "12346"),
        (1e15, "1000000000000000"),
        (-3.456, "-3.46"),
    ],
)
def test_numbers_are_short_and_have_no_exponent(value: float, expected: str) -> None:
    """Three significant digits; whole numbers from a thousand on."""
    assert expected == number(value)


@pytest.mark.parametrize(
    ("unit", "expected"), [("mg/m3", "mg/m³"), ("ug/m3", "µg/m³"), ("W/m2", "W/m²"), ("%LEL", "%LEL")]
)
def test_units(unit: str, expected: str) -> None:
    """As people write them."""
    assert expected == unit_sign(unit)
