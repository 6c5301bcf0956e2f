"""What a park runs on, as it travels in the journal: park, substances, rules, routes, timing, build."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import TypeAdapter

from alerts.facts import Facts, RuleFacts, SensorFacts
from alerts.routes import Routes
from console.selfwatch import SYSTEM
from fenceline.alert import Name
from fenceline.finding import DerivedModel
from fenceline.journal import InForce
from fenceline.park import Park
from fenceline.substance import Substances
from fenceline.vocabulary import Tier
from rules.config import Timing
from rules.registry import Rule

_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(tuple[Rule, ...])
QUARANTINE_RULE = "record-quarantined"
_SYSTEM_RULES = {
    QUARANTINE_RULE: RuleFacts(
        title=Name(zh="有记录无法处理，已隔离", en="a record could not be folded and was quarantined"),
        what_to_do=Name(
            zh="用 fenceline tap journal 查看该记录，并联系维护人员",
            en="look at the record with `fenceline tap journal` and call maintenance",
        ),
    ),
    "account-imbalance": RuleFacts(
        title=Name(zh="读数账目不平", en="the account of readings does not balance"),
        what_to_do=Name(
            zh="读数可能已丢失：打开账目页查看是哪一级，并联系维护人员",
            en="readings may be lost: see on the account's page at which stage, and call maintenance",
        ),
    ),
    "journal-full": RuleFacts(
        title=Name(zh="日志磁盘已满，曾停止接收", en="the journal's disk was full: nothing was taken in"),
        what_to_do=Name(
            zh="立即释放磁盘空间；其间的读数由消息服务器保留，之后补收",
            en="free space on the disk now; the broker keeps what comes meanwhile, and it is taken in later",
        ),
    ),
    "broker-lost": RuleFacts(
        title=Name(zh="与消息服务器失去连接", en="the MQTT broker is lost: no readings come in"),
        what_to_do=Name(
            zh="检查消息服务器及其网络，运行 fenceline doctor",
            en="look at the broker and the way to it; run `fenceline doctor`",
        ),
    ),
}


class Build(DerivedModel):
    """The program that folds, and what a canned journal gives on it."""

    version: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class InForceSet:
    """Everything a park's fold needs besides its records."""

    park: Park
    substances: Substances
    rules: tuple[Rule, ...]
    routes: Routes
    timing: Timing
    build: Build

    def items(self) -> dict[str, Any]:
        """Plain JSON values by name."""
        return {
            "park": self.park.model_dump(mode="json"),
            "substances": self.substances.model_dump(mode="json"),
            "rules": _RULES.dump_python(self.rules, mode="json"),
            "routes": self.routes.model_dump(mode="json"),
            "timing": self.timing.model_dump(mode="json"),
            "build": self.build.model_dump(mode="json"),
        }

    def record(self, known: dict[str, str]) -> InForce | None:
        """The journal record that puts in force what differs from the hashes `known`; none if nothing."""
        items = self.items()
        hashes = {name: hash_of_item(item) for name, item in items.items()}
        changed = [name for name in items if known.get(name) != hashes[name]]
        if not changed:
            return None
        return InForce(
            items={name: items[name] for name in changed}, hashes={name: hashes[name] for name in changed}
        )


def hash_of_item(item: Any) -> str:
    """Hash of an item's content, whatever the order of its keys."""
    return hashlib.blake2b(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def parse_items(items: dict[str, Any]) -> InForceSet:
    """The models of what stands in the journal.

    Raises:
        pydantic.ValidationError: an item that this build does not understand.
    """
    return InForceSet(
        park=Park.model_validate(items["park"]),
        substances=Substances.model_validate(items["substances"]),
        rules=_RULES.validate_python(items["rules"]),
        routes=Routes.model_validate(items["routes"]),
        timing=Timing.model_validate(items["timing"]),
        build=Build.model_validate(items["build"]),
    )


def facts_of(force: InForceSet) -> Facts:
    """What the lifecycle names things by."""
    park, substances = force.park, force.substances
    sensors = {
        sensor.id: SensorFacts(
            name=sensor.name,
            owner=sensor.owner,
            owner_name=park.owner_name(sensor.owner),
            tier=sensor.tier,
            placement=sensor.placement,
            position=sensor.position,
            quantity=sensor.quantity,
            quantity_name=substances.subject(sensor.quantity).name,
            unit=sensor.unit,
        )
        for sensor in park.sensors
    }
    sensors[SYSTEM] = SensorFacts(
        name=Name(zh="预警系统", en="Fenceline"),
        owner="park",
        owner_name=park.owner_name("park"),
        tier=Tier.PARK,
        placement="system",
        position=None,
        quantity="system",
        quantity_name=Name(zh="系统", en="system"),
        unit="",
    )
    rules = {rule.name: RuleFacts(title=rule.title, what_to_do=rule.what_to_do) for rule in force.rules}
    rules |= _SYSTEM_RULES
    return Facts(
        park=park.name,
        simulated=park.simulated,
        timezone=park.timezone,
        sensors=sensors,
        rules=rules,
    )
