"""How a journal goes on after damage: what is missing in, what stays and what is folded again out.

The order is kept by the offsets, which stay as they were. Where records are missing an `Epoch` takes the
last of their places and names the position before them, and the journal's number is raised, so that no
position from before is taken for one of this journal by chance.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from fenceline.bus import Position, Record, Snapshot, Topic
from fenceline.bus.logfile import set_names
from fenceline.bus.loglook import LogLook
from fenceline.bus.logrows import insert, row_of
from fenceline.bus.salvage import Gap, Salvaged
from fenceline.journal import Epoch
from fenceline.wire import encode

DERIVED = (Topic.FINDINGS, Topic.ALERTS)
SCRATCH = -1  # folded from nothing, the whole journal


@dataclass(slots=True)
class Mend:
    """What is done with a journal.

    Args:
        journal: its number from now on.
        epochs: the records put in, by offset.
        lost: offsets of each log for which there was a record and is none any more.
        start: the fold goes on from the state behind this offset; `SCRATCH` for none, and no state at all
            where `state_lost`.
        again: whether what was derived behind `start` is dropped and folded again.
        state_lost: no snapshot can be used and the whole journal is not there.
        snapshots: those that stay, with their positions in this journal.
        dropped_snapshots: the positions of those that do not.
        given_again: of the gaps in what was derived, those that the fold fills in whole.
        last: the last record's offset.
    """

    journal: int
    epochs: dict[int, Epoch] = field(default_factory=dict)
    lost: dict[Topic, list[Gap]] = field(default_factory=dict)
    start: int = SCRATCH
    again: bool = False
    state_lost: bool = False
    snapshots: list[Snapshot] = field(default_factory=list)
    dropped_snapshots: list[Position] = field(default_factory=list)
    given_again: set[tuple[Topic, Gap]] = field(default_factory=set)
    last: int = -1

    @property
    def changes(self) -> bool:
        """Whether anything is other than it was."""
        return bool(self.epochs or self.again or self.dropped_snapshots or any(self.lost.values()))


@dataclass
class Mender:
    """Decides and carries out, on the file that `salvage_log` has made.

    Args:
        connection: to that file.
        salvaged: what `salvage_log` said of it.
        park: the park's id.
        snapshots: all that are whole, whether they fit or not.
        known: positions in this journal that others hold, such as the store.
        known_ends: after the last offset that others know in the derived topics.
        unreadable: topics of which SQLite cannot read anything.
        again: fold again what can be, damaged or not.
    """

    connection: sqlite3.Connection
    salvaged: Salvaged
    park: str
    snapshots: Sequence[Snapshot]
    known: Sequence[Position] = ()
    known_ends: Mapping[Topic, int] = field(default_factory=dict)
    unreadable: frozenset[Topic] = frozenset()
    again: bool = False

    def __post_init__(self) -> None:
        self._look = LogLook(self.connection)

    def mend(self) -> Mend:
        """Write the epochs, drop what is folded again, write down the numbers and the gaps."""
        self._lengthen()
        own = self._look.own_number(self.salvaged.journal)
        mend = Mend(journal=max([own, *(held.journal for held in self._held())]))
        mend.lost = {topic: self._fresh_gaps(topic) for topic in self.salvaged.gaps}
        origin = self.salvaged.origin
        for first, last in self._breaks(mend, own):
            self._put_epoch(mend, first, last)
        mend.last = self._look.scalar("SELECT max(offset) FROM journal", -1)
        candidates = self._candidates(mend, origin)
        if candidates:
            mend.start = self._chosen(mend, candidates)
            # Under another number the fold would write again what stands: so all of it is written again.
            mend.again = self.again or bool(mend.epochs) or self._derived_lost_after(mend)
            mend.given_again = {
                (topic, gap)
                for topic, gap, bound in self._derived_gaps(mend)
                if mend.start == SCRATCH or bound > mend.start
            }
        else:
            mend.state_lost = True
            if mend.last not in mend.epochs:
                self._put_epoch(mend, mend.last + 1, mend.last + 1)
                mend.last += 1
            mend.start = mend.last
        self._keep_snapshots(mend)
        self._write(mend, origin)
        return mend

    # What is missing

    def _lengthen(self) -> None:
        """What others have read beyond the end that the file knows is missing, too."""
        for topic in DERIVED:
            end, known = self.salvaged.ends[topic], self.known_ends.get(topic, 0)
            if known > end:
                self.salvaged.gaps[topic].append((max(end, self.salvaged.heads[topic]), known - 1))
                self.salvaged.ends[topic] = known

    def _fresh_gaps(self, topic: Topic) -> list[Gap]:
        known = set(self.salvaged.known_gaps.get(topic, []))
        return [gap for gap in self.salvaged.gaps[topic] if gap not in known]

    def _breaks(self, mend: Mend, own: int) -> list[Gap]:
        """Where the order is broken: from the first missing offset to the one that the epoch takes."""
        last = self._look.scalar("SELECT max(offset) FROM journal", -1)
        gaps = [gap for gap in mend.lost[Topic.JOURNAL] if gap[0] < last]
        used = max(
            [
                self.salvaged.ends[Topic.JOURNAL] - 1,
                self._look.highest_cause(DERIVED),
                *self._offsets_held(mend),
            ]
        )
        mend.lost[Topic.JOURNAL] = list(gaps)
        if used > last:
            mend.lost[Topic.JOURNAL].append((last + 1, used))
            gaps.append((last + 1, used + 1))  # an offset that nobody knows a record at
        elif own != mend.journal or any(self._contradicts(one, own) for one in self._held()):
            gaps.append((last + 1, last + 1))
        return gaps

    def _held(self) -> list[Position]:
        return [*(snapshot.position for snapshot in self.snapshots), *self.known]

    def _offsets_held(self, mend: Mend) -> list[int]:
        return [position.offset for position in self._held() if position.journal <= mend.journal]

    def _contradicts(self, position: Position, journal: int) -> bool:
        """Whether somebody knows another record at an offset where one stands: of another file's history."""
        found = self._look.hash_at(position.offset)
        return position.journal == journal and found is not None and found != position.hash != ""

    def _put_epoch(self, mend: Mend, first: int, place: int) -> None:
        previous = Position(mend.journal, first - 1, self._look.hash_at(first - 1) or "")
        mend.journal += 1
        epoch = Epoch(journal=mend.journal, park=self.park, previous=str(previous))
        insert(self.connection, Topic.JOURNAL, [row_of(place, Record(epoch.kind, encode(epoch)))])
        mend.epochs[place] = epoch

    # From where the fold goes on

    def _candidates(self, mend: Mend, origin: int) -> list[int]:
        found = {
            snapshot.position.offset
            for snapshot in self.snapshots
            if snapshot.position.offset >= origin and self._place_of(snapshot.position, mend) is not None
        }
        if origin == SCRATCH and self.salvaged.heads[Topic.JOURNAL] == 0 and self._begins_whole(mend):
            found.add(SCRATCH)
        return sorted(found)

    def _place_of(self, position: Position, mend: Mend) -> int | None:
        """Where the state of a snapshot stands in the mended journal; none where it does not fit.

        That of a snapshot whose record is lost stands at the epoch in place of what was lost.
        """
        found = self._look.hash_at(position.offset)
        if found is not None or position.journal > mend.journal:
            return position.offset if found == position.hash else None
        if position.offset < self.salvaged.heads[Topic.JOURNAL]:
            return None
        return min((place for place in mend.epochs if place > position.offset), default=None)

    def _begins_whole(self, mend: Mend) -> bool:
        """Whether the first park in force stands before the first gap: without it nothing can be decided."""
        first = self._look.first_park()
        if first is None:  # nothing was ever in force: nothing was ever decided
            return not self._after(mend, SCRATCH)
        return all(gap[0] > first for gap in mend.lost[Topic.JOURNAL])

    def _chosen(self, mend: Mend, candidates: list[int]) -> int:
        """Behind the most damage to the journal; of those the highest from which the rest can be folded."""
        least = min(self._missing_after(mend, one) for one in candidates)
        best = [one for one in candidates if self._missing_after(mend, one) == least]
        bounds = [bound for _, _, bound in self._derived_gaps(mend)]
        covering = [one for one in best if all(one == SCRATCH or one < bound for bound in bounds)]
        return max(covering) if covering and not self.again else min(best)

    def _missing_after(self, mend: Mend, start: int) -> int:
        return sum(max(0, last - max(first, start + 1) + 1) for first, last in mend.lost[Topic.JOURNAL])

    def _after(self, mend: Mend, start: int) -> bool:
        return any(place > start for place in mend.epochs)

    def _derived_gaps(self, mend: Mend) -> list[tuple[Topic, Gap, int]]:
        """Each gap in what was derived, with the lowest journal offset that it may have come from."""
        found = []
        for topic in DERIVED:
            end = self.salvaged.ends[topic]
            gaps = list(mend.lost[topic])
            if topic not in self.salvaged.counted and (end > 0 or topic in self.unreadable):
                gaps.append((end, end))  # whether anything stood behind what is left is not known
            for gap in gaps:
                question = (
                    f"SELECT cause_offset FROM {topic.value} WHERE offset < {gap[0]}"  # noqa: S608
                    " ORDER BY offset DESC LIMIT 1"
                )
                found.append((topic, gap, self._look.scalar(question, SCRATCH)))
        return found

    def _derived_lost_after(self, mend: Mend) -> bool:
        return any(
            mend.start == SCRATCH or bound > mend.start or bound == SCRATCH
            for _, _, bound in self._derived_gaps(mend)
        )

    # What is written

    def _keep_snapshots(self, mend: Mend) -> None:
        taken: set[int] = set()
        for snapshot in self.snapshots:  # the highest first
            position = snapshot.position
            place = None if mend.state_lost else self._place_of(position, mend)
            if mend.again and position.offset > mend.start:
                place = None
            if place is not None and place not in taken:
                taken.add(place)
                here = Position(mend.journal, place, self._look.hash_at(place) or "")
                mend.snapshots.append(replace(snapshot, position=here))
            elif position.offset >= self.salvaged.heads[Topic.JOURNAL]:
                mend.dropped_snapshots.append(position)

    def _write(self, mend: Mend, origin: int) -> None:
        gaps = {topic: list(found) for topic, found in self.salvaged.known_gaps.items()}
        for topic, lost in mend.lost.items():
            gaps.setdefault(topic, []).extend(lost)
        gaps[Topic.JOURNAL] = [
            (first, last - 1 if last in mend.epochs else last)
            for first, last in gaps.get(Topic.JOURNAL, [])
            if first < last or last not in mend.epochs
        ]
        for topic in DERIVED if mend.again else ():
            self.connection.execute(
                f"DELETE FROM {topic.value} WHERE cause_offset > ?",  # noqa: S608
                (mend.start,),
            )
            kept = self._look.scalar(f"SELECT max(offset) FROM {topic.value}", -1)  # noqa: S608
            first = max(kept + 1, self.salvaged.heads[topic])
            gaps[topic] = [gap for gap in gaps.get(topic, []) if gap[0] < first]
            if first < self.salvaged.ends[topic]:
                gaps[topic].append((first, self.salvaged.ends[topic] - 1))
        for topic, end in self.salvaged.ends.items():
            used = max(end - 1, mend.last) if topic is Topic.JOURNAL else end - 1
            self.connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (topic.value,))
            self.connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (topic.value, used))
        said = {topic.value: sorted(found) for topic, found in gaps.items() if found}
        broken = bool(mend.epochs) or mend.state_lost
        set_names(
            self.connection,
            {
                "park": self.park,
                "journal": str(mend.journal),
                "gaps": orjson.dumps(said).decode(),
                "origin": str(max(origin, mend.start) if broken else origin),
            },
        )
