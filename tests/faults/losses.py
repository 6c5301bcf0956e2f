"""What the broker acknowledged to the devices, compared with journal and dead letters.

A broker that is killed loses what it acknowledged since its last saving, at most about a second of its own
running time. Such losses are counted by the gaps they leave in the devices' sequence numbers; whatever else
is missing is our fault.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.evidence import Evidence
from tests.faults.words import UNKNOWN, Finding, failed, passed

# Saved once a second, beside other work on a busy machine; an acknowledgement is read a moment after it came.
SAVED_WITHIN_SECONDS = 2.5
READ_WITHIN_SECONDS = 1.0

Item = tuple[str, int] | str  # (sensor, sequence), or a dead letter's token
_TOKEN = re.compile(r"tok-[a-z0-9-]+?-\d+-")


@dataclass(frozen=True, slots=True)
class _Window:
    start: float
    end: float


def look_at_acknowledged(evidence: Evidence) -> Iterator[Finding]:
    """Acknowledged means in the journal or the dead letters, but for what a killed broker lost of its own."""
    sent: dict[tuple[str, int], list[Item]] = {}
    acknowledged: dict[Item, list[float]] = {}
    for event in evidence.of("sent", "acknowledged"):
        message = (event["device"], event["message"])
        if event["event"] == "sent":
            sent[message] = [*((name, number) for name, number in event["readings"]), *event["dead"]]
        else:
            for item in sent[message]:
                acknowledged.setdefault(item, []).append(event["at"])
    found = _found(evidence)
    windows = list(_windows(evidence))
    missing = {item: times for item, times in acknowledged.items() if item not in found}
    by_broker = {
        item
        for item, times in missing.items()
        if all(any(w.start <= t <= w.end for w in windows) for t in times)
    }
    ours = [f"{item} acknowledged at {times}" for item, times in missing.items() if item not in by_broker]
    never = sum(item not in acknowledged for items in sent.values() for item in items)
    told = f"{len(acknowledged)} acknowledged readings and bad messages, 0 lost"
    yield failed("acknowledged", ours) or passed("acknowledged", told)
    if never:
        yield Finding(
            "devices", UNKNOWN, f"{never} were never acknowledged: the run ended too early for them"
        )
    yield _gaps(
        evidence, found, {item for item in by_broker if not isinstance(item, str)}, by_broker, windows
    )


def _gaps(
    evidence: Evidence,
    found: set[Item],
    lost: set[tuple[str, int]],
    by_broker: set[Item],
    windows: list[_Window],
) -> Finding:
    """The gaps in the sequence numbers are exactly what the broker lost, counted here without its help."""
    of_sensor: dict[str, set[int]] = {}
    for item in found:
        if not isinstance(item, str):
            of_sensor.setdefault(item[0], set()).add(item[1])
    gaps = {
        (sensor, number)
        for sensor, numbers in of_sensor.items()
        for number in range(max(numbers))
        if number not in numbers
    }
    # What was lost at the end of a sensor's numbers leaves no gap yet.
    inside = {item for item in lost if item[1] < max(of_sensor.get(item[0], {0}))}
    wrong = [
        f"gap at {sensor} {number} that no loss of the broker's explains"
        for sensor, number in sorted(gaps - lost)
    ]
    wrong += [f"{sensor} {number} was lost and leaves no gap" for sensor, number in sorted(inside - gaps)]
    told = f"{len(windows)} broker kills lost {len(by_broker)} acknowledged: {len(gaps)} as gaps, "
    told += f"{len(by_broker) - len(lost)} bad messages"
    return failed("sequence gaps", wrong) or passed("sequence gaps", told)


def _found(evidence: Evidence) -> set[Item]:
    found: set[Item] = {
        (sensor, sequence) for batch in evidence.batches for sensor, _, sequence, _ in batch.readings
    }
    letters: Counter[str] = Counter()
    for row in evidence.logs["deadletter"]:
        letters.update(_TOKEN.findall(str(row.said.get("raw"))))
    return found | set(letters)


def _windows(evidence: Evidence) -> Iterator[_Window]:
    """Before each kill of the broker: its last seconds of running, whatever time it was held in them."""
    held: list[_Window] = []
    since: float | None = None
    for event in evidence.of("broker_pause", "broker_resume", "broker_kill", "broker_start"):
        at = event["at"]
        if event["event"] == "broker_pause":
            since = at
        elif event["event"] == "broker_resume":
            if since is not None:
                held.append(_Window(since, at))
            since = None
        elif event["event"] == "broker_kill":
            start, left = at, SAVED_WITHIN_SECONDS
            if since is not None:
                start = since
            for pause in reversed(held):
                if pause.end < start - left:
                    break
                left -= max(0.0, start - pause.end)
                start = pause.start
            yield _Window(start - left, at + READ_WITHIN_SECONDS)
            since = None
