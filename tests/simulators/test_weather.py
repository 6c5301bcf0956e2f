"""Wind and temperature: repeatable, of the stated spread, and in agreement with the stability class."""

import numpy as np
import pytest

from simulators.air import random_for
from simulators.plume import Stability, Terrain
from simulators.scenario import Phase, Weather
from simulators.weather import (
    Conditions,
    WeatherBlock,
    conditions_at,
    first_weather,
    next_weather,
    temperature_above,
)


def weather(stability: str = "D", speed: float = 3.0, wind_from: float = 350.0, **more: float) -> Weather:
    return Weather(
        phases=(Phase(stability=Stability(stability), wind_speed_m_s=speed, wind_from_deg=wind_from),), **more
    )


def blocks(settings: Weather, count: int, seed: int = 7) -> list[WeatherBlock]:
    state = first_weather(settings, random_for(seed, -1))
    found = []
    for number in range(count):
        state, block = next_weather(settings, state, number * 10.0, 10, random_for(seed, number))
        found.append(block)
    return found


def test_same_seed_same_weather() -> None:
    """The same seed gives the same wind, another seed another."""
    first, again, other = (blocks(weather(), 5, seed)[-1].speed_m_s for seed in (7, 7, 8))

    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_spread_of_the_wind() -> None:
    """Over hours, mean and spread of speed and direction are the stated ones, also across north."""
    settings = weather(meander_deg=12.0, meander_seconds=60.0, gust_share=0.1)

    found = blocks(settings, 4000)

    direction = np.concatenate([block.from_deg for block in found])
    speed = np.concatenate([block.speed_m_s for block in found])
    expected = 350.0
    assert expected == pytest.approx(direction.mean(), abs=1.5)
    expected = 12.0
    assert expected == pytest.approx(direction.std(), rel=0.1)
    expected = 3.0
    assert expected == pytest.approx(speed.mean(), rel=0.01)
    expected = 0.3
    assert expected == pytest.approx(speed.std(), rel=0.1)


def test_mean_over_a_transit() -> None:
    """The direction that a parcel took is the mean of the last seconds, also over the edge of a block."""
    found = blocks(weather(), 3)
    last = np.concatenate([block.from_deg for block in found])[-25:]

    actual = found[-1].transit_from_deg(np.full((10, 1), 25.0))

    assert last.mean() == pytest.approx(float(actual[-1, 0]))


@pytest.mark.parametrize(
    ("seconds", "speed", "wind_from", "stability"),
    [(0, 4.0, 350.0, "C"), (50, 3.0, 360.0, "C"), (100, 2.0, 10.0, "E"), (900, 2.0, 10.0, "E")],
)
def test_phases(seconds: float, speed: float, wind_from: float, stability: str) -> None:
    """Speed and direction go evenly to the next phase, over north the short way; the class steps."""
    phases = (
        Phase(stability=Stability.C, wind_speed_m_s=4.0, wind_from_deg=350.0),
        Phase(at_seconds=100.0, stability=Stability.E, wind_speed_m_s=2.0, wind_from_deg=10.0),
    )

    assert Conditions(Stability(stability), speed, wind_from) == conditions_at(phases, seconds)


@pytest.mark.parametrize("speed", [1.0, 3.0])
def test_temperature_agrees_with_the_class(speed: float) -> None:
    """From 2 to 10 m: colder than the dry adiabat by day (A to C), on it at D, warmer by night (E, F)."""
    above = {
        stability: temperature_above(
            10.0, Conditions(stability, speed, 0.0), weather(stability.value, speed), Terrain.RURAL, 288.0
        )
        for stability in Stability
    }

    assert sorted(above.values()) == [above[stability] for stability in Stability]
    expected = -0.0098 * 8
    assert expected == pytest.approx(above[Stability.D])
    assert above[Stability.C] < -0.0098 * 8
    assert above[Stability.E] > -0.0098 * 8


def test_temperature_difference_by_hand() -> None:
    """Class F, 2 m/s at 10 m, roughness 0.1 m: L 14.1 m, u* 0.098 m/s, θ* 0.051 K, so 0.484 K from 2 to 10 m.

    1/L = 0.035 + 0.036 = 0.071; u* = 0.4·2 / (ln 100 + 5·9.9·0.071) = 0.8 / 8.12;
    θ* = u*²·288·0.071 / (0.4·9.81); Δθ = θ*/0.4 · (ln 5 + 5·8·0.071), less 0.0098·8.
    """
    actual = temperature_above(
        10.0, Conditions(Stability.F, 2.0, 0.0), weather("F", 2.0), Terrain.RURAL, 288.0
    )

    expected = 0.484
    assert expected == pytest.approx(actual, abs=0.001)
