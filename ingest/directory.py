"""The park's configuration in, ingest's directory out: which device may speak for which sensor, in which units."""

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from fenceline.units import factor
from ingest.checks import Directory, KnownSensor


class PlacedSensorLike(Protocol):
    """What is needed of a sensor of `fenceline.park`."""

    @property
    def id(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def quantity(self) -> str: ...
