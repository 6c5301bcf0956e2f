"""The names that the watchdog's canary has in topics, rules, routes and ids. No site may use them."""

from fenceline.alert import ActionRefused, AlertRecord, CallRecord, LedgerRecord

CANARY_DEVICE = "canary"
CANARY_QUANTITY = "canary"
CANARY_SENSOR = "watchdog-canary"
CANARY_RULE = "watchdog-canary"
CANARY_RECIPIENT = "watchdog-canary"
SANDBOX_CHANNEL = "sandbox"

_PREFIX = f"{CANARY_RULE}.{CANARY_SENSOR}."


def is_canary(alert_id: str) -> bool:
    """Whether an alert is the canary's: its id begins with rule and subject."""
    return alert_id.startswith(_PREFIX)


def of_canary(record: LedgerRecord) -> bool:
    """Whether a ledger record speaks of the canary and of nothing else."""
    if isinstance(record, AlertRecord):
        return is_canary(record.alert.id)
    if isinstance(record, ActionRefused):
        return is_canary(record.alert)
    return is_canary(record.call.id if isinstance(record, CallRecord) else record.page.call)
