"""Why something was refused, ignored or not known: one word, the same everywhere it is met."""

from enum import StrEnum


class Rejected(StrEnum):
    """Why a reading or a message went to the dead letters."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    EMPTY = "empty"
    OVERSIZE = "oversize"
    TOPIC_UNKNOWN = "topic_unknown"
    WRONG_PARK = "wrong_park"
    UNKNOWN_SENSOR = "unknown_sensor"
    IDENTITY_MISMATCH = "identity_mismatch"
    WRONG_UNIT = "wrong_unit"
    NOT_A_NUMBER = "not_a_number"
    NOT_FINITE = "not_finite"
    BAD_TIME = "bad_time"
    TIME_AHEAD = "time_ahead"
    TIME_TOO_OLD = "time_too_old"
    BAD_QUALITY_WORD = "bad_quality_word"
    BAD_SEQUENCE = "bad_sequence"


class Ignored(StrEnum):
    """How the fold classified a reading that it did not evaluate as current."""

    LATE = "late"
    DELAYED = "delayed"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    AHEAD = "time_ahead"
    NOT_IN_FORCE = "not_in_force"
    QUARANTINED = "quarantined"


class CannotTell(StrEnum):
    """Why a condition is unknown."""

    NEVER_SEEN = "never_seen"
    SILENT = "silent"
    DELAYED = "delayed"
    LATE = "late"
    TIME_AHEAD = "time_ahead"
    BAD = "bad"
    CALIBRATION = "calibration"
    MAINTENANCE = "maintenance"
    OVER_RANGE = "over_range"
    FAULT = "fault"
    NO_COMMUNICATION = "no_communication"
    QUARANTINED = "quarantined"
    TOO_LITTLE_DATA = "too_little_data"
    TOO_MUCH_DATA = "too_much_data"


class Refused(StrEnum):
    """Why an action does not stand."""

    UNKNOWN_ALERT = "unknown_alert"
    LEVEL_RISEN = "level_risen"
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    ENDED = "ended"
    UNKNOWN_REVISION = "unknown_revision"
    NO_NAME = "no_name"


class Ended(StrEnum):
    """Why an alert ended that nobody saw end."""

    RULE_WITHDRAWN = "rule_withdrawn"
