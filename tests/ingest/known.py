"""A small park for the tests of ingest: two devices of two owners, four sensors; and what they publish to."""

from dataclasses import dataclass
from functools import partial

from fenceline.units import factor
from ingest.checks import Directory, Factor, KnownSensor
from ingest.decode.rows import Bounds

NOW_MS = 1_782_907_200_000  # 2026-07-01T12:00:00Z
NOW_NS = NOW_MS * 1_000_000
H2S_G_PER_MOL = 34.08
TOPIC = "fenceline/demo/e01/gds-1/readings"


@dataclass(frozen=True, slots=True)
class Sent:
    """One MQTT message."""

    topic: str
    payload: bytes


def known_directory() -> Directory:
    """`gds-1` of `e01` with two H2S sensors and a thermometer, `station-1` of `e02` with one for dust."""
    return Directory(
        "demo",
        [
            KnownSensor("h2s-1", "gds-1", "e01", "ppm", partial(_factor, "ppm", H2S_G_PER_MOL)),
            KnownSensor("h2s-2", "gds-1", "e01", "ppm", partial(_factor, "ppm", H2S_G_PER_MOL)),
            KnownSensor("temperature-1", "gds-1", "e01", "°C", partial(_factor, "°C", None)),
            KnownSensor("dust-1", "station-1", "e02", "mg/m3", partial(_factor, "mg/m3", None)),
        ],
    )


def bounds(max_payload_bytes: int = 1_000_000, max_message_readings: int = 10_000) -> Bounds:
    """At noon, one minute ahead allowed."""
    return Bounds(NOW_NS + 60_000_000_000, max_payload_bytes, max_message_readings)


def _factor(to_unit: str, molar_mass: float | None, from_unit: str) -> Factor:
    return factor(from_unit, to_unit, molar_mass)
