"""A real Mosquitto for tests: started with the configuration file that sites are given, on a port of its own.

Promises that what it keeps outlives `restart` and (but for the last second) `kill`, and that it is gone after
`stop`, whatever happened in between.
"""

import contextlib
import signal
import socket
import string
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ROOT / "deploy" / "services" / "mosquitto.conf"
START_SECONDS = 10.0
STOP_SECONDS = 10.0


def free_port() -> int:
    """A port on the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One broker: its folder holds its configuration, what it keeps, and its log."""

    def __init__(self, program: str, folder: Path, publish_program: str | None = None) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.folder = folder
        self._program = program
        self._publish_program = publish_program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that the broker has said since it was first started."""
        return (self.folder / "mosquitto.log").read_text("utf-8", errors="replace")

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, more: str = "") -> None:
        """Starts it, with `more` lines of configuration, and returns once it accepts connections."""
        assert not self.is_running, "the broker runs already"
        filled = string.Template(CONFIGURATION.read_text("utf-8")).substitute(
            port=self.port, folder=self.folder
        )
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(filled + more, "utf-8")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(configuration)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts():
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"mosquitto did not start on port {self.port}:\n{self.log}")

    def stop(self) -> None:
        """Stops it in order: it saves what it keeps. Does nothing when it is down."""
        if self._process is None:
            return
        self.resume()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Takes it away as a power cut would (kill -9)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def restart(self) -> None:
        """Stops it in order and starts it again, same port, same folder."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freezes it: connections stay open and nothing moves, as on a hung machine."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a frozen broker go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, version: str = "mqttv5") -> None:
        """Publishes with mosquitto_pub, somebody else's client; returns once it is acknowledged."""
        assert self._publish_program is not None, (
            "mosquitto_pub is missing: deploy/services/install.sh mosquitto"
        )
        command = [self._publish_program, "-h", self.host, "-p", str(self.port), "-V", version]
        command += ["-q", str(qos), "-t", topic, "-s"]
        data = payload.encode() if isinstance(payload, str) else payload
        subprocess.run(command, input=data, check=True, timeout=30)

    def _accepts(self) -> bool:
        """Whether it answers at the door; waits a twentieth of a second where it does not."""
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
            return True
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        return False
