"""What is in force in: the same with the canary out, its sensor, rule and route, which no site edits.

The canary is a sensor of the reserved owner `watchdog`. Rules for all sensors pass it over, counts and
screens leave it out; its alert pages nobody but the watchdog itself.
"""

from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from alerts.routes import Recipient, Route, Step
from console.inforce import InForceSet
from console.watchdog.names import (
    CANARY_DEVICE,
    CANARY_QUANTITY,
    CANARY_RECIPIENT,
    CANARY_RULE,
    CANARY_SENSOR,
    SANDBOX_CHANNEL,
)
from fenceline.errors import ConfigError
from fenceline.localname import LocalName
from fenceline.park import WATCHDOG_OWNER, Device, Park, Sensor
from fenceline.substance import Quantity
from fenceline.vocabulary import Level, Placement
from rules.kinds.threshold import ThresholdRule
from rules.rule import LevelRule, LimitValue, Watches

ModelT = TypeVar("ModelT", bound=BaseModel)

RAISED, QUIET = 1.0, 0.0
_UNIT = "1"
_NAME = LocalName(zh="看门狗自检", en="watchdog canary")
# A round that comes late must not make it unknown, which would be a finding a minute.
_INTERVAL_SECONDS, _HOLD_SECONDS = 60.0, 3600.0
# Only for a round that broke off: the next one clears it away.
_WAIT_SECONDS = 3600.0


def with_canary(force: InForceSet) -> InForceSet:
    """
    The same, and the canary in force.

    Raises:
        ConfigError: the site uses one of its names.
    """
    _refuse_taken_names(force)
    park, substances, routes = force.park, force.substances, force.routes
    sensor = Sensor(
        id=CANARY_SENSOR,
        name=_NAME,
        quantity=CANARY_QUANTITY,
        unit=_UNIT,
        range=(QUIET, RAISED),
        placement=Placement.MAST,
        position=park.boundary[0],
        height_m=0.0,
        interval_seconds=_INTERVAL_SECONDS,
        hold_seconds=_HOLD_SECONDS,
    )
    device = Device(id=CANARY_DEVICE, owner=WATCHDOG_OWNER, name=_NAME, sensors=(sensor,))
    quantity = Quantity(
        id=CANARY_QUANTITY, name=LocalName(zh="自检信号", en="test signal"), unit=_UNIT, minimum=QUIET
    )
    limit = LimitValue(value=RAISED, unit=_UNIT, source="built in")
    rule = ThresholdRule(
        name=CANARY_RULE,
        kind="threshold",
        title=LocalName(zh="看门狗自检信号", en="the watchdog's own test"),
        watches=Watches(owner=(WATCHDOG_OWNER,)),
        levels=(LevelRule(level=Level.ATTENTION, limit=limit),),
    )
    recipient = Recipient(name=_NAME, channels=(SANDBOX_CHANNEL,))
    route = Route(owner=(WATCHDOG_OWNER,), steps=(Step(to=(CANARY_RECIPIENT,), wait_seconds=_WAIT_SECONDS),))
    return replace(
        force,
        park=_with(park, devices=(*park.devices, device)),
        substances=_with(substances, quantities=(*substances.quantities, quantity)),
        rules=(*force.rules, rule),
        routes=_with(
            routes,
            recipients={**routes.recipients, CANARY_RECIPIENT: recipient},
            routes=(route, *routes.routes),
        ),
    )


def without_canary(park: Park) -> Park:
    """The park as its site wrote it down."""
    own = tuple(device for device in park.devices if device.owner != WATCHDOG_OWNER)
    return park if len(own) == len(park.devices) else _with(park, devices=own)


def _with(model: ModelT, **changed: object) -> ModelT:
    """A model made anew: `model_copy` would carry along the properties cached in the old one."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return type(model)(**fields | changed)


def _refuse_taken_names(force: InForceSet) -> None:
    channels = {channel for one in force.routes.recipients.values() for channel in one.channels}
    for what, name, taken in (
        ("device", CANARY_DEVICE, set(force.park.device_by_id)),
        ("sensor", CANARY_SENSOR, set(force.park.sensor_by_id)),
        ("quantity", CANARY_QUANTITY, set(force.substances.by_id)),
        ("rule", CANARY_RULE, {rule.name for rule in force.rules}),
        ("recipient", CANARY_RECIPIENT, set(force.routes.recipients)),
        ("channel", SANDBOX_CHANNEL, channels),
    ):
        if name in taken:
            raise ConfigError(
                f"the {what} `{name}` has the name of the watchdog's own",
                hint="give it another name, or start with `--watchdog none`",
            )
