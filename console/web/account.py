"""The account of every stage as the API, the metrics and the status line show it."""

from dataclasses import dataclass, field

from console.web.shapes import StageShape
from fenceline.finding import Account

STAGES = ("ingest", "journal", "engine", "store")


@dataclass(frozen=True, slots=True)
class StageAccount:
    """Readings at one stage, each in exactly one column; `reasons` by column, then by word."""

    received: int = 0
    out: int = 0
    rejected: int = 0
    late: int = 0
    duplicate: int = 0
    in_flight: int = 0
    lost_before_us: int = 0  # beside the account: gaps in the devices' sequence numbers
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def unaccounted(self) -> int:
        """Came in and stands in no column; negative where the columns have more than came in."""
        columns = self.out + self.rejected + self.late + self.duplicate + self.in_flight
        return self.received - columns

    @property
    def balanced(self) -> bool:
        return self.unaccounted == 0


def of_engine(account: Account) -> StageAccount:
    """The fold's own account."""
    return StageAccount(
        received=account.received,
        out=account.out,
        rejected=account.rejected,
        late=account.late,
        duplicate=account.duplicate,
        lost_before_us=account.lost_before_us,
        reasons=account.reasons,
    )


def stage_shape(stage: str, account: StageAccount) -> StageShape:
    """One line of `/api/accounting`."""
    return StageShape(
        stage=stage,
        in_=account.received,
        out=account.out,
        rejected=account.rejected,
        late=account.late,
        duplicate=account.duplicate,
        in_flight=account.in_flight,
        lost_before_us=account.lost_before_us,
        balanced=account.balanced,
        reasons=account.reasons,
    )
