"""A simulated park: the same messages however it is cut, worked timelines, faults as stated."""

import json
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fenceline.errors import ConfigError
from simulators.devices import Message
from simulators.park import SimulatedPark
from simulators.scenario import Scenario
from tests.simulators.parks import SECOND_NS, START_NS, SUBSTANCES, scenario, small_park

CHLORINE_LEAK = """
leaks:
  - {name: flange, substance: cl2, enterprise: e01, unit: u1, start_seconds: 0, duration_seconds: 720,
     rate_g_s: 8, source_size_m: 0}
"""
AMMONIA_LEAK = """
leaks:
  - {name: hose, substance: nh3, enterprise: e01, unit: u1, start_seconds: 0, duration_seconds: 1200,
     rate_g_s: 30, source_size_m: 0}
"""
EVERY_FAULT = """
faults:
  - {kind: silence, device: unit-1, from_seconds: 30, to_seconds: 70, resend: historical}
  - {kind: duplicates, share: 0.2}
  - {kind: delayed, share: 0.2, delay_seconds: 15}
  - {kind: bad_payload, share: 0.2, forms: [text_value, unknown_sensor, wrong_unit, no_json, old_time]}
  - {kind: stuck, sensor: fence-*, from_seconds: 20, to_seconds: 60}
"""


def simulated(what: Scenario, *, seed: int = 3, substance: str = "cl2", unit: str = "mg/m3") -> SimulatedPark:
    return SimulatedPark(small_park(substance, unit), SUBSTANCES, what, seed=seed, start_ns=START_NS)


def first(park: SimulatedPark, seconds: float) -> list[Message]:
    return park.messages(START_NS, START_NS + round(seconds * SECOND_NS))


def readings(messages: list[Message]) -> list[dict[str, Any]]:
    """Every reading of messages that can be read, one by one."""
    found: list[dict[str, Any]] = []
    for message in messages:
        content = json.loads(message.payload)
        if isinstance(content, list):
            found += content
        elif "sensors" not in content:
            found.append(content)
        else:
            words = content.get("quality", ["good"] * len(content["sensors"]))
            for sensor, value, quality in zip(content["sensors"], content["values"], words, strict=True):
                found.append(
                    {"sensor": sensor, "time": content["time"], "value": value, "quality": quality}
                    | {"sequence": content["sequence"]}
                )
    return found


def series(messages: list[Message]) -> dict[str, list[tuple[float, float]]]:
    """Seconds after the start and value, by sensor."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for reading in readings(messages):
        seconds = reading["time"] / 1000 - START_NS / SECOND_NS
        found[reading["sensor"]].append((seconds, reading["value"]))
    return found


@settings(max_examples=15)
@given(st.lists(st.integers(0, 180 * SECOND_NS), max_size=12), st.integers(0, 2**63))
def test_same_messages_however_cut(cuts: list[int], seed: int) -> None:
    """Any cuts, in any order of asking, give the messages of one stretch, with every fault at work."""
    what = scenario(CHLORINE_LEAK + EVERY_FAULT)
    edges = sorted({0, *cuts, 180 * SECOND_NS})
    park = simulated(what, seed=seed)

    pieces = [park.messages(START_NS + low, START_NS + high) for low, high in pairwise(edges)]

    whole = first(simulated(what, seed=seed), 180)
    assert whole == [message for piece in pieces for message in piece]
    assert whole == sorted(whole, key=lambda message: message.time_ns)
    assert whole[:5] == first(park, 180)[:5]


def test_another_seed_is_another_run() -> None:
    """Seeds differ in values, not in who sends how often."""
    one, other = (first(simulated(scenario(), seed=seed), 60) for seed in (1, 2))

    assert one != other
    assert len(one) == len(other)


def test_numbers_go_on_after_a_restart() -> None:
    """Each sensor's numbers rise by one from sample to sample, also over a restart some seconds later."""
    park = small_park("cl2", "ppm")
    before = SimulatedPark(park, SUBSTANCES, scenario(), seed=1, start_ns=START_NS)
    again_ns = START_NS + 61 * SECOND_NS + 123
    after = SimulatedPark(park, SUBSTANCES, scenario(), seed=9, start_ns=again_ns)

    sent = before.messages(START_NS, again_ns) + after.messages(again_ns, again_ns + 60 * SECOND_NS)

    numbers = [reading["sequence"] for reading in readings(sent) if reading["sensor"] == "unit-cl2"]
    assert len(numbers) >= 23
    assert list(range(numbers[0], numbers[0] + numbers[-1] - numbers[0] + 1))[-5:] == numbers[-5:]
    assert numbers[-1] - numbers[0] + 1 - len(numbers) <= 1  # what was on its way at the restart


@pytest.mark.parametrize(
    ("sensor", "plateau", "arrival"),
    [
        ("unit-cl2", 54.0, 50),
        ("fence-cl2", 11.6, 125),
        ("boundary-cl2", 1.41, 400),
        ("community-cl2", 0.49, 750),
    ],
)
def test_chlorine_leak(sensor: str, plateau: float, arrival: float) -> None:
    """Cl2, 8 g/s, class E, 2 m/s, 12 min: plateaus in mg/m³ and half-value times of the worked timeline.

    Plateaus by hand from Briggs' formulas; the gas arrives after x/u and the cell lags by about 18 s (60 s
    instruments, half value), and it is gone a travel time after the end.
    """
    what = scenario(CHLORINE_LEAK, weather="stability: E, wind_speed_m_s: 2.0")

    values = series(first(simulated(what), 1800))[sensor]

    steady = [value for seconds, value in values if arrival + 300 < seconds < arrival + 700]
    assert plateau == pytest.approx(sum(steady) / len(steady), rel=0.02, abs=0.05)
    half = next(seconds for seconds, value in values if value > plateau / 2)
    assert arrival < half < arrival + 35
    gone = [value for seconds, value in values if seconds > arrival + 720 + 200]
    assert max(gone) < 0.05 * plateau + 1.5


@pytest.mark.parametrize(
    ("sensor", "plateau"),
    [("unit-nh3", 65.0), ("fence-nh3", 12.4), ("boundary-nh3", 1.6), ("community-nh3", 0.57)],
)
def test_ammonia_leak(sensor: str, plateau: float) -> None:
    """NH3, 30 g/s, class D, 3 m/s: the plateaus of the worked timeline, in mg/m³ by way of ppm cells."""
    park = simulated(scenario(AMMONIA_LEAK), substance="nh3", unit="ppm")

    values = series(first(park, 1200))[sensor]

    ppm = [value for seconds, value in values if 850 < seconds < 1190]
    assert plateau == pytest.approx(sum(ppm) / len(ppm) * 17.03 / 24.45, rel=0.02, abs=0.1)


def test_mast_reports_the_weather() -> None:
    """Wind at 10 m follows the profile from the reference height; the direction is where it comes from."""
    values = series(first(simulated(scenario()), 600))

    speed = [value for _, value in values["wind-speed"]]
    direction = [value for _, value in values["wind-direction"]]
    difference = [high[1] - low[1] for low, high in zip(values["air-2"], values["air-10"], strict=True)]
    expected = 3.0 * 5**0.15, 270.0, -0.0784
    assert expected[0] == pytest.approx(sum(speed) / len(speed), rel=0.02)
    assert expected[1] == pytest.approx(sum(direction) / len(direction), abs=1.0)
    assert expected[2] == pytest.approx(sum(difference) / len(difference), abs=0.02)


def test_over_range() -> None:
    """Beyond its range a detector reads the range's end and says so."""
    park = SimulatedPark(
        small_park("cl2", "ppm", highs=(10.0, 10.0, 10.0, 10.0)),
        SUBSTANCES,
        scenario(CHLORINE_LEAK, weather="stability: E, wind_speed_m_s: 2.0"),
        seed=1,
        start_ns=START_NS,
    )

    last = [reading for reading in readings(first(park, 400)) if reading["sensor"] == "unit-cl2"][-1]

    assert (last["value"], last["quality"]) == (10.0, "over_range")


def test_clean_air_reads_zero() -> None:
    """Without a leak a cell stays at 0: noise and drift lie below its limit of detection."""
    values = series(first(simulated(scenario(), unit="ppm"), 900))

    assert {0.0} == {value for _, value in values["unit-cl2"]}


def test_silence_and_history() -> None:
    """A silent device sends nothing, and afterwards what it kept, once, marked historical."""
    what = scenario(
        "faults: [{kind: silence, device: unit-1, from_seconds: 30, to_seconds: 130, resend: historical}]"
    )

    messages = first(simulated(what), 200)

    sent = [(m.time_ns, r) for m in messages for r in readings([m]) if r["sensor"] == "unit-cl2"]
    quiet = [at for at, _ in sent if 31 < (at - START_NS) / SECOND_NS < 130]
    numbers = [reading["sequence"] for _, reading in sent]
    history = [reading for _, reading in sent if reading.get("quality") == "historical"]
    assert quiet == []
    assert len(set(numbers)) == len(numbers) == max(numbers) - min(numbers) + 1
    assert len(history) == 20


def test_stuck_and_flagged() -> None:
    """A stuck sensor repeats itself in good faith; one under calibration says so and reads the span gas."""
    what = scenario(
        CHLORINE_LEAK
        + """
faults:
  - {kind: stuck, sensor: unit-cl2, from_seconds: 100}
  - {kind: flagged, sensor: fence-cl2, quality: calibration, value: 25, from_seconds: 20, to_seconds: 60}
"""
    )

    found = readings(first(simulated(what), 200))

    start = START_NS // 1_000_000
    stuck = {r["value"] for r in found if r["sensor"] == "unit-cl2" and r["time"] >= start + 105_000}
    flagged = [r for r in found if r["sensor"] == "fence-cl2" and r.get("quality") == "calibration"]
    assert len(stuck) == 1
    assert {25.0} == {reading["value"] for reading in flagged}
    assert all(start + 20_000 <= reading["time"] < start + 60_000 for reading in flagged)
    assert len(flagged) == 8


def test_messages_go_wrong_as_stated() -> None:
    """Copies are byte for byte, late ones come after later ones, a wrong clock shifts the times."""
    what = scenario(
        """
faults:
  - {kind: duplicates, device: unit-1, share: 1}
  - {kind: delayed, device: fence-1, share: 0.5, delay_seconds: 30}
  - {kind: wrong_clock, device: boundary-1, offset_seconds: 7200}
  - {kind: bad_payload, device: community-1, share: 1, forms: [no_json]}
"""
    )

    messages = first(simulated(what), 300)

    by_device = {
        device: [m for m in messages if f"/{device}/" in m.topic]
        for device in ("unit-1", "fence-1", "boundary-1", "community-1")
    }
    payloads = [message.payload for message in by_device["unit-1"]]
    times = [json.loads(message.payload)["time"] for message in by_device["fence-1"]]
    ahead = [
        json.loads(message.payload)["time"] - message.time_ns / 1e6 for message in by_device["boundary-1"]
    ]
    assert len(payloads) - len(set(payloads)) >= len(set(payloads)) - 1
    assert times != sorted(times)
    assert all(7_199_000 < milliseconds < 7_200_000 for milliseconds in ahead)
    with pytest.raises(json.JSONDecodeError):
        json.loads(by_device["community-1"][1].payload)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (CHLORINE_LEAK.replace("unit: u1", "unit: u9"), "`e01/u9`"),
        (CHLORINE_LEAK.replace("cl2", "wind_speed"), "`wind_speed`"),
        ("faults: [{kind: silence, device: nobody-1}]", "`nobody-1`"),
        ("faults: [{kind: stuck, sensor: no-*}]", "`no-*`"),
    ],
)
def test_what_the_park_does_not_have(text: str, named: str) -> None:
    """A scenario that names what the park does not have is refused, with that name."""
    with pytest.raises(ConfigError, match=r"hint:") as refused:
        simulated(scenario(text))

    assert named in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "leeks: []",
        "leaks: [{name: a, substance: cl2, start_seconds: 0, duration_seconds: 5, rate_g_s: 1}]",
        "faults: [{kind: silence}]",
        "faults: [{kind: silence, device: a, from_seconds: 9, to_seconds: 3}]",
    ],
)
def test_mistakes_in_a_scenario(text: str) -> None:
    """Unknown keys, a leak without a place, a silence of nobody, an end before the beginning are refused."""
    with pytest.raises(ConfigError):
        scenario(text)
