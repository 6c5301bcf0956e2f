"""Looks at the machine: clocks, disk, memory, versions, kernel cache. Leaves nothing behind."""

import asyncio
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from console.doctor.facts import CacheFacts, ClockFacts, DiskFacts, MemoryFacts, VersionFacts
from console.version import VERSION

WATCHED_SECONDS = 0.5
SYNCS, SYNC_BYTES = 25, 4096
PYTHON_NEEDED = "3.11"
_LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(;[^\\]*)?")


async def clock(zone: str | None) -> ClockFacts:
    """Watch the clocks for a moment and ask the time service."""
    wall, steady = time.time_ns(), time.monotonic_ns()
    await asyncio.sleep(WATCHED_SECONDS)
    drift = (time.time_ns() - wall) - (time.monotonic_ns() - steady)
    synchronised, service = await asyncio.to_thread(_synchronised)
    return ClockFacts(
        now_ns=time.time_ns(),
        drift_seconds=drift / 1e9,
        watched_seconds=WATCHED_SECONDS,
        zone=zone,
        zone_known=zone is not None and _zone_known(zone),
        synchronised=synchronised,
        time_service=service,
    )


def _zone_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def _synchronised() -> tuple[bool | None, str | None]:
    said = _answer("chronyc", "-n", "tracking")
    if said is not None and "Leap status" in said:
        return "Not synchronised" not in said, "chrony"
    said = _answer("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said is not None and said.strip() in ("yes", "no"):
        return said.strip() == "yes", "timedatectl"
    return None, None


def _answer(program: str, *words: str) -> str | None:
    path = shutil.which(program)
    if path is None:
        return None
    try:
        answer = subprocess.run([path, *words], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout if answer.returncode == 0 else None


def disk(data: Path) -> DiskFacts:
    """Room and kind of the disk under a folder, which may not exist yet; the time of syncs there."""
    folder = data.resolve()
    while not folder.is_dir():
        folder = folder.parent
    try:
        room = os.statvfs(folder)
        syncs, problem = _sync_ms(folder), None
    except OSError as error:
        return DiskFacts(str(folder), 0, 0, 0, 0, None, (), error.strerror or str(error))
    return DiskFacts(
        path=str(folder),
        free_bytes=room.f_bavail * room.f_frsize,
        total_bytes=room.f_blocks * room.f_frsize,
        free_inodes=room.f_favail,
        total_inodes=room.f_files,
        kind=_kind(folder),
        sync_ms=syncs,
        problem=problem,
    )


def _sync_ms(folder: Path) -> tuple[float, ...]:
    found: list[float] = []
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
        for _ in range(SYNCS):
            probe.write(os.urandom(SYNC_BYTES))
            probe.flush()
            begun = time.perf_counter()
            os.fsync(probe.fileno())
            found.append((time.perf_counter() - begun) * 1000)
    return tuple(found)


def _kind(folder: Path) -> str | None:
    """By the mount that lies nearest above the folder."""
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    except OSError:
        return None
    best, kind = "", None
    for line in lines:
        parts = line.split()
        place = parts[1].replace("\\040", " ")
        if folder.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, parts[2]
    return kind


def memory() -> MemoryFacts | None:
    """What is available, within a container's limit; none where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
        known = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
        total, available = known["MemTotal"], known["MemAvailable"]
    except (OSError, KeyError, ValueError):
        return None
    limit = _number(Path("/sys/fs/cgroup/memory.max"))
    used = _number(Path("/sys/fs/cgroup/memory.current"))
    if limit is not None and used is not None and limit < total:
        total, available = limit, min(available, limit - used)
    return MemoryFacts(available, total)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def versions(lock: Path = _LOCK) -> VersionFacts:
    """Python and the installed libraries, beside the lock where it stands with the program."""
    locked = _locked(lock)
    differing: dict[str, tuple[str | None, str]] = {}
    for name, (wanted, conditional) in (locked or {}).items():
        installed = _installed(name)
        if installed != wanted and not (installed is None and conditional):
            differing[name] = (installed, wanted)
    return VersionFacts(
        fenceline=VERSION,
        python=platform.python_version(),
        python_needed=PYTHON_NEEDED,
        differing=differing,
        locked=None if locked is None else len(locked),
    )


def _locked(lock: Path) -> dict[str, tuple[str, bool]] | None:
    """Library → (version, whether only some machines need it)."""
    try:
        lines = lock.read_text("utf-8").splitlines()
    except OSError:
        return None
    found = (_LOCKED.match(line) for line in lines)
    return {one[1]: (one[2], one[3] is not None) for one in found if one is not None}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def cache() -> CacheFacts:
    """Where numba keeps compiled kernels, as the rules set it."""
    import numba

    import rules.compiled  # noqa: F401 - chooses the folder

    folder = Path(str(getattr(numba.config, "CACHE_DIR")))  # noqa: B009 - its stubs do not know it
    above = folder
    while not above.is_dir():
        above = above.parent
    return CacheFacts(str(folder), os.access(above, os.W_OK))
