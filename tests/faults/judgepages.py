"""Judges pages and actions: the receiver's own log against the ledger, and answers against the ledger."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.faults.evidence import Evidence, Row
from tests.faults.person import LATER, RECORDED
from tests.faults.words import UNKNOWN, Finding, failed, passed

DUE_LATE_SECONDS = 20.0  # a page that became due this long before the end must have been tried
OURS = {"webhook", "log"}

Attempt = tuple[str, int]


@dataclass(slots=True)
class _Pages:
    """The ledger's pages: as they became due and as they stand, and what else was written under one cause."""

    due: dict[str, Row] = field(default_factory=dict)
    last: dict[str, Row] = field(default_factory=dict)
    by_record: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))


def look_at_pages(evidence: Evidence) -> Iterator[Finding]:
    """Every page that became due was sent, or its call was answered or moved on before; none under a number
    that the journal does not know, and no number twice."""
    pages = _pages(evidence)
    attempts = {
        (row.said["page"], row.said["number"]): row.said["channel"]
        for row in reversed(evidence.logs["journal"])
        if row.kind == "attempt"
    }
    arrived: Counter[Attempt] = Counter()
    for event in evidence.of("page_arrived"):
        arrived[event["page"], event["attempt"]] += 1
    logged = evidence.pages_in_log()
    ends = evidence.events[-1]["at"]
    wrong = [f"{page} attempt {n} arrived {count} times" for (page, n), count in arrived.items() if count > 1]
    wrong += [
        f"{page} attempt {n} was sent and no attempt stands in the journal"
        for page, n in [*arrived, *logged]
        if (page, n) not in attempts
    ]
    states: Counter[str] = Counter()
    for page_id, due in pages.due.items():
        page = pages.last[page_id].said["page"]
        if not OURS & set(page["channels"]):
            states["watchdog's own"] += 1
            continue
        states[page["state"]] += 1
        wrong += _look(page, due, pages, arrived, logged, ends)
    repeated = sum(1 for count in Counter(page for page, _ in arrived).values() if count > 1)
    told = f"{len(pages.due)} due: " + ", ".join(
        f"{count} {state}" for state, count in sorted(states.items())
    )
    told += f"; {len(arrived)} arrived, {repeated} pages more than once"
    found = failed("pages", wrong) or passed("pages", told)
    yield found if pages.due else Finding("pages", UNKNOWN, "no page became due: this run says nothing")


def _look(
    page: dict[str, Any],
    due: Row,
    pages: _Pages,
    arrived: Counter[Attempt],
    logged: Counter[Attempt],
    ends: float,
) -> Iterator[str]:
    name = page["id"]
    for made in page["attempts"]:
        known = arrived if made["channel"] == "webhook" else logged
        if made["result"] == "delivered" and not known[name, made["n"]]:
            yield f"{name}: attempt {made['n']} counts as delivered and never came by {made['channel']}"
    if page["state"] == "delivered" and not any(made["result"] == "delivered" for made in page["attempts"]):
        yield f"{name}: delivered without an attempt that was"
    if page["attempts"]:
        if page["state"] == "due" and ends - due.seen > 3 * DUE_LATE_SECONDS:
            yield f"{name}: tried, and after {ends - due.seen:.0f} s neither delivered nor closed"
        return
    if page["state"] == "due":
        if ends - due.seen > DUE_LATE_SECONDS:
            yield f"{name}: due for {ends - due.seen:.0f} s and never tried"
        return
    row = pages.last[name]
    beside = pages.by_record[row.cause[1] if row.cause else -1]
    answered = any(
        one["kind"] == "alert"
        and one["change"] in ("acknowledged", "withdrawn")
        and (one["alert"]["id"] in page["alerts"])
        for one in beside
    )
    moved_on = any(
        one["kind"] == "page" and one["change"] == "due" and one["page"]["call"] == page["call"]
        for one in beside
    )
    if not answered and not moved_on:
        yield f"{name}: {page['state']} without an attempt, unanswered, and nothing took its place"


def _pages(evidence: Evidence) -> _Pages:
    pages = _Pages()
    for row in evidence.derived["alerts"]:
        said = row.said
        pages.by_record[row.cause[1] if row.cause else -1].append(said)
        if row.kind == "page":
            if said["change"] == "due":
                pages.due[said["page"]["id"]] = row
            pages.last[said["page"]["id"]] = row
    return pages


def look_at_actions(evidence: Evidence) -> Iterator[Finding]:
    """An action that was answered as recorded stands in the ledger exactly once; any other at most once."""
    answers: dict[str, list[int]] = {}
    for event in evidence.of("acted"):
        answers.setdefault(event["action"], []).append(event["status"])
    stands: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for row in evidence.derived["alerts"]:
        if row.kind == "refused":
            refused[row.said["reason"]] += 1
            stands[row.said["action"]] += 1
        elif row.kind == "alert" and row.said["action"] is not None:
            stands[row.said["action"]] += 1
    recorded = [action for action, statuses in answers.items() if RECORDED in statuses]
    wrong = [
        f"{action} was recorded and stands {stands[action]} times"
        for action in recorded
        if stands[action] != 1
    ]
    wrong += [f"{action} stands {count} times" for action, count in stands.items() if count > 1]
    odd = Counter(
        status for statuses in answers.values() for status in statuses if status not in (*LATER, RECORDED)
    )
    wrong += [f"{count} actions were answered {status}" for status, count in odd.items()]
    again = sum(len(statuses) > 1 for statuses in answers.values())
    told = f"{len(answers)} actions, {len(recorded)} recorded, {again} sent more than once, "
    told += f"{refused.total()} refused in the ledger"
    found = failed("actions", wrong) or passed("actions", told)
    yield found if recorded else Finding("actions", UNKNOWN, "nobody acknowledged anything")
