"""The air over a simulated park and what its instruments make of it, ten seconds at a time.

A `Layout` (who stands where and sees what), an `AirState` and a block's random numbers in; readings of all
sensors for each second, marks of over-range, and the next state out. No clock, no stored randomness.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.instruments import Panel, read, respond
from simulators.plume import Floats, Terrain, along_wind, concentration, released_share, sigmas, wind_ratio
from simulators.scenario import Leak, Weather
from simulators.weather import (
    Conditions,
    WeatherBlock,
    WeatherState,
    first_weather,
    next_weather,
    temperature_above,
)

BLOCK_SECONDS = 10
EDDY_SECONDS = 8.0
BASE_SECONDS = 3 * 3600.0
ZERO_SECONDS = 12 * 3600.0
FRONT_SECONDS = 600.0  # how long after its computed end the tail of a cloud may still be felt


@dataclass(frozen=True, slots=True)
class Source:
    """A leak, where it is, which sensors see its substance and how much they read per mg/m³."""

    leak: Leak
    seen: NDArray[np.int64]
    gain: Floats
    east_m: Floats  # of the seen sensors, from the source
    north_m: Floats
    height_m: Floats


@dataclass(frozen=True, slots=True)
class WeatherSensor:
    """A column that reads the weather: how its unit is reached from m/s, degrees or kelvin."""

    index: int
    quantity: str
    height_m: float
    scale: float
    offset: float


@dataclass(frozen=True, slots=True)
class Layout:
    """What of a park the air needs to know; columns in the order of `sensors`."""

    sensors: tuple[str, ...]
    panel: Panel
    sources: tuple[Source, ...]
    weather_sensors: tuple[WeatherSensor, ...]
    weather: Weather
    terrain: Terrain
    fluctuation: float


@dataclass(frozen=True, slots=True)
class AirState:
    """Everything that the next block needs of the past."""

    weather: WeatherState
    sensed: Floats
    eddy: Floats
    base: Floats
    zero: Floats


@dataclass(frozen=True, slots=True)
class AirBlock:
    """Per second and sensor: the reading in the sensor's unit, and whether its range was left."""

    reading: Floats
    over: NDArray[np.bool_]


def random_for(seed: int, block: int, stream: int = 0) -> np.random.Generator:
    """Random numbers of one block; -1 is the time before the first. The same wherever a run is cut."""
    key = np.array([seed % 2**64, 2 * (block + 1) + stream], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def first_air(layout: Layout, seed: int) -> AirState:
    """The state in which a simulation starts: clean air, instruments at rest."""
    random = random_for(seed, -1)
    count = len(layout.sensors)
    eddy, base, zero = random.standard_normal((3, count))
    panel = layout.panel
    sensed = np.maximum(panel.base + panel.base_spread * base, 0.0) + panel.zero_spread * zero
    return AirState(first_weather(layout.weather, random), sensed, eddy, base, zero)


def next_air(layout: Layout, state: AirState, block: int, seed: int) -> tuple[AirState, AirBlock]:
    """Block number `block`, which starts ten times as many seconds after the simulation did."""
    random = random_for(seed, block)
    panel, rows, count = layout.panel, BLOCK_SECONDS, len(layout.sensors)
    start = float(block * BLOCK_SECONDS)
    weather_state, air = next_weather(layout.weather, state.weather, start, rows, random)
    base, zero = random.standard_normal((2, count))
    base = _slowly(state.base, base, BASE_SECONDS)
    zero = _slowly(state.zero, zero, ZERO_SECONDS)
    eddy = _eddies(state.eddy, random.standard_normal((rows, count)))
    true = np.repeat(np.maximum(panel.base + panel.base_spread * base, 0.0)[None, :], rows, axis=0)
    spread = np.sqrt(np.log1p(layout.fluctuation**2))
    for source in layout.sources:
        gas = leak_concentration(source, air, layout, start)
        if gas is not None:
            gusty = np.exp(spread * eddy[:, source.seen] - 0.5 * spread**2)
            true[:, source.seen] += gas * source.gain * gusty
    true += panel.zero_spread * zero
    for sensor in layout.weather_sensors:
        true[:, sensor.index] = _weather_reading(sensor, air, layout)
    sensed = respond(true, state.sensed, panel.follow)
    reading, over = read(sensed, random.standard_normal((rows, count)), panel)
    return AirState(weather_state, sensed[-1], eddy[-1], base, zero), AirBlock(reading, over)


def leak_concentration(source: Source, air: WeatherBlock, layout: Layout, start_s: float) -> Floats | None:
    """mg/m³ per second of the block and seen sensor; none while nothing of the leak can be in the air.

    What is felt now left the source a travel time ago, and took the mean direction of the wind since then.
    """
    leak = source.leak
    if not source.seen.size:
        return None
    rows = len(air.speed_m_s)
    seconds = start_s + np.arange(rows, dtype=np.float64)[:, None]
    distance = np.hypot(source.east_m, source.north_m)
    to_release = wind_ratio(
        leak.height_m, layout.weather.measured_at_m, air.conditions.stability, layout.terrain
    )
    mean_wind = air.conditions.speed_m_s * to_release
    starts = _starts_that_matter(leak, start_s, rows, float(distance.max()) / mean_wind + FRONT_SECONDS)
    if not starts:
        return None
    transit = np.broadcast_to(distance / mean_wind, (rows, len(distance)))
    downwind, crosswind = along_wind(source.east_m, source.north_m, air.transit_from_deg(transit))
    # At and before the source nothing is felt; half a metre keeps the formula finite there.
    x = np.maximum(downwind, 0.5)
    sigma_y, sigma_z = sigmas(air.conditions.stability, layout.terrain, x)
    at_full_rate = concentration(
        leak.rate_g_s,
        (air.speed_m_s * to_release)[:, None],
        np.hypot(sigma_y, leak.source_size_m),
        np.hypot(sigma_z, leak.source_size_m),
        crosswind_m=crosswind,
        height_m=source.height_m,
        release_height_m=leak.height_m,
    )
    at_full_rate = np.where(downwind > 0, at_full_rate, 0.0) * 1000.0
    emitted = seconds - x / mean_wind
    total = np.zeros_like(at_full_rate)
    for begin in starts:
        share = released_share(
            emitted, begin, begin + leak.duration_seconds, leak.ramp_seconds, sigma_y / mean_wind
        )
        total += np.where(seconds >= begin, share, 0.0)
    return at_full_rate * total


def _starts_that_matter(leak: Leak, start_s: float, rows: int, tail_s: float) -> list[float]:
    """The starts of a leak (and of its repetitions) whose gas may be in the air during this block."""
    latest = start_s + rows
    if latest <= leak.start_seconds:
        return []
    first, last = 0, 0
    if leak.repeat_seconds is not None:
        last = int((latest - leak.start_seconds) // leak.repeat_seconds)
        gone = (start_s - tail_s - leak.duration_seconds - leak.start_seconds) / leak.repeat_seconds
        first = max(0, int(np.ceil(gone)))
    starts = [leak.start_seconds + number * (leak.repeat_seconds or 0.0) for number in range(first, last + 1)]
    return [begin for begin in starts if start_s <= begin + leak.duration_seconds + tail_s]


def _weather_reading(sensor: WeatherSensor, air: WeatherBlock, layout: Layout) -> Floats:
    conditions: Conditions = air.conditions
    if sensor.quantity == "wind_direction":
        return air.from_deg * sensor.scale
    if sensor.quantity == "wind_speed":
        ratio = wind_ratio(
            sensor.height_m, layout.weather.measured_at_m, conditions.stability, layout.terrain
        )
        return air.speed_m_s * ratio * sensor.scale + sensor.offset
    warmer = temperature_above(
        sensor.height_m, conditions, layout.weather, layout.terrain, 273.15 + layout.weather.temperature_c
    )
    return (air.temperature_k + warmer) * sensor.scale + sensor.offset


def _slowly(state: Floats, steps: Floats, scale_seconds: float) -> Floats:
    keep = float(np.exp(-BLOCK_SECONDS / scale_seconds))
    return keep * state + float(np.sqrt(1.0 - keep * keep)) * steps


def _eddies(state: Floats, steps: Floats) -> Floats:
    keep = float(np.exp(-1.0 / EDDY_SECONDS))
    fresh = float(np.sqrt(1.0 - keep * keep))
    out = np.empty_like(steps)
    value = state
    for row in range(len(steps)):
        value = keep * value + fresh * steps[row]
        out[row] = value
    return out
