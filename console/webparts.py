"""The park in force as the web API shows it: places, sensors with their limits, accounts of the stages."""

from console.inforce import InForceSet
from console.watchdog.builtin import without_canary
from console.web.account import StageAccount
from console.web.shapes import (
    Direction,
    EnterpriseShape,
    ParkShape,
    ReceptorShape,
    SensorLimitShape,
    SensorPlace,
    SubstanceShape,
)
from fenceline.substance import Substance
from ingest.account import AccountSnapshot
from rules.compile import compile_tables
from sinks.service import StoreAccount


def park_shape(force: InForceSet) -> ParkShape:
    """What `/api/park` answers."""
    park, substances = without_canary(force.park), force.substances
    owners = [
        EnterpriseShape(id=one.id, name=one.name, kind="enterprise", polygon=list(one.polygon))
        for one in park.enterprises
    ]
    owners.append(
        EnterpriseShape(id="park", name=park.owner_name("park"), kind="park", polygon=list(park.boundary))
    )
    owners.append(
        EnterpriseShape(id="community", name=park.owner_name("community"), kind="community", polygon=[])
    )
    measured = sorted({sensor.quantity for sensor in park.sensors})
    subjects = [substances.subject(name) for name in measured]
    return ParkShape(
        id=park.id,
        name=park.name,
        simulated=park.simulated,
        boundary=list(park.boundary),
        enterprises=owners,
        receptors=[
            ReceptorShape(
                id=one.id, name=one.name, kind=one.kind, population=one.population, position=one.position
            )
            for one in park.receptors
        ],
        substances=[
            SubstanceShape(
                id=one.id, name=one.name, formula=one.formula if isinstance(one, Substance) else None
            )
            for one in subjects
        ],
    )


def sensor_places(force: InForceSet) -> dict[str, SensorPlace]:
    """Every sensor with the limits that rules in force compare it with."""
    park, substances = without_canary(force.park), force.substances
    tables = compile_tables(park.sensors, substances, force.rules, duplicate_seconds=0.0)
    limits: dict[str, list[SensorLimitShape]] = {}
    for info in tables.infos:
        if info.limit is None:
            continue
        ends: list[tuple[float, Direction]] = [(info.limit.value, info.limit.direction)]
        if info.limit.upper is not None:
            ends = [(info.limit.value, "below"), (info.limit.upper, "above")]
        limits.setdefault(info.sensor, []).extend(
            SensorLimitShape(
                rule=info.rule.name,
                level=info.level,
                name=info.limit.name,
                value=end,
                unit=info.limit.unit,
                direction=direction,
                source=info.limit.source,
            )
            for end, direction in ends
        )
    return {
        sensor.id: SensorPlace(
            id=sensor.id,
            name=sensor.name,
            owner=sensor.owner,
            owner_name=park.owner_name(sensor.owner),
            tier=sensor.tier,
            placement=sensor.placement,
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
        for sensor in park.sensors
    }


def ingest_stage(account: AccountSnapshot) -> StageAccount:
    """Readings decoded since this process started; what waits undecoded counts as messages."""
    return StageAccount(
        received=account.readings_decoded,
        out=account.readings_accepted,
        rejected=account.readings_rejected,
        in_flight=account.readings_in_flight,
        reasons={"rejected": dict(account.rejected)},
    )


def store_stage(account: StoreAccount) -> StageAccount:
    """What the store has of the journal's readings."""
    return StageAccount(
        received=account.received, out=account.out, rejected=account.rejected, in_flight=account.in_flight
    )
