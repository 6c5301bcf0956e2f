"""The canary in force: it decides and pages, and neither rules, counts nor screens of the park see it."""

from dataclasses import replace

import pytest

from alerts.routes import Recipient
from console.fold import ParkFold
from console.inforce import InForceSet, parse_items
from console.watchdog.builtin import with_canary, without_canary
from console.watchdog.names import CANARY_SENSOR, SANDBOX_CHANNEL, is_canary, of_canary
from console.web.frames import ledger_frames
from console.web.view import View
from console.webparts import park_shape, sensor_places
from fenceline.alert import AlertRecord, PageRecord
from fenceline.bus import Cause, Record, Stored, hash_of
from fenceline.errors import ConfigError
from fenceline.finding import Finding, Folded
from fenceline.journal import Batch, Claim, JournalRecord, Tick
from fenceline.localname import LocalName
from fenceline.reading import Readings
from fenceline.vocabulary import AlertState
from fenceline.wire import encode, kind_of
from rules.kinds.silence import SilenceRule
from sinks.query import AlertFilter
from tests.console.worlds import SECOND, START_NS, force

WORDS = LocalName(zh="示例", en="example")


class Run:
    """A fold, fed by hand."""

    def __init__(self) -> None:
        self.fold = ParkFold()
        self.findings: list[object] = []
        self.ledger: list[AlertRecord | PageRecord] = []
        self.view = View(sensor_places(with_canary(force())))
        self._offset = 0
        first = with_canary(force()).record({})
        assert first is not None
        self.feed(first)
        self.feed(Claim(filter="f", owner="o", term=1))

    def feed(self, record: JournalRecord | Batch) -> None:
        kept = Record(kind_of(record), encode(record))
        output = self.fold.apply(Stored(self._offset, kept.kind, kept.payload, "", None, hash_of(kept)))
        self.findings += output.findings
        for index, one in enumerate(output.ledger):
            self.ledger.append(one)  # type: ignore[arg-type]
            self.view.take_ledger(len(self.ledger), Cause(1, self._offset, index), one)
        self._offset += 1

    def read(self, sensor: str, second: int, value: float) -> None:
        at_ns = START_NS + second * SECOND
        rows = [(sensor, at_ns, value, 0, second)]
        self.feed(Batch("f", "o", 1, at_ns, Readings.from_rows(rows), (), 1))

    def tick(self, second: int) -> None:
        self.feed(Tick(filter="f", owner="o", term=1, time_ns=START_NS + second * SECOND))

    @property
    def folded(self) -> Folded:
        return next(one for one in reversed(self.findings) if isinstance(one, Folded))


def test_it_raises_pages_the_sandbox_and_ends() -> None:
    """One reading up: an alert and one page to the sandbox alone; one down: over."""
    run = Run()
    run.tick(1)

    run.read(CANARY_SENSOR, 2, 1.0)
    run.read(CANARY_SENSOR, 3, 0.0)

    changes = [one.change for one in run.ledger]
    pages = [one.page for one in run.ledger if isinstance(one, PageRecord)]
    assert ["raised", "due", "returned"] == changes
    assert [(SANDBOX_CHANNEL,)] == [page.channels for page in pages]
    assert all(of_canary(one) for one in run.ledger)


def test_the_parks_rules_and_counts_pass_it_over() -> None:
    """A silence rule for all sensors says nothing of a canary that never came, and nobody counts it."""
    run = Run()
    run.tick(1)
    for second in range(2, 200):
        run.read("example", second, 0.0)
        run.tick(second)

    subjects = {one.subject for one in run.findings if isinstance(one, Finding)}
    assert CANARY_SENSOR not in subjects
    assert (1, 1) == (run.folded.sensors, run.folded.watching)
    run.read(CANARY_SENSOR, 200, 1.0)
    run.tick(200)
    assert (1, 1) == (run.folded.sensors, run.folded.watching)


def test_screens_do_not_see_it() -> None:
    """Not in the picture, its counts or its stream; the watchdog alone is told of it."""
    run = Run()
    run.tick(1)
    run.read(CANARY_SENSOR, 2, 1.0)

    view = run.view
    assert ({}, {}, 0) == (view.open, view.pages, view.unacknowledged)
    assert [None, None] == [ledger_frames(one, 1) for one in run.ledger]
    assert view.canary is not None
    assert AlertState.UNACKNOWLEDGED is view.canary.state
    assert is_canary(view.canary.id)
    assert not AlertFilter().takes(view.canary)
    assert AlertFilter(owner="watchdog").takes(view.canary)


def test_other_alerts_are_seen_as_before() -> None:
    """The filter takes nothing else away."""
    run = Run()
    run.tick(1)
    run.read("example", 2, 25.0)

    assert 1 == len(run.view.open)
    assert all(not of_canary(one) for one in run.ledger)
    assert all(AlertFilter().takes(alert) for alert in run.view.open.values())


def test_the_park_shows_as_its_site_wrote_it() -> None:
    """Places, substances and sensors are the same with and without; the journal's items read back."""
    plain, full = force(), with_canary(force())

    assert park_shape(plain) == park_shape(full)
    assert sensor_places(plain) == sensor_places(full)
    assert plain.park == without_canary(full.park)
    assert full.park == parse_items(full.items()).park
    assert "fenceline/example/watchdog/canary/readings" == full.park.topic_of("canary")


def taken() -> dict[str, InForceSet]:
    plain = force()
    rule = SilenceRule(name="watchdog-canary", kind="silence", title=WORDS)
    names = {"watchdog-canary": Recipient(name=WORDS, channels=("log",))}
    sandbox = {"desk": Recipient(name=WORDS, channels=("sandbox",))}
    return {
        "rule": replace(plain, rules=(*plain.rules, rule)),
        "recipient": replace(plain, routes=plain.routes.model_copy(update={"recipients": names})),
        "channel": replace(plain, routes=plain.routes.model_copy(update={"recipients": sandbox})),
    }


@pytest.mark.parametrize("what", list(taken()))
def test_a_site_that_uses_its_names_is_told(what: str) -> None:
    """The name, what has it, and a way out."""
    with pytest.raises(ConfigError, match=f"the {what} `") as caught:
        with_canary(taken()[what])

    assert "--watchdog none" in caught.value.hint
