"""The words of a page, in Chinese and English: the first line says what, where, how bad.

Then the value against which limit with its source, since when, who else agrees, what to do.
Deterministic: the same alerts give the same lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from alerts.facts import Facts
from fenceline.alert import Alert, Name
from fenceline.finding import LimitUsed
from fenceline.vocabulary import AlertState, Condition, Level, Tier

LEVELS = {
    Level.ATTENTION: Name(zh="关注", en="Attention"),
    Level.BLUE: Name(zh="蓝色Ⅳ级", en="Blue IV"),
    Level.YELLOW: Name(zh="黄色Ⅲ级", en="Yellow III"),
    Level.ORANGE: Name(zh="橙色Ⅱ级", en="Orange II"),
    Level.RED: Name(zh="红色Ⅰ级", en="Red I"),
}
TIERS = {
    Tier.ENTERPRISE: Name(zh="企业", en="enterprise"),
    Tier.PARK: Name(zh="园区", en="park"),
    Tier.COMMUNITY: Name(zh="周边社区", en="community"),
}
SIMULATED_ZH, SIMULATED_EN = "【演练】", "[SIMULATED] "
MOST_OTHERS = 5
_SIGNS = {"above": "≥", "below": "≤", "outside": "∉"}


class Words(NamedTuple):
    """A few words in each language; they may be none."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Others:
    """The alerts of a page besides the worst: those that stand, the worst first, and how many are back."""

    standing: tuple[Alert, ...]
    back: int


def page_text(members: Sequence[Alert], facts: Facts) -> tuple[Alert, dict[str, tuple[str, ...]]]:
    """The worst of these alerts, and the lines by language of a page that speaks of them all."""
    worst, *others = sorted(members, key=_worst_first)
    standing = tuple(alert for alert in others if alert.state is not AlertState.RETURNED)
    rest = _Others(standing, len(others) - len(standing))
    since = _clock(worst.onset_ns, ZoneInfo(facts.timezone))
    return worst, {
        "zh": tuple(_chinese(worst, rest, facts, since)),
        "en": tuple(_english(worst, rest, facts, since)),
    }


def number(value: float) -> str:
    """Three significant digits, never an exponent; zero is shown as 0."""
    text = f"{value + 0.0:.3g}"  # adding zero takes the sign off a negative one
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{Decimal(text):f}" if "e" in text else text


def unit_sign(unit: str) -> str:
    """A unit as people write it."""
    return unit.replace("m3", "m³").replace("m2", "m²").replace("ug/", "µg/")


def _measured(alert: Alert) -> Words | None:
    """The value against its limit; once that is no longer so, or not known to be, what it reached."""
    limit, value, peak = alert.limit, alert.value, alert.peak
    if limit is None:
        return None if value is None else _both(f"{number(value)} {unit_sign(alert.unit)}")
    holds = alert.condition is Condition.TRUE
    if holds and value is not None and _beyond(limit, value):
        said = _both(f"{number(value)} {unit_sign(alert.unit)}")
    elif peak is not None and _beyond(limit, peak):
        reached = f"{number(peak)} {unit_sign(alert.unit)}"
        said = Words(f"曾达 {reached}", f"reached {reached}")
    elif holds and value is None:
        said = Words("测值", "value")  # the end of a delay decided it, so no single value did
    else:
        said = Words("曾", "was")
    against = f"{_SIGNS[limit.direction]} {_bound(limit)}"
    source = Words(f"（{limit.source}）", f" ({limit.source})") if limit.source else Words("", "")
    return Words(f"{said.zh} {against}{source.zh}", f"{said.en} {against}{source.en}")


def _beyond(limit: LimitUsed, value: float) -> bool:
    if limit.direction == "above":
        return value >= limit.value
    if limit.direction == "below":
        return value <= limit.value
    return value <= limit.value or (limit.upper is not None and value >= limit.upper)


def _bound(limit: LimitUsed) -> str:
    unit = unit_sign(limit.unit)
    if limit.upper is None:
        return f"{number(limit.value)} {unit}"
    return f"({number(limit.value)}, {number(limit.upper)}) {unit}"


def _both(text: str) -> Words:
    return Words(text, text)


def _worst_first(alert: Alert) -> tuple[int, int, bool, int, str]:
    back = alert.state is AlertState.RETURNED
    return (-alert.level.rank, -alert.tier.rank, back, alert.raised_ns, alert.id)


def _clock(time_ns: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).astimezone(zone).strftime("%m-%d %H:%M:%S")


def _now(alert: Alert) -> Words | None:
    """What has become of the condition, where it does not hold for certain."""
    back, blind = alert.state is AlertState.RETURNED, alert.condition is Condition.UNKNOWN
    if back and blind:
        return Words(
            "曾已恢复，现已无法判断，尚无人确认",
            "was back to normal, cannot tell now; not acknowledged yet",
        )
    if back:
        return Words("现已恢复，尚无人确认", "back to normal, not acknowledged yet")
    if blind:
        return Words("传感器现已无法判断，报警保持", "the sensor cannot tell now; the alert stands")
    return None


def _chinese(alert: Alert, others: _Others, facts: Facts, since: str) -> list[str]:
    mark = SIMULATED_ZH if alert.simulated else ""
    level, tier = LEVELS[alert.level].zh, TIERS[alert.tier].zh
    measured, now = _measured(alert), _now(alert)
    lines = [
        f"{mark}{level} {alert.owner_name.zh} {alert.subject_name.zh}："
        f"{alert.quantity_name.zh} {alert.rule_title.zh}",
        *([measured.zh] if measured else []),
        f"{tier}层级，始于 {since}，{facts.park.zh}",
        *([now.zh] if now else []),
    ]
    if others.standing:
        names = "、".join(other.subject_name.zh for other in others.standing[:MOST_OTHERS])
        more = f"等 {len(others.standing)} 处" if len(others.standing) > MOST_OTHERS else ""
        lines.append(f"同时报警：{names}{more}")
    if others.back:
        lines.append(f"另有 {others.back} 处已恢复，尚无人确认")
    todo = facts.rules[alert.rule].what_to_do if alert.rule in facts.rules else None
    return lines + ([f"处置：{todo.zh}"] if todo else [])


def _english(alert: Alert, others: _Others, facts: Facts, since: str) -> list[str]:
    mark = SIMULATED_EN if alert.simulated else ""
    level, tier = LEVELS[alert.level].en, TIERS[alert.tier].en
    measured, now = _measured(alert), _now(alert)
    lines = [
        f"{mark}{level} · {alert.owner_name.en} · {alert.subject_name.en}: "
        f"{alert.quantity_name.en}, {alert.rule_title.en}",
        *([measured.en] if measured else []),
        f"{tier} tier, since {since}, {facts.park.en}",
        *([now.en] if now else []),
    ]
    if others.standing:
        names = ", ".join(other.subject_name.en for other in others.standing[:MOST_OTHERS])
        left = len(others.standing) - MOST_OTHERS
        lines.append(f"also in alarm: {names}" + (f" and {left} more" if left > 0 else ""))
    if others.back:
        lines.append(f"{others.back} more back to normal, not acknowledged yet")
    todo = facts.rules[alert.rule].what_to_do if alert.rule in facts.rules else None
    return lines + ([f"do: {todo.en}"] if todo else [])
