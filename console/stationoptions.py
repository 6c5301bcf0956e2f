"""Where a station's things are: what `fenceline up` and `demo` make of their options."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from console.watchdog.keeper import Mode
from console.web.people.settings import PeopleSettings
from console.webdoor import WebDoor
from ingest.settings import IngestSettings

# The broker's configuration grants the window that version 5 would ask for, and a message costs the client
# half as much (docs/decisions/005-mqtt-3-1-1-for-the-own-broker.md). amqtt speaks only this version.
OWN_BROKER_PROTOCOL: Literal["3.1.1"] = "3.1.1"


@dataclass(slots=True)
class StationOptions:
    """Where things are.

    Args:
        own_broker: start a broker on `mqtt.port`; false uses the one that is there.
        watchdog: `own` starts one, `apart` expects one that somebody else starts.
        users: the accounts file; by default `users.json` of the data folder.
    """

    data: Path
    mqtt: IngestSettings
    own_broker: bool = True
    web_host: str = "127.0.0.1"
    web_port: int = 8080
    watchdog: Mode = "none"
    users: Path | None = None
    people: PeopleSettings = field(default_factory=PeopleSettings)

    @property
    def door(self) -> WebDoor:
        """How the web is reached."""
        return WebDoor(self.data, self.web_host, self.web_port, self.users, self.people)
