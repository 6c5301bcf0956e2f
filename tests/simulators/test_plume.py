"""The plume against published numbers (their places are named) and against what any plume must obey."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.plume import (
    Stability,
    Terrain,
    along_wind,
    concentration,
    released_share,
    sigmas,
    wind_ratio,
)

# Computed by hand from Briggs' formulas at 1000 m: terrain, class, sigma y, sigma z.
BRIGGS_AT_1000_M = [
    (Terrain.RURAL, "A", 209.8, 200.0),
    (Terrain.RURAL, "B", 152.6, 120.0),
    (Terrain.RURAL, "C", 104.9, 73.0),
    (Terrain.RURAL, "D", 76.3, 37.9),
    (Terrain.RURAL, "E", 57.2, 23.1),
    (Terrain.RURAL, "F", 38.1, 12.3),
    (Terrain.URBAN, "A", 270.4, 339.4),
    (Terrain.URBAN, "B", 270.4, 339.4),
    (Terrain.URBAN, "C", 185.9, 200.0),
    (Terrain.URBAN, "D", 135.2, 122.8),
    (Terrain.URBAN, "E", 93.0, 50.6),
    (Terrain.URBAN, "F", 93.0, 50.6),
]
# g/m³. The first four: Fundamentals of Air Pollution, and an exam of ICAR-NET (30 µg/m³ rounded);
# the last three: Turner's Workbook, problems 1 to 3.
WORKED_EXAMPLES = [
    ({"rate": 0.37, "wind": 2, "sy": 45.9, "sz": 26.2, "h": 40}, 1.53e-5),
    ({"rate": 0.37, "wind": 2, "sy": 49.0, "sz": 28.2, "h": 40}, 1.56e-5),
    ({"rate": 0.37, "wind": 2, "sy": 52.2, "sz": 30.1, "h": 40}, 1.55e-5),
    ({"rate": 5.0, "wind": 2, "sy": 50.0, "sz": 30.0, "h": 30}, 3.2e-4),
    ({"rate": 3.0, "wind": 7, "sy": 190.0, "sz": 65.0, "h": 0}, 1.1e-5),
    ({"rate": 80.0, "wind": 6, "sy": 36.0, "sz": 18.5, "h": 60}, 3.3e-5),
    ({"rate": 80.0, "wind": 6, "sy": 36.0, "sz": 18.5, "h": 60, "y": 50}, 1.3e-5),
]


@pytest.mark.parametrize(("terrain", "stability", "sigma_y", "sigma_z"), BRIGGS_AT_1000_M)
def test_briggs_sigmas(terrain: Terrain, stability: str, sigma_y: float, sigma_z: float) -> None:
    """At 1000 m both sigmas are what the formulas give by hand, to a tenth of a metre."""
    actual = sigmas(Stability(stability), terrain, 1000.0)

    assert sigma_y == pytest.approx(float(actual[0]), abs=0.051)
    assert sigma_z == pytest.approx(float(actual[1]), abs=0.051)


@pytest.mark.parametrize(("given_values", "expected"), WORKED_EXAMPLES)
def test_worked_examples(given_values: dict[str, float], expected: float) -> None:
    """The published answers come out, to the digits that are printed."""
    actual = concentration(
        given_values["rate"],
        given_values["wind"],
        given_values["sy"],
        given_values["sz"],
        crosswind_m=given_values.get("y", 0.0),
        release_height_m=given_values["h"],
    )

    assert expected == pytest.approx(float(actual), rel=0.03)


def test_ground_reflects() -> None:
    """A source on the ground gives Q / (π u σy σz) on its axis: twice what free air would."""
    actual = concentration(10.0, 3.0, 20.0, 8.0)

    assert 10.0 / (np.pi * 3.0 * 20.0 * 8.0) == pytest.approx(float(actual))


@given(
    st.sampled_from(list(Stability)),
    st.sampled_from(list(Terrain)),
    st.floats(100, 10_000),
    st.floats(0.5, 15),
    st.floats(0, 60),
)
def test_mass_is_kept(
    stability: Stability, terrain: Terrain, distance: float, wind: float, height: float
) -> None:
    """What the wind carries through any plane across it is what the source releases."""
    sigma_y, sigma_z = sigmas(stability, terrain, distance)
    across = np.linspace(-6, 6, 241) * sigma_y
    up = np.linspace(0, height + 6 * float(sigma_z), 1201)

    field = concentration(
        2.5, wind, sigma_y, sigma_z, crosswind_m=across[:, None], height_m=up, release_height_m=height
    )

    expected = 2.5
    assert expected == pytest.approx(wind * np.trapezoid(np.trapezoid(field, up), across), rel=2e-3)


@given(st.floats(-300, 300), st.floats(1, 40), st.floats(0.1, 100), st.floats(0.5, 10))
def test_shape(crosswind: float, height: float, rate: float, wind: float) -> None:
    """Both sides of the axis are alike, nothing exceeds the axis, and C goes with Q and with 1/u."""
    sigma_y, sigma_z = sigmas(Stability.D, Terrain.RURAL, 500.0)

    def at(y: float, q: float = rate, u: float = wind) -> float:
        return float(
            concentration(q, u, sigma_y, sigma_z, crosswind_m=y, height_m=1.5, release_height_m=height)
        )

    assert at(crosswind) == at(-crosswind)
    assert at(crosswind) <= at(0.0)
    assert 3 * at(crosswind) == pytest.approx(at(crosswind, q=3 * rate))
    assert at(crosswind) == pytest.approx(2 * at(crosswind, u=2 * wind))


def test_wind_profile() -> None:
    """From 10 m to 2 m the wind of class E falls to (1/5)^0.35, and below 2 m it stays as it is there."""
    expected = 0.2**0.35
    assert expected == pytest.approx(wind_ratio(2.0, 10.0, Stability.E, Terrain.RURAL))
    assert wind_ratio(0.5, 10.0, Stability.E, Terrain.RURAL) == wind_ratio(
        2.0, 10.0, Stability.E, Terrain.RURAL
    )


@pytest.mark.parametrize(
    ("wind_from", "east", "north", "downwind", "crosswind"),
    [
        (270.0, 100.0, 0.0, 100.0, 0.0),
        (0.0, 0.0, -50.0, 50.0, 0.0),
        (270.0, 100.0, -30.0, 100.0, 30.0),
        (90.0, 80.0, 0.0, -80.0, 0.0),
    ],
)
def test_along_wind(wind_from: float, east: float, north: float, downwind: float, crosswind: float) -> None:
    """Wind from the west carries east; right of the axis counts positive; what is upwind is negative."""
    actual = along_wind(east, north, wind_from)

    assert downwind == pytest.approx(float(actual[0]))
    assert crosswind == pytest.approx(float(actual[1]))


def test_release_in_time() -> None:
    """Nothing before the start, half at it, all of it in the middle, nothing long after; a ramp climbs."""
    smear = np.full(5, 2.0)
    emitted = np.array([-30.0, 0.0, 60.0, 120.0, 160.0])

    sudden = released_share(emitted, 0.0, 120.0, 0.0, smear)
    ramped = released_share(emitted, 0.0, 120.0, 80.0, smear)

    expected = [0.0, 0.5, 1.0, 0.5, 0.0]
    assert expected == pytest.approx(sudden.tolist(), abs=1e-6)
    expected = [0.0, 0.0, 0.75, 0.5, 0.0]
    assert expected == pytest.approx(ramped.tolist(), abs=1e-6)
