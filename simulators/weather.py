"""The weather of a simulated park: mean wind by phases of the scenario, meander and gusts as AR(1) series,
and temperatures that agree with the stability class (surface-layer similarity, Golder's lengths).

Steps of one second. A `WeatherState` and a block's random numbers in, the block and the next state out.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plume import Floats, Stability, Terrain, wind_ratio
from simulators.scenario import Phase, Weather

KARMAN = 0.4
GRAVITY_M_S2 = 9.81
DRY_LAPSE_K_M = 0.0098
CALM_M_S = 0.3  # a scenario's wind never falls below this: the plume formula has no answer at 0
MOST_TRANSIT_SECONDS = 3600

# Golder 1972, 1/L = a + b·log10(z0), in 1/m.
_GOLDER: dict[Stability, tuple[float, float]] = {
    Stability.A: (-0.096, 0.029),
    Stability.B: (-0.037, 0.029),
    Stability.C: (-0.002, 0.018),
    Stability.D: (0.0, 0.0),
    Stability.E: (0.004, -0.018),
    Stability.F: (0.035, -0.036),
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Mean weather at one moment of a scenario."""

    stability: Stability
    speed_m_s: float
    from_deg: float


@dataclass(frozen=True, slots=True)
class WeatherState:
    """Where the AR(1) series stand, and the wind's direction over the last hour (degrees, unwrapped)."""

    meander: float
    gust: float
    warmth: float
    past_from_deg: Floats


@dataclass(frozen=True, slots=True)
class WeatherBlock:
    """One block: per second, the wind at the scenario's reference height and where it came from.

    Args:
        conditions: the means, at the start of the block.
        speed_m_s, from_deg: per second; the direction is unwrapped.
        turned_deg: running sum of the direction over the past hour and this block, so that the mean
            over any transit is one difference.
        temperature_k: per second, at 2 m.
    """

    conditions: Conditions
    speed_m_s: Floats
    from_deg: Floats
    turned_deg: Floats
    temperature_k: Floats

    def transit_from_deg(self, transit_seconds: Floats) -> Floats:
        """Mean direction over the time a parcel has been on its way: one row per second of the block."""
        rows = len(self.from_deg)
        now = len(self.turned_deg) - rows + np.arange(rows)[:, None]
        steps = np.clip(np.rint(transit_seconds), 1, MOST_TRANSIT_SECONDS).astype(np.int64)
        back = now - steps
        return np.asarray((self.turned_deg[now] - self.turned_deg[back]) / steps, dtype=np.float64)


def conditions_at(phases: tuple[Phase, ...], seconds: float) -> Conditions:
    """The class in force, and speed and direction on the straight line between two phases."""
    current = max(index for index, phase in enumerate(phases) if index == 0 or phase.at_seconds <= seconds)
    here = phases[current]
    if current + 1 == len(phases) or seconds < here.at_seconds:
        return Conditions(here.stability, here.wind_speed_m_s, here.wind_from_deg)
    later = phases[current + 1]
    share = (seconds - here.at_seconds) / (later.at_seconds - here.at_seconds)
    turn = (later.wind_from_deg - here.wind_from_deg + 180.0) % 360.0 - 180.0
    return Conditions(
        here.stability,
        here.wind_speed_m_s + share * (later.wind_speed_m_s - here.wind_speed_m_s),
        here.wind_from_deg + share * turn,
    )


def first_weather(weather: Weather, random: np.random.Generator) -> WeatherState:
    """A state in which the series have already run for an hour."""
    meander, gust, warmth = random.standard_normal(3)
    steps = random.standard_normal(MOST_TRANSIT_SECONDS + 1)
    past = _series(meander, steps, weather.meander_seconds)
    mean = weather.phases[0].wind_from_deg
    return WeatherState(float(past[-1]), gust, warmth, mean + weather.meander_deg * past)


def next_weather(
    weather: Weather, state: WeatherState, seconds: float, rows: int, random: np.random.Generator
) -> tuple[WeatherState, WeatherBlock]:
    """The block that starts at this second of the scenario."""
    conditions = conditions_at(weather.phases, seconds)
    steps = random.standard_normal((3, rows))
    meander = _series(state.meander, steps[0], weather.meander_seconds)
    gust = _series(state.gust, steps[1], weather.gust_seconds)
    warmth = _series(state.warmth, steps[2], 1800.0)
    from_deg = conditions.from_deg + weather.meander_deg * meander
    # A mean that was stepped over north must not look like a turn of a whole circle.
    from_deg = from_deg + 360.0 * np.rint((state.past_from_deg[-1] - from_deg[0]) / 360.0)
    speed = np.maximum(conditions.speed_m_s * (1.0 + weather.gust_share * gust), CALM_M_S)
    past = np.concatenate((state.past_from_deg, from_deg))
    block = WeatherBlock(
        conditions=conditions,
        speed_m_s=speed,
        from_deg=from_deg,
        turned_deg=np.cumsum(past),
        temperature_k=273.15 + weather.temperature_c + 0.3 * warmth,
    )
    state = WeatherState(
        float(meander[-1]), float(gust[-1]), float(warmth[-1]), past[-(MOST_TRANSIT_SECONDS + 1) :]
    )
    return state, block


def temperature_above(
    height_m: float, conditions: Conditions, weather: Weather, terrain: Terrain, base_k: float
) -> float:
    """Kelvin by which the air at a height is warmer than at 2 m, for the class and the wind.

    θ(z) − θ(2) = θ*/k · [ln(z/2) − ψh(z/L) + ψh(2/L)], θ* = u*² T / (k g L), T = θ − 0.0098 (z − 2).
    """
    offset, slope = _GOLDER[conditions.stability]
    roughness = weather.roughness_m
    inverse_length = offset + slope * float(np.log10(roughness))
    speed_10m = conditions.speed_m_s * wind_ratio(10.0, weather.measured_at_m, conditions.stability, terrain)
    shear = np.log(10.0 / roughness) - _psi_m(10.0 * inverse_length) + _psi_m(roughness * inverse_length)
    friction = KARMAN * speed_10m / shear
    scale = friction**2 * base_k * inverse_length / (KARMAN * GRAVITY_M_S2)
    height = max(height_m, roughness)
    profile = np.log(height / 2.0) - _psi_h(height * inverse_length) + _psi_h(2.0 * inverse_length)
    return float(scale / KARMAN * profile - DRY_LAPSE_K_M * (height - 2.0))


def _series(start: float, steps: Floats, scale_seconds: float) -> Floats:
    """AR(1) of variance 1 with this correlation time, going on from `start`."""
    keep = float(np.exp(-1.0 / scale_seconds))
    fresh = float(np.sqrt(1.0 - keep * keep))
    out = np.empty(len(steps))
    value = start
    for index, step in enumerate(steps.tolist()):
        value = keep * value + fresh * step
        out[index] = value
    return out


def _psi_m(zeta: float) -> float:
    """Businger and Dyer's integrated stability function for momentum."""
    if zeta >= 0:
        return -5.0 * zeta
    y = (1.0 - 16.0 * zeta) ** 0.25
    return float(2 * np.log((1 + y) / 2) + np.log((1 + y * y) / 2) - 2 * np.arctan(y) + np.pi / 2)


def _psi_h(zeta: float) -> float:
    """The same for heat."""
    if zeta >= 0:
        return -5.0 * zeta
    return float(2 * np.log((1 + (1.0 - 16.0 * zeta) ** 0.5) / 2))
