"""Times between the house (ns since 1970 UTC) and the web API (RFC 3339 with milliseconds and Z)."""

from datetime import UTC, datetime, timedelta

NANOSECONDS_PER_MILLISECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(time_ns: int) -> str:
    """A single time as the API writes it."""
    moment = _EPOCH + timedelta(milliseconds=time_ns // NANOSECONDS_PER_MILLISECOND)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def rfc3339_or_none(time_ns: int | None) -> str | None:
    return None if time_ns is None else rfc3339(time_ns)


def nanoseconds(moment: datetime) -> int:
    """A time that says its zone, as the API reads it."""
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
