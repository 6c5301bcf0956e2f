"""The words of the house as enums: the same word in code, log, metric, record and screen."""

from enum import IntEnum, StrEnum


class Tier(StrEnum):
    """Where a condition stands: inside an enterprise, in the park, in the surrounding community."""

    ENTERPRISE = "enterprise"
    PARK = "park"
    COMMUNITY = "community"

    @property
    def rank(self) -> int:
        return _TIER_RANK[self]


class Level(StrEnum):
    """How bad: attention, then blue IV, yellow III, orange II, red I (domain.md section 1.3)."""

    ATTENTION = "attention"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        return _LEVEL_RANK[self]


_TIER_RANK = {tier: rank for rank, tier in enumerate(Tier)}
_LEVEL_RANK = {level: rank for rank, level in enumerate(Level)}


class Placement(StrEnum):
    """What a sensor stands at."""

    UNIT = "unit"
    TANK_FARM = "tank_farm"
    STACK = "stack"
    FENCE = "fence"
    BOUNDARY = "boundary"
    COMMUNITY = "community"
    MAST = "mast"

    @property
    def tier(self) -> Tier:
        """The tier of an alert comes from where its sensor stands."""
        if self is Placement.COMMUNITY:
            return Tier.COMMUNITY
        if self in (Placement.BOUNDARY, Placement.MAST):
            return Tier.PARK
        return Tier.ENTERPRISE


class Condition(StrEnum):
    """Three-valued truth of a rule on a subject."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class AlertState(StrEnum):
    """ISA-18.2 states. The letters of the standard stand beside each."""

    NORMAL = "normal"  # A
    UNACKNOWLEDGED = "unacknowledged"  # B
    ACKNOWLEDGED = "acknowledged"  # C
    RETURNED = "returned"  # D, returned to normal without an acknowledgement
    LATCHED = "latched"  # E, F
    SHELVED = "shelved"  # G
    SUPPRESSED = "suppressed"  # H
    OUT_OF_SERVICE = "out_of_service"  # I


class Quality(IntEnum):
    """Quality of a reading with its cause, as it stands in the journal (one byte).

    Below 16 a value may be used; from 16 on it proves nothing. `OVER_RANGE` is the exception:
    its value is a lower bound, so it can prove an exceedance and never safety.
    """

    GOOD = 0
    UNCERTAIN = 1
    CONFLICT = 2
    MANUAL = 3
    HISTORICAL = 4
    BAD = 16
    CALIBRATION = 17
    MAINTENANCE = 18
    OVER_RANGE = 19
    FAULT = 20
    NO_COMMUNICATION = 21

    @property
    def word(self) -> str:
        return self.name.lower()


FIRST_BAD_QUALITY = 16
QUALITY_BY_WORD = {quality.word: quality for quality in Quality}
