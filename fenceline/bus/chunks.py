"""A snapshot as chunks and a manifest, and back: found whole as it was written, or not found.

The manifest is written last. Its hash covers position, terms and state, so that damage anywhere
makes the snapshot not found.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from fenceline.bus import Position, Snapshot

CHUNK_BYTES = 512 * 1024
MANIFEST_FORMAT = 1


def split(state: bytes) -> list[bytes]:
    """The state in chunks of `CHUNK_BYTES`, the last one shorter; none for an empty state."""
    return [state[start : start + CHUNK_BYTES] for start in range(0, len(state), CHUNK_BYTES)]


def manifest_of(snapshot: Snapshot) -> bytes:
    """The manifest's bytes: JSON with sorted keys."""
    body: dict[str, Any] = {
        "format": MANIFEST_FORMAT,
        "position": str(snapshot.position),
        "bytes": len(snapshot.state),
        "chunks": -(-len(snapshot.state) // CHUNK_BYTES),
        "terms": {name: list(term) for name, term in snapshot.terms.items()},
    }
    body["hash"] = _seal(body, snapshot.state)
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def assemble(manifest: bytes, chunks: Sequence[bytes]) -> Snapshot | None:
    """The snapshot that was written, or none where anything is missing or differs."""
    try:
        body = orjson.loads(manifest)
        if body["format"] != MANIFEST_FORMAT or body["chunks"] != len(chunks):
            return None
        state = b"".join(chunks)
        if body.pop("hash") != _seal(body, state):
            return None
        return Snapshot(
            position=Position.parse(body["position"]),
            state=state,
            terms={name: (term, owner) for name, (term, owner) in body["terms"].items()},
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def chunk_count(manifest: bytes) -> int:
    """How many chunks a manifest names; 0 where it does not read back."""
    try:
        count = orjson.loads(manifest)["chunks"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return 0
    return count if isinstance(count, int) else 0


def _seal(body: dict[str, Any], state: bytes) -> str:
    digest = hashlib.blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=16)
    digest.update(state)
    return digest.hexdigest()
