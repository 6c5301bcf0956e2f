"""The words of a page, in Chinese and English: the first line says what, where, how bad.

Then the value against which limit with its source, since when, who else agrees, what to do.
Deterministic: the same alerts give the same lines.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
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


def page_text(members: Sequence[Alert], facts: Facts) -> dict[str, tuple[str, ...]]:
    """Lines by language for a page that speaks of these alerts, the worst of them first."""
    worst = min(members, key=_worst_first)
    others = [alert for alert in members if alert.id != worst.id]
    zone = ZoneInfo(facts.timezone)
    return {
        "zh": tuple(_chinese(worst, others, facts, zone)),
        "en": tuple(_english(worst, others, facts, zone)),
    }


def number(value: float) -> str:
    """Three significant digits; zero is shown as 0."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def against(alert: Alert, peak: str) -> str:
    """`2.31 ppm ≥ 0.34 ppm`; once the value is back, the peak. The value alone where there is no limit."""
    holds = alert.condition is Condition.TRUE
    shown = alert.value if holds else alert.peak
    value = "—" if shown is None else f"{number(shown)} {unit_sign(alert.unit)}"
    said = value if holds or shown is None else f"{peak} {value}"
    limit = alert.limit
    return said if limit is None else f"{said} {_SIGNS[limit.direction]} {_bound(limit)}"


def unit_sign(unit: str) -> str:
    """A unit as people write it."""
    return unit.replace("m3", "m³").replace("ug/", "µg/")


def _bound(limit: LimitUsed) -> str:
    unit = unit_sign(limit.unit)
    if limit.upper is None:
        return f"{number(limit.value)} {unit}"
    return f"({number(limit.value)}, {number(limit.upper)}) {unit}"


def _worst_first(alert: Alert) -> tuple[int, int, int, str]:
    answered = alert.state is AlertState.ACKNOWLEDGED
    return (int(answered), -alert.level.rank, -alert.tier.rank, f"{alert.raised_ns:020d}{alert.id}")


def _clock(time_ns: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).astimezone(zone).strftime("%m-%d %H:%M:%S")


def _chinese(alert: Alert, others: list[Alert], facts: Facts, zone: ZoneInfo) -> list[str]:
    mark = SIMULATED_ZH if alert.simulated else ""
    level, tier = LEVELS[alert.level].zh, TIERS[alert.tier].zh
    lines = [
        f"{mark}{level} {alert.owner_name.zh} {alert.subject_name.zh}："
        f"{alert.quantity_name.zh} {alert.rule_title.zh}",
        against(alert, "峰值") + (f"（{alert.limit.source}）" if alert.limit else ""),
        f"{tier}层级，始于 {_clock(alert.onset_ns, zone)}，{facts.park.zh}",
    ]
    if alert.condition is Condition.UNKNOWN:
        lines.append("传感器现已无法判断，报警保持")
    elif alert.condition is Condition.FALSE:
        lines.append("现已恢复，尚无人确认")
    if others:
        names = "、".join(other.subject_name.zh for other in others[:MOST_OTHERS])
        more = f"等 {len(others)} 处" if len(others) > MOST_OTHERS else ""
        lines.append(f"同时报警：{names}{more}")
    todo = facts.rules[alert.rule].what_to_do if alert.rule in facts.rules else None
    return lines + ([f"处置：{todo.zh}"] if todo else [])


def _english(alert: Alert, others: list[Alert], facts: Facts, zone: ZoneInfo) -> list[str]:
    mark = SIMULATED_EN if alert.simulated else ""
    level, tier = LEVELS[alert.level].en, TIERS[alert.tier].en
    lines = [
        f"{mark}{level} · {alert.owner_name.en} · {alert.subject_name.en}: "
        f"{alert.quantity_name.en}, {alert.rule_title.en}",
        against(alert, "peak") + (f" ({alert.limit.source})" if alert.limit else ""),
        f"{tier} tier, since {_clock(alert.onset_ns, zone)}, {facts.park.en}",
    ]
    if alert.condition is Condition.UNKNOWN:
        lines.append("the sensor cannot tell now; the alert stands")
    elif alert.condition is Condition.FALSE:
        lines.append("back to normal, not acknowledged yet")
    if others:
        names = ", ".join(other.subject_name.en for other in others[:MOST_OTHERS])
        more = f" and {len(others) - MOST_OTHERS} more" if len(others) > MOST_OTHERS else ""
        lines.append(f"also in alarm: {names}{more}")
    todo = facts.rules[alert.rule].what_to_do if alert.rule in facts.rules else None
    return lines + ([f"do: {todo.en}"] if todo else [])
