"""Judges the machine: clocks, disk, memory, versions, kernel cache. Facts in, verdicts out; pure."""

from datetime import UTC, datetime
from statistics import median

from console.doctor.facts import CacheFacts, ClockFacts, DiskFacts, MemoryFacts, VersionFacts
from console.doctor.verdict import Verdict, ok, problem, warning

GIB = 1024**3
LEAST_YEAR, MOST_YEAR = 2025, 2100
DRIFT_SECONDS = 0.02  # beyond what a slewing service does in the second that is watched
SLOW_SYNC_MS, BAD_SYNC_MS, UNTRUE_SYNC_MS = 20.0, 100.0, 0.01
_REMOTE = ("nfs", "cifs", "smb", "9p", "fuse", "ceph", "gluster", "afs", "lustre")
_FLEETING = ("tmpfs", "ramfs")


def clock(facts: ClockFacts) -> list[Verdict]:
    """Wall time, its steadiness, its source, the zone of the park."""
    found: list[Verdict] = []
    now = datetime.fromtimestamp(facts.now_ns // 1_000_000_000, UTC)
    if not LEAST_YEAR <= now.year < MOST_YEAR:
        found.append(
            problem(
                "clock", f"it is {now:%Y-%m-%d} by this machine", "set the clock before anything is started"
            )
        )
    drift = facts.drift_seconds
    if abs(drift) > DRIFT_SECONDS:
        found.append(
            problem(
                "clock",
                f"wall time moved {drift * 1000:+.0f} ms beside monotonic in {facts.watched_seconds:g} s",
                "something steps the clock: use one time service that slews, such as chrony",
            )
        )
    else:
        found.append(ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, steady within {abs(drift) * 1000:.1f} ms"))
    if facts.synchronised is None:
        found.append(
            warning(
                "time service",
                "nothing here can say whether the clock is synchronised",
                "run chrony or systemd-timesyncd; in a container, see to it that the host does",
            )
        )
    elif facts.synchronised:
        found.append(ok("time service", f"synchronised, says {facts.time_service}"))
    else:
        found.append(
            problem(
                "time service",
                f"the clock is not synchronised, says {facts.time_service}",
                "start the time service and let it reach its servers; readings are judged by this clock",
            )
        )
    if facts.zone is not None and not facts.zone_known:
        found.append(
            problem(
                "time zone",
                f"the zone `{facts.zone}` is not known",
                "install the packages tzdata (system or PyPI)",
            )
        )
    elif facts.zone is not None:
        found.append(ok("time zone", f"`{facts.zone}` is known"))
    return found


def disk(facts: DiskFacts) -> list[Verdict]:
    """Room, names, kind, and how long a sync takes."""
    if facts.problem is not None:
        return [
            problem(
                "disk", f"`{facts.path}` cannot be used: {facts.problem}", "choose another folder with --data"
            )
        ]
    room = f"{facts.free_bytes / GIB:.1f} of {facts.total_bytes / GIB:.1f} GiB free under `{facts.path}`"
    if facts.free_bytes < GIB:
        found = [problem("disk room", room, "free space now: when none is left, nothing is taken in")]
    elif facts.free_bytes < 5 * GIB or facts.free_bytes * 10 < facts.total_bytes:
        found = [warning("disk room", room, "free space, or move the data folder to a larger disk")]
    else:
        found = [ok("disk room", room)]
    if facts.total_inodes > 0 and facts.free_inodes * 100 < facts.total_inodes:
        found.append(
            problem(
                "disk names",
                f"{facts.free_inodes} file names left",
                "delete small files: no file can be made soon",
            )
        )
    found.append(_kind(facts))
    found += _sync(facts)
    return found


def _kind(facts: DiskFacts) -> Verdict:
    kind = facts.kind
    if kind is None:
        return warning("file system", "its kind cannot be told", "the data folder belongs on a local disk")
    if kind.startswith(_REMOTE):
        return problem(
            "file system",
            f"the data folder lies on `{kind}`: locks and syncs of a remote disk cannot be relied on",
            "move the data folder to a local disk",
        )
    if kind.startswith(_FLEETING):
        return problem(
            "file system",
            f"the data folder lies on `{kind}`: it is gone with the power",
            "move the data folder to a disk",
        )
    return ok("file system", f"`{kind}`, on this machine")


def _sync(facts: DiskFacts) -> list[Verdict]:
    if not facts.sync_ms:
        return []
    middle, worst = median(facts.sync_ms), max(facts.sync_ms)
    said = f"a sync takes {middle:.2f} ms, the slowest of {len(facts.sync_ms)} took {worst:.1f} ms"
    if middle > BAD_SYNC_MS:
        return [problem("disk sync", said, "use a disk with power-loss protection, or fewer other writers")]
    if middle > SLOW_SYNC_MS:
        return [warning("disk sync", said, "readings wait that long to be durable; a faster disk helps")]
    if middle < UNTRUE_SYNC_MS:
        return [
            warning(
                "disk sync",
                f"{said}: too fast for a disk",
                "see whether syncs are switched off here; a power cut would then lose readings",
            )
        ]
    return [ok("disk sync", said)]


def memory(facts: MemoryFacts) -> list[Verdict]:
    """What is left for a station."""
    said = f"{facts.available_bytes / GIB:.1f} of {facts.total_bytes / GIB:.1f} GiB available"
    if facts.available_bytes < GIB // 4:
        return [problem("memory", said, "stop other programs: the station may be ended by the system")]
    if facts.available_bytes < GIB:
        return [warning("memory", said, "a large park may need more: see docs/architecture.md")]
    return [ok("memory", said)]


def versions(facts: VersionFacts) -> list[Verdict]:
    """Python and the libraries, against what is tested together."""
    found: list[Verdict] = []
    said = f"Fenceline {facts.fenceline} on Python {facts.python}"
    if _numbers(facts.python) < _numbers(facts.python_needed):
        found.append(problem("python", said, f"use Python {facts.python_needed} or newer"))
    else:
        found.append(ok("python", said))
    if facts.locked is None:
        found.append(ok("libraries", "no lock beside the program to compare with"))
        return found
    if not facts.differing:
        found.append(ok("libraries", f"all {facts.locked} as locked"))
        return found
    missing = sorted(name for name, (installed, _) in facts.differing.items() if installed is None)
    if missing:
        found.append(
            problem(
                "libraries", f"missing: {', '.join(missing)}", "run `make` in a checkout, or install again"
            )
        )
    others = [
        f"{name} {installed} (locked {locked})"
        for name, (installed, locked) in sorted(facts.differing.items())
        if installed is not None
    ]
    if others:
        found.append(
            warning(
                "libraries",
                f"other than locked: {', '.join(others)}",
                "install what the lock names: only that is tested",
            )
        )
    return found


def cache(facts: CacheFacts) -> list[Verdict]:
    """Compiled kernels are kept, so that a start takes seconds."""
    if facts.folder is not None and facts.writable:
        return [ok("kernel cache", f"`{facts.folder}` can be written")]
    where = "no folder" if facts.folder is None else f"`{facts.folder}`"
    return [
        warning(
            "kernel cache",
            f"{where} can be written: each start compiles for half a minute",
            "set NUMBA_CACHE_DIR to a folder that this user may write",
        )
    ]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
