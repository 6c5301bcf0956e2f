"""A park, its substances and its rules in; what the API says of them out. Pure."""

from collections.abc import Iterable, Sequence

from console.web.shapes import (
    EnterpriseShape,
    ParkShape,
    ReceptorShape,
    SensorLimitShape,
    SensorPlace,
    SubstanceShape,
)
from fenceline.park import COMMUNITY_OWNER, PARK_OWNER, Park
from fenceline.substance import Substance, Substances
from rules.compile import compile_tables
from rules.config import Rule


def park_shape(park: Park, substances: Substances) -> ParkShape:
    """The park, its owners with their ground, and the substances that it measures."""
    owners = [
        EnterpriseShape(
            id=enterprise.id,
            name=enterprise.name,
            kind="enterprise",
            polygon=list(enterprise.polygon),
        )
        for enterprise in park.enterprises
    ]
    owners.append(
        EnterpriseShape(
            id=PARK_OWNER,
            name=park.owner_name(PARK_OWNER),
            kind="park",
            polygon=list(park.boundary),
        )
    )
    owners.append(
        EnterpriseShape(
            id=COMMUNITY_OWNER,
            name=park.owner_name(COMMUNITY_OWNER),
            kind="community",
            polygon=[],
        )
    )
    measured = {sensor.quantity for sensor in park.sensors}
    return ParkShape(
        id=park.id,
        name=park.name,
        simulated=park.simulated,
        boundary=list(park.boundary),
        enterprises=owners,
        receptors=[
            ReceptorShape(
                id=receptor.id,
                name=receptor.name,
                kind=receptor.kind.value,
                population=receptor.population,
                position=receptor.position,
            )
            for receptor in park.receptors
        ],
        substances=[_substance(one) for one in substances.substances if one.id in measured],
    )


def sensor_places(park: Park, substances: Substances, rules: Sequence[Rule]) -> dict[str, SensorPlace]:
    """Every sensor, with the limits that the rules compare it with, in the sensor's unit."""
    limits = _limits(park, substances, rules)
    places = {}
    for sensor in park.sensors:
        places[sensor.id] = SensorPlace(
            id=sensor.id,
            name=sensor.name,
            owner=sensor.owner,
            owner_name=park.owner_name(sensor.owner),
            tier=sensor.tier,
            placement=sensor.placement.value,
            unit_name=park.unit_name(sensor),
            quantity=sensor.quantity,
            quantity_name=substances.subject(sensor.quantity).name,
            unit=sensor.unit,
            range=sensor.range,
            interval_seconds=sensor.interval_seconds,
            hold_seconds=sensor.hold_seconds,
            position=sensor.position,
            limits=limits.get(sensor.id, []),
        )
    return places


def _limits(park: Park, substances: Substances, rules: Iterable[Rule]) -> dict[str, list[SensorLimitShape]]:
    tables = compile_tables(park.sensors, substances, tuple(rules), duplicate_seconds=0.0)
    limits: dict[str, list[SensorLimitShape]] = {}
    for rung in tables.infos:
        if rung.limit is None:
            continue
        ends = [(rung.limit.value, rung.limit.direction)]
        if rung.limit.upper is not None:
            # A chart draws lines: the two ends of an interval are two of them.
            ends = [(rung.limit.value, "below"), (rung.limit.upper, "above")]
        limits.setdefault(rung.sensor, []).extend(
            SensorLimitShape(
                rule=rung.rule.name,
                level=rung.level,
                name=rung.limit.name,
                value=value,
                unit=rung.limit.unit,
                direction=direction,
                source=rung.limit.source,
            )
            for value, direction in ends
        )
    return limits


def _substance(substance: Substance) -> SubstanceShape:
    return SubstanceShape(id=substance.id, name=substance.name, formula=substance.formula or None)
