"""The same station with its roles as processes of their own, on a real Mosquitto and a real Kafka."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from deploy.services.servers import Kafka
from tests.acceptance.station import ROOT, START_SECONDS, Station
from tests.broker import Mosquitto

ROLES = ("engine", "ingest", "pager", "web")
BUS = """
servers: ["{server}"]
prefix: {prefix}
parks: {{demo: 0}}
replication_factor: 1
min_in_sync: 1
"""


class StationApart(Station):
    """Four processes; each may be killed, held and started again by its name."""

    def __init__(
        self, folder: Path, page_url: str | None, *, broker: Mosquitto, kafka: Kafka, prefix: str = ""
    ) -> None:
        super().__init__(folder, page_url, mqtt_port=broker.port)
        self._url = page_url
        self._folder = folder
        self.roles: dict[str, subprocess.Popen[bytes]] = {}
        bus = BUS.format(server=kafka.address, prefix=prefix or f"t{secrets.token_hex(6)}")
        (self.config / "bus.yaml").write_text(bus, "utf-8")

    @property
    def output(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text('utf-8')[-2000:]}"
            for path in sorted(self._folder.glob("data/*/*.log")) + sorted(self._folder.glob("*.out"))
        )

    def start(self) -> None:
        for role in ROLES:
            self.start_role(role)
        self.until(self._ready, "ready", within=2 * START_SECONDS)

    def start_role(self, role: str, member: str = "") -> None:
        """One process; under another member's name it is a second one of its role."""
        name = member or role
        command = [sys.executable, "-m", "console", "run", role, "--park", "demo", "--member", name]
        command += ["--config", str(self.config), "--data", str(self.data / name)]
        if role in ("ingest", "web"):
            command += ["--mqtt-port", str(self.mqtt_port), "--mqtt-protocol", self.mqtt_protocol]
        if role == "web":
            command += ["--port", str(self.web_port)]
        environment = {name: value for name, value in os.environ.items() if name != "FENCELINE_PAGE_URL"}
        if self._url is not None:
            environment["FENCELINE_PAGE_URL"] = self._url
        with (self._folder / f"{name}.out").open("ab") as output:
            self.roles[name] = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    def start_second(self, *roles: str) -> None:
        """A second process of each role, ready to take over."""
        for role in roles:
            self.start_role(role, f"{role}-2")
        for role in roles:
            said = self._folder / f"{role}-2.out"
            self.until(
                lambda said=said: "ready" in said.read_text("utf-8"), f"{role}-2", within=START_SECONDS
            )

    def end_role(self, name: str, number: signal.Signals) -> int:
        """Send it a signal that ends it; its exit code."""
        process = self.roles.pop(name)
        process.send_signal(number)
        return process.wait(30)

    def hold(self, *names: str) -> None:
        """Freeze processes, as a hung machine would."""
        for name in names:
            self.roles[name].send_signal(signal.SIGSTOP)

    def let_go(self, *names: str) -> None:
        """Let frozen ones go on."""
        for name in names:
            self.roles[name].send_signal(signal.SIGCONT)

    def stop(self) -> int:
        codes = [self.end_role(name, signal.SIGINT) for name in list(self.roles)]
        return max(codes, key=abs)

    def kill(self) -> None:
        for name in list(self.roles):
            self.end_role(name, signal.SIGKILL)

    def close(self) -> None:
        for process in self.roles.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
        if self.roles:
            self.stop()
        self.http.close()

    def _ready(self) -> bool:
        for name, process in self.roles.items():
            assert process.poll() is None, f"{name} has ended\n{self.output}"
        try:
            return super()._ready()
        except httpx.HTTPError:
            return False
