"""Kafka and InfluxDB as processes of this machine, on ports of their own, ready when `start` returns.

For tests and for `make up-servers`; the configuration files are those that sites are given. What a server
keeps lies in its folder and outlives `kill` and `restart`; it is stopped exactly.
"""

import contextlib
import json
import shutil
import signal
import socket
import string
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
START_SECONDS = 60.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.05


def free_port() -> int:
    """A port on the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A process with a folder. Whoever is asked to start says why it could not, with its own last words."""

    name = "server"

    def __init__(self, folder: Path) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> str:
        """All that it has said since it was first started."""
        path = self.folder / f"{self.name}.log"
        return path.read_text("utf-8", errors="replace") if path.exists() else ""

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it, and return once it answers.

        Raises:
            RuntimeError: it ended, or did not answer in time.
        """
        assert not self.is_running, f"{self.name} runs already"
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} did not start on port {self.port}:\n{self.log[-4000:]}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop it in order; does nothing when it is down."""
        if self.process is None:
            return
        self.resume()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """Take it away as a power cut would (kill -9)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            self.process = None

    def restart(self) -> None:
        """Stop it in order and start it again: same port, same folder."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing moves, as on a hung machine."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen one go on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def command(self) -> list[str]:
        """What is run."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it does its work."""
        raise NotImplementedError


class Kafka(Server):
    """One node in KRaft mode.

    Args:
        jars: the folder that kafka/fetch.sh printed.
    """

    name = "kafka"

    def __init__(self, jars: Path, folder: Path, *, heap: str = "384m") -> None:
        super().__init__(folder)
        self._java = [shutil.which("java") or "java", "-cp", f"{jars}/*"]
        self._heap = heap
        self._controller_port = free_port()

    @property
    def address(self) -> str:
        """For clients."""
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        """Format its folder where that is new, then start it."""
        template = string.Template((HERE / "kafka" / "server.properties").read_text("utf-8"))
        configuration = self.folder / "server.properties"
        configuration.write_text(
            template.substitute(
                listen_host=self.host,
                advertised_host=self.host,
                controller_host=self.host,
                port=self.port,
                controller_port=self._controller_port,
                folder=self.folder / "data",
            ),
            "utf-8",
        )
        if not (self.folder / "data" / "meta.properties").exists():
            tool = [*self._java, "kafka.tools.StorageTool"]
            subprocess.run(
                [*tool, "format", "-t", "fenceline-one-node-000", "-c", str(configuration)],
                check=True,
                capture_output=True,
                timeout=START_SECONDS,
            )
        super().start()

    def command(self) -> list[str]:
        quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # a small server that is up soon
        return [
            *self._java[:1],
            f"-Xmx{self._heap}",
            *quick,
            *self._java[1:],
            "kafka.Kafka",
            str(self.folder / "server.properties"),
        ]

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
            return True
        return False


class InfluxDB(Server):
    """InfluxDB 2 with one organisation, one bucket and a token.

    Args:
        program: what influxdb/build.sh printed.
    """

    name = "influxdb"
    organisation = "fenceline"
    bucket = "fenceline"
    token = "only-for-this-machine"

    def __init__(self, program: Path, folder: Path) -> None:
        super().__init__(folder)
        self._program = program

    @property
    def url(self) -> str:
        """For clients."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Start it; the first time, set it up."""
        super().start()
        if json.loads(self._ask("/api/v2/setup"))["allowed"]:
            words = {
                "username": "fenceline",
                "password": self.token,
                "org": self.organisation,
                "bucket": self.bucket,
                "token": self.token,
            }
            self._ask("/api/v2/setup", words)

    def command(self) -> list[str]:
        folder = self.folder
        return [
            str(self._program),
            *("--bolt-path", str(folder / "influxd.bolt"), "--sqlite-path", str(folder / "influxd.sqlite")),
            *("--engine-path", str(folder / "engine"), "--http-bind-address", f"{self.host}:{self.port}"),
            "--reporting-disabled",
        ]

    def answers(self) -> bool:
        try:
            return bool(json.loads(self._ask("/health"))["status"] == "pass")
        except (OSError, ValueError):
            return False

    def _ask(self, path: str, body: dict[str, str] | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            found: bytes = answer.read()
            return found
