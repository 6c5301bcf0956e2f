"""What every store answers, whichever one it is: one file for all of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from fenceline.bus import Topic
from fenceline.vocabulary import Condition, Level, Quality, Tier
from sinks.changes import Changes
from sinks.embedded import EmbeddedStore
from sinks.query import AlertFilter, HourlyMean, Queries
from tests.sinks.records import (
    SECOND,
    START,
    acknowledged,
    alert,
    batch,
    ended,
    finding,
    page,
    raised,
    refused,
)
from tests.sinks.test_store import changes_of

Fill = Callable[[Changes], Awaitable[object]]
HOUR = 3600 * SECOND


@pytest.fixture(params=["embedded"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Queries, Fill]]:
    """A store of each kind, and how to fill it."""
    embedded = EmbeddedStore(tmp_path / "store.duckdb", settle_at_rows=1000)
    yield embedded, embedded.apply
    await embedded.close()


async def test_an_interval_holds_its_start_and_not_its_end(store: tuple[Queries, Fill]) -> None:
    """Readings at the start belong to it, readings at the end do not; other sensors' never."""
    queries, fill = store
    rows = [("s1", number, float(number)) for number in range(5)]
    await fill(changes_of(batches=[(0, batch(*rows, ("s2", 2, 9.0)))]))

    series = await queries.readings("s1", START + SECOND, START + 3 * SECOND, points=10, gap_ns=5 * SECOND)

    assert [1.0, 2.0] == series.value.tolist()
    assert [START + SECOND, START + 2 * SECOND] == series.time.tolist()


async def test_zero_is_a_value_and_a_gap_is_none(store: tuple[Queries, Fill]) -> None:
    """A measured zero is shown as zero; where readings are missing there is no number at all."""
    queries, fill = store
    await fill(changes_of(batches=[(0, batch(("s1", 0, 0.0), ("s1", 5, 0.0), ("s1", 60, 0.0)))]))

    series = await queries.readings("s1", 0, 2 * START, points=10, gap_ns=20 * SECOND)

    assert ["0.0", "0.0", "nan", "0.0"] == [str(value) for value in series.value.tolist()]
    assert Quality.NO_COMMUNICATION == series.quality[2]
    assert series.time.tolist() == sorted(series.time.tolist())


async def test_the_same_reading_twice_is_shown_once(store: tuple[Queries, Fill]) -> None:
    """A reading that was delivered again in another batch is one point; another value is another."""
    queries, fill = store
    await fill(changes_of(batches=[(0, batch(("s1", 0, 1.0))), (1, batch(("s1", 0, 1.0)))]))
    await fill(changes_of(batches=[(2, batch(("s1", 0, 2.0)))]))

    series = await queries.readings("s1", 0, 2 * START, points=10, gap_ns=SECOND)

    assert [1.0, 2.0] == series.value.tolist()


async def test_late_readings_take_their_place(store: tuple[Queries, Fill]) -> None:
    """A series is in the order of event time, not of arrival."""
    queries, fill = store
    await fill(changes_of(batches=[(0, batch(("s1", 10, 2.0))), (1, batch(("s1", 0, 1.0)))]))

    series = await queries.readings("s1", 0, 2 * START, points=10, gap_ns=60 * SECOND)

    assert [1.0, 2.0] == series.value.tolist()


async def test_thinning_keeps_the_extremes(store: tuple[Queries, Fill]) -> None:
    """Of many readings few are left, among them the one peak and the one trough."""
    queries, fill = store
    rows = [("s1", float(number), 5.0) for number in range(5000)]
    rows[1234] = ("s1", 1234.0, 99.0)
    rows[4321] = ("s1", 4321.0, 0.0)
    await fill(changes_of(batches=[(0, batch(*rows))]))

    series = await queries.readings("s1", 0, 2 * START, points=100, gap_ns=2 * SECOND)

    assert len(series) <= 100
    assert 99.0 == series.value.max()
    assert 0.0 == series.value.min()
    assert [START, START + 4999 * SECOND] == [series.time[0], series.time[-1]]


async def test_thinning_keeps_gaps(store: tuple[Queries, Fill]) -> None:
    """A gap between thinned readings stays a gap, with real readings on both sides."""
    queries, fill = store
    rows = [("s1", float(number), float(number % 7)) for number in range(5000)]
    del rows[2000:2100]
    await fill(changes_of(batches=[(0, batch(*rows))]))

    series = await queries.readings("s1", 0, 2 * START, points=100, gap_ns=2 * SECOND)

    missing = np.flatnonzero(np.isnan(series.value)).tolist()
    assert 1 == len(missing)
    assert START + 1999 * SECOND == series.time[missing[0] - 1]
    assert START + 2100 * SECOND == series.time[missing[0] + 1]


async def test_thinning_does_not_let_a_fault_stand_for_a_measurement(store: tuple[Queries, Fill]) -> None:
    """The lowest usable value stays beside an unusable zero, each with its own quality."""
    queries, fill = store
    good = [("s1", float(number), 5.0 + number % 3) for number in range(1000)]
    bad = [("s1", 500.5, 0.0)]
    await fill(changes_of(batches=[(0, batch(*good)), (1, batch(*bad, quality=Quality.FAULT))]))

    series = await queries.readings("s1", 0, 2 * START, points=40, gap_ns=2 * SECOND)

    usable = series.value[series.quality < 16]
    assert 5.0 == usable.min()
    assert [0.0] == series.value[series.quality == Quality.FAULT].tolist()


async def test_an_unknown_sensor_has_no_readings(store: tuple[Queries, Fill]) -> None:
    """A sensor that never sent anything gives an empty series."""
    queries, _ = store

    assert 0 == len(await queries.readings("nobody", 0, START, points=10, gap_ns=1))


async def test_hourly_means_use_usable_values_only(store: tuple[Queries, Fill]) -> None:
    """A fault's value is in no mean; an hour with faults alone has none, which is not zero."""
    queries, fill = store
    base = (START // HOUR + 1) * HOUR - START
    second = base / SECOND
    await fill(
        changes_of(
            batches=[
                (0, batch(("s1", second, 0.0), ("s1", second + 10, 3.0))),
                (1, batch(("s1", second + 20, 99.0), ("s1", second + 3600, 9.0), quality=Quality.FAULT)),
                (2, batch(("s2", second, 9.0))),
            ]
        )
    )

    means = await queries.hourly_means(["s1"], 0, 2 * START)

    first_hour = START + base
    assert [
        HourlyMean("s1", first_hour, 1.5, 2, 3),
        HourlyMean("s1", first_hour + HOUR, None, 0, 1),
    ] == means


async def test_alerts_by_filters(store: tuple[Queries, Fill]) -> None:
    """Each filter restricts; the alert raised last comes first; the limit holds."""
    queries, fill = store
    one = alert(1)
    two = alert(2, tier=Tier.PARK, level=Level.RED, owner="park", quantity="cl2")
    three = alert(3)
    await fill(changes_of(ledger=[(1, raised(one)), (2, raised(two)), (3, raised(three)), (4, ended(one))]))

    async def ids(wanted: AlertFilter, limit: int = 10) -> list[str]:
        return [found.subject for found in await queries.alerts(wanted, limit=limit)]

    assert ["s3", "s2", "s1"] == await ids(AlertFilter())
    assert ["s3", "s2"] == await ids(AlertFilter("open"))
    assert ["s1"] == await ids(AlertFilter("ended"))
    assert ["s2"] == await ids(AlertFilter(tier=Tier.PARK))
    assert ["s2"] == await ids(AlertFilter(level=Level.RED))
    assert ["s3", "s1"] == await ids(AlertFilter(owner="e01"))
    assert ["s2"] == await ids(AlertFilter(substance="cl2"))
    assert ["s3"] == await ids(AlertFilter(), limit=1)


async def test_history_and_pages_of_an_alert(store: tuple[Queries, Fill]) -> None:
    """Every change in order; each page once, as it stands."""
    queries, fill = store
    one, other = alert(1), alert(2)
    delivered = page(one, state="delivered")
    await fill(
        changes_of(
            ledger=[
                (1, raised(one)),
                (2, page(one)),
                (3, raised(other)),
                (4, page(other, number=2)),
                (5, delivered),
                (6, acknowledged(one, "action-1")),
            ]
        )
    )

    history = await queries.alert_history(one.id)
    pages = await queries.pages(one.id)

    assert ["raised", "acknowledged"] == [item.record.change for item in history]
    assert [delivered] == [item.record for item in pages]


async def test_what_became_of_an_action(store: tuple[Queries, Fill]) -> None:
    """An action stands, was refused, or the ledger says nothing of it."""
    queries, fill = store
    stands, no = acknowledged(alert(1), "action-1"), refused(alert(1), "action-2", "level_risen")
    await fill(changes_of(ledger=[(1, raised(alert(1))), (2, stands), (3, no)]))

    assert stands == await queries.action("action-1")
    assert no == await queries.action("action-2")
    assert None is await queries.action("action-3")


async def test_the_open_ledger_is_what_a_screen_starts_from(store: tuple[Queries, Fill]) -> None:
    """Open alerts, their pages and unknown conditions, with the positions they stand at."""
    queries, fill = store
    one, other = alert(1), alert(2)
    unknown = finding(Condition.UNKNOWN, subject="s3", reason="calibration")
    await fill(
        changes_of(
            findings=[(1, finding(Condition.TRUE)), (2, unknown)],
            ledger=[(1, raised(one)), (2, raised(other)), (3, ended(one)), (4, page(other))],
        )
    )

    found = await queries.open_ledger()

    assert (other,) == found.alerts
    assert (page(other),) == found.pages
    assert (unknown,) == found.unknown
    assert 4 == found.applied[Topic.ALERTS].position.offset
