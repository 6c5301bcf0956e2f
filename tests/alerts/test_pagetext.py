"""The words of a page, written out: what, where, how bad, against which limit, who else, what to do."""

from typing import Any

import pytest

from alerts.facts import Facts, RuleFacts
from alerts.pagetext import number, page_text, unit_sign
from fenceline.alert import Alert, Name
from fenceline.finding import LimitUsed
from fenceline.vocabulary import AlertState, Condition, Level, Tier

ONSET_NS = 1_767_196_812_900_000_000  # 2025-12-31T16:00:12.9Z, in Shanghai already the new year
ALARM_2 = LimitUsed(
    name="alarm_2", value=14.347, unit="ppm", direction="above", source="GB/T 50493 5.5.2 [T7]"
)
LOW = LimitUsed(name="low", value=19.5, unit="%VOL", direction="below", source="GBZ/T 205")
INTERVAL = LimitUsed(
    name="interval", value=19.5, upper=23.5, unit="%VOL", direction="outside", source="GBZ/T 205"
)
TOXIC = RuleFacts(
    title=Name(zh="有毒气体达到报警值", en="toxic gas at alarm set point"),
    what_to_do=Name(zh="佩戴空气呼吸器，撤至上风向", en="put on breathing apparatus, go upwind"),
)


def facts(**changes: Any) -> Facts:
    fields: dict[str, Any] = {
        "park": Name(zh="演练化工园区", en="Demonstration chemical park"),
        "simulated": False,
        "timezone": "Asia/Shanghai",
        "sensors": {},
        "rules": {"toxic": TOXIC, "plain": RuleFacts(TOXIC.title, None)},
    }
    return Facts(**(fields | changes))


def alert(number_: int = 1, **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "id": f"a{number_}",
        "revision": 1,
        "level_revision": 1,
        "rule": "toxic",
        "version": "1",
        "rule_title": TOXIC.title,
        "subject": f"e03-u2-h2s-{number_}",
        "subject_name": Name(zh=f"二号装置 {number_} 号探头", en=f"Unit 2 detector {number_}"),
        "owner": "e03",
        "owner_name": Name(zh="甲三化工", en="Enterprise 3"),
        "placement": "unit",
        "position": None,
        "tier": Tier.ENTERPRISE,
        "level": Level.ORANGE,
        "state": AlertState.UNACKNOWLEDGED,
        "condition": Condition.TRUE,
        "quantity": "h2s",
        "quantity_name": Name(zh="硫化氢", en="hydrogen sulphide"),
        "value": 31.25,
        "peak": 31.25,
        "unit": "ppm",
        "limit": ALARM_2,
        "onset_ns": ONSET_NS,
        "raised_ns": ONSET_NS + number_,
        "changed_ns": ONSET_NS,
    }
    return Alert(**(fields | changes))


def lines(*members: Alert, **changes: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    _, text = page_text(members, facts(**changes))
    assert ["zh", "en"] == list(text)
    return text["zh"], text["en"]


def test_a_plain_page() -> None:
    """The first line says what, where, how bad; the others follow in the order of need."""
    chinese, english = lines(alert())

    assert (
        "橙色Ⅱ级 甲三化工 二号装置 1 号探头：硫化氢 有毒气体达到报警值",
        "31.2 ppm ≥ 14.3 ppm（GB/T 50493 5.5.2 [T7]）",
        "企业层级，始于 01-01 00:00:12，演练化工园区",
        "处置：佩戴空气呼吸器，撤至上风向",
    ) == chinese
    assert (
        "Orange II · Enterprise 3 · Unit 2 detector 1: hydrogen sulphide, toxic gas at alarm set point",
        "31.2 ppm ≥ 14.3 ppm (GB/T 50493 5.5.2 [T7])",
        "enterprise tier, since 01-01 00:00:12, Demonstration chemical park",
        "do: put on breathing apparatus, go upwind",
    ) == english


def test_what_is_simulated_says_so_first() -> None:
    """Before everything else, in both languages."""
    chinese, english = lines(alert(simulated=True))

    assert "【演练】橙色Ⅱ级 甲三化工 二号装置 1 号探头：硫化氢 有毒气体达到报警值" == chinese[0]
    assert english[0].startswith("[SIMULATED] Orange II · Enterprise 3 · ")


def test_the_time_is_the_parks() -> None:
    """Another zone, another hour of the same moment."""
    chinese, english = lines(alert(), timezone="Europe/Berlin")

    assert "企业层级，始于 12-31 17:00:12，演练化工园区" == chinese[2]
    assert "enterprise tier, since 12-31 17:00:12, Demonstration chemical park" == english[2]


MEASURED = {
    "zero is a value": (
        {"value": 0.0, "peak": 0.0, "limit": LOW, "unit": "%VOL"},
        "0 %VOL ≤ 19.5 %VOL（GBZ/T 205）",
        "0 %VOL ≤ 19.5 %VOL (GBZ/T 205)",
    ),
    "below": (
        {"value": 17.36, "peak": 17.36, "limit": LOW, "unit": "%VOL"},
        "17.4 %VOL ≤ 19.5 %VOL（GBZ/T 205）",
        "17.4 %VOL ≤ 19.5 %VOL (GBZ/T 205)",
    ),
    "outside": (
        {"value": 24.0, "peak": 24.0, "limit": INTERVAL, "unit": "%VOL"},
        "24 %VOL ∉ (19.5, 23.5) %VOL（GBZ/T 205）",
        "24 %VOL ∉ (19.5, 23.5) %VOL (GBZ/T 205)",
    ),
    "no value: a delay decided": (
        {"value": None, "peak": None},
        "测值 ≥ 14.3 ppm（GB/T 50493 5.5.2 [T7]）",
        "value ≥ 14.3 ppm (GB/T 50493 5.5.2 [T7])",
    ),
    "returned: what it reached": (
        {"value": 0.2, "peak": 31.25, "state": AlertState.RETURNED, "condition": Condition.FALSE},
        "曾达 31.2 ppm ≥ 14.3 ppm（GB/T 50493 5.5.2 [T7]）",
        "reached 31.2 ppm ≥ 14.3 ppm (GB/T 50493 5.5.2 [T7])",
    ),
    "returned, and no value is known that was beyond": (
        {"value": 0.2, "peak": None, "state": AlertState.RETURNED, "condition": Condition.FALSE},
        "曾 ≥ 14.3 ppm（GB/T 50493 5.5.2 [T7]）",
        "was ≥ 14.3 ppm (GB/T 50493 5.5.2 [T7])",
    ),
    "within the deadband the value is no longer beyond": (
        {"value": 14.0, "peak": 20.0},
        "曾达 20 ppm ≥ 14.3 ppm（GB/T 50493 5.5.2 [T7]）",
        "reached 20 ppm ≥ 14.3 ppm (GB/T 50493 5.5.2 [T7])",
    ),
    "no limit": (
        {"limit": None, "value": 3.0},
        "3 ppm",
        "3 ppm",
    ),
    "units as people write them": (
        {"unit": "ug/m3", "limit": ALARM_2.model_copy(update={"unit": "ug/m3", "source": ""})},
        "31.2 µg/m³ ≥ 14.3 µg/m³",
        "31.2 µg/m³ ≥ 14.3 µg/m³",
    ),
}


@pytest.mark.parametrize(("changes", "chinese", "english"), MEASURED.values(), ids=MEASURED)
def test_the_value_against_its_limit(changes: dict[str, Any], chinese: str, english: str) -> None:
    """True as it stands: a sign stands only between a value and a limit that it is beyond."""
    found_chinese, found_english = lines(alert(**changes))

    assert (chinese, english) == (found_chinese[1], found_english[1])


def test_neither_value_nor_limit_is_no_line() -> None:
    """An instrument that is silent has nothing to compare."""
    chinese, english = lines(alert(value=None, peak=None, limit=None, rule="plain"))

    assert (
        "橙色Ⅱ级 甲三化工 二号装置 1 号探头：硫化氢 有毒气体达到报警值",
        "企业层级，始于 01-01 00:00:12，演练化工园区",
    ) == chinese
    assert 2 == len(english)


@pytest.mark.parametrize(
    ("state", "condition", "chinese", "english"),
    [
        (
            AlertState.UNACKNOWLEDGED,
            Condition.UNKNOWN,
            "传感器现已无法判断，报警保持",
            "the sensor cannot tell now; the alert stands",
        ),
        (
            AlertState.RETURNED,
            Condition.FALSE,
            "现已恢复，尚无人确认",
            "back to normal, not acknowledged yet",
        ),
        (
            AlertState.RETURNED,
            Condition.UNKNOWN,
            "曾已恢复，现已无法判断，尚无人确认",
            "was back to normal, cannot tell now; not acknowledged yet",
        ),
    ],
)
def test_what_became_of_it(state: AlertState, condition: Condition, chinese: str, english: str) -> None:
    """A page about an alert that no longer holds for certain says so, and never that all is well."""
    found_chinese, found_english = lines(alert(state=state, condition=condition))

    assert (chinese, english) == (found_chinese[3], found_english[3])


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

    assert "同时报警：二号装置 3 号探头、二号装置 4 号探头、二号装置 2 号探头" == chinese[3]
    assert "also in alarm: Unit 2 detector 3, Unit 2 detector 4, Unit 2 detector 2" == english[3]


def test_many_others_are_counted() -> None:
    """In Chinese the whole number follows, in English the number of those not named."""
    chinese, english = lines(*(alert(n) for n in range(1, 10)))

    assert (
        "同时报警：二号装置 2 号探头、二号装置 3 号探头、二号装置 4 号探头、二号装置 5 号探头、"
        "二号装置 6 号探头等 8 处"
    ) == chinese[3]
    assert (
        "also in alarm: Unit 2 detector 2, Unit 2 detector 3, Unit 2 detector 4, Unit 2 detector 5, "
        "Unit 2 detector 6 and 3 more"
    ) == english[3]


def test_others_that_are_back_are_not_called_in_alarm() -> None:
    """They are counted apart."""
    back = {"state": AlertState.RETURNED, "condition": Condition.FALSE}

    chinese, english = lines(alert(1), alert(2, **back), alert(3), alert(4, **back))

    assert ("同时报警：二号装置 3 号探头", "另有 2 处已恢复，尚无人确认") == chinese[3:5]
    assert (
        "also in alarm: Unit 2 detector 3",
        "2 more back to normal, not acknowledged yet",
    ) == english[3:5]


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
