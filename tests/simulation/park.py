"""The small park of the simulation: three sensors on two devices, waits so short that much happens soon."""

from functools import cache

from alerts.routes import Recipient, Route, Routes, Step
from console.inforce import Build, InForceSet
from fenceline.localname import LocalName
from fenceline.park import Device, Enterprise, Park, Sensor
from fenceline.substance import Substances
from fenceline.vocabulary import Level, Placement
from rules.config import Timing
from rules.kinds.silence import SilenceRule
from rules.kinds.threshold import ThresholdRule
from rules.rule import Deadband, LevelRule, LimitValue
from tests.console.worlds import substances as one_substance

PARK = "p"
SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND
WORDS = LocalName(zh="示例", en="example")
FILTERS = (f"fenceline/{PARK}/#", f"fenceline/{PARK}/e01/#", f"fenceline/{PARK}/park/#")
TOPICS = {
    "a": f"fenceline/{PARK}/e01/d1/readings",
    "b": f"fenceline/{PARK}/e01/d1/readings",
    "c": f"fenceline/{PARK}/park/d2/readings",
}

# What the oracle knows of the rules, said once more in plain numbers.
INTERVAL_SECONDS, HOLD_SECONDS = 1.0, 3.0
BLUE, RED, DEADBAND = 10.0, 20.0, 1.0
BLUE_ON_SECONDS, OFF_SECONDS, SILENT_SECONDS = 2.0, 1.5, 5.0
DELAYED_SECONDS, DUPLICATE_SECONDS, AHEAD_SECONDS = 4.0, 900.0, 5.0
EXPIRE_SECONDS, RECEIPT_SECONDS, WAIT_SECONDS = 8.0, 3.0, 4.0
ATTEMPTS_PER_CHANNEL, RETRY_SECONDS = 2, 0.5
CHANNELS = ("first", "second")


@cache
def park() -> Park:
    """Two sensors of an enterprise on one device, one of the park on another."""
    ground = ((118.35, 34.049), (118.351, 34.049), (118.351, 34.051), (118.35, 34.051))
    return Park(
        id=PARK,
        name=WORDS,
        simulated=True,
        timezone="Asia/Shanghai",
        boundary=ground,
        enterprises=(Enterprise(id="e01", name=WORDS, polygon=ground),),
        devices=(
            Device(
                id="d1",
                owner="e01",
                name=WORDS,
                sensors=(_sensor("a", Placement.UNIT), _sensor("b", Placement.FENCE)),
            ),
            Device(id="d2", owner="park", name=WORDS, sensors=(_sensor("c", Placement.BOUNDARY),)),
        ),
    )


def _sensor(name: str, placement: Placement) -> Sensor:
    return Sensor(
        id=name,
        name=WORDS,
        quantity="h2s",
        unit="mg/m3",
        range=(-1e6, 1e6),
        placement=placement,
        position=(118.3502, 34.05),
        height_m=1.5,
        interval_seconds=INTERVAL_SECONDS,
        hold_seconds=HOLD_SECONDS,
    )


@cache
def substances() -> Substances:
    """One substance, without the table's long list of sources."""
    table = one_substance()
    bare = tuple(one.model_copy(update={"limits": ()}) for one in table.substances)
    return Substances(sources={}, substances=bare, quantities=())


@cache
def force(build: int = 0) -> InForceSet:
    """Two levels and silence; two steps of paging, the first with two channels."""
    limits = (
        LevelRule(
            level=Level.BLUE,
            limit=LimitValue(value=BLUE, unit="mg/m3", source="test"),
            on_delay_seconds=BLUE_ON_SECONDS,
        ),
        LevelRule(level=Level.RED, limit=LimitValue(value=RED, unit="mg/m3", source="test")),
    )
    rules = (
        ThresholdRule(
            name="high",
            kind="threshold",
            title=WORDS,
            levels=limits,
            deadband=Deadband(value=DEADBAND),
            off_delay_seconds=OFF_SECONDS,
        ),
        SilenceRule(name="silent", kind="silence", title=WORDS, after_seconds=SILENT_SECONDS),
    )
    steps = (
        Step(to=("desk",), wait_seconds=WAIT_SECONDS),
        Step(to=("desk", "chief"), wait_seconds=WAIT_SECONDS),
    )
    routes = Routes(
        recipients={
            "desk": Recipient(name=WORDS, channels=CHANNELS),
            "chief": Recipient(name=WORDS, channels=("second",)),
        },
        routes=(Route(level=(Level.ATTENTION,)), Route(steps=steps)),
        expire_seconds=EXPIRE_SECONDS,
        receipt_seconds=RECEIPT_SECONDS,
        attempts_per_channel=ATTEMPTS_PER_CHANNEL,
    )
    timing = Timing(
        delayed_after_seconds=DELAYED_SECONDS,
        duplicate_seconds=DUPLICATE_SECONDS,
        ahead_seconds=AHEAD_SECONDS,
    )
    return InForceSet(
        park(), substances(), rules, routes, timing, Build(version=f"test-{build}", fingerprint="test")
    )
