"""A small park for the simulators' tests: one unit, sensors at stated distances east of it, a mast."""

import math
from collections.abc import Sequence
from pathlib import Path

from fenceline.configfile import load_text
from fenceline.geometry import EARTH_RADIUS_M
from fenceline.park import Park
from fenceline.substance import Substances, load_substances
from simulators.scenario import Scenario

ROOT = Path(__file__).resolve().parent.parent.parent
SUBSTANCES: Substances = load_substances(ROOT / "config" / "substances.yaml")
START_NS = 1_790_000_000_000_000_000
SECOND_NS = 1_000_000_000
ORIGIN = (120.0, 33.0)
DISTANCES_M = (100, 250, 800, 1500)
PLACEMENTS = ("unit", "fence", "boundary", "community")


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Longitude and latitude of a place given in metres from the unit."""
    degree = EARTH_RADIUS_M * math.pi / 180
    return ORIGIN[0] + east_m / (degree * math.cos(math.radians(ORIGIN[1]))), ORIGIN[1] + north_m / degree


def small_park(substance: str, unit: str, highs: Sequence[float] = (150.0, 40.0, 5.0, 2.0)) -> Park:
    """Sensors of one substance at `DISTANCES_M` east of a unit, each with a device of its own; a mast."""
    devices = [
        _device(
            f"{where}-1",
            [_sensor(f"{where}-{substance}", substance, unit, (0.0, high), where, place(distance, 0.0), 1.5)],
        )
        for where, distance, high in zip(PLACEMENTS, DISTANCES_M, highs, strict=True)
    ]
    mast = [
        _sensor("wind-speed", "wind_speed", "m/s", (0.0, 60.0), "mast", place(0, 500), 10.0),
        _sensor("wind-direction", "wind_direction", "degree", (0.0, 360.0), "mast", place(0, 500), 10.0),
        _sensor("air-2", "air_temperature", "°C", (-40.0, 60.0), "mast", place(0, 500), 2.0),
        _sensor("air-10", "air_temperature", "°C", (-40.0, 60.0), "mast", place(0, 500), 10.0),
    ]
    return Park.model_validate(
        {
            "id": "trial",
            "name": {"zh": "试验", "en": "Trial"},
            "simulated": True,
            "timezone": "Asia/Shanghai",
            "boundary": [place(-900, -900), place(900, -900), place(900, 900), place(-900, 900)],
            "enterprises": [
                {
                    "id": "e01",
                    "name": {"zh": "甲", "en": "A"},
                    "polygon": [place(-300, -300), place(300, -300), place(300, 300), place(-300, 300)],
                    "units": [{"id": "u1", "name": {"zh": "单元", "en": "Unit"}, "position": ORIGIN}],
                }
            ],
            "devices": [*devices, _device("mast-1", mast)],
        }
    )


def scenario(text: str = "", *, weather: str = "stability: D, wind_speed_m_s: 3.0") -> Scenario:
    """A scenario with wind from the west that does not turn and no eddies, and what `text` adds to it."""
    head = f"""
id: trial
title: {{zh: 试验, en: Trial}}
fluctuation: 0
weather:
  meander_deg: 0
  gust_share: 0
  measured_at_m: 2
  phases: [{{{weather}, wind_from_deg: 270}}]
"""
    return load_text(head + text, "trial.yaml", Scenario)


def _device(device: str, sensors: list[dict[str, object]]) -> dict[str, object]:
    owner = {"boundary": "park", "mast": "park", "community": "community"}.get(device[:-2], "e01")
    return {"id": device, "owner": owner, "name": {"zh": device, "en": device}, "sensors": sensors}


def _sensor(
    sensor: str,
    quantity: str,
    unit: str,
    span: tuple[float, float],
    placement: str,
    position: tuple[float, float],
    height_m: float,
) -> dict[str, object]:
    return {
        "id": sensor,
        "name": {"zh": sensor, "en": sensor},
        "quantity": quantity,
        "unit": unit,
        "range": span,
        "placement": placement,
        "position": position,
        "height_m": height_m,
        "interval_seconds": 5.0,
        "hold_seconds": 20.0,
    }
