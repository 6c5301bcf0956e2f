"""What the doctor saw: plain facts, gathered and judged elsewhere. None where it could not be seen."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The machine's clocks.

    Args:
        now_ns: wall time.
        drift_seconds: how far wall time moved beyond monotonic time while `watched_seconds` passed.
        zone, zone_known: the park's time zone, and whether the zone database has it.
        synchronised: whether a time service says so; `time_service` names it.
    """

    now_ns: int
    drift_seconds: float
    watched_seconds: float
    zone: str | None
    zone_known: bool
    synchronised: bool | None
    time_service: str | None


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """The disk under the data folder; sync times in milliseconds, measured."""

    path: str
    free_bytes: int
    total_bytes: int
    free_inodes: int
    total_inodes: int
    kind: str | None
    sync_ms: tuple[float, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """The machine's memory, within the limit of its container where there is one."""

    available_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What runs here.

    Args:
        python: version in use; `python_needed` the least.
        differing: library → (installed, none where it is missing; locked).
        locked: how many libraries the lock names; none where there is no lock beside the program.
    """

    fenceline: str
    python: str
    python_needed: str
    differing: dict[str, tuple[str | None, str]]
    locked: int | None


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """Where compiled kernels are kept, and whether they can be."""

    folder: str | None
    writable: bool


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """The MQTT broker.

    Args:
        address: as people write it.
        expected: whether it should be running now: one of ours starts with the station.
        program: the broker that a station here would start; none for a site's own.
        problem, hint: why it cannot be used.
        version: by its own word.
        window_asked, window: unacknowledged messages sent in a trial, and how many of them came.
        session_seconds: the longest session it grants, where it says so.
        packet_bytes: the largest packet it takes, where it says so.
        settings: of its configuration file, where that is ours.
    """

    address: str
    expected: bool
    program: str | None
    problem: str | None = None
    hint: str = ""
    version: str | None = None
    window_asked: int = 0
    window: int | None = None
    session_seconds: int | None = None
    packet_bytes: int | None = None
    settings: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PortFacts:
    """A port that a station needs; `taken` by somebody else than a station of this folder."""

    what: str
    port: int
    taken: bool
    option: str


@dataclass(frozen=True, slots=True)
class PagerFacts:
    """Who can be reached, and how.

    Args:
        channels: configured, by name with their kind.
        absent: not configured, with the reason.
        recipients: name → its channels that are configured.
        tested: channel → (delivered, what it said), where a test page was sent.
    """

    channels: dict[str, str]
    absent: dict[str, str]
    recipients: dict[str, tuple[str, ...]]
    tested: dict[str, tuple[bool, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """A snapshot that reads back: how far behind the journal's end; whether the journal holds its record."""

    offset: int
    behind_records: int
    behind_seconds: float | None
    fits: bool


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """A park's journal.

    Args:
        exists: whether there is one.
        missing_folder: the data folder, where it is not there.
        other_parks: whose journals stand in the folder.
        problem, hint: what does not read back.
        verified: how many of the last records were compared with their hashes.
        tick_ns: the last tick.
        snapshots: newest first.
        dead_letters: records of that topic.
    """

    park: str
    exists: bool
    missing_folder: str | None = None
    other_parks: tuple[str, ...] = ()
    problem: str | None = None
    hint: str = ""
    head: int = 0
    end: int = 0
    bytes: int = 0
    verified: int = 0
    tick_ns: int | None = None
    snapshots: tuple[SnapshotFacts, ...] = ()
    dead_letters: int = 0


@dataclass(frozen=True, slots=True)
class StationFacts:
    """A station that owns the data folder.

    Args:
        pid: its process; none where no station runs.
        answers: whether it answers on the web.
        parts: part → (ready, detail).
        contradictions: of the accounts; none where they may not be asked from here.
    """

    pid: int | None
    answers: bool = False
    web: str | None = None
    parts: dict[str, tuple[bool, str]] = field(default_factory=dict)
    contradictions: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """The configuration folder, as `fenceline check` finds it."""

    folder: str
    problem: str | None = None
    hint: str = ""
    sensors: int = 0
    rules: int = 0
    failed_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was seen."""

    clock: ClockFacts | None = None
    disk: DiskFacts | None = None
    memory: MemoryFacts | None = None
    versions: VersionFacts | None = None
    cache: CacheFacts | None = None
    config: ConfigFacts | None = None
    broker: BrokerFacts | None = None
    ports: tuple[PortFacts, ...] = ()
    pagers: PagerFacts | None = None
    journal: JournalFacts | None = None
    station: StationFacts | None = None
