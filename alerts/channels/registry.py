"""config/channels.yaml and the environment in, channels out, and of those that are not configured the reason.

A new kind of channel is a line in `_BUILDERS` beside its file and its model.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import structlog

from alerts.channels.channel import Channel
from alerts.channels.config import (
    AppriseChannelConfig,
    ChannelsConfig,
    LogChannelConfig,
    WebhookChannelConfig,
)
from alerts.channels.log import LogChannel
from alerts.channels.webhook import WebhookChannel
from fenceline.errors import ConfigError

MOST_ADDRESS_BYTES = 8192

_log = structlog.get_logger()


def build_channels(
    config: ChannelsConfig, environ: Mapping[str, str]
) -> tuple[dict[str, Channel], dict[str, str]]:
    """
    The channels that can be used, and why the others cannot. Touches no network.

    Raises:
        ConfigError: an address that is there and cannot be right; all of them in one message.
    """
    channels: dict[str, Channel] = {}
    absent: dict[str, str] = {}
    mistakes: list[ConfigError] = []
    for name, one in config.channels.items():
        try:
            channels[name] = _BUILDERS[type(one)](one, environ)
        except _NotConfigured as reason:
            absent[name] = str(reason)
            _log.warning("channel is not configured", channel=name, reason=str(reason))
        except ConfigError as error:
            mistakes.append(ConfigError(f"channel `{name}`: {error.message}", hint=error.hint))
    if mistakes:
        hints = dict.fromkeys(error.hint for error in mistakes)
        raise ConfigError("\n".join(error.message for error in mistakes), hint="; ".join(hints))
    return channels, absent


async def close_channels(channels: Iterable[Channel]) -> None:
    """Close all of them, whatever one of them says."""
    for channel in channels:
        try:
            await channel.close()
        except Exception as error:
            _log.warning("channel did not close", error=f"{type(error).__name__}: {error}")


class _NotConfigured(Exception):
    """The address is not there."""


def _log_channel(_config: LogChannelConfig, _environ: Mapping[str, str]) -> Channel:
    return LogChannel()


def _webhook(config: WebhookChannelConfig, environ: Mapping[str, str]) -> Channel:
    url = config.url if config.url is not None else _secret(config, environ)
    return WebhookChannel(url, timeout_seconds=config.timeout_seconds)


def _apprise(config: AppriseChannelConfig, environ: Mapping[str, str]) -> Channel:
    url = _secret(config, environ)
    # Loading Apprise takes a second: only where it is used.
    from alerts.channels.apprise import AppriseChannel

    return AppriseChannel(url, timeout_seconds=config.timeout_seconds)


def _secret(config: WebhookChannelConfig | AppriseChannelConfig, environ: Mapping[str, str]) -> str:
    if config.url_env is not None:
        found = environ.get(config.url_env, "").strip()
        if not found:
            raise _NotConfigured(f"the environment variable `{config.url_env}` is not set")
        return found
    path = Path(config.url_file or "")
    try:
        with path.open("rb") as stream:
            found = stream.read(MOST_ADDRESS_BYTES).decode("utf-8-sig").strip()
    except FileNotFoundError:
        raise _NotConfigured(f"the file `{path}` does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        said = f"`{path}` cannot be read: {reason}"
        raise ConfigError(said, hint="it must hold one address, as text") from None
    if not found:
        raise _NotConfigured(f"the file `{path}` is empty")
    return found


_BUILDERS: dict[type[Any], Callable[[Any, Mapping[str, str]], Channel]] = {
    LogChannelConfig: _log_channel,
    WebhookChannelConfig: _webhook,
    AppriseChannelConfig: _apprise,
}
