"""The model of config/watchdog.yaml: whom the watchdog tells, how, and after how long."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from alerts.channels.channel import Channel
from alerts.channels.config import ChannelConfig, ChannelId, ChannelsConfig, LogChannelConfig
from alerts.channels.registry import build_channels
from fenceline.configfile import ConfigModel, load

FILE_NAME = "watchdog.yaml"
Seconds = Annotated[float, Field(ge=1, le=3600)]


def _log_alone() -> dict[str, ChannelConfig]:
    return {"log": LogChannelConfig(kind="log")}


class WatchdogConfig(ConfigModel):
    """The whole of config/watchdog.yaml."""

    channels: dict[ChannelId, ChannelConfig] = Field(min_length=1, default_factory=_log_alone)
    """The watchdog's own ways to reach people, all of them told at once; not those of the pager."""
    answer_seconds: Seconds = 6.0
    """How long the station may leave the question how it is without an answer."""
    start_seconds: Seconds = 120.0
    """How long it may take to answer for the first time."""
    behind_seconds: Seconds = 10.0
    """How far ticks, engine or pager may fall behind."""
    store_seconds: Seconds = 60.0
    """How long the store may not take what is derived."""
    clock_seconds: Seconds = 2.0
    """How far the station's clock and the watchdog's may be apart."""
    repeat_seconds: Seconds = 300.0
    """How often an alarm that stands is told again."""
    canary_every_seconds: Annotated[float, Field(ge=2, le=3600)] = 60.0
    """How often a canary reading is sent through everything."""
    canary_within_seconds: Seconds = 10.0
    """How long its page may take."""


def load_watchdog(folder: Path) -> WatchdogConfig:
    """
    The site's file, or the defaults where it has none.

    Raises:
        ConfigError: a mistake in it.
    """
    path = folder / FILE_NAME
    return load(path, WatchdogConfig) if path.exists() else WatchdogConfig()


def channels_of(config: WatchdogConfig, environ: Mapping[str, str]) -> dict[str, Channel]:
    """
    The channels that can be used. Touches no network.

    Raises:
        ConfigError: an address that cannot be right.
    """
    usable, _ = build_channels(ChannelsConfig(channels=config.channels), environ)
    return usable


def absent_of(config: WatchdogConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """The channels that cannot be used, and why."""
    return build_channels(ChannelsConfig(channels=config.channels), environ)[1]
