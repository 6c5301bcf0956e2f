"""The newest reading of each sensor: batches of the journal in, one value per sensor out.

Nothing here is decided on; it is what a screen shows beside a sensor's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fenceline.reading import Readings
from fenceline.vocabulary import Quality

NEVER = -1
_QUALITIES = {quality.value: quality for quality in Quality}


@dataclass(frozen=True, slots=True)
class Newest:
    """A sensor's newest reading by event time."""

    time_ns: int
    value: float
    quality: Quality


class NewestReadings:
    """One row per sensor of the park; readings of other sensors are passed over."""

    def __init__(self, sensors: Sequence[str]) -> None:
        self.sensors = tuple(sensors)
        self._row = {sensor: row for row, sensor in enumerate(self.sensors)}
        self._time = np.full(len(self.sensors), NEVER, dtype=np.int64)
        self._value = np.zeros(len(self.sensors), dtype=np.float64)
        self._quality = np.zeros(len(self.sensors), dtype=np.uint8)
        self._changed = np.zeros(len(self.sensors), dtype=bool)

    def take(self, readings: Readings) -> None:
        """Keep what is not older than what there is."""
        if len(readings) == 0 or not self.sensors:
            return
        rows = np.array([self._row.get(sensor, -1) for sensor in readings.sensors], dtype=np.int64)
        row = rows[readings.code]
        # In rising time, so that of several readings of one sensor the assignment keeps the newest.
        order = np.argsort(readings.time, kind="stable")
        order = order[row[order] >= 0]
        order = order[readings.time[order] >= self._time[row[order]]]
        row = row[order]
        self._time[row] = readings.time[order]
        self._value[row] = readings.value[order]
        self._quality[row] = readings.quality[order]
        self._changed[row] = True

    def of(self, sensor: str) -> Newest | None:
        """A sensor's newest reading, if there was one."""
        row = self._row.get(sensor)
        if row is None or self._time[row] == NEVER:
            return None
        return self._at(row)

    def take_changed(self) -> dict[str, Newest]:
        """What changed since this was last asked."""
        rows = np.flatnonzero(self._changed)
        self._changed[rows] = False
        columns = (rows, self._time[rows], self._value[rows], self._quality[rows])
        return {
            self.sensors[row]: Newest(time_ns, value, _QUALITIES[quality])
            for row, time_ns, value, quality in zip(*(column.tolist() for column in columns), strict=True)
        }

    def _at(self, row: int) -> Newest:
        return Newest(int(self._time[row]), float(self._value[row]), Quality(int(self._quality[row])))
