"""How gas spreads: Gaussian plume with reflection at the ground, Briggs' sigmas, wind profile, travel time.

In go metres, metres per second and grams per second, as numbers or numpy arrays of one shape; out come g/m³.
Pure functions. Indicative only below 1 m/s, below 100 m, between buildings and for gas heavier than air.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LOWEST_PROFILE_HEIGHT_M = 2.0  # below this the power law says less than the nearest pipe rack does


class Stability(StrEnum):
    """Pasquill's classes: A very unstable, D neutral, F stable."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


class Terrain(StrEnum):
    """Which set of Briggs' curves applies."""

    RURAL = "rural"
    URBAN = "urban"


# Briggs 1973, as tabulated by Turner: sigma = a·x·(1 + b·x)^p, x in metres, fitted for 100 m to 10 km.
_Curve = tuple[float, float, float]
_SIGMA_Y: dict[Terrain, dict[Stability, _Curve]] = {
    Terrain.RURAL: {
        Stability.A: (0.22, 1e-4, -0.5),
        Stability.B: (0.16, 1e-4, -0.5),
        Stability.C: (0.11, 1e-4, -0.5),
        Stability.D: (0.08, 1e-4, -0.5),
        Stability.E: (0.06, 1e-4, -0.5),
        Stability.F: (0.04, 1e-4, -0.5),
    },
    Terrain.URBAN: {
        Stability.A: (0.32, 4e-4, -0.5),
        Stability.B: (0.32, 4e-4, -0.5),
        Stability.C: (0.22, 4e-4, -0.5),
        Stability.D: (0.16, 4e-4, -0.5),
        Stability.E: (0.11, 4e-4, -0.5),
        Stability.F: (0.11, 4e-4, -0.5),
    },
}
_SIGMA_Z: dict[Terrain, dict[Stability, _Curve]] = {
    Terrain.RURAL: {
        Stability.A: (0.20, 0.0, 0.0),
        Stability.B: (0.12, 0.0, 0.0),
        Stability.C: (0.08, 2e-4, -0.5),
        Stability.D: (0.06, 1.5e-3, -0.5),
        Stability.E: (0.03, 3e-4, -1.0),
        Stability.F: (0.016, 3e-4, -1.0),
    },
    Terrain.URBAN: {
        Stability.A: (0.24, 1e-3, 0.5),
        Stability.B: (0.24, 1e-3, 0.5),
        Stability.C: (0.20, 0.0, 0.0),
        Stability.D: (0.14, 3e-4, -0.5),
        Stability.E: (0.08, 1.5e-3, -0.5),
        Stability.F: (0.08, 1.5e-3, -0.5),
    },
}
# Exponents of the wind profile by class, A to F.
_EXPONENT: dict[Terrain, dict[Stability, float]] = {
    Terrain.RURAL: dict(zip(Stability, (0.07, 0.07, 0.10, 0.15, 0.35, 0.55), strict=True)),
    Terrain.URBAN: dict(zip(Stability, (0.15, 0.15, 0.20, 0.25, 0.30, 0.30), strict=True)),
}


def sigmas(stability: Stability, terrain: Terrain, downwind_m: ArrayLike) -> tuple[Floats, Floats]:
    """Standard deviations (crosswind, vertical) in metres at a distance downwind; 0 at the source."""
    x = np.maximum(np.asarray(downwind_m, dtype=np.float64), 0.0)
    a, b, p = _SIGMA_Y[terrain][stability]
    c, d, q = _SIGMA_Z[terrain][stability]
    return a * x * (1.0 + b * x) ** p, c * x * (1.0 + d * x) ** q


def concentration(
    rate_g_s: ArrayLike,
    wind_m_s: ArrayLike,
    sigma_y_m: ArrayLike,
    sigma_z_m: ArrayLike,
    *,
    crosswind_m: ArrayLike = 0.0,
    height_m: ArrayLike = 0.0,
    release_height_m: float = 0.0,
) -> Floats:
    """Concentration in g/m³ of a steady plume over ground that reflects it.

    C = Q / (2π u σy σz) · exp(−y²/2σy²) · [exp(−(z−H)²/2σz²) + exp(−(z+H)²/2σz²)]
    """
    sigma_y = np.asarray(sigma_y_m, dtype=np.float64)
    sigma_z = np.asarray(sigma_z_m, dtype=np.float64)
    z = np.asarray(height_m, dtype=np.float64)
    across = np.exp(-0.5 * (np.asarray(crosswind_m) / sigma_y) ** 2)
    direct = np.exp(-0.5 * ((z - release_height_m) / sigma_z) ** 2)
    reflected = np.exp(-0.5 * ((z + release_height_m) / sigma_z) ** 2)
    dilution = 2.0 * np.pi * np.asarray(wind_m_s, dtype=np.float64) * sigma_y * sigma_z
    return np.asarray(np.asarray(rate_g_s) / dilution * across * (direct + reflected), dtype=np.float64)


def wind_ratio(height_m: float, reference_m: float, stability: Stability, terrain: Terrain) -> float:
    """Wind at one height over wind at another, by the power law of the class."""
    exponent = _EXPONENT[terrain][stability]
    height = max(height_m, LOWEST_PROFILE_HEIGHT_M)
    reference = max(reference_m, LOWEST_PROFILE_HEIGHT_M)
    return float((height / reference) ** exponent)


def released_share(
    emitted_at_s: Floats, start_s: float, end_s: float, ramp_s: float, smear_s: Floats
) -> Floats:
    """Share of the full rate in the air that left the source at `emitted_at_s`.

    The rate climbs over `ramp_s`; the edges are smeared by spreading along the wind on the way
    (a logistic curve in place of the normal integral: it differs by less than 0.01).
    """
    steepness = 1.702 / np.maximum(smear_s, 0.05)
    begun = _logistic((emitted_at_s - start_s) * steepness)
    ended = _logistic((emitted_at_s - end_s) * steepness)
    share = begun * (1.0 - ended)
    if ramp_s > 0:
        share = share * np.clip((emitted_at_s - start_s) / ramp_s, 0.0, 1.0)
    return np.asarray(share, dtype=np.float64)


def _logistic(value: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -40.0, 40.0)))


def along_wind(east_m: ArrayLike, north_m: ArrayLike, wind_from_deg: ArrayLike) -> tuple[Floats, Floats]:
    """Metres downwind and crosswind (to the right, looking downwind) of a source at (0, 0)."""
    east = np.asarray(east_m, dtype=np.float64)
    north = np.asarray(north_m, dtype=np.float64)
    heading = np.deg2rad(np.asarray(wind_from_deg, dtype=np.float64) + 180.0)
    sine, cosine = np.sin(heading), np.cos(heading)
    return east * sine + north * cosine, east * cosine - north * sine
