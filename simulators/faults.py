"""What goes wrong between the air and the broker: with sensors (silent, stuck, flagged) and with devices
(silent, wrong clock, double, delayed, unreadable). Readings and messages in, what is really sent out.

Drawn from the block's random numbers only; a fault that names nothing in the park is a mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenceline.errors import ConfigError
from fenceline.vocabulary import QUALITY_BY_WORD, Quality
from simulators.air import BLOCK_SECONDS, AirBlock
from simulators.plume import Floats
from simulators.scenario import (
    BadPayload,
    Delayed,
    Duplicates,
    Fault,
    Flagged,
    Silence,
    Stuck,
    Window,
    WrongClock,
)

Bools = NDArray[np.bool_]
DeviceFault = Silence | WrongClock | Duplicates | Delayed | BadPayload


@dataclass(frozen=True, slots=True)
class SensorFault:
    """A fault and the columns it hits."""

    fault: Silence | Stuck | Flagged
    columns: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sensed:
    """One block of readings as the devices have them: value, quality, and whether there is one at all."""

    value: Floats
    quality: NDArray[np.uint8]
    present: Bools


def sensor_faults(faults: Sequence[Fault], sensors: Sequence[str]) -> tuple[SensorFault, ...]:
    """The faults of single sensors, resolved.

    Raises:
        ConfigError: a pattern that no sensor answers to.
    """
    found = []
    for fault in faults:
        if isinstance(fault, Stuck | Flagged) or (isinstance(fault, Silence) and fault.sensor is not None):
            columns = [index for index, name in enumerate(sensors) if fnmatchcase(name, fault.sensor or "")]
            if not columns:
                raise _nothing("sensor", fault.sensor or "")
            found.append(SensorFault(fault, np.array(columns, dtype=np.int64)))
    return tuple(found)


def device_faults(faults: Sequence[Fault], devices: Sequence[str]) -> dict[str, tuple[DeviceFault, ...]]:
    """The faults of each device.

    Raises:
        ConfigError: a pattern that no device answers to.
    """
    found: dict[str, tuple[DeviceFault, ...]] = dict.fromkeys(devices, ())
    for fault in faults:
        if isinstance(fault, Stuck | Flagged) or fault.device is None:
            continue
        hit = [device for device in devices if fnmatchcase(device, fault.device)]
        if not hit:
            raise _nothing("device", fault.device)
        for device in hit:
            found[device] += (fault,)
    return found


def spoil(
    block: AirBlock, faults: Sequence[SensorFault], held: Floats, start_s: float
) -> tuple[Sensed, Floats]:
    """Apply the sensors' faults to a block; `held` is what stuck sensors repeat (NaN: not stuck)."""
    value = block.reading.copy()
    quality = np.where(block.over, np.uint8(Quality.OVER_RANGE), np.uint8(Quality.GOOD))
    present = np.ones(value.shape, dtype=np.bool_)
    held = held.copy()
    for entry in faults:
        fault, columns = entry.fault, entry.columns
        for row in range(BLOCK_SECONDS):
            stands = fault.holds(start_s + row)
            if isinstance(fault, Silence):
                present[row, columns] &= not stands
            elif isinstance(fault, Flagged) and stands:
                quality[row, columns] = QUALITY_BY_WORD[fault.quality]
                if fault.value is not None:
                    value[row, columns] = fault.value
            elif isinstance(fault, Stuck):
                if not stands:
                    held[columns] = np.nan
                    continue
                first = value[row, columns] if fault.value is None else fault.value
                held[columns] = np.where(np.isnan(held[columns]), first, held[columns])
                value[row, columns] = held[columns]
                quality[row, columns] = Quality.GOOD
    return Sensed(value, quality, present), held


def standing(faults: Sequence[DeviceFault], kind: type[Window], seconds: float) -> DeviceFault | None:
    """The first fault of this kind that stands at this second."""
    return next((fault for fault in faults if isinstance(fault, kind) and fault.holds(seconds)), None)


def unreadable(form: str, sensor: str, time_ms: int) -> bytes:
    """A message with something wrong in it."""
    reading: dict[str, object] = {"sensor": sensor, "time": time_ms, "value": 0.0}
    if form == "text_value":
        reading["value"] = "----"
    elif form == "unknown_sensor":
        reading["sensor"] = f"{sensor}-spare"
    elif form == "wrong_unit":
        reading["unit"] = "kg"
    elif form == "old_time":
        reading["time"] = time_ms % 86_400_000
    encoded = msgspec.json.encode(reading)
    return encoded[: len(encoded) // 2] if form == "no_json" else encoded


def _nothing(what: str, pattern: str) -> ConfigError:
    return ConfigError(
        f"a fault of the scenario names the {what} `{pattern}`, and the park has none",
        hint=f"look up the {what}'s id in park.yaml; `*` and `?` stand for any letters",
    )
