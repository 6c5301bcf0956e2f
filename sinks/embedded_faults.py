"""DuckDB's errors in, sentences with a way out for the person who reads them out."""

import errno
from pathlib import Path

from fenceline.errors import ServiceError

_NO_ROOM = ("no space left", "file too large", "quota exceeded")
_LOCKED = ("could not set lock", "conflicting lock", "being used by another process")
_DAMAGED = (
    "not a valid duckdb",
    "corrupt",
    "checksum",
    "wal file",
    "deserialize",
    "failed to read",
    "could not read enough bytes",
)


def store_error(path: Path, error: Exception) -> ServiceError:
    """The error as a person needs it: what is wrong with which file, and what to do."""
    said = str(error)
    low = said.lower()
    if any(words in low for words in _NO_ROOM) or getattr(error, "errno", None) == errno.ENOSPC:
        return ServiceError(
            f"no room to write the store `{path}`",
            hint=f"make room on the disk that holds `{path.parent}`; storing then goes on by itself",
        )
    if any(words in low for words in _LOCKED):
        return ServiceError(
            f"the store `{path}` is open in another process",
            hint="ask that process (its page and its API answer), or stop it first",
        )
    if any(words in low for words in _DAMAGED):
        return ServiceError(
            f"the store `{path}` is damaged: {said.splitlines()[0]}",
            hint=f"move `{path.name}` and `{path.name}.wal` away: "
            "the store is filled again from the journal, as far back as that reaches",
        )
    if not path.parent.is_dir():
        return ServiceError(
            f"the folder of the store `{path}` does not exist", hint=f"create `{path.parent}`"
        )
    return ServiceError(
        f"the store `{path}` does not work: {said.splitlines()[0] if said else type(error).__name__}",
        hint=f"check that `{path.parent}` can be written and has room",
    )
