"""What a station needs for its watchdog, put together: a keeper, the sandbox channel, what is reported."""

from collections.abc import Mapping
from pathlib import Path

from alerts.channels.channel import Channel
from alerts.pager import Pager
from console.site import Site
from console.watchdog.keeper import Keeper, Mode
from console.watchdog.names import CANARY_SENSOR, SANDBOX_CHANNEL
from console.web.services import PartState, Watched
from fenceline.clock import Clock
from fenceline.errors import ServiceError
from ingest.service import Ingestor
from ingest.settings import IngestSettings

MODES: tuple[Mode, ...] = ("own", "apart", "none")


def mode_of(word: str) -> Mode:
    """
    The word of the command line.

    Raises:
        ServiceError: there is no such mode.
    """
    for mode in MODES:
        if word == mode:
            return mode
    raise ServiceError(f"`{word}` is no way to have a watchdog", hint=f"one of: {', '.join(MODES)}")


def keeper_of(mode: Mode, data: Path, site: Site, mqtt: IngestSettings, clock: Clock) -> Keeper | None:
    """None where the station has no watchdog."""
    if mode == "none":
        return None
    return Keeper(mode=mode, data=data, park=site.park.id, config=site.folder, mqtt=mqtt, clock=clock)


def with_sandbox(channels: Mapping[str, Channel], keeper: Keeper | None) -> dict[str, Channel]:
    """The site's channels, and the one that leads to the watchdog."""
    return dict(channels) if keeper is None else {**channels, SANDBOX_CHANNEL: keeper.channel}


def watched_of(keeper: Keeper | None, site: Site, ingestor: Ingestor, pager: Pager) -> Watched | None:
    """What `/api/watch` says beyond the screens' picture."""
    if keeper is None:
        return None
    return Watched(
        ticks=lambda: ingestor.account.ticks,
        pager=lambda: pager.state,
        timezone=site.park.timezone,
        canary_in_force=CANARY_SENSOR in site.park.sensor_by_id,
        token=keeper.token,
        seen=keeper.seen,
        part=lambda: PartState(*keeper.condition()),
    )
