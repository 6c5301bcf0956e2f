"""The buses under the contract: each test that takes `place` or `bus` runs once for each of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fenceline.bus import Bus
from tests.contract.places import PLACES, Place


@pytest.fixture(params=PLACES, ids=lambda place: place.name)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Where a bus lives, emptied before and closed after the test."""
    server = request.param.server
    beside = () if server is None else (request.getfixturevalue(server),)
    found: Place = request.param(tmp_path / "data", *beside)
    yield found
    await found.close()


@pytest.fixture
async def bus(place: Place) -> Bus:
    """An empty bus."""
    return await place.open()
