"""How long it took to be well again: history and witness in, times by what happened out.

Only what was left in peace counts: no other fault between the beginning and the recovery.
"""

from collections.abc import Iterator
from statistics import median

from tests.faults.evidence import Evidence

DISTURBS = {
    "fault",
    "station_kill",
    "station_stop",
    "station_pause",
    "broker_kill",
    "broker_stop",
    "broker_pause",
}


def times(evidence: Evidence) -> dict[str, list[float]]:
    """Seconds by what was measured."""
    found: dict[str, list[float]] = {
        "first start to ready, compiling": [],
        "start to ready": [],
        "start to first tick folded": [],
        "kill to first tick folded, waiting included": [],
        "broker back to first reading in the journal": [],
        "station held, let go to first tick folded": [],
    }
    events = evidence.events
    folded = [(row.seen, int(row.said["to_ns"])) for row in evidence.logs["findings"] if row.kind == "folded"]
    batches = [batch.seen for batch in evidence.batches if batch.readings]
    first_ready = next(
        (n for n, event in enumerate(events) if event["event"] == "station_ready"), len(events)
    )
    killed_at: float | None = None
    for number, event in enumerate(events):
        name, at = event["event"], event["at"]
        quiet_until = next(
            (one["at"] for one in events[number + 1 :] if one["event"] in DISTURBS), float("inf")
        )
        if name == "station_kill":
            killed_at = at
        elif name == "station_start":
            ready = _first(
                one["at"]
                for one in events[number:]
                if one["event"] == "station_ready" and one["at"] < quiet_until
            )
            again = _first(
                seen for seen, to_ns in folded if to_ns > event["wall_ns"] and at < seen < quiet_until
            )
            if event["number"] == 1:
                _add(found["first start to ready, compiling"], at, ready)
                continue
            _add(found["start to ready"], at, ready)
            _add(found["start to first tick folded"], at, again)
            if killed_at is not None:
                _add(found["kill to first tick folded, waiting included"], killed_at, again)
            killed_at = None
        elif name in ("broker_start", "broker_resume") and number > first_ready:
            back = _first(seen for seen in batches if at < seen < quiet_until)
            _add(found["broker back to first reading in the journal"], at, back)
        elif name == "station_resume":
            again = _first(
                seen for seen, to_ns in folded if to_ns > event["wall_ns"] and at < seen < quiet_until
            )
            _add(found["station held, let go to first tick folded"], at, again)
    return found


def lines(found: dict[str, list[float]]) -> Iterator[str]:
    """A line for each, with count, median and the longest."""
    for what, seconds in found.items():
        if seconds:
            told = f"p50 {median(seconds):6.2f} s   max {max(seconds):6.2f} s"
            yield f"{what:<46}{len(seconds):>4}   {told}"


def _first(seconds: Iterator[float]) -> float | None:
    return next(seconds, None)


def _add(to: list[float], began: float, done: float | None) -> None:
    if done is not None:
        to.append(done - began)
