"""Readings as columns: sensor, event time, value in the sensor's canonical unit, quality, sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_SEQUENCE = -1


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings in arrival order; all arrays have the same length.

    Args:
        sensors: the sensor ids that `code` points into.
        code: int32, index into `sensors`.
        time: int64, event time, ns since 1970 UTC.
        value: float64, in the sensor's canonical unit; finite.
        quality: uint8, `fenceline.vocabulary.Quality`.
        sequence: int64, the device's sequence number, `NO_SEQUENCE` where it sent none.
    """

    sensors: tuple[str, ...]
    code: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    sequence: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.code)

    @staticmethod
    def empty() -> "Readings":
        return Readings.from_rows(())

    @staticmethod
    def from_rows(rows: Sequence[tuple[str, int, float, int, int]]) -> "Readings":
        """Rows of (sensor, time_ns, value, quality, sequence); for tests and small inputs."""
        codes: dict[str, int] = {}
        code = np.array([codes.setdefault(row[0], len(codes)) for row in rows], dtype=np.int32)
        return Readings(
            sensors=tuple(codes),
            code=code,
            time=np.array([row[1] for row in rows], dtype=np.int64),
            value=np.array([row[2] for row in rows], dtype=np.float64),
            quality=np.array([row[3] for row in rows], dtype=np.uint8),
            sequence=np.array([row[4] for row in rows], dtype=np.int64),
        )
