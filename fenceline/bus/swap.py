"""Puts a repaired park in the place of a damaged one; what interrupts it can be gone through again.

First the damaged files are copied aside. While the files change, a stone stands where the log was: every
bus refuses it loudly, and the next repair begins anew from the copies.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fenceline.bus.faults import FULL_ERRNOS
from fenceline.bus.logfile import LOG_NAME
from fenceline.bus.snapshotfile import STATE_NAME
from fenceline.bus.sqlitefile import sync
from fenceline.errors import BusError, JournalFull

_STONE = b"fenceline: this journal is being repaired. Run `fenceline journal repair` again.\n"
_FILES = (LOG_NAME, f"{LOG_NAME}-wal", STATE_NAME, f"{STATE_NAME}-wal")
_SIDE_FILES = ("-wal", "-shm")
_MARGIN_BYTES = 16 * 1024 * 1024
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Originals:
    """The damaged files.

    Args:
        folder: where they stand: the park's own folder, or the copies of a repair that was interrupted.
        aside: that copy, where there is one already.
    """

    folder: Path
    aside: Path | None

    @property
    def log(self) -> Path:
        return self.folder / LOG_NAME

    @property
    def state(self) -> Path:
        return self.folder / STATE_NAME

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for name in _FILES if (path := self.folder / name).exists())


def interrupted(park_folder: Path) -> Path | None:
    """The copies of a repair that was interrupted while it changed the files; none where there was none."""
    path = park_folder / LOG_NAME
    if not path.exists():
        return None
    with path.open("rb") as file:
        if file.read(len(_STONE)) != _STONE:
            return None
        return park_folder / file.read(100).decode().strip()


def originals_of(park_folder: Path) -> Originals:
    """What a repair begins with.

    Raises:
        BusError: there is no log, nor a copy of one.
    """
    aside = interrupted(park_folder)
    found = Originals(park_folder if aside is None else aside, aside)
    if not found.log.exists():
        raise BusError(
            f"`{found.log}` does not exist",
            hint="name the station's folder with --data, the park with --park",
        )
    return found


def check_room(park_folder: Path, originals: Originals, *, copies: int) -> None:
    """There must be room for so many times the damaged files.

    Raises:
        JournalFull: there is not.
    """
    needed = originals.size * copies + _MARGIN_BYTES
    free = shutil.disk_usage(park_folder).free
    if free < needed:
        raise JournalFull(
            f"a repair of `{park_folder}` needs {needed:,} bytes of room, and there are {free:,}",
            hint="make room on that disk, or copy the whole data folder to a larger one and repair it there",
        )


def copy_aside(park_folder: Path, originals: Originals) -> Path:
    """Copy the damaged files into a new folder beside them, compare, and make it durable.

    Raises:
        BusError: a file cannot be read whole; JournalFull: no room.
    """
    if originals.aside is not None:
        return originals.aside
    number = 1
    while (aside := park_folder / f"damaged-{number}").exists():
        number += 1
    fresh = park_folder / f"damaged-{number}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir()
        for name in _FILES:
            source = originals.folder / name
            if not source.exists():
                continue
            shutil.copyfile(source, fresh / name)
            sync(fresh / name)
            if _hash(source) != _hash(fresh / name):
                raise BusError(
                    f"`{source}` reads differently each time",
                    hint="the disk is failing: copy the folder away",
                )
        sync(fresh)
        fresh.rename(aside)
        sync(park_folder)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if error.errno in FULL_ERRNOS:
            raise JournalFull(
                f"no room for a copy in `{park_folder}`", hint="make room, then again"
            ) from error
        raise BusError(
            f"`{park_folder}` cannot be copied: {error}",
            hint="the disk may be failing: copy what can be read to another one and repair it there",
        ) from error
    return aside


def put_in_place(park_folder: Path, repaired: Path, aside: Path, meanwhile: Callable[[], None]) -> None:
    """Put the repaired files where the damaged ones were; `meanwhile` runs when no bus can be opened."""
    log, state = park_folder / LOG_NAME, park_folder / STATE_NAME
    stone = park_folder / f"{LOG_NAME}.stone"
    stone.write_bytes(_STONE + aside.name.encode() + b"\n")
    sync(stone)
    stone.replace(log)
    sync(park_folder)
    _drop_side_files(log)
    meanwhile()
    _drop_side_files(state)
    for path in (state, log):  # the log last: with it everything is in its place
        sync(repaired / path.name)
        (repaired / path.name).replace(path)
        sync(park_folder)


def _drop_side_files(path: Path) -> None:
    """SQLite would take them for the next file's own."""
    for name in _SIDE_FILES:
        path.with_name(path.name + name).unlink(missing_ok=True)
    sync(path.parent)


def _hash(path: Path) -> bytes:
    digest = hashlib.blake2b()
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.digest()
