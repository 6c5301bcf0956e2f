"""The park of a fault run: the demonstration park with four devices that publish and delays of seconds."""

import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARK = "demo"
PAGE_VARIABLE, WATCHDOG_VARIABLE = "FENCELINE_PAGE_URL", "FENCELINE_WATCHDOG_URL"


@dataclass(frozen=True, slots=True)
class Gas:
    """What a sensor measures, in mg/m3: its first and second alarm limit."""

    quantity: str
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class DeviceSite:
    """A device and its two sensors."""

    owner: str
    device: str
    gas: Gas
    sensors: tuple[str, str]

    @property
    def topic(self) -> str:
        return f"fenceline/{PARK}/{self.owner}/{self.device}/readings"


CHLORINE, AMMONIA, SULFIDE = Gas("cl2", 1.0, 2.0), Gas("nh3", 20.0, 40.0), Gas("h2s", 10.0, 20.0)
DEVICES = (
    DeviceSite("e01", "e01-gds-u1", CHLORINE, ("e01-u1-cl2-1", "e01-u1-cl2-2")),
    DeviceSite("e01", "e01-gds-u2", CHLORINE, ("e01-u2-cl2-1", "e01-u2-cl2-2")),
    DeviceSite("e02", "e02-gds-u1", AMMONIA, ("e02-u1-nh3-1", "e02-u1-nh3-2")),
    DeviceSite("e03", "e03-gds-u1", SULFIDE, ("e03-u1-h2s-1", "e03-u1-h2s-2")),
)
SENSORS = tuple(sensor for one in DEVICES for sensor in one.sensors)

RULES = f"""\
rules:
  - name: toxic-gas
    kind: threshold
    title: {{zh: 有毒气体达到报警值, en: toxic gas at alarm set point}}
    watches: {{sensor: [{", ".join(SENSORS)}]}}
    levels:
      - {{level: blue, limit: alarm_1, on_delay_seconds: 3}}
      - {{level: yellow, limit: alarm_2, on_delay_seconds: 2}}
    deadband: {{fraction: 0.1}}
    off_delay_seconds: 2
  - name: sensor-silent
    kind: silence
    title: {{zh: 传感器无有效数据, en: no usable reading from the sensor}}
    watches: {{sensor: [{", ".join(SENSORS)}]}}
    level: attention
    after_seconds: 6
"""

ROUTES = """\
recipients:
  shift-leader: {name: {zh: 企业当班班长, en: enterprise shift leader}, channels: [webhook, log]}
  park-duty: {name: {zh: 园区值班负责人, en: park duty officer}, channels: [webhook, log]}
  control-room: {name: {zh: 监控中心值班台, en: control room desk}, channels: [log]}
update_seconds: 10
expire_seconds: 45
receipt_seconds: 8
attempts_per_channel: 3
routes:
  - level: [attention]
  - level: [blue]
    steps:
      - {to: [shift-leader, control-room], wait_seconds: 12}
      - {to: [park-duty], wait_seconds: 12}
  - steps:
      - {to: [park-duty, control-room], wait_seconds: 10}
      - {to: [shift-leader], wait_seconds: 10}
"""

CHANNELS = f"""\
channels:
  log: {{kind: log}}
  webhook: {{kind: webhook, url_env: {PAGE_VARIABLE}, timeout_seconds: 4}}
"""


def write_config(folder: Path) -> None:
    """The configuration of the run, made from the one that is delivered."""
    shutil.copytree(ROOT / "config", folder)
    for rules in (folder / "rules").glob("*.yaml"):
        rules.unlink()
    (folder / "rules" / "faults.yaml").write_text(RULES, "utf-8")
    (folder / "routes.yaml").write_text(ROUTES, "utf-8")
    (folder / "channels.yaml").write_text(CHANNELS, "utf-8")
    park = folder / "parks" / PARK / "park.yaml"
    text = park.read_text("utf-8")
    for sensor in SENSORS:
        text, count = re.subn(
            rf"(id: {sensor},.*?)interval_seconds: 5, hold_seconds: 20",
            r"\1interval_seconds: 1, hold_seconds: 4",
            text,
            count=1,
            flags=re.DOTALL,
        )
        assert count == 1, f"the demonstration park has no sensor `{sensor}` any more"
    park.write_text(text, "utf-8")


@dataclass(frozen=True, slots=True)
class Excursion:
    """A sensor is over its limit for a while, in seconds of the run."""

    start: float
    end: float
    factor: float  # of the first alarm limit


def excursions(chance: random.Random, until: float) -> tuple[Excursion, ...]:
    """When a sensor crosses its limits: mostly long enough to alarm, now and then to the second one."""
    found = []
    at = chance.uniform(3.0, 12.0)
    while at < until:
        lasts = chance.choice((1.5, 6.0, 9.0, 14.0)) * chance.uniform(0.8, 1.2)
        found.append(Excursion(at, min(at + lasts, until), chance.choice((1.3, 1.6, 2.6, 3.0))))
        at += lasts + chance.uniform(5.0, 25.0)
    return tuple(found)


def value_at(gas: Gas, crossing: tuple[Excursion, ...], at: float, chance: random.Random) -> float:
    """What a sensor measures at a second of the run."""
    factor = next((one.factor for one in crossing if one.start <= at < one.end), 0.1)
    return round(gas.first * factor * chance.uniform(0.95, 1.05), 4)
