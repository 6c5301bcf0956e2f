"""The station's process and the broker's, as faults find them: started, killed, held, stopped.

Every start, end and first readiness goes into the history.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from tests.broker import Mosquitto, free_port
from tests.faults.history import History
from tests.faults.site import PAGE_VARIABLE, PARK, ROOT, WATCHDOG_VARIABLE

LOOK_SECONDS = 0.05
STOP_SECONDS = 45.0


class StationProcess:
    """`fenceline up` on one data folder; `number` counts its starts.

    Args:
        bug: of tests/faults/bugged.py; none runs the real thing.
    """

    def __init__(self, folder: Path, history: History, mqtt_port: int, bug: str | None = None) -> None:
        self.data = folder / "data"
        self.config = folder / "config"
        self.web_port = free_port()
        # Compiled once, as where people run it, whatever this shell says, and not into the sources' folders.
        self.environment = os.environ | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.number = 0
        self._program = ("console",) if bug is None else ("tests.faults.bugged", bug)
        self._output = folder / "output.txt"
        self._mqtt_port = mqtt_port
        self._history = history
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def pages_go_to(self, page_url: str, watchdog_url: str) -> None:
        """Addresses of the receivers, as a site would set them."""
        self.environment |= {PAGE_VARIABLE: page_url, WATCHDOG_VARIABLE: watchdog_url}

    def start(self) -> None:
        """Start it; what becomes of it is watched in a thread of its own."""
        self.number += 1
        self._ready = threading.Event()
        command = [sys.executable, "-m", *self._program, "up", "--park", PARK]
        command += ["--data", str(self.data), "--config", str(self.config), "--port", str(self.web_port)]
        command += ["--mqtt-host", "127.0.0.1", "--mqtt-port", str(self._mqtt_port)]
        self._history.note("station_start", number=self.number)
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        watch = (self._process, self.number, self._ready)
        threading.Thread(target=self._watch, args=watch, daemon=True).start()

    def wait_ready(self, seconds: float) -> bool:
        """Whether it was ready once within so long; false at once where its process has ended."""
        for _ in range(round(seconds / LOOK_SECONDS)):
            if self._ready.wait(LOOK_SECONDS):
                return True
            if not self.runs:
                return False
        return False

    def kill(self) -> None:
        """As a power cut takes it: no last words."""
        self._end(signal.SIGKILL, "station_kill")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """In order; the history has the exit code, none where it did not end in time and was killed."""
        self._end(number, "station_stop")

    def pause(self) -> None:
        """Freeze it."""
        self._signal(signal.SIGSTOP, "station_pause")

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT, "station_resume")

    def end_watchdogs(self) -> None:
        """A killed station leaves its watchdog behind, on purpose; after the run nobody needs it."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes().split(b"\0")
                if b"watchdog" in command and str(self.data).encode() in command:
                    os.kill(int(process.name), signal.SIGKILL)

    def _end(self, number: signal.Signals, event: str) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        self._process = None  # whoever watches it now knows that it was meant to end
        self._history.note(event, number=self.number, signal=number.name)
        process.send_signal(number)
        code: int | None
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            code = None
        self._history.note("station_ended", number=self.number, meant=event, code=code)

    def _signal(self, number: signal.Signals, event: str) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._history.note(event, number=self.number)

    def _watch(self, process: subprocess.Popen[bytes], number: int, ready: threading.Event) -> None:
        with httpx.Client(base_url=self.address, timeout=2.0) as http:
            while process is self._process:
                if process.poll() is not None:
                    self._history.note("station_ended_itself", number=number, code=process.returncode)
                    return
                if not ready.is_set():
                    with contextlib.suppress(httpx.HTTPError):
                        if http.get("/readyz").status_code == 200 and process is self._process:
                            self._history.note("station_ready", number=number)
                            ready.set()
                threading.Event().wait(LOOK_SECONDS)


class BrokerProcess:
    """A real Mosquitto with the configuration that sites are given."""

    def __init__(self, program: str, folder: Path, history: History) -> None:
        folder.mkdir()
        self._broker = Mosquitto(program, folder)
        self._history = history
        self._held = False

    @property
    def port(self) -> int:
        return self._broker.port

    def start(self) -> None:
        """Start it, and return once it accepts connections; nothing where it runs."""
        if not self._broker.is_running:
            self._broker.start()
            self._history.note("broker_start")

    def kill(self) -> None:
        """No last words: what came since its last saving is gone."""
        if self._broker.is_running:
            self._history.note("broker_kill")
            self._broker.kill()
            self._history.note("broker_ended")

    def stop(self) -> None:
        """In order: it saves what it keeps."""
        if self._broker.is_running:
            self._history.note("broker_stop")
            self._broker.stop()
            self._history.note("broker_ended")

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing moves."""
        if self._broker.is_running:
            self._broker.pause()
            self._history.note("broker_pause")

    def resume(self) -> None:
        """Let it go on."""
        self._broker.resume()
        self._history.note("broker_resume")
