"""One line of the doctor: how it is, what that means, what to do."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One finding. `do` is empty where all is well."""

    topic: str
    state: State
    says: str
    do: str = ""


def ok(topic: str, says: str) -> Verdict:
    return Verdict(topic, State.OK, says)


def warning(topic: str, says: str, do: str) -> Verdict:
    return Verdict(topic, State.WARNING, says, do)


def problem(topic: str, says: str, do: str) -> Verdict:
    return Verdict(topic, State.PROBLEM, says, do)
