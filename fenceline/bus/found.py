"""What looking through a journal finds: each thing with its place, how bad it is, and what to do."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from fenceline.bus import Topic


class Severity(StrEnum):
    """`damage`: not what was written; `notice`: sound, and good to know; `skipped`: not looked at."""

    DAMAGE = "damage"
    NOTICE = "notice"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing.

    Args:
        where: topic and offsets, or a file.
        what: a sentence.
        advice: what to do about it; empty where there is nothing to do.
    """

    severity: Severity
    where: str
    what: str
    advice: str = ""


@dataclass(slots=True)
class LogCount:
    """What was read of one topic."""

    records: int = 0
    bytes: int = 0
    head: int = 0
    end: int = 0


@dataclass(slots=True)
class Findings:
    """Everything that was found of one park."""

    park: str
    journal: int | None = None
    topics: dict[Topic, LogCount] = field(default_factory=dict)
    snapshots: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not any(one.severity is Severity.DAMAGE for one in self.found)

    def damage(self, where: str, what: str, advice: str) -> None:
        self.found.append(Found(Severity.DAMAGE, where, what, advice))

    def notice(self, where: str, what: str, advice: str = "") -> None:
        self.found.append(Found(Severity.NOTICE, where, what, advice))

    def skipped(self, where: str, what: str, advice: str = "") -> None:
        self.found.append(Found(Severity.SKIPPED, where, what, advice))

    def plain(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            "park": self.park,
            "journal": self.journal,
            "sound": self.sound,
            "topics": {topic.value: asdict(count) for topic, count in self.topics.items()},
            "snapshots": self.snapshots,
            "found": [asdict(one) for one in self.found],
        }
