"""A scripted station for the watchdog's tests, and a watch that looks at it once a second."""

from console.watchdog.config import WatchdogConfig
from console.watchdog.report import PagerReport, PartReport, RoundReport, StationReport
from console.watchdog.watch import Look, Notice, Watch
from fenceline.localname import LocalName

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND


class Scene:
    """A station that works, until it is told otherwise."""

    def __init__(self, **config: float) -> None:
        self.at = 100.0
        self.watch = Watch(WatchdogConfig.model_validate(config), self.at)
        self.answers = True
        self.ticking = True
        self.folding = True
        self.ticks = 0
        self.folded_ns: int | None = None
        self.offset = 0.0
        self.pager = PagerReport(
            synced=True, durable=True, pages_due=0, oldest_waiting_seconds=None, failing={}
        )
        self.store = PartReport(ready=True, detail="following")
        self.ingest = PartReport(ready=True, detail="connected")

    @property
    def now_ns(self) -> int:
        return START_NS + round(self.at * SECOND)

    def report(self) -> StationReport:
        return StationReport(
            park="demo",
            name=LocalName(zh="演练化工园区", en="Demonstration park"),
            simulated=True,
            timezone="Asia/Shanghai",
            pid=1,
            server_ns=self.now_ns,
            folded_ns=self.folded_ns,
            ticks=self.ticks,
            parts={"store": self.store, "ingest": self.ingest},
            pager=self.pager,
            canary_in_force=True,
            canary=None,
        )

    def look(self) -> list[Notice]:
        """One look, where time stands."""
        report = self.report() if self.answers else None
        problem = "" if self.answers else "refused"
        return self.watch.look(Look(self.at, self.now_ns, report, problem, self.offset))

    def seconds(self, count: int) -> list[tuple[float, str, str]]:
        """So many looks, one a second; what was told: after how many seconds, of what, which change."""
        began = self.at
        told: list[tuple[float, str, str]] = []
        for _ in range(count):
            self.at += 1.0
            if self.ticking:
                self.ticks += 1
                if self.folding:
                    self.folded_ns = self.now_ns
            told += [(self.at - began, str(one.concern), one.change) for one in self.look()]
        return told

    def round(self, *, ok: bool) -> None:
        """A canary's round that ended now."""
        latency = 0.05 if ok else None
        problem = "" if ok else "no page came within 10 s"
        self.watch.tested(RoundReport(at_ns=self.now_ns, ok=ok, latency_seconds=latency, problem=problem))
