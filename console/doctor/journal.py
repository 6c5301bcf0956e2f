"""Judges the journal: whether it reads back, is followed, and can be started from; pure."""

from console.doctor.facts import JournalFacts, SnapshotFacts, StationFacts
from console.doctor.verdict import Verdict, ok, problem, warning

BEHIND_RECORDS, BEHIND_SECONDS = 100_000, 3600.0
TICK_BEHIND_SECONDS, CLOCK_SECONDS = 10.0, 2.0
MANY_LETTERS = 10_000


def journal(facts: JournalFacts, now_ns: int, station: StationFacts | None) -> list[Verdict]:
    """Whether it reads back, is followed, and can be started from."""
    if facts.missing_folder is not None:
        do = "check --data; where no station ever ran there, its first start makes it"
        return [warning("data folder", f"there is no folder `{facts.missing_folder}`", do)]
    if not facts.exists and facts.other_parks:
        said = f"there is none of park `{facts.park}`, but of {', '.join(facts.other_parks)}"
        return [warning("journal", said, "check --park and --data")]
    if not facts.exists:
        return [ok("journal", f"park `{facts.park}` has none here yet; the first start makes it")]
    if facts.problem is not None:
        do = facts.hint or "stop, copy the whole data folder, then run `fenceline journal verify`"
        return [problem("journal", facts.problem, do)]
    said = (
        f"records {facts.head} to {facts.end - 1}, {facts.bytes / 1e6:.1f} MB; "
        f"the last {facts.verified} read back as written"
    )
    found = [ok("journal", said), *_ticks(facts, now_ns, station), *_snapshots(facts)]
    if facts.dead_letters > MANY_LETTERS:
        found.append(
            warning(
                "dead letters",
                f"{facts.dead_letters} stand in the journal",
                "`fenceline deadletter list` shows why they are refused: mend the devices or the park file",
            )
        )
    return found


def _ticks(facts: JournalFacts, now_ns: int, station: StationFacts | None) -> list[Verdict]:
    if facts.tick_ns is None:
        return []
    behind = (now_ns - facts.tick_ns) / 1e9
    if behind < -CLOCK_SECONDS:
        return [
            problem(
                "log time",
                f"the last tick lies {-behind:.0f} s in this machine's future",
                "set the clock; if the journal's time is wrong, a named person must set it",
            )
        ]
    if station is not None and station.pid is not None and behind > TICK_BEHIND_SECONDS:
        return [
            problem(
                "log time",
                f"a station runs and the last tick is {behind:.0f} s old",
                "it takes nothing in: see broker and disk above, and its log",
            )
        ]
    return [ok("log time", f"the last tick is {max(0.0, behind):.0f} s old")]


def _snapshots(facts: JournalFacts) -> list[Verdict]:
    if not facts.snapshots:
        if facts.end - facts.head > BEHIND_RECORDS or facts.head > 0:
            return [
                problem(
                    "snapshots",
                    f"there is none, and the journal begins at {facts.head}",
                    "keep the folder as it is and call maintenance: a start folds from the head, or cannot",
                )
            ]
        return [ok("snapshots", "none yet; a start folds the journal from its head")]
    found: list[Verdict] = []
    for one in facts.snapshots:
        if not one.fits:
            found.append(
                problem(
                    "snapshots",
                    f"the snapshot at {one.offset} is of another journal",
                    "was a file of the data folder replaced? restore both from one backup",
                )
            )
    newest = facts.snapshots[0]
    said = f"the newest is {_behind(newest)} behind; {len(facts.snapshots)} read back"
    late = newest.behind_seconds is not None and newest.behind_seconds > BEHIND_SECONDS
    if newest.behind_records > BEHIND_RECORDS or late:
        found.append(warning("snapshots", said, "starts take longer: see the log for why none is taken"))
    elif not found:
        found.append(ok("snapshots", said))
    return found


def _behind(one: SnapshotFacts) -> str:
    seconds = "" if one.behind_seconds is None else f" and {one.behind_seconds:.0f} s"
    return f"{one.behind_records} records{seconds}"
