"""What people are told, word for word, and how it is sent: over every channel, again where it fails."""

import asyncio
from pathlib import Path

import pytest
import yaml

from alerts.channels.channel import Message, Outcome
from console.watchdog.config import WatchdogConfig, channels_of, load_watchdog
from console.watchdog.notifier import Notifier
from console.watchdog.watch import Concern, Notice
from console.watchdog.wording import Place, message_of
from fenceline.clock import ManualClock
from fenceline.errors import ConfigError
from fenceline.localname import LocalName
from tests.console.watchdog_looks import SECOND, START_NS

ROOT = Path(__file__).resolve().parents[2]
PARK = Place("demo", LocalName(zh="演练化工园区", en="Demonstration park"), True, "Asia/Shanghai")
LINK = "http://127.0.0.1:8080"


def notice(concern: Concern = Concern.ENGINE, change: str = "raised", times: int = 1) -> Notice:
    return Notice(
        concern=concern,
        change=change,  # type: ignore[arg-type]
        since_ns=START_NS,
        at_ns=START_NS + 75 * SECOND,
        times=times,
        seconds=12.5,
        detail="",
    )


def test_an_alarm_says_what_since_when_and_what_to_do() -> None:
    """In both languages, marked where it is simulated, in the park's own time."""
    message = message_of(notice(), PARK, LINK)

    assert (
        "【演练】看门狗：引擎落后：屏幕上的安静不可信",
        "12.5 秒",
        "始于 01-01 08:00:00 CST，演练化工园区",
        "处置：按人工值守预案监视园区；查看 CPU 与磁盘，必要时重新启动",
    ) == message.zh
    assert (
        "[SIMULATED] Watchdog: the engine is behind: a quiet screen means nothing",
        "12.5 s",
        "since 01-01 08:00:00 CST, Demonstration park",
        "do: watch the park by hand; look at processor and disk, restart if it does not catch up",
    ) == message.en
    assert message.title.startswith("【演练】SIMULATED 看门狗")
    assert "watchdog.engine.20260101t000000z" == message.page


def test_a_reminder_counts_and_an_end_says_so() -> None:
    """They are told apart in the first line, and by their ids."""
    again = message_of(notice(change="again", times=3), PARK, LINK)
    over = message_of(notice(change="cleared"), PARK, LINK)

    assert "（第 3 次提醒）" in again.zh[0]
    assert "(told 3 times)" in again.en[0]
    assert 3 == again.number
    assert "已恢复" in over.zh[0]
    assert "over: the engine" in over.en[0]
    assert "over at 01-01 08:01:15 CST" == over.en[2]
    assert over.page.endswith(".clear")


@pytest.mark.parametrize("concern", list(Concern))
def test_every_concern_has_words_in_both_languages(concern: Concern) -> None:
    """Before the first answer the park is only its id, and nothing claims to be simulated or not."""
    message = message_of(notice(concern), Place.unknown("demo"), LINK)

    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in line) for line in (message.zh[0], message.zh[-1]))
    assert message.en[-1].startswith("do: ")
    assert not message.simulated
    assert "demo" in message.en[2]


class Channel:
    """Fails as often as it is told to."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.sent: list[str] = []

    async def send(self, message: Message) -> Outcome:
        if self.failures:
            self.failures -= 1
            return Outcome(False, "refused")
        self.sent.append(message.page)
        return Outcome(True)

    async def close(self) -> None:
        """Nothing to let go of."""


async def test_a_channel_that_fails_is_tried_again_and_holds_up_no_other() -> None:
    """One and two seconds later; the other has it at once."""
    clock = ManualClock(START_NS)
    well, ill = Channel(0), Channel(2)
    notifier = Notifier({"well": well, "ill": ill}, clock)

    notifier.send("engine", message_of(notice(), PARK, LINK))
    await clock.advance(0.0)
    assert (1, 0) == (len(well.sent), len(ill.sent))
    await clock.advance(3.0)

    assert 1 == len(ill.sent)
    await notifier.finish(0.0)


async def test_what_is_outdated_is_no_longer_tried() -> None:
    """The end of an alarm is sent, not first the alarm that could not be."""
    clock = ManualClock(START_NS)
    ill = Channel(1)
    notifier = Notifier({"ill": ill}, clock)

    notifier.send("engine", message_of(notice(), PARK, LINK))
    await clock.advance(0.5)
    notifier.send("engine", message_of(notice(change="cleared"), PARK, LINK))
    await clock.advance(60.0)

    assert ["watchdog.engine.20260101t000000z.clear"] == ill.sent
    await notifier.finish(0.0)


async def test_a_channel_that_raises_or_hangs_ends_nothing() -> None:
    """Whatever a channel does, the watchdog goes on, and ends when it must."""

    class Hanging(Channel):
        async def send(self, message: Message) -> Outcome:
            await asyncio.Event().wait()
            raise AssertionError

    class Raising(Channel):
        async def send(self, message: Message) -> Outcome:
            raise RuntimeError("broken")

    clock = ManualClock(START_NS)
    notifier = Notifier({"hanging": Hanging(0), "raising": Raising(0)}, clock)

    notifier.send("engine", message_of(notice(), PARK, LINK))
    await clock.advance(600.0)

    await notifier.finish(0.0)


def test_the_sample_states_the_defaults(tmp_path: Path) -> None:
    """What config/watchdog.yaml says is what holds where a site has no such file."""
    sample = load_watchdog(ROOT / "config")
    default = load_watchdog(tmp_path)

    assert default.model_dump(exclude={"channels"}) == sample.model_dump(exclude={"channels"})
    assert set(WatchdogConfig.model_fields) == set(
        yaml.safe_load((ROOT / "config/watchdog.yaml").read_text())
    )
    assert {"log"} == set(channels_of(sample, {}))
    assert {"log", "webhook"} == set(channels_of(sample, {"FENCELINE_WATCHDOG_URL": "https://host/x"}))
    assert {"log"} == set(channels_of(default, {}))


def test_an_address_that_cannot_be_right_stops_the_start() -> None:
    """Before anything runs, and without the address in the sentence."""
    sample = load_watchdog(ROOT / "config")

    with pytest.raises(ConfigError, match="webhook"):
        channels_of(sample, {"FENCELINE_WATCHDOG_URL": "ftp://host/secret"})
