"""Behind `fenceline deadletter redrive`: asks a running station, or works in the folder of a stopped one."""

import base64
from pathlib import Path
from typing import Any

import httpx

from console.redrive import DirectIntake
from console.site import park_file
from console.web.people.people import STATION_HEADER
from fenceline.bus.embedded import EmbeddedBus
from fenceline.clock import SystemClock
from fenceline.configdir import config_dir
from fenceline.errors import BusError, FencelineError, ServiceError
from fenceline.park import load_park
from fenceline.substance import load_substances
from ingest.deadletter import raw_of, read_letter

ANSWER_SECONDS = 30.0


def by_station(address: str, key: str, payload: bytes | None, by: str, token: str = "") -> str:
    """
    Have a running station publish it; the token is the one in its station file.

    Raises:
        ServiceError: the station does not answer, or refuses; its sentence is passed on.
    """
    body: dict[str, Any] = {"name": by}
    if payload is not None:
        body |= _payload_of(payload)
    try:
        answer = httpx.post(
            f"{address}/api/deadletters/{key}/redrive",
            json=body,
            headers={STATION_HEADER: token},
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise ServiceError(
            f"the station at `{address}` does not answer: {error}",
            hint="is it running? name its address with --url",
        ) from error
    found = answer.json()
    if not answer.is_success:
        raise ServiceError(found["error"]["message"], hint=found["error"]["hint"])
    return (
        f"published once more under {found['topic']}\n"
        "what became of it: `fenceline deadletter list`, and the account on the page"
    )


async def into_folder(
    data: Path, park: str, config: Path | None, key: str, payload: bytes | None, by: str
) -> str:
    """
    Take it straight into the journal of a folder that nobody owns.

    Raises:
        FencelineError: somebody owns the folder, or the letter cannot be driven again.
    """
    folder = config_dir(config)
    substances = load_substances(folder / "substances.yaml")
    site = load_park(park_file(folder, park), substances)
    if not (data / "journal" / park).is_dir():
        raise ServiceError(
            f"there is no journal of park `{park}` in `{data}`", hint="name the station's folder with --data"
        )
    try:
        bus = EmbeddedBus(data / "journal")
    except BusError as error:
        raise ServiceError(
            f"{error.message}, which does not answer on the web",
            hint="wait until it is ready, or name its address with --url",
        ) from error
    try:
        letter, _ = await read_letter(bus, park, key)
        if payload is None and letter.truncated:
            raise FencelineError(
                "only the head of this letter was kept", hint="give the whole message with --payload"
            )
        intake = DirectIntake(bus, site, substances, SystemClock())
        await intake.driver()(letter.key, raw_of(letter) if payload is None else payload, by)
    finally:
        await bus.close()
    taken = intake.taken_in
    refused = ", ".join(f"{count} {reason}" for reason, count in sorted(taken.rejected.items()))
    said = f"{taken.accepted} readings stand in the journal; the next start folds them"
    return said if not refused else f"{said}\nrefused once more: {refused}"


def _payload_of(payload: bytes) -> dict[str, str]:
    try:
        return {"payload": payload.decode("utf-8"), "encoding": "text"}
    except UnicodeDecodeError:
        return {"payload": base64.b64encode(payload).decode(), "encoding": "base64"}
