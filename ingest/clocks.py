"""The comparison of this ingestor's clock with another: how is said by whoever starts it; each write asks.

Promise: while the clocks are known to disagree no batch, mark or tick is written.
"""

from collections.abc import Callable

from fenceline.errors import ServiceError

# Why nothing may be written now; none where the clocks agree or nobody can be asked.
ClockCheck = Callable[[], str | None]


class ClocksDisagree(ServiceError):
    """This clock and the one it is compared with are too far apart."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"ingest stops: {problem}",
            hint="check the machine's time; ingest goes on by itself once the clocks agree",
        )


def never_compared() -> str | None:
    """For an ingestor that has nothing to compare its clock with."""
    return None


def require(check: ClockCheck) -> None:
    """
    Go on only where the clocks are not known to disagree.

    Raises:
        ClocksDisagree: they are.
    """
    problem = check()
    if problem is not None:
        raise ClocksDisagree(problem)
