"""How people reach the console and for how long they stay logged in: the environment in, settings out."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from fenceline.errors import ServiceError

PREFIX = "FENCELINE_"


class PeopleSettings(BaseModel):
    """Each is set by a variable of its name: `session_idle_hours` by FENCELINE_SESSION_IDLE_HOURS."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    public_url: str | None = None
    """The address that people open, where it is not this machine's own: `https://fenceline.example.org`."""
    trusted_proxy: str | None = None
    """The proxies in front, as addresses with commas between; who they say is asking is believed."""
    metrics_token: Annotated[SecretStr, Field(min_length=16)] | None = None
    """Lets `/metrics` and `/readyz` be asked from elsewhere: `Authorization: Bearer TOKEN`."""
    session_idle_hours: Annotated[float, Field(gt=0, le=720)] = 12.0
    """A session that nobody used for so long ends."""
    session_longest_days: Annotated[float, Field(gt=0, le=90)] = 7.0
    """Every session ends after so long."""

    @field_validator("public_url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("must be like https://fenceline.example.org, without a path")
        return f"{parts.scheme}://{parts.netloc}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "PeopleSettings":
        """
        What the environment says.

        Raises:
            ServiceError: a variable cannot be what it says.
        """
        given = {
            name: environ[PREFIX + name.upper()]
            for name in cls.model_fields
            if environ.get(PREFIX + name.upper(), "") != ""
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise ServiceError(
                f"`{name}`: {first['msg'].removeprefix('Value error, ')}",
                hint="see docs/guides/accounts.md for what it may be",
            ) from error
