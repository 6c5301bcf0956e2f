"""Counts in, the account of readings out: each reading in one column, under one reason."""

from collections import Counter
from typing import Any

from fenceline.finding import Account
from rules import memory as m
from rules.words import COLUMNS

# The kernel's classes in the order of column and reason, in which the account is written.
_ORDER = sorted((column, str(reason), number) for number, (column, reason) in COLUMNS.items())


def account_of(received: int, lost: int, words: Any, others: Counter[tuple[str, str]]) -> Account:
    """
    Args:
        words: the arena's, whose first are the readings by class; none where nothing is in force.
        others: what the kernels do not count, by column and reason.
    """
    classes = [0] * m.CLASSES if words is None else words[: m.CLASSES].tolist()
    counted = [(column, reason, classes[number]) for column, reason, number in _ORDER if classes[number]]
    if others:
        merged = Counter({(column, reason): count for column, reason, count in counted})
        for (column, reason), count in others.items():
            merged[column, str(reason)] += count
        counted = [(column, reason, count) for (column, reason), count in sorted(merged.items())]
    totals = {"out": 0, "rejected": 0, "late": 0, "duplicate": 0}
    reasons: dict[str, dict[str, int]] = {}
    for column, reason, count in counted:
        totals[column] += count
        reasons.setdefault(column, {})[reason] = count
    return Account(received=received, **totals, lost_before_us=lost, reasons=reasons)
