"""What an ingestor's account says of the system: whether the journal has room and the broker is there."""

from console.speaker import Seen
from fenceline.journal import SystemCondition
from ingest.account import AccountSnapshot


def intake_seen(ingest: AccountSnapshot) -> dict[SystemCondition, Seen]:
    """Conditions as they are now."""
    return {
        "journal-full": Seen(ingest.journal == "full", ingest.journal_problem),
        "broker-lost": Seen(
            ingest.broker != "connected", ingest.broker_problem or f"the connection is {ingest.broker}"
        ),
    }
