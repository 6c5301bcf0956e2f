"""What every role that runs apart is given: the configuration of its parks, the bus, its name."""

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from console.site import Site, load_site
from fenceline.bus.kafka.bus import KafkaBus
from fenceline.bus.kafka.settings import PASSWORD_VARIABLE, KafkaSettings
from fenceline.clock import Clock
from fenceline.configfile import load
from fenceline.errors import ConfigError

SAY_SECONDS = 5.0
# Readers without whose word nothing is cut: both for the journal, `sinks` also for the findings.
PAGER, SINKS = "pager", "sinks"


@dataclass(slots=True)
class Setting:
    """One process.

    Args:
        member: its name among processes of its role, the same after a restart.
        stopping: set when it shall end; `ready` is set once it does its work.
    """

    sites: dict[str, Site]
    bus: KafkaBus
    clock: Clock
    member: str
    data: Path
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def site(self) -> Site:
        """The one park of a role that has one.

        Raises:
            ConfigError: there are several.
        """
        if len(self.sites) != 1:
            raise ConfigError(
                f"this role serves one park, and there are {len(self.sites)}: {', '.join(self.sites)}",
                hint="name it with --park, and start one process for each park",
            )
        return next(iter(self.sites.values()))

    def owner(self) -> str:
        """Names this start of this process; no other start ever has the same."""
        return f"{self.member}-{os.getpid()}-{secrets.token_hex(4)}"


def default_member() -> str:
    """The machine's name."""
    return socket.gethostname()


def load_bus(folder: Path, environ: Mapping[str, str]) -> KafkaSettings:
    """config/bus.yaml, with the password of the environment.

    Raises:
        ConfigError: every mistake in it, or there is no such file.
    """
    settings = load(folder / "bus.yaml", KafkaSettings)
    changes: dict[str, object] = {}
    if environ.get(PASSWORD_VARIABLE):
        changes["password"] = SecretStr(environ[PASSWORD_VARIABLE])
    if environ.get("FENCELINE_KAFKA"):
        changes["servers"] = tuple(environ["FENCELINE_KAFKA"].split(","))
    return settings.model_copy(update=changes)


def load_sites(
    folder: Path, table: Mapping[str, int], parks: Sequence[str], environ: Mapping[str, str]
) -> dict[str, Site]:
    """The parks that are named, or all of the table.

    Raises:
        ConfigError: every mistake of the first park that has any, or a park without a partition.
    """
    for park in parks:
        if park not in table:
            raise ConfigError(
                f"the park `{park}` has no partition",
                hint="write it into `parks` of bus.yaml, with a number that no other park has",
            )
    return {park: load_site(folder, park, environ) for park in parks or sorted(table)}
