"""Behind `fenceline journal verify`: files, store and, if asked for, a fresh fold; everything found out."""

from pathlib import Path

import duckdb

from console.journal.shadow import Shadow, compare
from console.journal.stored import STORE_NAME, positions
from console.stationfile import owner_pid
from console.version import VERSION
from fenceline.bus import Snapshot, Topic
from fenceline.bus.checks import check_park
from fenceline.bus.folderlock import is_owned
from fenceline.bus.found import Findings
from fenceline.bus.logfile import LOG_NAME, names_of
from fenceline.bus.readonly import ReadOnlyBus
from fenceline.bus.salvage import known_origin
from fenceline.bus.sqlitefile import connect
from fenceline.bus.verify import REPAIR, check_held, verify_park
from fenceline.errors import BusError, FencelineError

FOLD = "stop the station, then `fenceline journal fold` derives it anew and says what becomes other"
_STOP = "stop the station to look at it too"


async def look(data: Path, park: str, *, deep: bool) -> Findings:
    """Look at everything that a station keeps of a park.

    Raises:
        BusError: there is no journal of this park.
    """
    check_park(park)
    folder = data / "journal"
    if not folder.is_dir():
        raise BusError(f"there is no journal in `{data}`", hint="name the station's folder with --data")
    if not (folder / park / LOG_NAME).exists():
        known = ", ".join(ReadOnlyBus(folder).parks()) or "none"
        raise BusError(f"`{folder}` holds no journal of park `{park}`", hint=f"the parks there are: {known}")
    owned = owner_pid(data) is not None and is_owned(folder)
    findings = verify_park(folder, park, owned=owned)
    if findings.journal is not None:
        _look_at_store(data / STORE_NAME, folder / park / LOG_NAME, findings, owned=owned)
    if deep and findings.sound:
        await _look_deep(folder, park, findings)
    elif deep:
        findings.skipped("fold", "a damaged journal is not folded", "repair it first")
    return findings


def _look_at_store(path: Path, log: Path, findings: Findings, *, owned: bool) -> None:
    if owned:
        findings.skipped(STORE_NAME, "the running station holds it", _STOP)
        return
    if not path.exists():
        findings.notice(STORE_NAME, "there is no store yet")
        return
    try:
        applied = positions(path)
    except (duckdb.Error, OSError, ValueError) as error:
        findings.damage(
            STORE_NAME,
            f"it cannot be read: {str(error).splitlines()[0]}",
            f"move `{path}` away: it is filled again as far back as the journal reaches",
        )
        return
    held = applied.get(Topic.JOURNAL)
    if held is None:
        return
    connection = connect(log, mode="ro")
    try:
        why = check_held(connection, held.position, findings.journal)
    finally:
        connection.close()
    if why is not None:
        what = f"its position `{held.position}` does not fit the journal: {why}"
        findings.damage(STORE_NAME, what, f"the journal was replaced or cut short; {REPAIR}")


async def _look_deep(folder: Path, park: str, findings: Findings) -> None:
    bus = ReadOnlyBus(folder)
    try:
        found, start = await _beginning(bus, folder, park, findings)
        if not found:
            findings.skipped(
                "fold",
                "the journal does not reach back to its beginning, and there is no snapshot to begin with",
            )
            return
        try:
            shadow = await compare(bus, park, start)
        except FencelineError as error:
            findings.damage("fold", f"the journal cannot be folded: {error.message}", error.hint)
            return
    finally:
        await bus.close()
    _say(shadow, findings)


async def _beginning(
    bus: ReadOnlyBus, folder: Path, park: str, findings: Findings
) -> tuple[bool, Snapshot | None]:
    """The lowest place from which the fold gives what is written; whether there is any."""
    connection = connect(folder / park / LOG_NAME, mode="ro")
    try:
        origin = known_origin(names_of(connection))
        if origin < 0 and await bus.head(Topic.JOURNAL, park) == 0:
            return True, None
        for snapshot in reversed(await bus.snapshots(park)):
            position = snapshot.position
            if position.offset >= origin and check_held(connection, position, findings.journal) is None:
                return True, snapshot
    finally:
        connection.close()
    return False, None


def _say(shadow: Shadow, findings: Findings) -> None:
    begun = "the beginning" if shadow.start is None else f"offset {shadow.start.position.offset}"
    if shadow.build not in (None, VERSION):
        findings.notice(
            "fold", f"{shadow.build} is in force and this is {VERSION}: differences may come from that"
        )
    for topic, compared in shadow.topics.items():
        findings.notice(topic.value, f"folded afresh from {begun}: {compared.equal} records are the same")
        if compared.ahead:
            findings.notice(
                topic.value, f"{compared.ahead} records are not written yet: the next start does it"
            )
        for offset, cause, what in compared.different:
            where = f"{topic}" if offset is None else f"{topic}/{offset}"
            findings.damage(where, f"{what} (cause {cause})", FOLD)
        more = compared.differences - len(compared.different)
        if more > 0:
            findings.damage(topic.value, f"{more} more records differ from a fresh fold", FOLD)
