"""A message as the JSON that a webhook receives. Reference and example: docs/guides/channels.md."""

from datetime import UTC, datetime
from typing import Any

from alerts.channels.channel import Message

PAYLOAD_FORMAT = 1


def payload_of(message: Message) -> dict[str, Any]:
    """The body; fields may be added to it, none changes its meaning within a format."""
    return {
        "format": PAYLOAD_FORMAT,
        "kind": "page",
        "page": message.page,
        "number": message.number,
        "attempt": message.attempt,
        "revision": message.revision,
        "simulated": message.simulated,
        "level": message.level.value,
        "tier": message.tier.value,
        "recipient": {"id": message.recipient, "name": message.recipient_name.model_dump()},
        "title": message.title,
        "text": {"zh": list(message.zh), "en": list(message.en)},
        "link": message.link,
        "alerts": list(message.alerts),
        "due_at": _rfc3339(message.due_ns),
        "expires_at": _rfc3339(message.expires_ns),
    }


def _rfc3339(time_ns: int) -> str:
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03d}Z"
