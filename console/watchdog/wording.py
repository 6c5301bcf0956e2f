"""A notice in, the words of its message out, in Chinese and English: what, since when, what to do."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.channels.channel import Message
from alerts.channels.message import MARK, MARK_EN, MARK_ZH
from console.watchdog.report import StationReport
from console.watchdog.watch import Concern, Notice
from fenceline.alert import Name
from fenceline.parkmodel import RESERVED_OWNERS, WATCHDOG_OWNER
from fenceline.vocabulary import Level, Tier

NANOSECONDS = 1_000_000_000
LIFE_NS = 3600 * NANOSECONDS


@dataclass(frozen=True, slots=True)
class _Words:
    what: Name
    todo: Name
    level: Level = Level.RED


_WORDS = {
    Concern.STATION: _Words(
        Name(zh="Fenceline 没有应答，画面与呼叫均已停止", en="Fenceline does not answer: no screen, no page"),
        Name(
            zh="按人工值守预案监视园区；查看主机和进程，重新启动 fenceline up",
            en="watch the park by hand; look at the machine and the process, start `fenceline up` again",
        ),
    ),
    Concern.TICKS: _Words(
        Name(
            zh="时间不再前进：接入停止，任何延时和超时都不会完成",
            en="no ticks: intake stands still, no timer ends",
        ),
        Name(
            zh="检查 MQTT 服务器、网络和磁盘空间；fenceline.log 中有原因",
            en="check the MQTT broker, the network, room on the disk; fenceline.log has the reason",
        ),
    ),
    Concern.ENGINE: _Words(
        Name(zh="引擎落后：屏幕上的安静不可信", en="the engine is behind: a quiet screen means nothing"),
        Name(
            zh="按人工值守预案监视园区；查看 CPU 与磁盘，必要时重新启动",
            en="watch the park by hand; look at processor and disk, restart if it does not catch up",
        ),
    ),
    Concern.PAGER: _Words(
        Name(zh="呼叫停止：报警发不出去", en="the pager stands still: alerts reach nobody"),
        Name(
            zh="守在报警画面前，用电话通知；查看磁盘空间和 fenceline.log",
            en="stay at the alerts page and use the telephone; look at room on the disk and fenceline.log",
        ),
    ),
    Concern.CHANNELS: _Words(
        Name(zh="呼叫通道发送失败", en="a channel of the pager fails"),
        Name(
            zh="检查该通道的地址和网络；在此期间改用电话通知",
            en="check the channel's address and the network; use the telephone meanwhile",
        ),
        Level.ORANGE,
    ),
    Concern.STORE: _Words(
        Name(
            zh="存储写不进去：历史曲线停止，报警不受影响",
            en="the store takes nothing: no history, alerts go on",
        ),
        Name(zh="检查磁盘空间和存储服务", en="check room on the disk and the store's server"),
        Level.YELLOW,
    ),
    Concern.CLOCKS: _Words(
        Name(zh="时钟不一致：接入已停止", en="the clocks disagree: intake stops"),
        Name(
            zh="核对主机时间；若主机时间正确，结束看门狗进程，新进程将采用该时间",
            en="check the machine's time; if it is right, end the watchdog process: a new one takes it",
        ),
        Level.ORANGE,
    ),
    Concern.CANARY: _Words(
        Name(
            zh="自检信号没有走通：从 MQTT 到呼叫的通路中断",
            en="the canary did not arrive: the way from MQTT to a page",
        ),
        Name(
            zh="守在报警画面前；依次检查 MQTT、接入、引擎和呼叫（/readyz）",
            en="stay at the alerts page; check broker, ingest, engine and pager in turn (/readyz)",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Which park, as far as it is known: before its first answer only its id is."""

    park: str
    name: Name
    simulated: bool
    zone: str

    @classmethod
    def of(cls, report: StationReport) -> "Place":
        return cls(report.park, report.name, report.simulated, report.timezone)

    @classmethod
    def unknown(cls, park: str) -> "Place":
        return cls(park, Name(zh=park, en=park), False, "UTC")


def message_of(notice: Notice, place: Place, link: str) -> Message:
    """The message that tells people."""
    words = _WORDS[notice.concern]
    cleared = notice.change == "cleared"
    zh, en = _chinese(notice, words, place), _english(notice, words, place)
    mark = f"{MARK} " if place.simulated else ""
    if place.simulated:
        zh[0], en[0] = f"{MARK_ZH}{zh[0]}", f"{MARK_EN} {en[0]}"
    stamp = datetime.fromtimestamp(notice.since_ns / NANOSECONDS, UTC).strftime("%Y%m%dt%H%M%S")
    end = ".clear" if cleared else ""
    return Message(
        page=f"watchdog.{notice.concern}.{stamp}z{end}",
        number=notice.times,
        attempt=1,
        revision=1,
        alerts=(),
        recipient=WATCHDOG_OWNER,
        recipient_name=RESERVED_OWNERS[WATCHDOG_OWNER],
        level=Level.ATTENTION if cleared else words.level,
        tier=Tier.PARK,
        simulated=place.simulated,
        title=f"{mark}{zh[0].removeprefix(MARK_ZH)}",
        zh=tuple(zh),
        en=tuple(en),
        link=link,
        due_ns=notice.at_ns,
        expires_ns=notice.at_ns + LIFE_NS,
    )


def _chinese(notice: Notice, words: _Words, place: Place) -> list[str]:
    since = f"始于 {_clock(notice.since_ns, place.zone)}，{place.name.zh}"
    if notice.change == "cleared":
        return [f"看门狗：已恢复——{words.what.zh}", since, f"恢复于 {_clock(notice.at_ns, place.zone)}"]
    again = f"（第 {notice.times} 次提醒）" if notice.change == "again" else ""
    measured = "" if notice.seconds is None else f"{notice.seconds:.1f} 秒"
    found = "：".join(part for part in (measured, notice.detail) if part)
    return [f"看门狗：{words.what.zh}{again}", *([found] if found else []), since, f"处置：{words.todo.zh}"]


def _english(notice: Notice, words: _Words, place: Place) -> list[str]:
    since = f"since {_clock(notice.since_ns, place.zone)}, {place.name.en}"
    if notice.change == "cleared":
        return [f"Watchdog: over: {words.what.en}", since, f"over at {_clock(notice.at_ns, place.zone)}"]
    again = f" (told {notice.times} times)" if notice.change == "again" else ""
    measured = "" if notice.seconds is None else f"{notice.seconds:.1f} s"
    found = ": ".join(part for part in (measured, notice.detail) if part)
    return [f"Watchdog: {words.what.en}{again}", *([found] if found else []), since, f"do: {words.todo.en}"]


def _clock(time_ns: int, zone: str) -> str:
    moment = datetime.fromtimestamp(time_ns // NANOSECONDS, UTC).astimezone(ZoneInfo(zone))
    return moment.strftime("%m-%d %H:%M:%S %Z")
