"""A person at the screen, who answers most alerts and tries again under one id until it is recorded."""

import random
import threading
from typing import Any
from urllib.parse import quote

import httpx

from tests.faults.history import History

AGAIN_SECONDS = 0.4
RECORDED, UNREACHABLE = 202, 0
LATER = (UNREACHABLE, 429, 503)  # not known to be recorded, or asked too often: the same again


class Person:
    """Looks at the alerts that are open, and answers some of them.

    Args:
        address: of the station's web.
    """

    def __init__(self, seed: int, history: History, address: str) -> None:
        self._chance = random.Random(f"{seed}/person")
        self._history = history
        self._http = httpx.Client(base_url=address, timeout=3.0)
        self._stop = threading.Event()
        self._seen: dict[tuple[str, int], float] = {}  # alert and level revision → when to answer; inf: never
        self._thread = threading.Thread(target=self._run, name="person", daemon=True)
        self._actions = 0
        self.answers_all = False

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Do no more; what is open can still be asked."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def close(self) -> None:
        self.end()
        self._http.close()

    def open_unanswered(self) -> int | None:
        """How many alerts wait for an answer; none where nobody says."""
        found = self._alerts()
        return None if found is None else sum(_waits(alert) for alert in found)

    def _run(self) -> None:
        while not self._stop.wait(self._chance.uniform(0.3, 1.2)):
            for alert in self._alerts() or []:
                if _waits(alert) and self._wants(alert):
                    self._acknowledge(alert)

    def _alerts(self) -> list[dict[str, Any]] | None:
        try:
            answer = self._http.get("/api/alerts?state=open")
            if answer.status_code != 200:
                return None
            found: list[dict[str, Any]] = answer.json()["alerts"]
            return found
        except (httpx.HTTPError, ValueError):
            return None

    def _wants(self, alert: dict[str, Any]) -> bool:
        key = (alert["id"], alert["level_revision"])
        if key not in self._seen:
            waits = self._chance.uniform(0.5, 20.0) if self._chance.random() < 0.7 else float("inf")
            self._seen[key] = self._history.now() + waits
        return self.answers_all or self._history.now() >= self._seen[key]

    def _acknowledge(self, alert: dict[str, Any]) -> None:
        self._actions += 1
        action = f"act-{self._actions}-{self._chance.getrandbits(32):08x}"
        body = {"name": "张伟", "revision": alert["revision"], "action_id": action}
        again = self._chance.random() < 0.15  # pressed twice
        tries = 0
        while not self._stop.is_set():
            tries += 1
            status, said = self._post(alert["id"], body)
            self._history.note(
                "acted", action=action, alert=alert["id"], status=status, tries=tries, said=said
            )
            if status == RECORDED:
                if again:
                    again = False
                    continue
                break
            if status not in LATER:
                break
            self._stop.wait(AGAIN_SECONDS)

    def _post(self, alert: str, body: dict[str, Any]) -> tuple[int, str]:
        try:
            answer = self._http.post(f"/api/alerts/{quote(alert, safe='')}/acknowledge", json=body)
            return answer.status_code, "" if answer.status_code == RECORDED else answer.text[:300]
        except httpx.HTTPError as error:
            return UNREACHABLE, type(error).__name__


def _waits(alert: dict[str, Any]) -> bool:
    return alert["state"] in ("unacknowledged", "returned") and alert["level"] != "attention"
