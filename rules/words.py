"""The kernel's numbers as words: classes of readings as account columns, reasons, conditions."""

from fenceline.reason import CannotTell, Ignored
from fenceline.vocabulary import Condition, Quality
from rules import layout, steps

CONDITIONS = {
    layout.TRUE: Condition.TRUE,
    layout.FALSE: Condition.FALSE,
    layout.UNKNOWN: Condition.UNKNOWN,
}

# Class of a reading → (column of the account, reason within it).
COLUMNS: dict[int, tuple[str, str]] = {
    layout.CURRENT: ("out", "current"),
    layout.DELAYED: ("out", Ignored.DELAYED),
    layout.CONFLICT: ("out", Ignored.CONFLICT),
    layout.UNUSABLE: ("out", "unusable"),
    layout.LATE: ("late", Ignored.LATE),
    layout.DUPLICATE: ("duplicate", Ignored.DUPLICATE),
    layout.AHEAD: ("rejected", Ignored.AHEAD),
    layout.NOT_IN_FORCE: ("rejected", Ignored.NOT_IN_FORCE),
}

_REASONS = {
    steps.REASON_NEVER_SEEN: CannotTell.NEVER_SEEN,
    steps.REASON_SILENT: CannotTell.SILENT,
    steps.REASON_DELAYED: CannotTell.DELAYED,
    steps.REASON_LATE: CannotTell.LATE,
    steps.REASON_AHEAD: CannotTell.TIME_AHEAD,
    steps.REASON_QUARANTINED: CannotTell.QUARANTINED,
}


def reason_word(number: int) -> str | None:
    """Why a sensor cannot tell; none where it can."""
    if number == steps.REASON_NONE:
        return None
    if number >= steps.REASON_QUALITY:
        return Quality(number - steps.REASON_QUALITY).word
    return _REASONS[number].value
