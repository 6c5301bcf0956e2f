"""One rung of a rule on one sensor in plain Python: the part of the reference that decides."""

import copy
import math
from typing import Any

SECOND = 1_000_000_000
NEW_EXTREME_EVERY = 10 * SECOND
MEANS = ("average",)
TELLS_EXTREME = ("threshold", "average", "rate", "trend", "deviation")

Found = dict[str, Any]
Rung = dict[str, Any]
Sensor = dict[str, Any]


def new_rung(rule: Any, number: int, plan: dict[str, Any]) -> Rung:
    """A rung in its first state; `base` is its state before the newest reading's time."""
    state = {"known": False, "true": False, "since": 0, "wait": None, "extreme": None, "extreme_at": None}
    told = {"told": None, "told_extreme": None, "told_at": None, "base": None, "base_time": None}
    return (
        {"rule": rule["name"], "kind": rule["kind"], "number": number, "signal": None} | plan | told | state
    )


STATE = ("known", "true", "since", "wait", "extreme", "extreme_at")


def state_of(rung: Rung) -> dict[str, Any]:
    return {name: copy.copy(rung[name]) for name in STATE}


def beyond(rung: Rung, value: float) -> bool:
    if rung["op"] == "above":
        return bool(value >= rung["lower"])
    if rung["op"] == "below":
        return bool(value <= rung["lower"])
    return bool(value <= rung["lower"] or value >= rung["upper"])


def is_back(rung: Rung, value: float) -> bool:
    lower, upper, deadband = rung["lower"], rung["upper"], rung["deadband"]
    if rung["op"] == "above":
        return bool(value < lower - deadband)
    if rung["op"] == "below":
        return bool(value > lower + deadband)
    return bool(lower + deadband < value < upper - deadband)


def is_worse(rung: Rung, value: float, than: float) -> bool:
    if rung["op"] == "above":
        return value > than
    if rung["op"] == "below":
        return value < than

    def past(one: float) -> float:
        return max(rung["lower"] - one, one - rung["upper"])

    return past(value) > past(than)


def worst_said(rung: Rung, sensor: Sensor) -> float:
    """Of all values of one time the one that counts; a lower bound never counts as low."""
    most = max((value for value, _ in sensor["said"]), default=-math.inf)
    least = min((value for value, bound in sensor["said"] if not bound), default=math.inf)
    if rung["op"] == "outside":
        return least if least - rung["lower"] <= rung["upper"] - most else most
    return most if rung["op"] == "above" else least


def finding_of(
    sensor: Sensor, rung: Rung, condition: str, since: int, why: str | None = None, *, was_true: bool = False
) -> Found:
    what = {"kind": "finding", "rule": rung["rule"], "level": rung["level"], "subject": sensor["id"]}
    evidence = dict(rung["evidence"])
    if (was_true or rung["true"]) and rung["kind"] != "silence":
        evidence |= {"extreme": rung["extreme"], "extreme_at_ns": rung["extreme_at"]}
        rung["told_extreme"], rung["told_at"] = rung["extreme"], "next"
    rung["told"] = condition
    return what | {"condition": condition, "since_ns": since, "reason": why, "evidence": evidence}


def forget(rung: Rung) -> None:
    """It waits for nothing, and what was decided stands."""
    rung["wait"] = rung["base"] = rung["base_time"] = None


def cannot_tell(sensor: Sensor, since: int, why: str) -> list[Found]:
    """All rungs, from now on, whatever else is said of this time."""
    sensor["why"] = why
    found = []
    for rung in sensor["rungs"]:
        if rung["kind"] != "silence":
            forget(rung)
            rung["known"] = False
            if rung["told"] in ("true", "false"):
                found.append(finding_of(sensor, rung, "unknown", since, why))
    return found


def _unproven(sensor: Sensor, rung: Rung, value: float) -> bool:
    """Where some readings of this time prove nothing: only what is beyond the limit is known."""
    if not beyond(rung, value):
        return True
    if not sensor["bound"] or rung["op"] == "above":
        return False
    if rung["kind"] in ("threshold", "out_of_range"):
        least = min((one for one, bound in sensor["said"] if not bound), default=math.inf)
        return rung["op"] == "outside" and value < rung["upper"] and least > rung["lower"]
    return rung["op"] == "below" or value < rung["upper"]


def decide(sensor: Sensor, rung: Rung, signal: float, time: int, why: str | None) -> list[Found]:
    """All that was said of this time on one rung; `why` where it proves only what is beyond a limit."""
    waited = rung["wait"]
    if rung["base_time"] == time:
        rung.update(copy.deepcopy(rung["base"]))
    else:
        rung["base"], rung["base_time"] = state_of(rung), time
    value = worst_said(rung, sensor) if rung["kind"] in ("threshold", "out_of_range") else signal
    if rung["kind"] == "out_of_range" and sensor["bound"]:
        value = max(rung["upper"], *(one for one, _ in sensor["said"]))
    was_true = rung["true"]
    if not math.isfinite(value):
        why = why or ("too_much_data" if value == -math.inf else "too_little_data")
        rung["known"], rung["wait"] = False, None
    elif why is not None and _unproven(sensor, rung, value):
        rung["known"], rung["wait"] = False, None
    else:
        why = None
        _known(rung, value, time, waited)
    rung["signal"] = value
    condition = "unknown" if not rung["known"] else "true" if rung["true"] else "false"
    if condition == rung["told"] or (condition == "unknown" and rung["told"] is None):
        return []
    since = time if condition == "unknown" else rung["since"]
    found = finding_of(sensor, rung, condition, since, why, was_true=was_true)
    return [found if condition == "unknown" else found | {"by": value} | aux_of(rung)]


def aux_of(rung: Rung) -> Found:
    """The second number that explains a signal."""
    return {"aux": {}} if rung.get("source") is None else {"aux": dict(rung["source"].aux)}


def _known(rung: Rung, value: float, time: int, waited: dict[str, Any] | None) -> None:
    if not rung["known"] and not rung["true"]:
        rung["since"] = time
    rung["known"] = True
    wanted = is_back(rung, value) if rung["true"] else beyond(rung, value)
    goal, delay = ("false", rung["off"]) if rung["true"] else ("true", rung["on"])
    if rung["true"] and is_worse(rung, value, rung["extreme"]):
        rung["extreme"], rung["extreme_at"] = value, time
    if not wanted:
        rung["wait"] = None
        return
    if rung["wait"] is None:
        rung["wait"] = {"for": goal, "since": time, "tick": "next"}
        # Another reading of this time may have begun it before a tick.
        if waited is not None and waited["for"] == goal and waited["since"] == time:
            rung["wait"]["tick"] = waited["tick"]
        if goal == "true":
            rung["extreme"] = None
    if goal == "true" and (rung["extreme"] is None or is_worse(rung, value, rung["extreme"])):
        rung["extreme"], rung["extreme_at"] = value, time
    if time - rung["wait"]["since"] >= delay:
        rung["true"], rung["since"], rung["wait"] = goal == "true", rung["wait"]["since"], None


def contradict(sensor: Sensor, time: int, value: float, bound: bool) -> None:
    """A late reading: what it speaks against begins anew at the newest reading."""
    for rung in sensor["rungs"]:
        if rung["kind"] not in ("threshold", "out_of_range"):
            continue
        against = {"true": not bound and not beyond(rung, value), "false": not is_back(rung, value)}
        if bound and rung["op"] != "above" and not (rung["op"] == "outside" and value >= rung["lower"]):
            against["false"] = False
        wait = rung["wait"]
        if wait is not None and against[wait["for"]] and wait["since"] <= time:
            rung["wait"] = {"for": wait["for"], "since": sensor["newest"], "tick": "next"}
        if rung["base_time"] == sensor["newest"] and rung["base"]["wait"] is not None:
            wait = rung["base"]["wait"]
            if against[wait["for"]] and wait["since"] <= time:
                rung["base"]["wait"] = None


def rung_at_tick(sensor: Sensor, rung: Rung, now: int, ends: int | None) -> list[tuple[int, Found]]:
    """What is due on a rung; `ends` is when the sensor's hold time does."""
    for wait_of in (rung, rung["base"]):
        wait = None if wait_of is None else wait_of["wait"]
        if wait is not None:
            wait["tick"] = now if wait["tick"] == "next" else wait["tick"]
            if wait["tick"] > now:
                wait_of["wait"] = None
    due: list[tuple[int, Found]] = []
    wait = rung["wait"]
    if wait is not None and rung["known"]:
        at = wait["tick"] + (rung["on"] if wait["for"] == "true" else rung["off"])
        if at <= now and at <= (ends or 0):
            rung["true"], rung["since"], rung["wait"] = wait["for"] == "true", wait["since"], None
            rung["base"] = rung["base_time"] = None
            found = finding_of(sensor, rung, wait["for"], rung["since"], was_true=True)
            due.append((at, found | {"value": rung["signal"]} | aux_of(rung)))
    if rung["true"] and rung["kind"] in TELLS_EXTREME:
        if rung["told_at"] == "next" or rung["told_at"] > now:
            rung["told_at"] = now
        if rung["extreme"] != rung["told_extreme"] and rung["told_at"] + NEW_EXTREME_EVERY <= now:
            rung["told_extreme"], rung["told_at"] = rung["extreme"], now
            due.append((now, _news(sensor, rung)))
    return due


def _news(sensor: Sensor, rung: Rung) -> Found:
    what = {"kind": "extreme", "rule": rung["rule"], "level": rung["level"], "subject": sensor["id"]}
    return what | {
        "since_ns": rung["since"],
        "extreme": rung["extreme"],
        "extreme_at_ns": rung["extreme_at"],
    }
