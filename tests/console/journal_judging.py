"""Damage done to a folder, and what must hold of it after a repair."""

from collections.abc import Callable

from console.journal.look import look
from console.journal.repair import repair
from console.journal.report import Repair
from tests.console.journal_folders import Folder, go_on, standing_of
from tests.console.worlds import PARK


def flipped(offset: int, table: str = "journal") -> Callable[[Folder], object]:
    statement = (
        f"UPDATE {table} SET payload = CAST(x'00' || substr(payload, 2) AS BLOB) WHERE offset = {offset}"
    )
    return lambda folder: folder.sql(statement)


async def sound(folder: Folder) -> None:
    """Files and fold agree."""
    found = await look(folder.data, PARK, deep=True)
    assert [] == [one for one in found.found if one.severity != "notice"]


async def goes_on(folder: Folder) -> None:
    """A station starts, and in the end files, fold and store agree."""
    await go_on(folder)
    await sound(folder)
    ledger, stored = standing_of(folder)
    assert ledger == {name: state for name, state in stored.items() if name in ledger}
    assert {name for name, state in ledger.items() if state != "normal"} == {
        name for name, state in stored.items() if state != "normal"
    }


async def repaired(live: Folder) -> Repair:
    report = await repair(live.data, PARK)
    await sound(live)
    await goes_on(live)
    return report
