"""The broker's options of a command line in; checked settings out, or a sentence that names the option."""

import os
from typing import TYPE_CHECKING

from fenceline.errors import ServiceError

if TYPE_CHECKING:
    from ingest.settings import IngestSettings

PASSWORD_VARIABLE = "FENCELINE_MQTT_PASSWORD"
_OPTIONS = {"username": "--mqtt-user", "password": PASSWORD_VARIABLE}


def mqtt_settings(
    command: str, *, host: str, port: int, protocol: str, user: str | None, **more: object
) -> "IngestSettings":
    """
    What the options say; the password comes from the environment.

    Raises:
        ServiceError: one of them cannot be what it says.
    """
    from pydantic import ValidationError

    from ingest.settings import IngestSettings

    given: dict[str, object] = {
        "host": host,
        "port": port,
        "protocol": protocol,
        "username": user,
        "password": os.environ.get(PASSWORD_VARIABLE) if user else None,
        **more,
    }
    try:
        return IngestSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "host"
        option = _OPTIONS.get(name, f"--mqtt-{name}")
        demand = (
            first["msg"].removeprefix("Input ").removeprefix("Value error, ").replace("should be", "must be")
        )
        raise ServiceError(
            f"`{option}` is `{first['input']}` and {demand}", hint=f"see `fenceline {command} --help`"
        ) from error
