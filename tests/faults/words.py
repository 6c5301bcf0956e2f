"""The judge's three words, and a finding under one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise, the word on it, and what was found."""

    promise: str
    verdict: str
    told: str


def passed(promise: str, told: str) -> Finding:
    """It was kept."""
    return Finding(promise, PASS, told)


def failed(promise: str, wrong: Sequence[str]) -> Finding | None:
    """It was not, if anything is wrong."""
    if not wrong:
        return None
    more = f" (and {len(wrong) - SHOWN} more)" if len(wrong) > SHOWN else ""
    return Finding(promise, FAIL, "; ".join(wrong[:SHOWN]) + more)
