"""What the web app is given: everything it asks and shows, put together by whoever starts it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alerts.pager import PagerState
from console.watchdog.report import WatchdogState
from console.web.account import STAGES, StageAccount, of_engine
from console.web.live import Live
from console.web.people.people import People
from console.web.shapes import ParkShape
from console.web.view import View
from fenceline.bus import Bus
from fenceline.clock import Clock
from fenceline.journal import DeadLetter
from sinks.query import Queries

# The letter's key, the mended message and the person's name in, the note that was kept out.
Redrive = Callable[[str, bytes, str], Awaitable[DeadLetter]]
DIST = Path(__file__).parent / "dist"


@dataclass(frozen=True, slots=True)
class PartState:
    """Whether a part is ready, in a sentence."""

    ready: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What `/api/watch` says beyond the picture that screens show.

    Args:
        ticks: ticks appended by this process.
        pager: how the pager stands.
        timezone: the park's, for times in messages.
        canary_in_force: whether the canary's sensor is in force.
        token: the secret of the watchdog that may answer the canary; none where there is none.
        seen: what that watchdog last said of itself.
        part: whether there is one.
    """

    ticks: Callable[[], int]
    pager: Callable[[], PagerState]
    timezone: str
    canary_in_force: bool
    token: Callable[[], str | None]
    seen: Callable[[], WatchdogState | None]
    part: Callable[[], PartState]


@dataclass(slots=True)
class WebServices:
    """The parts behind the API.

    Args:
        park: the park as `/api/park` shows it.
        bus: where actions are appended and missed ledger records are read.
        history: the store's questions.
        view, live: the present picture and its stream; a `Following` keeps them up to date.
        accounts: stage (`ingest`, `journal`, `store`) → its account; the engine's is in the view.
        contradictions: a sentence for each place where the stages' accounts contradict each other.
        redrive: drives a mended dead letter again; without, the web only shows them.
        intake: whether the journal takes records: `ok`, `not_durable` or `full`.
        checks: part (`ingest`, `store`) → its state, for `/readyz`; the engine's is in the view.
        watched: what the watchdog is told; none where there is no watchdog.
        people: accounts and sessions; without, this machine alone is served, and names are typed.
        dist: the built browser application.
    """

    park: ParkShape
    bus: Bus
    history: Queries
    view: View
    live: Live
    clock: Clock
    accounts: Mapping[str, Callable[[], StageAccount]] = field(default_factory=dict)
    checks: Mapping[str, Callable[[], PartState]] = field(default_factory=dict)
    watched: Watched | None = None
    contradictions: Callable[[], list[str]] = list
    redrive: Redrive | None = None
    intake: Callable[[], str] = lambda: "ok"
    people: People | None = None
    dist: Path = DIST

    def stages(self) -> dict[str, StageAccount]:
        """Every account that is known, in the order that readings pass."""
        known = {stage: account() for stage, account in self.accounts.items()}
        if self.view.folded is not None:
            known["engine"] = of_engine(self.view.folded.account)
        return {stage: known[stage] for stage in STAGES if stage in known}

    def balanced(self) -> bool:
        """Whether every stage balances, and none contradicts another."""
        return all(account.balanced for account in self.stages().values()) and not self.contradictions()

    def parts(self) -> dict[str, PartState]:
        """The state of every part that must work for a quiet screen to mean a quiet park."""
        behind = self.view.behind(self.clock.now_ns())
        engine = PartState(
            not behind,
            "the engine has not folded up to the present" if behind else "folding",
        )
        parts = {"engine": engine} | {part: check() for part, check in self.checks.items()}
        if self.people is not None and self.people.accounts.exist():
            # The old accounts stay in force, so the park is watched all the same.
            parts["accounts"] = PartState(True, self.people.accounts.problem or "in force")
        return parts if self.watched is None else parts | {"watchdog": self.watched.part()}
