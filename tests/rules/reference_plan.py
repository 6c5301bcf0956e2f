"""A rule and a sensor in, the reference's signal and rungs out, as rules/kinds should plan them."""

import math
from typing import Any

from tests.rules.reference_means import Ewma, Mean, MeanOfParts, Minutes, Noise
from tests.rules.reference_rung import Rung, new_rung
from tests.rules.reference_signals import Plain, Rate, Scatters, Stuck, Trend

SECOND = 1_000_000_000
PER = {"s": 1.0, "min": 60.0, "h": 3600.0}


def rules_of(rule: dict[str, Any], sensor: dict[str, Any]) -> list[tuple[Any, list[Rung]]]:
    """One signal and its rungs; limits are written in the sensor's unit."""
    signal, plans = PLANS[rule["kind"]](rule, sensor)
    rungs = [new_rung(rule, number, plan) for number, plan in enumerate(plans)]
    for rung in rungs:
        rung["source"] = signal
    if rule["kind"] == "silence":
        rungs[0]["known"] = True
    return [(signal, rungs)]


def _plan(
    level: str, op: str, lower: float, on: float, off: float, evidence: dict[str, float], **more: float
) -> dict[str, Any]:
    delays = {"on": round(on * SECOND), "off": round(off * SECOND)}
    return {"level": level, "op": op, "lower": lower, "upper": 0.0, "deadband": 0.0, "evidence": evidence} | (
        delays | more
    )


def _silence(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    after = rule.get("after_seconds")
    after = max(60.0, 3 * sensor["interval"]) if after is None else float(after)
    level = rule.get("level", "attention")
    return Plain(), [_plan(level, "above", 0.0, after, 0.0, {"after_seconds": after})]


def _ladder(rule: dict[str, Any]) -> list[dict[str, Any]]:
    off = float(rule.get("off_delay_seconds", 0))
    plans = []
    for rung in rule["levels"]:
        limit, on = rung["limit"], float(rung.get("on_delay_seconds", 0))
        lower = float(limit["lower"] if "lower" in limit else limit["value"])
        deadband = rule.get("deadband", {"fraction": 0.0})
        width = abs(deadband["fraction"] * lower if "fraction" in deadband else deadband["value"])
        evidence = {"deadband": width, "on_delay_seconds": on, "off_delay_seconds": off}
        ends = {"upper": float(limit.get("upper", 0)), "deadband": width}
        plans.append(_plan(rung["level"], rule.get("direction", "above"), lower, on, off, evidence, **ends))
    return plans


def _threshold(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    return Plain(), _ladder(rule)


def _signed(rule: dict[str, Any], falls: bool, size: list[float], **more: float) -> list[dict[str, Any]]:
    """Rungs whose limit is a size, downwards where `falls`."""
    off = float(rule.get("off_delay_seconds", 0))
    plans = []
    for rung, limit in zip(rule["levels"], size, strict=True):
        on = float(rung.get("on_delay_seconds", 0))
        width = rule.get("deadband_fraction", 0.0) * abs(limit)
        evidence = {"deadband": width, "on_delay_seconds": on, "off_delay_seconds": off} | more
        op = "below" if falls else "above"
        plans.append(_plan(rung["level"], op, -limit if falls else limit, on, off, evidence, deadband=width))
    return plans


def _per_minute(limit: dict[str, Any]) -> float:
    return float(limit["value"]) * 1.0 / PER[limit["per"]] * 60.0


def _rate(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    sizes = [_per_minute(rung["limit"]) for rung in rule["levels"]]
    plans = _signed(rule, rule.get("direction") == "fall", sizes)
    return Rate(float(rule.get("over_seconds", 0)), sensor["interval"]), plans


def _trend(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    falls, horizon = rule.get("direction") == "fall", rule.get("horizon_seconds")
    if horizon is None:
        plans = _signed(rule, falls, [_per_minute(rung["limit"]) for rung in rule["levels"]])
    else:
        sizes = [float(rung["limit"]["value"]) for rung in rule["levels"]]
        plans = _signed(rule, falls, sizes, horizon_seconds=float(horizon))
        for plan, limit in zip(plans, sizes, strict=True):
            plan["lower"] = limit
    return Trend(rule, sensor["interval"]), plans


def _deviation(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    plans = _signed(rule, rule.get("direction") == "below", [float(rung["times"]) for rung in rule["levels"]])
    method, floor = rule.get("method", "window"), rule.get("least_scatter", 0.0)
    if method == "window":
        return Scatters(rule.get("readings", 300), floor), plans
    if method == "ewma":
        return Ewma(rule.get("weight", 0.05), floor), plans
    return Minutes(rule, sensor["interval"]), plans


def _average(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    exact = rule.get("window", "rolling") == "rolling" and rule["over_seconds"] <= 900
    return (Mean if exact else MeanOfParts)(rule, sensor["interval"]), _ladder(rule)


def _noisy(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    return Noise(rule.get("readings", 60)), _ladder(rule)


def _out_of_range(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    low, high = sensor["range"]
    margin = rule["margin_fraction"] * (high - low)
    on, off = float(rule.get("on_delay_seconds", 0)), float(rule.get("off_delay_seconds", 0))
    evidence = {"on_delay_seconds": on, "off_delay_seconds": off}
    ends = {"upper": math.nextafter(high + margin, math.inf)}
    lower = math.nextafter(low - margin, -math.inf)
    return Plain(), [_plan(rule.get("level", "attention"), "outside", lower, on, off, evidence, **ends)]


def _stuck(rule: dict[str, Any], sensor: dict[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    off = float(rule.get("off_delay_seconds", 0))
    evidence = {"tolerance": rule.get("tolerance", 0.0), "off_delay_seconds": off}
    level = rule.get("level", "attention")
    return Stuck(rule), [_plan(level, "above", float(rule["after_seconds"]), 0.0, off, evidence)]


PLANS = {
    "threshold": _threshold,
    "silence": _silence,
    "rate": _rate,
    "trend": _trend,
    "deviation": _deviation,
    "stuck": _stuck,
    "average": _average,
    "noisy": _noisy,
    "out_of_range": _out_of_range,
}
