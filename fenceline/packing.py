"""State to bytes and back: a JSON head and numpy arrays, deterministic, with a format version."""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from fenceline.errors import WireError

FORMAT = 1
_MAGIC = b"FLST"


def pack(head: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """One block of bytes; equal inputs give equal bytes."""
    layout = [
        {"name": name, "dtype": np.lib.format.dtype_to_descr(array.dtype), "shape": list(array.shape)}
        for name, array in sorted(arrays.items())
    ]
    # Keys keep their order: what is written after a restore must have the bytes it would have had without.
    top = orjson.dumps({"format": FORMAT, "head": head, "arrays": layout})
    parts: list[bytes | memoryview] = [_MAGIC, len(top).to_bytes(8, "big"), top]
    # Joined from where they stand: a snapshot of many sensors is copied once.
    parts += [
        np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for _, array in sorted(arrays.items())
    ]
    return b"".join(parts)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `pack` was given.

    Raises:
        WireError: other bytes, or a format of another release.
    """
    if data[:4] != _MAGIC:
        raise WireError(
            "a snapshot does not begin as one", hint="delete it: the journal is folded from an older one"
        )
    length = int.from_bytes(data[4:12], "big")
    top = orjson.loads(data[12 : 12 + length])
    if top["format"] != FORMAT:
        raise WireError(
            f"a snapshot of format `{top['format']}`; this release reads {FORMAT}",
            hint="start the release that wrote it, or delete what was derived and fold again",
        )
    arrays: dict[str, NDArray[Any]] = {}
    offset = 12 + length
    for entry in top["arrays"]:
        dtype = np.dtype(_descr(entry["dtype"]))
        count = int(np.prod(entry["shape"], dtype=np.int64))
        arrays[entry["name"]] = (
            np.frombuffer(data, dtype=dtype, count=count, offset=offset).reshape(entry["shape"]).copy()
        )
        offset += count * dtype.itemsize
    return top["head"], arrays


def _descr(value: Any) -> Any:
    """JSON turned the tuples of a structured dtype's description into lists."""
    return [tuple(field) for field in value] if isinstance(value, list) else value
