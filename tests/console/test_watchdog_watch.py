"""The watchdog's judgement on scripted looks: each concern raised, held, told again, cleared."""

from console.watchdog.report import PagerReport, PartReport
from tests.console.watchdog_looks import Scene


def settled(**config: float) -> Scene:
    scene = Scene(**config)
    assert [] == scene.seconds(5)
    return scene


def test_a_station_that_works_is_no_news() -> None:
    """An hour of looks tells nobody anything."""
    assert [] == settled().seconds(3600)


def test_no_answer_is_told_after_six_seconds_again_and_as_over() -> None:
    """Silence counts from the last answer; three seconds of answers end it."""
    scene = settled(repeat_seconds=60)
    scene.answers = False

    told = scene.seconds(130)
    scene.answers = True
    over = scene.seconds(10)

    assert [(6.0, "station", "raised"), (66.0, "station", "again"), (126.0, "station", "again")] == told
    assert [(4.0, "station", "cleared")] == over


def test_a_short_silence_is_no_alarm() -> None:
    """A station that is busy or started again within the bound wakes nobody, however often."""
    scene = settled()

    for _ in range(20):
        scene.answers = False
        assert [] == scene.seconds(5)
        scene.answers = True
        assert [] == scene.seconds(2)


def test_a_station_that_flaps_is_one_alarm() -> None:
    """Answers that do not last clear nothing."""
    scene = settled()
    scene.answers = False
    assert [(6.0, "station", "raised")] == scene.seconds(10)

    told = []
    for _ in range(10):
        scene.answers = True
        told += scene.seconds(2)
        scene.answers = False
        told += scene.seconds(8)

    assert [] == told


def test_the_first_answer_may_take_longer() -> None:
    """A station that starts is given its time, and no more."""
    scene = Scene(start_seconds=120)
    scene.answers = False

    assert [(120.0, "station", "raised")] == scene.seconds(125)


def test_ticks_that_stop_are_told_after_ten_seconds() -> None:
    """The engine, which then has nothing to fold, is not told beside; the ingestor's reason is."""
    scene = settled()
    scene.ticking = False
    scene.ingest = PartReport(ready=False, detail="no broker")

    scene.seconds(9)
    scene.at += 1.0
    notices = scene.look()
    scene.ticking = True
    over = scene.seconds(10)

    assert [("ticks", "raised", 10.0, "no broker")] == [
        (one.concern, one.change, one.seconds, one.detail) for one in notices
    ]
    assert [(4.0, "ticks", "cleared")] == over


def test_a_count_of_zero_ticks_is_a_count() -> None:
    """A station that never ticks is found out as one that stopped."""
    scene = Scene()
    scene.ticking = False

    assert (11.0, "ticks", "raised") in scene.seconds(15)


def test_an_engine_that_stops_is_told_while_ticks_go_on() -> None:
    """Ten seconds behind, and one to be sure; live again it is over."""
    scene = settled()
    scene.folding = False

    told = scene.seconds(20)
    scene.folding = True

    assert [(11.0, "engine", "raised")] == told
    assert [(4.0, "engine", "cleared")] == scene.seconds(10)


def test_an_engine_that_never_folded_is_missing_not_zero() -> None:
    """No time at all is judged by how long one waits; a time of zero is one, and far behind."""
    never = Scene()
    never.folding = False
    of_1970 = Scene()
    of_1970.folding, of_1970.folded_ns = False, 0

    assert [(12.0, "engine", "raised")] == never.seconds(15)
    assert [(3.0, "engine", "raised")] == of_1970.seconds(6)


def test_a_lag_between_live_and_behind_neither_raises_nor_clears() -> None:
    """Seven seconds behind raises nothing; after an alarm it does not end it."""
    scene = settled()

    def lag(seconds: float, looks: int) -> list[tuple[float, str, str]]:
        told = []
        for _ in range(looks):
            scene.folding = False
            scene.folded_ns = scene.now_ns + 1_000_000_000 - round(seconds * 1e9)
            told += scene.seconds(1)
        return told

    assert [] == lag(7.0, 30)
    assert [(1.0, "engine", "raised")] == lag(11.0, 5)
    assert [] == lag(7.0, 30)
    assert [(1.0, "engine", "cleared")] == lag(0.5, 10)


def test_a_pager_that_cannot_record_is_told_after_ten_seconds() -> None:
    """Not in step, or not durable: after ten seconds it reaches nobody."""
    for broken in ({"synced": False}, {"durable": False}):
        scene = settled()
        well = scene.pager
        scene.pager = well.model_copy(update=broken)

        told = scene.seconds(15)
        scene.pager = well

        assert [(11.0, "pager", "raised")] == told
        assert [(4.0, "pager", "cleared")] == scene.seconds(10)


def test_a_page_that_nobody_begins_to_send_is_told() -> None:
    """Ten seconds of log time; a page that became due just now is zero seconds old and fine."""
    scene = settled()
    scene.pager = scene.pager.model_copy(update={"pages_due": 1, "oldest_waiting_seconds": 0.0})
    assert [] == scene.seconds(20)

    scene.pager = scene.pager.model_copy(update={"oldest_waiting_seconds": 10.0})

    assert [(1.0, "pager", "raised")] == scene.seconds(5)


def test_a_channel_that_keeps_failing_is_told_and_said_again_only_hourly() -> None:
    """One that fails once and then delivers is not."""
    scene = settled()
    scene.pager = failing()
    assert [] == scene.seconds(8)
    scene.pager = PagerReport(synced=True, durable=True, pages_due=0, oldest_waiting_seconds=None, failing={})
    assert [] == scene.seconds(5)

    scene.pager = failing()

    assert [(11.0, "channels", "raised"), (3611.0, "channels", "again")] == scene.seconds(3700)


def failing() -> PagerReport:
    return PagerReport(
        synced=True, durable=True, pages_due=1, oldest_waiting_seconds=None, failing={"webhook": "refused"}
    )


def test_a_store_behind_is_told_after_a_minute() -> None:
    """It costs history, not alerts; a part that is not spoken of cannot be judged."""
    scene = settled()
    scene.store = PartReport(ready=False, detail="no room")

    assert [(61.0, "store", "raised")] == scene.seconds(70)


def test_clocks_apart_are_told_in_either_direction() -> None:
    """More than two seconds for more than three; exactly two is none."""
    for offset in (2.1, -3600.0):
        scene = settled()
        scene.offset = offset
        assert [(4.0, "clocks", "raised")] == scene.seconds(10)
        scene.offset = 0.0
        assert [(6.0, "clocks", "cleared")] == scene.seconds(10)

    scene = settled()
    scene.offset = 2.0
    assert [] == scene.seconds(60)


def test_a_canary_that_does_not_arrive_is_told_at_once() -> None:
    """And is over with the next that does."""
    scene = settled()
    scene.round(ok=True)
    assert [] == scene.seconds(60)

    scene.round(ok=False)
    told = scene.seconds(60)
    scene.round(ok=True)

    assert [(1.0, "canary", "raised")] == told
    assert [(1.0, "canary", "cleared")] == scene.seconds(5)


def test_what_follows_from_something_worse_is_not_told() -> None:
    """While the station is silent its canary, engine and ticks are not news."""
    scene = settled()
    scene.round(ok=False)
    scene.seconds(1)
    scene.answers = False

    told = scene.seconds(200)

    assert [(6.0, "station", "raised")] == told
    assert not scene.watch.can_test


def test_after_a_silence_nothing_is_counted_that_was_not_seen() -> None:
    """A station that stood still for a minute and goes on is not behind in anything by itself."""
    scene = settled()
    scene.answers, scene.ticking = False, False
    scene.seconds(60)

    scene.answers, scene.ticking = True, True

    assert [(4.0, "station", "cleared")] == scene.seconds(60)


def test_a_watchdog_that_stood_still_itself_accuses_nobody() -> None:
    """It was stopped for an hour, and then the station needs a moment: no alarm."""
    scene = settled()
    scene.at += 3600.0
    scene.answers = False

    assert [] == scene.seconds(5)
    assert [(2.0, "station", "raised")] == scene.seconds(3)


def test_an_orderly_stop_is_silence_until_the_station_is_back() -> None:
    """A rest forgets what stood and misses nothing; the first answer ends it."""
    scene = settled()
    scene.offset = 5.0
    scene.seconds(10)

    scene.watch.rest()
    scene.answers, scene.offset = False, 0.0
    assert [] == scene.seconds(3600)
    scene.answers = True
    assert [] == scene.seconds(10)
    scene.answers = False

    assert [(6.0, "station", "raised")] == scene.seconds(10)
