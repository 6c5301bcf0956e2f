"""Questions to the log file that a repair works on."""

import sqlite3
from collections.abc import Iterable

from pydantic import ValidationError

from fenceline.bus import Record, Topic, hash_of
from fenceline.journal import Epoch, InForce


class LogLook:
    """Asks; changes nothing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def own_number(self, said: int | None) -> int:
        """The journal's number by what the file says, in its names (`said`) and in its epochs."""
        epochs = self._connection.execute("SELECT payload FROM journal WHERE kind = 'epoch'").fetchall()
        return max([said or 1, *(_number(payload) for (payload,) in epochs)])

    def first_park(self) -> int | None:
        """Where a park is first put in force."""
        rows = self._connection.execute(
            "SELECT offset, payload FROM journal WHERE kind = 'in_force' ORDER BY offset"
        )
        return next((offset for offset, payload in rows if _names_park(payload)), None)

    def highest_cause(self, topics: Iterable[Topic]) -> int:
        """The highest journal offset that anything was derived from."""
        return max(
            self.scalar(f"SELECT max(cause_offset) FROM {topic.value}", -1)  # noqa: S608
            for topic in topics
        )

    def hash_at(self, offset: int) -> str | None:
        """Of the journal's record there."""
        row = self._connection.execute(
            "SELECT kind, key, payload FROM journal WHERE offset = ?", (offset,)
        ).fetchone()
        return None if row is None else hash_of(Record(row[0], row[2], row[1]))

    def scalar(self, question: str, without: int) -> int:
        """One number."""
        row = self._connection.execute(question).fetchone()
        return without if row is None or row[0] is None else int(row[0])


def _number(epoch: bytes) -> int:
    try:
        return Epoch.model_validate_json(epoch).journal
    except ValidationError:
        return 1


def _names_park(in_force: bytes) -> bool:
    try:
        return "park" in InForce.model_validate_json(in_force).items
    except ValidationError:  # the fold quarantines it
        return False
