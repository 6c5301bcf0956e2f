"""Whether each part of a station is ready, and a word why not: for `/readyz`, metrics and the watchdog."""

from alerts.pager import Pager
from console.web.services import PartState
from fenceline.clock import Clock
from ingest.service import Ingestor
from sinks.service import StoreSink

STORE_IDLE_SECONDS = 10.0


def ingest_state(ingestor: Ingestor) -> PartState:
    """Connected, and the journal takes records."""
    account = ingestor.snapshot()
    ready = account.broker == "connected" and account.journal == "ok"
    return PartState(ready, account.broker_problem or account.journal_problem or account.broker)


def store_state(sink: StoreSink, clock: Clock) -> PartState:
    """Written, and lately."""
    if sink.problem is not None:
        return PartState(False, sink.problem)
    late = clock.monotonic() - sink.committed_at > STORE_IDLE_SECONDS
    return PartState(not late, "the store is behind" if late else "following")


def pager_state(pager: Pager) -> PartState:
    """In step with the ledger, and its attempts are durable."""
    state = pager.state
    failing = ", ".join(sorted(state.failing))
    ready = state.synced and state.durable
    return PartState(ready, f"failing channels: {failing}" if failing else "in step")
