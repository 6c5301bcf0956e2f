"""One rung of a rule on one sensor in plain Python: the part of the reference that decides."""

import math
from typing import Any

SECOND = 1_000_000_000

Found = dict[str, Any]


def rungs_of(rule: dict[str, Any], sensor: dict[str, Any]) -> list[dict[str, Any]]:
    """A rule's rungs on one sensor; `evidence` is what every finding of a rung carries."""
    state = {"rule": rule["name"], "true": False, "since": None, "waits": None, "broken": None}
    if rule["kind"] == "silence":
        after = rule.get("after_seconds")
        after = max(60.0, 3 * sensor["interval"]) if after is None else float(after)
        level = rule.get("level", "attention")
        rung = {"op": "silence", "level": level, "on": round(after * SECOND), "known": True}
        return [state | rung | {"evidence": {"after_seconds": after}}]
    off = float(rule.get("off_delay_seconds", 0))
    rungs = []
    for rung in rule["levels"]:
        limit, on = rung["limit"], float(rung.get("on_delay_seconds", 0))
        lower = float(limit["lower"] if "lower" in limit else limit["value"])
        deadband = rule.get("deadband", {"fraction": 0.0})
        width = deadband["fraction"] * lower if "fraction" in deadband else deadband["value"]
        evidence = {"deadband": abs(width), "on_delay_seconds": on, "off_delay_seconds": off}
        what = {"op": rule.get("direction", "above"), "level": rung["level"], "known": False}
        ends = {"lower": lower, "upper": float(limit.get("upper", 0)), "deadband": abs(width)}
        delays = {"on": round(on * SECOND), "off": round(off * SECOND)}
        rungs.append(state | what | ends | delays | {"evidence": evidence})
    return rungs


def finding_of(
    sensor: dict[str, Any], rung: dict[str, Any], condition: str, since: int, why: str | None = None
) -> Found:
    what = {"kind": "finding", "rule": rung["rule"], "level": rung["level"], "subject": sensor["id"]}
    return what | {"condition": condition, "since_ns": since, "reason": why, "evidence": rung["evidence"]}


def forget(rung: dict[str, Any]) -> bool:
    """The rung cannot tell and waits for nothing; true where it could tell before."""
    if rung["op"] == "silence":
        return False
    rung["waits"] = rung["broken"] = None
    could = bool(rung["known"])
    rung["known"] = False
    return could


def cannot_tell(sensor: dict[str, Any], since: int, why: str) -> list[Found]:
    sensor["why"] = why
    return [finding_of(sensor, rung, "unknown", since, why) for rung in sensor["rungs"] if forget(rung)]


def worse(rung: dict[str, Any], said: list[tuple[float, bool]]) -> float:
    """Of all values of one time the one that counts; a lower bound never counts as low."""
    most = max(value for value, _ in said)
    least = min((value for value, bound in said if not bound), default=math.inf)
    if rung["op"] == "outside":
        return least if least - rung["lower"] <= rung["upper"] - most else most
    return most if rung["op"] == "above" else least


def decide(sensor: dict[str, Any], rung: dict[str, Any], time: int, bound: bool, amends: bool) -> list[Found]:
    """A usable value, or a lower bound, on one rung."""
    op, lower, upper, deadband = rung["op"], rung["lower"], rung["upper"], rung["deadband"]
    if bound:
        most = max(value for value, _ in sensor["said"])
        proves = (op == "above" and most >= lower) or (op == "outside" and most >= upper)
        if not proves:
            return [finding_of(sensor, rung, "unknown", time, "over_range")] if forget(rung) else []
    value = worse(rung, sensor["said"])
    beyond = {
        "above": value >= lower,
        "below": value <= lower,
        "outside": value <= lower or value >= upper,
    }[op]
    is_back = {
        "above": value < lower - deadband,
        "below": value > lower + deadband,
        "outside": lower + deadband < value < upper - deadband,
    }[op]
    was = (rung["known"], rung["true"])
    wanted = is_back if rung["true"] else beyond
    goal, delay = ("false", rung["off"]) if rung["true"] else ("true", rung["on"])
    if wanted:
        kept = rung["broken"] if amends and goal == "true" else None
        rung["waits"] = rung["waits"] or kept or {"for": goal, "since": time, "tick": None}
        rung["broken"] = None
        if time - rung["waits"]["since"] >= delay:
            rung["true"], rung["since"], rung["waits"] = goal == "true", rung["waits"]["since"], None
    else:
        # A running on-delay that this reading breaks off is kept aside for a worse value of the same time.
        aside = rung["waits"] if goal == "true" else None
        rung["broken"] = aside or (rung["broken"] if amends else None)
        rung["waits"] = None
    rung["known"] = True
    if was == (True, rung["true"]):
        return []
    if not was[0] and not rung["true"] and not was[1]:
        rung["since"] = time
    return [finding_of(sensor, rung, "true" if rung["true"] else "false", rung["since"]) | {"by": value}]
