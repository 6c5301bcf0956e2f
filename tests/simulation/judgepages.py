"""The judge's part about pages: what was due, attempted, sent and received, against the journal's order.

Never sent before its attempt stands, by nobody but the first, at most once each, not after it was delivered;
never lost; the next step no earlier than its wait.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import orjson

from fenceline.bus import Topic
from tests.simulation.oracle import Oracle
from tests.simulation.oraclerungs import NS
from tests.simulation.park import ATTEMPTS_PER_CHANNEL, CHANNELS, RECEIPT_SECONDS, WAIT_SECONDS
from tests.simulation.rawledger import CauseKey
from tests.simulation.scenario import HEALED_AT, INGEST_UNTIL, Remains

# From the healing on everything works: a page that was due then has been sent, or given up, by the end.
SETTLED_NS = round((INGEST_UNTIL - HEALED_AT) * NS)


@dataclass(slots=True)
class Attempted:
    """The first attempt of a number."""

    offset: int
    channel: str
    nonce: str


@dataclass(slots=True)
class OnePage:
    """A page as ledger, journal and channels tell it."""

    page: dict[str, Any]  # as it was first due
    due_at: int  # journal offset
    ended: str = ""
    ended_ns: int = 0
    ended_at: int = 0  # journal offset
    alerts: dict[str, int] = field(default_factory=dict)  # whom it names, since which journal offset
    attempts: dict[int, Attempted] = field(default_factory=dict)
    receipts: list[tuple[int, int, str]] = field(default_factory=list)  # offset, number, result


class Pages:
    """All pages of a run."""

    def __init__(
        self,
        remains: Remains,
        alerts: list[tuple[CauseKey, dict[str, Any]]],
        oracle: Oracle,
        fail: Callable[[str, object], None],
    ) -> None:
        self._remains, self._alerts, self._oracle, self._fail = remains, alerts, oracle, fail
        self._pages: dict[str, OnePage] = {}
        self._landed: dict[int, int] = {}  # journal offset → place in the history
        # As the ledger leaves them: the alerts, their calls, and how each call stands.
        self._newest: dict[str, dict[str, Any]] = {}
        self._call_of: dict[str, str] = {}
        self._calls: dict[str, dict[str, Any]] = {}

    def look(self) -> None:
        """Every promise about pages."""
        self._gather()
        self._sent_rightly()
        self._attempts_in_turn()
        self._none_lost()
        self._unanswered_is_paged()
        self._answered_is_left_alone()
        if not self._oracle.went_back:
            self._waits_are_kept()

    def _gather(self) -> None:
        for cause, record in self._alerts:
            self._call(record)
            if record["kind"] != "page":
                continue
            page = record["page"]
            known = self._pages.get(page["id"])
            if known is None:
                known = self._pages[page["id"]] = OnePage(page, cause[1])
                if record["change"] != "due":
                    self._fail("a page begins as due", page["id"])
            retold = known.ended == "delivered" == page["state"] and record["change"] == "updated"
            if known.ended and not retold:
                self._fail("a page that ended changes", (page["id"], record["change"]))
            for alert in page["alerts"]:
                known.alerts.setdefault(alert, cause[1])
            if page["state"] != "due" and not known.ended:
                known.ended, known.ended_ns, known.ended_at = page["state"], record["at_ns"], cause[1]
        for stored in self._remains.kept[Topic.JOURNAL]:
            if stored.kind not in ("attempt", "receipt") or stored.offset in self._oracle.poisoned:
                continue
            record = orjson.loads(stored.payload)
            known = self._pages.get(record["page"])
            if known is None:
                self._fail("a pager speaks of a page that never was due", record)
            elif stored.kind == "attempt":
                attempt = Attempted(stored.offset, record["channel"], record["nonce"])
                known.attempts.setdefault(record["number"], attempt)
            else:
                known.receipts.append((stored.offset, record["number"], record["result"]))
        for place, event in enumerate(self._remains.history):
            if event[1] == "landed" and event[2] == "journal":
                self._landed.update(dict.fromkeys(range(event[3], event[4]), place))

    def _call(self, record: dict[str, Any]) -> None:
        """Of a call the newest record has the last word, be it the call's own or an alert's."""
        alert = record["alert"] if record["kind"] == "alert" else None
        call = record.get("call") if alert is None else alert["call"]
        members = record.get("alerts", ()) if alert is None else (alert["id"],)
        if alert is not None:
            self._newest[alert["id"]] = alert
        if call is not None:
            self._calls[call["id"]] = call
            self._call_of.update(dict.fromkeys(members, call["id"]))

    def _sent_rightly(self) -> None:
        sent: set[tuple[str, int]] = set()
        for place, event in enumerate(self._remains.history):
            if event[1] != "send":
                continue
            _, _, name, number, way, uid, *_ = event
            page = self._pages.get(name)
            attempt = None if page is None else page.attempts.get(number)
            if page is None or attempt is None or self._landed[attempt.offset] > place:
                self._fail("sent before its attempt stands in the journal", event)
                continue
            if not attempt.nonce.startswith(f"{uid}/") or attempt.channel != way:
                self._fail("sent by another than the first attempt's pager", (event, attempt))
            if (name, number) in sent:
                self._fail("an attempt was sent twice", event)
            sent.add((name, number))
            over = [one for one in page.receipts if one[0] < attempt.offset and one[2] != "failed"]
            if over:
                self._fail("sent after it was delivered or given up", (event, attempt, over))
            before = page.attempts.get(number - 1)
            if before is not None and not self._may_follow(page, number - 1, before, attempt):
                self._fail("sent while the attempt before it may still be answered", (event, attempt))

    def _may_follow(self, page: OnePage, number: int, before: Attempted, attempt: Attempted) -> bool:
        """The one before failed, or stayed without a receipt for as long as was agreed."""
        if any(offset < attempt.offset and told == number for offset, told, _ in page.receipts):
            return True
        times, leaps = self._oracle.times, self._oracle.leaps
        ticks = [n for n in range(before.offset + 1, attempt.offset) if times[n] > times[n - 1]]
        if not ticks or self._oracle.went_back:
            return self._oracle.went_back
        leapt = sum(leaps[n] for n in ticks[1:])
        return times[attempt.offset] - times[ticks[0]] - leapt > RECEIPT_SECONDS * NS

    def _attempts_in_turn(self) -> None:
        for name, page in self._pages.items():
            numbers = sorted(page.attempts)
            if numbers != list(range(1, len(numbers) + 1)):
                self._fail("attempts are not numbered in turn", (name, numbers))
            ways = page.page["channels"]
            for number, attempt in page.attempts.items():
                turn = (number - 1) // ATTEMPTS_PER_CHANNEL
                if turn >= len(ways) or ways[turn] != attempt.channel or attempt.channel not in CHANNELS:
                    self._fail("attempts do not take the channels in turn", (name, number, attempt.channel))
            for offset, _, result in page.receipts:
                if result == "expired" and self._oracle.times[offset] <= page.page["expires_ns"]:
                    self._fail("given up before it expired", (name, offset))

    def _none_lost(self) -> None:
        received = {event[2] for event in self._remains.history if event[1] == "received"}
        for name, page in self._pages.items():
            if not page.ended and page.page["due_ns"] < self._oracle.log - SETTLED_NS:
                self._fail(
                    "a page is lost: due, and nothing became of it", (name, page.attempts, page.receipts)
                )
            if page.ended == "delivered" and name not in received:
                self._fail("told delivered, and nobody received it", name)
        told = {event[2] for event in self._remains.history if event[1] == "received"} - set(self._pages)
        if told:
            self._fail("received a page that the ledger never had", told)

    def _unanswered_is_paged(self) -> None:
        """Whoever stands unanswered, and long enough, was told of to somebody."""
        told: set[str] = set()
        for event in self._remains.history:
            if event[1] == "received":
                told |= set(event[5])
        for name, alert in self._newest.items():
            call = self._calls.get(self._call_of.get(name, ""))
            answered = call is not None and call["answered_by"] is not None
            waits = alert["state"] in ("unacknowledged", "returned") and alert["level"] != "attention"
            if (
                waits
                and not answered
                and alert["raised_ns"] < self._oracle.log - SETTLED_NS
                and name not in told
            ):
                self._fail("an unanswered alert was never paged", (name, alert["state"], call))

    def _answered_is_left_alone(self) -> None:
        """An acknowledgement ends every page of its call that is still due, at once, and begins none."""
        for cause, record in self._alerts:
            if record["kind"] != "alert" or record["change"] != "acknowledged":
                continue
            offset, alert = cause[1], record["alert"]["id"]
            calls = {page.page["call"] for page in self._pages.values() if alert in page.alerts}
            for name, page in self._pages.items():
                due = page.due_at <= offset and (not page.ended or page.ended_at >= offset)
                names_it = page.alerts.get(alert, offset + 1) <= offset
                if due and names_it and (page.ended, page.ended_at) != ("cancelled", offset):
                    self._fail("a page of an answered call is still due", (name, alert, offset))
            answered = record["alert"]["call"]
            if answered is not None and answered["id"] in calls and answered["answered_by"] is not None:
                later = [
                    name
                    for name, page in self._pages.items()
                    if page.page["call"] == answered["id"] and page.due_at > offset
                ]
                if later:
                    self._fail("an answered call pages on", (later, alert, offset))

    def _waits_are_kept(self) -> None:
        calls: dict[str, dict[tuple[int, int, int], list[OnePage]]] = {}
        rounds: dict[str, int] = {}
        last: dict[str, tuple[int, int]] = {}
        for page in self._pages.values():
            call, stands = page.page["call"], (page.page["cycle"], page.page["step"])
            if stands == (0, 0) and last.get(call, (0, 0)) != (0, 0):
                rounds[call] = rounds.get(call, 0) + 1  # a higher level began it anew
            last[call] = stands
            calls.setdefault(call, {}).setdefault((rounds.get(call, 0), *stands), []).append(page)
        for call, steps in calls.items():
            groups = list(steps.items())
            for (before, pages), (after, next_pages) in pairwise(groups):
                if after[1:] == (0, 0):
                    continue
                delivered = [page.ended_ns for page in pages if page.ended == "delivered"]
                failed = [page.ended_ns for page in pages if page.ended == "failed"]
                waited_from = min(delivered) if delivered else max(failed, default=None)
                due = min(page.page["due_ns"] for page in next_pages)
                if waited_from is None or due < waited_from + WAIT_SECONDS * NS:
                    self._fail("the next step came before its wait", (call, before, after, waited_from, due))
            self._goes_on(call, groups[-1][1])

    def _goes_on(self, call: str, pages: list[OnePage]) -> None:
        """Where nobody answers the next step comes, once its wait is over."""
        members = [self._newest[name] for name, of in self._call_of.items() if of == call]
        stand = any(alert["state"] in ("unacknowledged", "returned") for alert in members)
        unanswered = stand and self._calls[call]["answered_by"] is None
        delivered = [page.ended_ns for page in pages if page.ended == "delivered"]
        failed = [page.ended_ns for page in pages if page.ended == "failed"]
        if not delivered and len(failed) < len(pages):
            return
        over = (min(delivered) if delivered else max(failed)) + (WAIT_SECONDS + 2.5) * NS
        leapt = sum(
            leap for time, leap in zip(self._oracle.times, self._oracle.leaps, strict=True) if time > over
        )
        if unanswered and self._oracle.log - leapt > over:
            self._fail("nobody answered, and the next step did not come", (call, over, self._oracle.log))
