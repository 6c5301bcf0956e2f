"""A case of tests/cases/rules in; what the engine found while it was played, beside what the case expects.

A case is played in seconds after the start. `given` is a list of:
    {at: 5, reads: 12}           a reading; also `of` (event time, else `at`), `quality`, `sequence`, `sensor`
    {at: 90, from: 0, every: 5, series: "0x3 12x15"}   several in one batch, in the notation of rule examples
    {at: 5, letters: [[key, reason]]}                  what could not be read
    {tick: 6}, {ticks: [7, 30]}  ticks; the second stands for one a second, both ends included
    {back_to: 100}               a person puts log time back
    {restart: true}              the state goes through bytes
    {change: {rules: [...], sensors: [...]}, gone: [[rule, level, sensor]]}
    {quarantine: [sensor]}
`expect` lists every finding in order, by the keys it names; `at` is when it was found.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fenceline.vocabulary import QUALITY_BY_WORD
from rules.config import Timing
from rules.series import parse_series
from tests.rules.engines import SECOND, START, Engine, Row, as_dicts, sensor
from tests.rules.reference import Reference

CASES = Path(__file__).resolve().parent.parent / "cases" / "rules"
COMMON = yaml.safe_load((CASES / "_common.yaml").read_text("utf-8"))
SENSOR = {"id": "s", "hold": 20, "interval": 5}


def ns(seconds: float) -> int:
    return START + round(seconds * SECOND)


def rules_named(names: list[str | dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules of _common.yaml by name, or written out."""
    return [COMMON["rules"][name] | {"name": name} if isinstance(name, str) else name for name in names]


@dataclass
class Played:
    """What came out of a case."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    gone: list[tuple[list[Any], list[Any]]] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)
    cannot_tell: dict[str, str] = field(default_factory=dict)
    gaps: int = 0


def rows_of(step: dict[str, Any]) -> list[Row]:
    name, quality = step.get("sensor", "s"), int(QUALITY_BY_WORD[step.get("quality", "good")])
    if "series" in step:
        samples = parse_series(step["series"])
        return [
            (name, ns(step["from"] + step["every"] * place), sample.value, int(sample.quality), -1)
            for place, sample in enumerate(samples)
            if sample is not None
        ]
    if "reads" not in step:
        return []
    time = ns(step.get("of", step["at"]))
    return [(name, time, float(step["reads"]), quality, step.get("sequence", -1))]


def ticks_of(step: dict[str, Any]) -> list[int]:
    if "tick" in step:
        return [ns(step["tick"])]
    if "ticks" in step:
        first, last = step["ticks"]
        return [ns(second) for second in range(first, last + 1)]
    return []


class Play:
    """The case on the real engine."""

    def __init__(self, case: dict[str, Any], *, restarting: bool = False) -> None:
        self.case, self.restarting = case, restarting
        self.engine = Engine(self._placed(case), rules_named(case["rules"]), Timing(**case.get("timing", {})))
        self.played = Played()

    @staticmethod
    def _placed(case: dict[str, Any]) -> list[Any]:
        given = [SENSOR | one for one in case.get("sensors", [SENSOR])]
        return [sensor(one.pop("id"), **one) for one in given]

    def run(self) -> Played:
        for step in self.case["given"]:
            self._step(step)
            if self.restarting or "restart" in step:
                self.engine.restart()
        real = self.engine.real
        self.played.account = real.account.model_dump()
        self.played.cannot_tell = real.cannot_tell()
        return self.played

    def _step(self, step: dict[str, Any]) -> None:
        engine = self.engine
        if "at" in step:
            letters = tuple((key, reason) for key, reason in step.get("letters", ()))
            self._found(step["at"], engine.batch(rows_of(step), ns(step["at"]), letters))
        elif "back_to" in step:
            engine.log = ns(step["back_to"])
        elif "change" in step:
            change = {"rules": self.case["rules"], "sensors": self.case.get("sensors", [SENSOR])}
            change |= step["change"]
            gone = engine.change(self._placed(change), rules_named(change["rules"]))
            self.played.gone.append((step.get("gone", []), [list(one) for one in gone]))
        elif "quarantine" in step:
            found = as_dicts(engine.real.quarantine(step["quarantine"], engine.log))
            self._found((engine.log - START) / SECOND, found)
        for now in ticks_of(step):
            self._found((now - START) / SECOND, engine.tick(now))

    def _found(self, at: float, records: list[dict[str, Any]]) -> None:
        self.played.gaps += sum(record["kind"] == "gap" for record in records)
        self.played.findings += [_told(at, record) for record in records if record["kind"] == "finding"]


def by_reference(case: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The case on the plain fold; none where it holds what that does not know."""
    if any({"change", "quarantine", "restart"} & step.keys() for step in case["given"]):
        return None
    timing = Timing(**case.get("timing", {}))
    names = {"delayed": "delayed_after_seconds", "duplicate": "duplicate_seconds", "ahead": "ahead_seconds"}
    reference = Reference(
        [SENSOR | one for one in case.get("sensors", [SENSOR])],
        rules_named(case["rules"]),
        {short: getattr(timing, name) for short, name in names.items()},
    )
    log, found = 0, []
    for step in case["given"]:
        if "at" in step:
            letters = tuple((key, reason) for key, reason in step.get("letters", ()))
            records = reference.batch(rows_of(step), ns(step["at"]), log, letters)
            found += [_told(step["at"], record) for record in records]
        log = ns(step["back_to"]) if "back_to" in step else log
        for now in ticks_of(step):
            records = reference.tick(log, now)
            found += [_told((now - START) / SECOND, r) for r in records if r["kind"] == "finding"]
            log = now
    return found


def _told(at: float, record: dict[str, Any]) -> dict[str, Any]:
    """A finding as a case writes it."""
    return {
        "at": at,
        "rule": record["rule"],
        "level": record["level"],
        "sensor": record["subject"],
        "condition": record["condition"],
        "since": (record["since_ns"] - START) / SECOND,
        "by": record["evidence"]["decided_by"],
        "value": record["value"],
        "reason": record["reason"],
        "quality": record["evidence"].get("quality"),
    }
