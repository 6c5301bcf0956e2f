"""The model of config/channels.yaml: by which ways people are reached. Secrets stand outside it."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from fenceline.configfile import ConfigModel

ChannelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Timeout = Annotated[float, Field(gt=0, le=60)]


class LogChannelConfig(ConfigModel):
    """Pages as lines of the program's own log."""

    kind: Literal["log"]
    """`log`"""


class _Addressed(ConfigModel):
    """A channel whose address is a secret."""

    url_env: Variable | None = None
    """Environment variable that holds the address. Not set, or empty: the channel is not configured."""
    url_file: Annotated[str, Field(min_length=1)] | None = None
    """File that holds the address and nothing else. Not there: the channel is not configured."""
    timeout_seconds: Timeout = 10.0
    """How long one attempt may take; keep it below `receipt_seconds` of the routes."""


class WebhookChannelConfig(_Addressed):
    """Pages as JSON, posted to an address."""

    kind: Literal["webhook"]
    """`webhook`"""
    url: str | None = None
    """The address itself, where it holds no credentials."""

    @model_validator(mode="after")
    def _one_address(self) -> "WebhookChannelConfig":
        given = [name for name in ("url", "url_env", "url_file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"{_amount(given)}: give one of `url`, `url_env`, `url_file`")
        parts = urlsplit(self.url or "")
        if parts.username is not None or parts.query:
            said = "`url` holds credentials: put the address into the environment and name that by `url_env`"
            raise ValueError(said)
        return self


class AppriseChannelConfig(_Addressed):
    """Pages through the library Apprise: e-mail, DingTalk, WeCom, Feishu, SMS gateways and many more."""

    kind: Literal["apprise"]
    """`apprise`"""

    @model_validator(mode="after")
    def _one_address(self) -> "AppriseChannelConfig":
        given = [name for name in ("url_env", "url_file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"{_amount(given)}: give one of `url_env`, `url_file`")
        return self


ChannelConfig = Annotated[
    LogChannelConfig | WebhookChannelConfig | AppriseChannelConfig, Field(discriminator="kind")
]


class ChannelsConfig(ConfigModel):
    """The whole of config/channels.yaml."""

    channels: Annotated[dict[ChannelId, ChannelConfig], Field(min_length=1)]
    """Channels by the name that recipients in config/routes.yaml use."""


def _amount(given: list[str]) -> str:
    return "no address is given" if not given else f"{len(given)} addresses are given"
