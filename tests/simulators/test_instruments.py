"""Instruments: response time, limit of detection, resolution, range; and what the documentation names."""

import numpy as np
import pytest
from pydantic import BaseModel

from fenceline.vocabulary import Placement
from simulators import scenario
from simulators.instruments import instrument_for, panel_of, read, respond
from tests.simulators.parks import ROOT


def test_response_time() -> None:
    """Ninety percent of a step are reached after the T90: 60 s for chlorine, 30 s for hydrogen sulfide."""
    cells = [instrument_for(gas, Placement.UNIT, (0.0, 20.0), 0.0) for gas in ("cl2", "h2s")]
    panel = panel_of(cells, [(0.0, 20.0)] * 2, [False, False])

    sensed = respond(np.ones((60, 2)), np.zeros(2), panel.follow)

    expected = 0.9
    assert expected == pytest.approx(sensed[59, 0])
    assert expected == pytest.approx(sensed[29, 1])


def test_reading() -> None:
    """Below the limit of detection 0, then multiples of the resolution, beyond the range its end, marked."""
    cell = instrument_for("h2s", Placement.UNIT, (0.0, 100.0), 0.0)
    panel = panel_of([cell] * 4, [(0.0, 100.0)] * 4, [False] * 4)

    value, over = read(np.array([[0.9, 1.04, 55.26, 104.0]]), np.zeros((1, 4)), panel)

    expected = [0.0, 1.0, 55.3, 100.0]
    assert expected == pytest.approx(value[0].tolist())
    assert [False, False, False, True] == over[0].tolist()


def test_direction_goes_round() -> None:
    """Noise around north gives readings near 0 and near 360, never beyond."""
    vane = instrument_for("wind_direction", Placement.MAST, (0.0, 360.0), None)
    panel = panel_of([vane] * 2, [(0.0, 360.0)] * 2, [True, True])

    value, over = read(np.array([[359.0, 721.0]]), np.array([[1.0, -1.0]]), panel)

    expected = [1.0, 359.0]
    assert expected == pytest.approx(value[0].tolist())
    assert not over.any()


def test_every_key_is_documented() -> None:
    """docs/reference/scenarios.md names every key that a scenario may have."""
    text = (ROOT / "docs" / "reference" / "scenarios.md").read_text("utf-8")
    models = [
        model
        for model in vars(scenario).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == scenario.__name__
    ]

    missing = {name for model in models for name in model.model_fields if f"`{name}" not in text}

    assert len(models) > 10
    assert set() == missing
