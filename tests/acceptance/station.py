"""Fenceline as a user runs it: the real process with its broker, asked over HTTP, and a receiver of pages."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from console.watchdog.place import read_door
from tests.broker import free_port

ROOT = Path(__file__).resolve().parents[2]
PARK = "demo"
SENSOR, DEVICE, OWNER = "e01-u1-cl2-1", "e01-gds-u1", "e01"
TOPIC = f"fenceline/{PARK}/{OWNER}/{DEVICE}/readings"
START_SECONDS = 60.0  # a first start compiles its kernels
WITHIN_SECONDS = 10.0  # the tolerance of every timeline, in one place
POLL_SECONDS = 0.05

# The delays of the demonstration park shortened, so that a timeline needs no waiting.
RULES = """\
rules:
  - name: toxic-gas
    kind: threshold
    title: {zh: 有毒气体达到报警值, en: toxic gas at alarm set point}
    watches: {placement: [unit], quantity: [cl2]}
    levels:
      - {level: blue, limit: alarm_1, on_delay_seconds: 10}
      - {level: yellow, limit: alarm_2, on_delay_seconds: 3}
    deadband: {fraction: 0.1}
    off_delay_seconds: 2
"""


class PageReceiver:
    """A web server that takes pages, as a site's own would."""

    def __init__(self) -> None:
        self.arrived: list[tuple[dict[str, Any], float]] = []  # with `time.perf_counter` of the arrival
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.arrived.append((json.loads(body), time.perf_counter()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/pages"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def pages(self) -> list[dict[str, Any]]:
        return [page for page, _ in self.arrived]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Station:
    """A `fenceline up` process with a folder of its own; may be killed and started again."""

    def __init__(self, folder: Path, page_url: str | None = None, *, mqtt_port: int | None = None) -> None:
        self.data = folder / "data"
        self.config = folder / "config"
        shutil.copytree(ROOT / "config", self.config)
        for rules in (self.config / "rules").glob("*.yaml"):
            rules.unlink()
        (self.config / "rules" / "toxic.yaml").write_text(RULES, "utf-8")
        # No canary's alert among those that a test counts; tests/acceptance/watched.py has its own.
        (self.config / "watchdog.yaml").write_text("canary_every_seconds: 3600\n", "utf-8")
        self.web_port = free_port()
        self.own_broker = mqtt_port is None
        self.mqtt_port = free_port() if mqtt_port is None else mqtt_port
        self.mqtt_protocol = "5"
        self._page_url = page_url
        self._process: subprocess.Popen[bytes] | None = None
        self._output = folder / "output.txt"
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.web_port}", timeout=5.0)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def output(self) -> str:
        log = self.data / "fenceline.log"
        said = log.read_text("utf-8") if log.exists() else ""
        return self._output.read_text("utf-8") + said[-4000:]

    def start(self) -> None:
        """Start, and return once every part is ready."""
        command = [
            *(sys.executable, "-m", "console", "up"),
            *("--data", str(self.data), "--config", str(self.config)),
            *("--port", str(self.web_port), "--mqtt-port", str(self.mqtt_port)),
        ]
        if not self.own_broker:
            command += ["--mqtt-host", "127.0.0.1", "--mqtt-protocol", self.mqtt_protocol]
        environment = {name: value for name, value in os.environ.items() if name != "FENCELINE_PAGE_URL"}
        if self._page_url is not None:
            environment["FENCELINE_PAGE_URL"] = self._page_url
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        self.until(self._ready, "ready", within=START_SECONDS)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)

    def kill(self) -> None:
        """As a power cut takes the process: no last words."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def close(self) -> None:
        """Whatever is left."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        self._end_orphan()
        self.http.close()

    def _end_orphan(self) -> None:
        """The watchdog of a process that was killed lives on, as it must; not beyond its test."""
        door = read_door(self.data)
        if door is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(door.pid, signal.SIGTERM)

    def get(self, path: str) -> Any:
        return self.http.get(path).raise_for_status().json()

    def alerts(self, state: str = "open") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/api/alerts?state={state}")["alerts"]
        return found

    def until(self, check: Any, what: str, within: float = WITHIN_SECONDS) -> Any:
        """The first true answer of `check`; fails with everything that was said when time is over."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            try:
                found = check()
            except httpx.HTTPError:
                found = None
            if found:
                return found
            assert self._process is None or self._process.poll() is None, self.output
            threading.Event().wait(POLL_SECONDS)
        raise AssertionError(f"not within {within} s: {what}\n{self.output}")

    async def until_async(self, check: Any, what: str) -> Any:
        """The same beside a running event loop."""
        return await asyncio.to_thread(self.until, check, what)

    def _ready(self) -> bool:
        return self.http.get("/readyz").status_code == 200
