"""What a repair did, in sentences and as JSON: what is saved, what is lost, what people must know."""

from dataclasses import asdict, dataclass, field
from typing import Any

from console.journal.ledger import Standing


@dataclass(frozen=True, slots=True)
class Lost:
    """Records that could not be saved.

    Args:
        between: UTC times of the ticks around them, as far as there are any.
    """

    topic: str
    first: int
    last: int
    between: tuple[str | None, str | None]
    again: bool = False

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        before, after = self.between
        when = f", between {before or 'the beginning'} and {after or 'the end'}" if any(self.between) else ""
        what = "folded again" if self.again else "lost"
        records = "1 record" if self.count == 1 else f"{self.count} records"
        where = f"{self.first}" if self.count == 1 else f"{self.first}-{self.last}"
        return f"{self.topic} {where}: {records} {what}{when}"


@dataclass(slots=True)
class Repair:
    """One repair.

    Args:
        changed: whether anything had to be done.
        done: whether it was done, and not only tried.
        journal: the number before and after.
        saved: records by topic.
        start: the journal offset behind which everything derived is folded again; none where nothing is.
        vanished: alerts of the ledger that do not come out again.
        changed_alerts: those that end otherwise than they stood.
        told: records that the ledger was told, so that it says what the engine's state says.
        notes: everything else that people must know.
    """

    changed: bool = False
    done: bool = False
    journal: tuple[int | None, int] = (None, 0)
    saved: dict[str, int] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)
    dropped_snapshots: list[str] = field(default_factory=list)
    start: int | None = None
    state_lost: bool = False
    vanished: list[Standing] = field(default_factory=list)
    changed_alerts: list[str] = field(default_factory=list)
    told: int = 0
    aside: str | None = None
    notes: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON knows it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        said = [f"saved: {', '.join(f'{count} {topic}' for topic, count in self.saved.items())}"]
        said += [str(one) for one in self.lost]
        before, after = self.journal
        if before != after:
            said.append(f"the journal goes on as number {after} (it was {before or 'not to be read'})")
        if self.dropped_snapshots:
            said.append(f"snapshots dropped: {', '.join(self.dropped_snapshots)}")
        if self.state_lost:
            said.append(
                "no snapshot fits and the journal does not reach back to its beginning: the engine begins"
                " with an empty state, and what stood open is closed"
            )
        elif self.start is not None:
            place = "the beginning" if self.start < 0 else f"offset {self.start}"
            said.append(f"what was derived was folded again from {place}")
        for alert in self.vanished:
            word = "OPEN " if alert.open else ""
            said.append(f"{word}alert does not come out again: {alert.id} ({alert.level}, {alert.state})")
        said += [f"alert stands otherwise now: {one}" for one in self.changed_alerts]
        if self.told:
            said.append(
                f"{self.told} records were added to the ledger, so that it says what the engine knows"
            )
        said += self.notes
        if self.aside is not None:
            said.append(f"the files as they were: {self.aside}")
        return said
