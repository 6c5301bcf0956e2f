"""A receiver of pages with moods: it answers, refuses, hangs, cuts the line or is not there at all.

Each request is written into the history as it arrives and once more when it was answered.
"""

import json
import random
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.broker import free_port
from tests.faults.history import History

MOODS = {"well": 50, "slow": 10, "refuses": 12, "hangs": 10, "cuts": 8, "down": 10}
HANGS_SECONDS = 12.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class Receiver:
    """Listens on one port in changing moods until `settle`, then answers well."""

    def __init__(self, seed: int, history: History) -> None:
        self._chance = random.Random(f"{seed}/receiver")
        self._history = history
        self._port = free_port()
        self._server: _Server | None = None
        self._mood = "well"
        self._settled = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._change_moods, name="receiver", daemon=True)

    @property
    def page_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/pages"

    @property
    def watchdog_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/watchdog"

    def start(self) -> None:
        self._up()
        self._thread.start()

    def settle(self) -> None:
        """Answer well from here on."""
        self._settled.set()
        self._thread.join()
        self._take("well")

    def close(self) -> None:
        self._down()

    def _change_moods(self) -> None:
        while not self._settled.wait(self._chance.uniform(3.0, 14.0)):
            self._take(self._chance.choices(list(MOODS), list(MOODS.values()))[0])

    def _take(self, mood: str) -> None:
        self._mood = mood
        self._history.note("receiver", mood=mood)
        if mood == "down":
            self._down()
        else:
            self._up()

    def _up(self) -> None:
        if self._server is not None:
            return
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 20

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._answer(self, json.loads(body))

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = _Server(("127.0.0.1", self._port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _down(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        mood = self._mood
        if request.path != "/pages":
            self._history.note("watchdog_page", title=body.get("title"), kind=body.get("kind"))
            request.send_response(204)
            request.end_headers()
            return
        page: dict[str, Any] = {"page": body["page"], "attempt": body["attempt"]}
        self._history.note("page_arrived", **page, mood=mood, revision=body["revision"])
        if mood == "cuts":
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        if mood in ("hangs", "slow"):
            self._settled.wait(HANGS_SECONDS if mood == "hangs" else self._chance.uniform(0.5, 2.5))
        status = 500 if mood == "refuses" else 204
        try:
            request.send_response(status)
            request.end_headers()
            request.wfile.flush()
        except OSError:
            return  # whoever asked has gone
        self._history.note("page_answered", **page, status=status)
