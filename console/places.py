"""Where files that travel with the program are, in a checkout and in an installed wheel."""

import socket
from pathlib import Path

from fenceline.errors import ServiceError

_HERE = Path(__file__).resolve().parent
PORTS_TRIED = 50


def mosquitto_template() -> Path:
    """The broker's configuration file, with `${port}` and `${folder}` to be filled in."""
    for path in (
        _HERE / "_deploy" / "mosquitto.conf",
        _HERE.parent / "deploy" / "services" / "mosquitto.conf",
    ):
        if path.is_file():
            return path
    raise ServiceError("the broker's configuration file is missing", hint="install the program again")


def port_is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def next_free_port(port: int) -> int:
    """This port, or the first free one after it.

    Raises:
        ServiceError: none of the next fifty is free.
    """
    for candidate in range(port, min(port + PORTS_TRIED, 65_536)):
        if port_is_free(candidate):
            return candidate
    raise ServiceError(
        f"no port from {port} to {port + PORTS_TRIED - 1} is free", hint="choose one with --mqtt-port"
    )


def make_data_folder(folder: Path) -> None:
    """Make the data folder.

    Raises:
        ServiceError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ServiceError(
            f"the data folder `{folder}` cannot be used: {error.strerror}",
            hint="free some room or choose another folder with --data",
        ) from error
