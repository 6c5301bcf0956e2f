"""What an instrument makes of the air: response time, zero, noise, limit of detection, resolution, range.

A sensor's quantity, placement and range in, its characteristics in its own unit out (`instrument_for`);
then true values in, readings and over-range marks out (`read`). Vectorised over all sensors of a park.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenceline.vocabulary import Placement
from simulators.plume import Floats

LN10 = 2.302585

# What the air holds without any leak, mg/m³: typical means of an industrial town.
BACKGROUND_MG_M3: dict[str, float] = {
    "h2s": 0.002,
    "nh3": 0.03,
    "so2": 0.012,
    "no2": 0.030,
    "co": 0.6,
    "hcl": 0.008,
    "benzene": 0.003,
    "toluene": 0.010,
    "xylene": 0.008,
    "styrene": 0.001,
    "nmhc": 0.45,
    "ch4": 1.35,
    "pm": 0.06,
}
# Steady readings of quantities that are no gas: (value, slow spread) in their canonical unit.
STEADY: dict[str, tuple[float, float]] = {
    "oxygen": (20.9, 0.02),
    "relative_humidity": (62.0, 6.0),
    "pressure": (1013.0, 1.5),
    "solar_radiation": (120.0, 40.0),
    "odour_concentration": (2.0, 1.0),
    "lel": (0.0, 0.0),
    "lel_path": (0.0, 0.0),
}
WEATHER_QUANTITIES = ("wind_speed", "wind_direction", "air_temperature")
# T90 of electrochemical cells in seconds where it is not 30: sticky gases take longer.
_SLOW_CELLS = {"cl2": 60.0, "nh3": 60.0, "hcl": 90.0, "hf": 90.0, "hcn": 60.0, "phosgene": 60.0}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument's characteristics, concentrations in its own unit.

    Args:
        t90_seconds: time to 90 % of a step; 0 follows at once.
        noise: standard deviation of one reading.
        zero_spread: standard deviation of the zero's slow drift.
        detection_limit: what is below reads 0; 0 where the instrument has none.
        resolution: readings are multiples of it.
        base, base_spread: mean without any leak, and how far it wanders over hours.
    """

    t90_seconds: float
    noise: float
    zero_spread: float
    detection_limit: float
    resolution: float
    base: float
    base_spread: float


def instrument_for(
    quantity: str, placement: Placement, limits: tuple[float, float], background: float | None
) -> Instrument:
    """The usual instrument for this quantity at this place; `limits` and `background` in its unit."""
    low, high = limits
    span = high - low
    step = 10.0 ** np.floor(np.log10(span / 1000.0) + 1e-9)
    if quantity in WEATHER_QUANTITIES:
        noise = {"wind_speed": 0.1, "wind_direction": 2.0, "air_temperature": 0.02}[quantity]
        step = {"wind_speed": 0.01, "wind_direction": 0.1, "air_temperature": 0.01}[quantity]
        return Instrument(0.0, noise, 0.0, 0.0, step, 0.0, 0.0)
    if quantity in STEADY and background is None:
        base, spread = STEADY[quantity]
        limit = 0.01 * span if quantity in ("lel", "lel_path") else 0.0
        return Instrument(15.0, 0.002 * span, 0.002 * span, limit, step, min(base, high), spread)
    if placement is Placement.STACK:
        return Instrument(
            60.0, 0.004 * span, 0.002 * span, 0.005 * span, step, low + 0.12 * span, 0.02 * span
        )
    if background is None:
        return Instrument(30.0, 0.002 * span, 0.002 * span, 0.0, step, low + 0.1 * span, 0.01 * span)
    if placement in (Placement.UNIT, Placement.TANK_FARM):
        t90 = _SLOW_CELLS.get(quantity, 30.0)
        return Instrument(t90, 0.002 * span, 0.0025 * span, 0.01 * span, step, background, 0.3 * background)
    if placement is Placement.FENCE:
        return Instrument(
            30.0, 0.0004 * span, 0.0004 * span, 0.002 * span, step, background, 0.3 * background
        )
    fine = 0.1 * step
    return Instrument(60.0, 0.0003 * span, 0.0004 * span, 0.001 * span, fine, background, 0.3 * background)


@dataclass(frozen=True, slots=True)
class Panel:
    """The instruments of a park as columns, one entry per sensor."""

    follow: Floats  # share of the way to the true value that one second brings
    noise: Floats
    zero_spread: Floats
    detection_limit: Floats
    resolution: Floats
    digits: tuple[int, ...]
    base: Floats
    base_spread: Floats
    low: Floats
    high: Floats
    circular: NDArray[np.bool_]  # a direction: 360 is 0


def panel_of(
    instruments: Sequence[Instrument], ranges: Sequence[tuple[float, float]], circular: Sequence[bool]
) -> Panel:
    """Columns from instruments, in their order."""

    def column(name: str) -> Floats:
        return np.array([getattr(instrument, name) for instrument in instruments], dtype=np.float64)

    t90 = column("t90_seconds")
    resolution = column("resolution")
    return Panel(
        follow=np.where(t90 > 0, 1.0 - np.exp(-LN10 / np.maximum(t90, 1e-9)), 1.0),
        noise=column("noise"),
        zero_spread=column("zero_spread"),
        detection_limit=column("detection_limit"),
        resolution=resolution,
        digits=tuple(max(0, round(-float(np.log10(step)))) for step in resolution.tolist()),
        base=column("base"),
        base_spread=column("base_spread"),
        low=np.array([low for low, _ in ranges], dtype=np.float64),
        high=np.array([high for _, high in ranges], dtype=np.float64),
        circular=np.array(circular, dtype=np.bool_),
    )


def respond(true: Floats, start: Floats, follow: Floats) -> Floats:
    """First-order response, row by row (one second each), going on from `start`."""
    out = np.empty_like(true)
    value = start
    for row in range(len(true)):
        value = value + (true[row] - value) * follow
        out[row] = value
    return out


def read(sensed: Floats, noise: Floats, panel: Panel) -> tuple[Floats, NDArray[np.bool_]]:
    """Readings (rounded, clipped to the range) and where the range was left at its upper end."""
    value = sensed + noise * panel.noise
    value = np.where(panel.circular, value % 360.0, value)
    value = np.where(np.abs(value) < panel.detection_limit, 0.0, value)
    value = np.rint(value / panel.resolution) * panel.resolution
    over = value > panel.high
    return np.clip(value, panel.low, panel.high), over
