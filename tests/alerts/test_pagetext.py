"""The words of a page, written out: what, where, how bad, against which limit, who else, what to do."""

from typing import Any

import pytest

from alerts.pagetext import Newest, page_text
from fenceline.finding import LimitUsed
from fenceline.vocabulary import AlertState, Condition
from tests.alerts.pagewords import ALARM_2, INTERVAL, LOW, MINUTE_NS, ONSET_NS, alert, facts, lines


def test_a_plain_page() -> None:
    """How bad, where, what and how much stand first, then what to do; then the rest in the order of need."""
    chinese, english = lines(alert())

    assert (
        "橙色Ⅱ级 甲三化工 二号装置 1 号探头：硫化氢 31.2 ppm，有毒气体达到报警值",
        "处置：佩戴空气呼吸器，撤至上风向",
        "最新 31.2 ppm（00:01:12），报警条件 ≥ 14.3 ppm（GB/T 50493 5.5.2）",
        "始于 01-01 00:00:12，企业级，演练化工园区",
    ) == chinese
    assert (
        "Orange II · Enterprise 3 · Unit 2 detector 1: hydrogen sulphide 31.2 ppm, "
        "toxic gas at alarm set point",
        "do: put on breathing apparatus, go upwind",
        "latest 31.2 ppm (00:01:12), alarm at ≥ 14.3 ppm (GB/T 50493 5.5.2)",
        "since 01-01 00:00:12, enterprise tier, Demonstration chemical park",
    ) == english


def test_what_is_simulated_says_so_first() -> None:
    """Before everything else, in both languages."""
    chinese, english = lines(alert(simulated=True))

    assert "【演练】橙色Ⅱ级 甲三化工 二号装置 1 号探头：硫化氢 31.2 ppm，有毒气体达到报警值" == chinese[0]
    assert english[0].startswith("[SIMULATED] Orange II · Enterprise 3 · ")


def test_the_time_is_the_parks() -> None:
    """Another zone, another hour of the same moment."""
    chinese, english = lines(alert(), timezone="Europe/Berlin")

    assert "始于 12-31 17:00:12，企业级，演练化工园区" == chinese[3]
    assert "since 12-31 17:00:12, enterprise tier, Demonstration chemical park" == english[3]


def test_the_newest_value_and_the_worst_stand_with_their_times() -> None:
    """Whoever is paged half an hour later must not take the first value for the present or the worst one."""
    later = alert(value=18.0, value_ns=ONSET_NS + 30 * MINUTE_NS, peak=48.0, peak_ns=ONSET_NS + 2 * MINUTE_NS)

    chinese, english = lines(later)

    assert (
        "最新 18 ppm（00:30:12），最高 48 ppm（00:02:12），报警条件 ≥ 14.3 ppm（GB/T 50493 5.5.2）"
        == chinese[2]
    )
    assert (
        "latest 18 ppm (00:30:12), highest 48 ppm (00:02:12), alarm at ≥ 14.3 ppm (GB/T 50493 5.5.2)"
        == english[2]
    )
    assert "硫化氢 18 ppm" in chinese[0]


@pytest.mark.parametrize(
    ("limit", "expected"), [(ALARM_2, "硫化氢 52 ppm，"), (LOW, "硫化氢 12 %VOL，")], ids=["above", "below"]
)
def test_what_the_sensor_says_now_is_newer_than_its_alert(limit: LimitUsed, expected: str) -> None:
    """Between two findings a value may change much; of two of one time the worse one counts."""
    newest = Newest(ONSET_NS + 10 * MINUTE_NS, high=52.0, low=12.0)

    _, text = page_text([alert(limit=limit)], facts(), lambda _: newest)

    assert expected in text["zh"][0]
    assert f"最新 {expected.split()[1]} {expected.split()[2][:-1]}（00:10:12）" in "".join(text["zh"])


def test_what_the_sensor_said_before_its_finding_is_not_newer() -> None:
    """An older reading never stands in place of the one that decided."""
    _, text = page_text([alert()], facts(), lambda _: Newest(ONSET_NS, high=5.0, low=5.0))

    assert "硫化氢 31.2 ppm，" in text["zh"][0]


def test_a_value_of_another_day_says_which() -> None:
    """A call that nobody answers over midnight stays readable."""
    chinese, _ = lines(alert(value_ns=ONSET_NS + 24 * 60 * MINUTE_NS))

    assert "最新 31.2 ppm（01-02 00:00:12）" in chinese[2]


MEASURED = {
    "zero is a value": (
        {"value": 0.0, "peak": 0.0, "limit": LOW, "unit": "%VOL"},
        "硫化氢 0 %VOL，",
        "最新 0 %VOL（00:01:12），报警条件 ≤ 19.5 %VOL（GBZ/T 205）",
    ),
    "below, the worst is the lowest": (
        {"value": 18.0, "peak": 17.36, "limit": LOW, "unit": "%VOL"},
        "硫化氢 18 %VOL，",
        "最新 18 %VOL（00:01:12），最低 17.4 %VOL（00:01:12），报警条件 ≤ 19.5 %VOL（GBZ/T 205）",
    ),
    "outside": (
        {"value": 24.0, "peak": 24.0, "limit": INTERVAL, "unit": "%VOL"},
        "硫化氢 24 %VOL，",
        "最新 24 %VOL（00:01:12），报警条件 ∉ (19.5, 23.5) %VOL（GBZ/T 205）",
    ),
    "no value: a delay decided": (
        {"value": None, "value_ns": None, "peak": None, "peak_ns": None},
        "硫化氢 有毒气体达到报警值",
        "报警条件 ≥ 14.3 ppm（GB/T 50493 5.5.2）",
    ),
    "returned: what it reached": (
        {"value": 0.2, "state": AlertState.RETURNED, "condition": Condition.FALSE},
        "硫化氢 曾达 31.2 ppm，",
        "最新 0.2 ppm（00:01:12），最高 31.2 ppm（00:01:12），报警条件 ≥ 14.3 ppm（GB/T 50493 5.5.2）",
    ),
    "cannot tell: the last value is no present one": (
        {"condition": Condition.UNKNOWN},
        "硫化氢 曾达 31.2 ppm，",
        "最新 31.2 ppm（00:01:12），报警条件 ≥ 14.3 ppm（GB/T 50493 5.5.2）",
    ),
    "returned, and no value is known that was beyond": (
        {"value": 0.2, "peak": None, "state": AlertState.RETURNED, "condition": Condition.FALSE},
        "硫化氢 有毒气体达到报警值",
        "最新 0.2 ppm（00:01:12），报警条件 ≥ 14.3 ppm（GB/T 50493 5.5.2）",
    ),
    "within the deadband the value is no longer beyond": (
        {"value": 14.0, "peak": 20.0},
        "硫化氢 曾达 20 ppm，",
        "最新 14 ppm（00:01:12），最高 20 ppm（00:01:12），报警条件 ≥ 14.3 ppm（GB/T 50493 5.5.2）",
    ),
    "units as people write them": (
        {"unit": "ug/m3", "limit": ALARM_2.model_copy(update={"unit": "ug/m3", "source": ""})},
        "硫化氢 31.2 µg/m³，",
        "最新 31.2 µg/m³（00:01:12），报警条件 ≥ 14.3 µg/m³",
    ),
    "a rule's own unit": (
        {"limit": ALARM_2.model_copy(update={"unit": "ppm/min", "source": ""})},
        "硫化氢 31.2 ppm/min，",
        "最新 31.2 ppm/min（00:01:12），报警条件 ≥ 14.3 ppm/min",
    ),
}


@pytest.mark.parametrize(("changes", "first", "values"), MEASURED.values(), ids=MEASURED)
def test_the_values_against_the_limit(changes: dict[str, Any], first: str, values: str) -> None:
    """True as it stands: the first line has a value only where one is, or was, beyond the limit."""
    chinese, _ = lines(alert(rule="plain", **changes))

    assert first in chinese[0]
    assert values in chinese


def test_neither_value_nor_limit_is_no_line() -> None:
    """An instrument that is silent has nothing to compare."""
    chinese, english = lines(alert(value=None, peak=None, limit=None, rule="plain"))

    assert (
        "橙色Ⅱ级 甲三化工 二号装置 1 号探头：硫化氢 有毒气体达到报警值",
        "始于 01-01 00:00:12，企业级，演练化工园区",
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

    assert (chinese, english) == (found_chinese[1], found_english[1])
