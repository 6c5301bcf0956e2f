"""The embedded default's MQTT broker: Mosquitto where it is on the PATH, else amqtt from PyPI.

A broker of ours that outlived a killed process is found by its pid file and stopped first.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from string import Template
from typing import Any

import structlog

from console.places import mosquitto_template, port_is_free
from fenceline.errors import ServiceError

_log = structlog.get_logger()
READY_TRIES = 100
READY_PAUSE_SECONDS = 0.05
STOP_SECONDS = 5.0
_FIND = "found on the PATH"
_SBIN = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"  # where packages put it, often not on a user's PATH


def find_mosquitto() -> str | None:
    """Where Mosquitto is, if it is installed."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SBIN}")


class Broker:
    """A broker on the loopback.

    Args:
        folder: its own, kept between starts: what it has acknowledged stays there.
        port: where it listens.
        program: Mosquitto's path; none takes amqtt.
    """

    def __init__(self, folder: Path, port: int, *, program: str | None = _FIND) -> None:
        self._folder = folder
        self.port = port
        self._program = find_mosquitto() if program == _FIND else program
        self._process: asyncio.subprocess.Process | None = None
        self._amqtt: Any = None

    @property
    def name(self) -> str:
        return "Mosquitto" if self._program else "amqtt"

    @property
    def program(self) -> str | None:
        """Where Mosquitto is; none where amqtt stands in."""
        return self._program

    @property
    def durability(self) -> str:
        """What this broker means for messages that Fenceline has not taken yet."""
        if self._program:
            return "keeps unacknowledged messages on disk, saved every second"
        return "for demonstration only: what waits is lost when it stops; install Mosquitto to keep it"

    @property
    def _pid_file(self) -> Path:
        return self._folder / "mosquitto.pid"

    async def start(self) -> None:
        """Start, and return once it accepts connections.

        Raises:
            ServiceError: the port is taken, or the broker does not start; its own words are in the message.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._stop_left_over()
        if not port_is_free(self.port):
            raise ServiceError(
                f"MQTT port {self.port} is taken by another program",
                hint="stop that program, choose another port with --mqtt-port, "
                "or use that broker with --mqtt-host 127.0.0.1",
            )
        if self._program:
            await self._start_mosquitto(self._program)
        else:
            await self._start_amqtt()

    async def stop(self) -> None:
        """Stop in order, so that everything is saved."""
        if self._amqtt is not None:
            with contextlib.suppress(Exception):  # its shutdown raises when clients are still there
                await self._amqtt.shutdown()
            self._amqtt = None
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        self._pid_file.unlink(missing_ok=True)

    async def wait(self) -> None:
        """Return when the broker has ended by itself; with amqtt, never."""
        if self._process is None:
            await asyncio.Event().wait()
            return
        code = await self._process.wait()
        raise ServiceError(
            f"the MQTT broker ended with code {code}", hint=f"its log: `{self._folder / 'mosquitto.log'}`"
        )

    async def _start_mosquitto(self, program: str) -> None:
        template = Template(mosquitto_template().read_text(encoding="utf-8"))
        config = self._folder / "mosquitto.conf"
        config.write_text(
            template.substitute(port=self.port, folder=self._folder.resolve()), encoding="utf-8"
        )
        log_path = self._folder / "mosquitto.log"
        with log_path.open("ab") as log_file:
            self._process = await asyncio.create_subprocess_exec(
                program,
                "-c",
                str(config.resolve()),
                stdout=log_file,
                stderr=log_file,
                # Its own group: Ctrl-C reaches Fenceline first, which then stops it in order.
                start_new_session=True,
            )
        self._pid_file.write_text(str(self._process.pid), encoding="utf-8")
        for _ in range(READY_TRIES):
            if self._process.returncode is not None:
                break
            if await _accepts(self.port):
                return
            await asyncio.sleep(READY_PAUSE_SECONDS)
        tail = log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
        await self.stop()
        raise ServiceError(
            f"Mosquitto does not start on port {self.port}: {' / '.join(tail)}",
            hint=f"its configuration is `{config}`, its log `{log_path}`",
        )

    async def _start_amqtt(self) -> None:
        from amqtt.broker import Broker as AmqttBroker

        self._amqtt = AmqttBroker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        await self._amqtt.start()

    async def _stop_left_over(self) -> None:
        """A broker of an earlier start that was killed still holds the port and the folder."""
        try:
            pid = int(self._pid_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if not _is_ours(pid, self._folder):
            self._pid_file.unlink(missing_ok=True)
            return
        _log.info("stopping the broker that an earlier run left behind", pid=pid)
        os.kill(pid, signal.SIGTERM)
        for _ in range(READY_TRIES):
            if not _is_ours(pid, self._folder):
                self._pid_file.unlink(missing_ok=True)
                return
            await asyncio.sleep(READY_PAUSE_SECONDS)
        os.kill(pid, signal.SIGKILL)


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether this process is a Mosquitto that was started with our configuration file."""
    command = _command_of(pid)
    return "mosquitto" in command and str(folder.resolve() / "mosquitto.conf") in command


def _command_of(pid: int) -> str:
    """The command line of a process; empty where there is none."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    ask = ["ps", "-ww", "-p", str(pid), "-o", "args="]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout
