"""Sequence numbers in plain Python: readings that were lost before they reached us."""

from typing import Any


def count_sequence(sensor: dict[str, Any], kind: str, number: int) -> None:
    """Sequence numbers that were stepped over are readings that were lost, until they come late."""
    if number < 0 or kind in ("time_ahead", "duplicate"):
        return
    before = sensor["counted"]
    if before is not None and kind == "late" and number < before:
        sensor["missing"] = max(0, sensor["missing"] - 1)
        return
    if before is not None and before + 1 < number <= before + 1_000_000:
        sensor["missing"] += number - before - 1
    sensor["counted"] = number
