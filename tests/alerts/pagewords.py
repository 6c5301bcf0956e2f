"""A park's facts and an alert of it for the words of pages."""

from typing import Any

from alerts.facts import Facts, RuleFacts
from alerts.pagetext import page_text
from fenceline.alert import Alert, Name
from fenceline.finding import LimitUsed
from fenceline.vocabulary import AlertState, Condition, Level, Tier

ONSET_NS = 1_767_196_812_900_000_000  # 2025-12-31T16:00:12.9Z, in Shanghai already the new year
MINUTE_NS = 60_000_000_000
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
        "highest_level": Level.ORANGE,
        "state": AlertState.UNACKNOWLEDGED,
        "condition": Condition.TRUE,
        "quantity": "h2s",
        "quantity_name": Name(zh="硫化氢", en="hydrogen sulphide"),
        "value": 31.25,
        "value_ns": ONSET_NS + MINUTE_NS,
        "peak": 31.25,
        "peak_ns": ONSET_NS + MINUTE_NS,
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
