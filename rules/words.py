"""The kernel's numbers as words: classes of readings as account columns, reasons, conditions."""

from fenceline.reason import CannotTell, Ignored
from fenceline.vocabulary import Condition, Quality
from rules import memory as m

CONDITIONS = {
    m.TRUE: Condition.TRUE,
    m.FALSE: Condition.FALSE,
    m.UNKNOWN: Condition.UNKNOWN,
}

# Class of a reading → (column of the account, reason within it).
COLUMNS: dict[int, tuple[str, str]] = {
    m.CURRENT: ("out", "current"),
    m.DELAYED: ("out", Ignored.DELAYED),
    m.CONFLICT: ("out", Ignored.CONFLICT),
    m.UNUSABLE: ("out", "unusable"),
    m.LATE: ("late", Ignored.LATE),
    m.DUPLICATE: ("duplicate", Ignored.DUPLICATE),
    m.AHEAD: ("rejected", Ignored.AHEAD),
    m.NOT_IN_FORCE: ("rejected", Ignored.NOT_IN_FORCE),
}

_REASONS = {
    m.REASON_NEVER_SEEN: CannotTell.NEVER_SEEN,
    m.REASON_SILENT: CannotTell.SILENT,
    m.REASON_DELAYED: CannotTell.DELAYED,
    m.REASON_LATE: CannotTell.LATE,
    m.REASON_AHEAD: CannotTell.TIME_AHEAD,
    m.REASON_QUARANTINED: CannotTell.QUARANTINED,
    m.REASON_TOO_LITTLE: CannotTell.TOO_LITTLE_DATA,
    m.REASON_TOO_MUCH: CannotTell.TOO_MUCH_DATA,
}


def reason_word(number: int) -> str | None:
    """Why a sensor cannot tell; none where it can."""
    if number == m.REASON_NONE:
        return None
    if number >= m.REASON_QUALITY:
        return Quality(number - m.REASON_QUALITY).word
    return _REASONS[number].value
