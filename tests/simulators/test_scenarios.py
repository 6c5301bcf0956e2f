"""The shipped scenarios in the demonstration park: they fit it, and what they promise comes in time."""

import json
from collections import defaultdict
from functools import cache
from itertools import pairwise

import pytest

from fenceline.configfile import load
from fenceline.park import Park
from fenceline.vocabulary import Placement
from simulators.park import SimulatedPark
from simulators.scenario import load_scenario
from tests.simulators.parks import ROOT, SECOND_NS, START_NS, SUBSTANCES

pytestmark = pytest.mark.slow

FOLDER = ROOT / "config" / "scenarios"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
Series = dict[str, list[tuple[float, float]]]


@cache
def demo_park() -> Park:
    return load(ROOT / "config" / "parks" / "demo" / "park.yaml", Park)


@cache
def run(name: str, seconds: int, seed: int, shift_ms: int = 0, *, about: bytes = b"") -> Series:
    """Good readings by sensor: seconds after the start, value. Messages with `about` in them only."""
    start_ns = START_NS + shift_ms * 1_000_000
    park = SimulatedPark(
        demo_park(), SUBSTANCES, load_scenario(FOLDER / f"{name}.yaml"), seed=seed, start_ns=start_ns
    )
    found: Series = defaultdict(list)
    for message in park.messages(start_ns, start_ns + seconds * SECOND_NS):
        if about not in message.payload:
            continue
        try:
            content = json.loads(message.payload)
        except json.JSONDecodeError:
            continue
        if isinstance(content, dict) and "sensors" in content:
            at = (content["time"] * 1_000_000 - start_ns) / SECOND_NS
            for sensor, value in zip(content["sensors"], content["values"], strict=True):
                found[sensor].append((at, value))
    return {sensor: sorted(values) for sensor, values in found.items()}


def crossing(series: Series, sensor: str, limit: str) -> float:
    """The second at which a sensor first reads a limit of its substance; infinite if it never does."""
    about = demo_park().sensor(sensor)
    value = SUBSTANCES.limit_value(about.quantity, limit, about.unit)
    return next((seconds for seconds, reading in series[sensor] if reading >= value), float("inf"))


def test_all_are_there() -> None:
    """The scenarios that the documentation names are shipped."""
    expected = ["cl2_leak", "demo", "dropout", "nh3_leak", "night_odour", "quiet"]
    assert expected == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_fits_the_park(name: str) -> None:
    """Each is called like its file, names only what the park has, and every sensor of the park is heard."""
    scenario = load_scenario(FOLDER / f"{name}.yaml")

    series = run(name, 60, seed=1)

    assert name == scenario.id
    assert {sensor.id for sensor in demo_park().sensors} == set(series)


@pytest.mark.parametrize(("seed", "shift_ms"), [(7, 0), (7, 2500), (2, 1234), (3, 4321)])
def test_demo_timeline(seed: int, shift_ms: int) -> None:
    """The first leak (0:20) takes both detectors over alarm 1, then 2, then the fence, later the boundary.

    It is over a minute after its end, and the second (8:20) and third (16:20) leak alarm in their turn.
    """
    series = run("demo", 1440, seed, shift_ms)

    near = [crossing(series, "e03-u2-h2s-1", limit) for limit in ("alarm_1", "alarm_2")]
    second = [crossing(series, "e03-u2-h2s-2", limit) for limit in ("alarm_1", "alarm_2")]
    assert 25 < near[0] < near[1] < 65
    assert near[0] < 55
    assert 45 < second[0] <= second[1] < 80
    assert 50 < crossing(series, "e03-fence-n-h2s", "gb14554_2_new") < 130
    assert 300 < crossing(series, "boundary-ne-h2s", "gb14554_2_new") < 560
    alarm_1 = SUBSTANCES.limit_value("h2s", "alarm_1", "ppm")
    after = [value for at, value in series["e03-u2-h2s-1"] + series["e03-u2-h2s-2"] if 260 < at < 1440]
    assert max(after) < 0.2 * alarm_1
    assert 500 < crossing(series, "e01-tf-cl2-1", "alarm_1") < 540
    assert 500 < crossing(series, "e01-tf-cl2-1", "alarm_2") < 560
    assert 980 < crossing(series, "e02-tf-nh3-1", "alarm_1") < 1030
    assert crossing(series, "e02-tf-nh3-1", "alarm_2") < 1060


def test_demo_repeats() -> None:
    """After 24 minutes it begins again."""
    series = run("demo", 1560, seed=5, about=b"e03-u2")

    alarm_2 = SUBSTANCES.limit_value("h2s", "alarm_2", "ppm")
    again = next(at for at, value in series["e03-u2-h2s-1"] if at > 1400 and value >= alarm_2)
    assert 1465 < again < 1500


def test_demo_has_one_silent_gateway() -> None:
    """One gateway is silent for two minutes, once; no other device misses three samples."""
    series = run("demo", 1440, seed=1)

    silent = {
        sensor
        for sensor, values in series.items()
        for (before, _), (after, _) in pairwise(values)
        if after - before > 3.5 * demo_park().sensor(sensor).interval_seconds
    }
    assert {"e06-gds-u1"} == {demo_park().sensor(sensor).device for sensor in silent}


def test_quiet_is_quiet() -> None:
    """In an hour without leaks nothing comes near an alarm or a fence limit."""
    series = run("quiet", 3600, seed=1)

    alarms = ("alarm_1", "alarm_high")
    fence = ("gb14554_2_new", "gb16297_fence")
    wanted = {
        Placement.UNIT: alarms,
        Placement.TANK_FARM: alarms,
        Placement.FENCE: fence,
        Placement.BOUNDARY: fence,
        Placement.COMMUNITY: fence,
        Placement.STACK: ("gb16297_stack",),
        Placement.MAST: (),
    }
    for sensor in demo_park().sensors:
        for limit in SUBSTANCES.subject(sensor.quantity).limits:
            if limit.name in wanted[sensor.placement]:
                assert crossing(series, sensor.id, limit.name) == float("inf"), sensor.id


def test_chlorine_leak_reaches_the_village() -> None:
    """Unit, fence, the neighbour's unit and the village see it in the order of their distance."""
    series = run("cl2_leak", 1800, seed=1, about=b"cl2")

    order = [
        crossing(series, "e01-tf-cl2-1", "alarm_2"),
        crossing(series, "e01-fence-n-cl2", "gb16297_fence"),
        crossing(series, "e05-u2-cl2-1", "alarm_1"),
        crossing(series, "community-village-cl2", "db32_4041_fence"),
    ]
    assert order == sorted(order)
    assert order[0] < 60 + 30
    assert 60 + 900 < order[3] < 60 + 1300


def test_ammonia_leak() -> None:
    """Both alarms at the tank farm within half a minute, and the fence over its limit after two or three."""
    series = run("nh3_leak", 600, seed=1, about=b"nh3")

    assert crossing(series, "e02-tf-nh3-1", "alarm_2") < 60 + 40
    assert 60 + 60 < crossing(series, "e02-fence-n-nh3", "gb14554_2_new") < 60 + 240


def test_night_odour() -> None:
    """Boundary and school go over the odour limit off and on; no detector of a unit reaches its alarm 1."""
    series = run("night_odour", 8000, seed=1, about=b"h2s")

    limit = SUBSTANCES.limit_value("h2s", "gb14554_2_new", "mg/m3")
    boundary = [value >= limit for _, value in series["boundary-e-h2s"]]
    assert 0.1 < sum(boundary) / len(boundary) < 0.7
    assert crossing(series, "community-school-h2s", "gb14554_2_new") < 8000
    for sensor in demo_park().sensors:
        if sensor.quantity == "h2s" and sensor.placement is Placement.UNIT:
            assert crossing(series, sensor.id, "alarm_1") == float("inf")
