"""The words of a page, in Chinese and English: the first line says how bad, where, what and how much.

Then the newest and the worst value with their times against the limit with its source, since when, what has
become of it, what to do, who else agrees. Deterministic: the same alerts give the same lines.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
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
WORST = {
    "above": Name(zh="最高", en="highest"),
    "below": Name(zh="最低", en="lowest"),
    "outside": Name(zh="最偏离", en="furthest"),
}
_REFERENCE = re.compile(r"\s*\[[A-Z]\d+\]")  # a mark that only the configuration's list of sources explains
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


class Newest(NamedTuple):
    """What a sensor says now: its newest event time, and the largest and smallest value of that time."""

    time_ns: int
    high: float
    low: float


@dataclass(frozen=True, slots=True)
class _Subject:
    """The alert that the page is about, with its newest value, and the clock of its park."""

    alert: Alert
    others: _Others
    facts: Facts
    zone: ZoneInfo

    @property
    def unit(self) -> str:
        """Of its values: a rule's own, such as a rise per minute, where it has a limit."""
        return unit_sign(self.alert.unit if self.alert.limit is None else self.alert.limit.unit)

    def amount(self, value: float) -> str:
        return f"{number(value)} {self.unit}"


def page_text(
    members: Sequence[Alert], facts: Facts, newest: Callable[[Alert], Newest | None] = lambda _: None
) -> tuple[Alert, dict[str, tuple[str, ...]]]:
    """The worst of these alerts, and the lines by language of a page that speaks of them all.

    Args:
        newest: what its sensor says now, where that is of the same quantity as its limit.
    """
    worst, *others = sorted(members, key=_worst_first)
    standing = tuple(alert for alert in others if alert.state is not AlertState.RETURNED)
    rest = _Others(standing, len(others) - len(standing))
    subject = _Subject(_renewed(worst, newest(worst)), rest, facts, ZoneInfo(facts.timezone))
    return worst, {"zh": tuple(_chinese(subject)), "en": tuple(_english(subject))}


def number(value: float) -> str:
    """Three significant digits, never an exponent; zero is shown as 0."""
    text = f"{value + 0.0:.3g}"  # adding zero takes the sign off a negative one
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{Decimal(text):f}" if "e" in text else text


def unit_sign(unit: str) -> str:
    """A unit as people write it."""
    return unit.replace("m3", "m³").replace("m2", "m²").replace("ug/", "µg/")


def _renewed(alert: Alert, newest: Newest | None) -> Alert:
    """The alert with what its sensor says now, where that is newer than what a finding told."""
    if newest is None or alert.limit is None or (alert.value_ns or 0) >= newest.time_ns:
        return alert
    value = newest.low if alert.limit.direction == "below" else newest.high
    if not isfinite(value):  # over range: there is at least so much, and no smallest value
        return alert
    return alert.model_copy(update={"value": value, "value_ns": newest.time_ns})


def _amount(subject: _Subject) -> Words | None:
    """The value for the first line; once it is not beyond its limit, or not known to be, what it reached."""
    alert = subject.alert
    limit, value, peak = alert.limit, alert.value, alert.peak
    if limit is None:
        return None if value is None else _both(subject.amount(value))
    if alert.condition is Condition.TRUE and value is not None and _beyond(limit, value):
        return _both(subject.amount(value))
    if peak is not None and _beyond(limit, peak):
        return Words(f"曾达 {subject.amount(peak)}", f"reached {subject.amount(peak)}")
    return None


def _values(subject: _Subject) -> Words | None:
    """The newest value, the worst one where it is another, each with its time; the limit, its source."""
    alert, limit = subject.alert, subject.alert.limit
    if limit is None:
        return None
    parts: list[Words] = []
    if alert.value is not None:
        at = _at(subject, alert.value_ns)
        amount = subject.amount(alert.value)
        parts.append(Words(f"最新 {amount}{at.zh}", f"latest {amount}{at.en}"))
    if alert.peak is not None and alert.peak != alert.value:
        at, amount, worst = _at(subject, alert.peak_ns), subject.amount(alert.peak), WORST[limit.direction]
        parts.append(Words(f"{worst.zh} {amount}{at.zh}", f"{worst.en} {amount}{at.en}"))
    named = _REFERENCE.sub("", limit.source)
    source = Words(f"（{named}）", f" ({named})") if named else Words("", "")
    bound = f"{_SIGNS[limit.direction]} {_bound(limit)}"
    parts.append(Words(f"报警条件 {bound}{source.zh}", f"alarm at {bound}{source.en}"))
    return Words("，".join(part.zh for part in parts), ", ".join(part.en for part in parts))


def _at(subject: _Subject, time_ns: int | None) -> Words:
    """A time in brackets, with its day where that is not the day of the onset."""
    if time_ns is None:
        return Words("", "")
    clock, onset = _clock(time_ns, subject.zone), _clock(subject.alert.onset_ns, subject.zone)
    if clock[:5] == onset[:5]:
        clock = clock[6:]
    return Words(f"（{clock}）", f" ({clock})")


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


def _chinese(subject: _Subject) -> list[str]:
    alert, others, facts = subject.alert, subject.others, subject.facts
    mark = SIMULATED_ZH if alert.simulated else ""
    amount, values, now = _amount(subject), _values(subject), _now(alert)
    what = f"{alert.quantity_name.zh} {amount.zh}，" if amount else f"{alert.quantity_name.zh} "
    todo = facts.rules[alert.rule].what_to_do if alert.rule in facts.rules else None
    lines = [
        f"{mark}{LEVELS[alert.level].zh} {alert.owner_name.zh} {alert.subject_name.zh}："
        f"{what}{alert.rule_title.zh}",
        *([now.zh] if now else []),
        *([f"处置：{todo.zh}"] if todo else []),
        *([values.zh] if values else []),
        f"始于 {_clock(alert.onset_ns, subject.zone)}，{TIERS[alert.tier].zh}级，{facts.park.zh}",
    ]
    if others.standing:
        names = "、".join(other.subject_name.zh for other in others.standing[:MOST_OTHERS])
        more = f"等 {len(others.standing)} 处" if len(others.standing) > MOST_OTHERS else ""
        lines.append(f"同时报警：{names}{more}")
    if others.back:
        lines.append(f"另有 {others.back} 处已恢复，尚无人确认")
    return lines


def _english(subject: _Subject) -> list[str]:
    alert, others, facts = subject.alert, subject.others, subject.facts
    mark = SIMULATED_EN if alert.simulated else ""
    amount, values, now = _amount(subject), _values(subject), _now(alert)
    what = f"{alert.quantity_name.en} {amount.en}" if amount else alert.quantity_name.en
    todo = facts.rules[alert.rule].what_to_do if alert.rule in facts.rules else None
    lines = [
        f"{mark}{LEVELS[alert.level].en} · {alert.owner_name.en} · {alert.subject_name.en}: "
        f"{what}, {alert.rule_title.en}",
        *([now.en] if now else []),
        *([f"do: {todo.en}"] if todo else []),
        *([values.en] if values else []),
        f"since {_clock(alert.onset_ns, subject.zone)}, {TIERS[alert.tier].en} tier, {facts.park.en}",
    ]
    if others.standing:
        names = ", ".join(other.subject_name.en for other in others.standing[:MOST_OTHERS])
        left = len(others.standing) - MOST_OTHERS
        lines.append(f"also in alarm: {names}" + (f" and {left} more" if left > 0 else ""))
    if others.back:
        lines.append(f"{others.back} more back to normal, not acknowledged yet")
    return lines
