"""A park that was read and the substances in; what does not fit together is noted, each with its line.

What a model can say about one value is said in `fenceline.parkmodel`; here stand the checks that look across.
"""

import zoneinfo
from collections.abc import Sequence

from fenceline import geometry
from fenceline.configfile import Document
from fenceline.configwords import did_you_mean
from fenceline.errors import ConfigError
from fenceline.parkmodel import COMMUNITY_OWNER, PARK_OWNER, RESERVED_OWNERS, Device, Enterprise, Park, Sensor
from fenceline.substance import Quantity, Substances
from fenceline.units import convert
from fenceline.vocabulary import Placement, Tier

FENCE_TOLERANCE_M = 30.0
BOUNDARY_TOLERANCE_M = 200.0
COMMUNITY_REACH_M = 20_000.0

Path_ = tuple[str | int, ...]


def check_park(document: Document[Park], substances: Substances | None) -> None:
    """Note on the document what does not fit together; without substances what is known without them."""
    park = document.model
    _check_unique(document, ("enterprises",), [enterprise.id for enterprise in park.enterprises])
    _check_unique(document, ("receptors",), [receptor.id for receptor in park.receptors])
    _check_unique(document, ("devices",), [device.id for device in park.devices])
    _check_sensor_ids(document)
    _check_timezone(document)
    ground = _check_polygon(document, ("boundary",), park.boundary)
    for index, enterprise in enumerate(park.enterprises):
        _check_enterprise(document, ("enterprises", index), enterprise, ground)
    _check_overlaps(document)
    for index, receptor in enumerate(park.receptors):
        if ground and geometry.contains(park.boundary, receptor.position):
            said = f"the receptor `{receptor.id}` lies inside the park"
            document.refuse(("receptors", index, "position"), said, "receptors are the people around it")
    for index, device in enumerate(park.devices):
        _check_device(document, ("devices", index), device, substances)


def _check_unique(document: Document[Park], path: Path_, ids: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(ids):
        if name in first:
            line, _ = document.line_of((*path, first[name], "id"))
            said = f"the id `{name}` stands twice, first in line {line}"
            document.refuse((*path, index, "id"), said, "give each its own")
        first.setdefault(name, index)


def _check_sensor_ids(document: Document[Park]) -> None:
    first: dict[str, Path_] = {}
    for index, device in enumerate(document.model.devices):
        for place, sensor in enumerate(device.sensors):
            path = ("devices", index, "sensors", place, "id")
            if sensor.id in first:
                line, _ = document.line_of(first[sensor.id])
                said = f"the sensor `{sensor.id}` stands twice, first in line {line}"
                document.refuse(path, said, "give each its own id")
            first.setdefault(sensor.id, path)


def _check_timezone(document: Document[Park]) -> None:
    name = document.model.timezone
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, ["Asia/Shanghai", "Asia/Urumqi", "UTC"], "for example")
        document.refuse(("timezone",), f"the time zone `{name}` is not known", hint)


def _check_polygon(document: Document[Park], path: Path_, polygon: Sequence[geometry.Point]) -> bool:
    if polygon[0] == polygon[-1]:
        document.refuse((*path, len(polygon) - 1), "the last corner repeats the first", "leave it out")
        return False
    crossing = geometry.crossing_edges(polygon)
    if crossing is not None:
        said = f"the side after corner {crossing[0] + 1} meets the side after corner {crossing[1] + 1}"
        document.refuse(path, said, "list the corners in order around the ground")
        return False
    if geometry.area_m2(polygon) < 1.0:
        document.refuse(path, "the polygon encloses no ground", "give corners that are not on one line")
        return False
    return True


def _check_enterprise(document: Document[Park], path: Path_, enterprise: Enterprise, ground: bool) -> None:
    if enterprise.id in RESERVED_OWNERS:
        said = f"`{enterprise.id}` is the name of an owner that every park has"
        document.refuse((*path, "id"), said, "give the enterprise another id")
    _check_unique(document, (*path, "units"), [unit.id for unit in enterprise.units])
    if not _check_polygon(document, (*path, "polygon"), enterprise.polygon):
        return
    if ground:
        for corner, point in enumerate(enterprise.polygon):
            if _outside(document.model.boundary, point, FENCE_TOLERANCE_M):
                said = f"this corner of `{enterprise.id}` lies outside the park"
                document.refuse((*path, "polygon", corner), said, "is longitude written before latitude?")
    for index, unit in enumerate(enterprise.units):
        if _outside(enterprise.polygon, unit.position, 0.0):
            said = f"the process unit `{unit.id}` lies outside `{enterprise.id}`"
            document.refuse((*path, "units", index, "position"), said, "move it inside the polygon")


def _check_overlaps(document: Document[Park]) -> None:
    enterprises = document.model.enterprises
    for second, later in enumerate(enterprises):
        for earlier in enterprises[:second]:
            if geometry.overlap(earlier.polygon, later.polygon):
                said = f"`{later.id}` and `{earlier.id}` share ground"
                document.refuse(("enterprises", second, "polygon"), said, "draw each its own")


def _check_device(
    document: Document[Park], path: Path_, device: Device, substances: Substances | None
) -> None:
    owners = document.model.owners
    known = device.owner in owners
    if not known:
        hint = did_you_mean(device.owner, owners, "known owners")
        document.refuse((*path, "owner"), f"the park has no owner `{device.owner}`", hint)
    for index, sensor in enumerate(device.sensors):
        place = (*path, "sensors", index)
        if substances is not None:
            _check_quantity(document, place, sensor, substances)
        if sensor.hold_seconds < 2 * sensor.interval_seconds:
            said = f"`{sensor.id}` holds for less than two intervals: one late reading would blind it"
            document.refuse((*place, "hold_seconds"), said, f"at least {2 * sensor.interval_seconds:g}")
        if known:
            _check_place(document, place, sensor, device.owner)


def _check_quantity(document: Document[Park], path: Path_, sensor: Sensor, substances: Substances) -> None:
    try:
        subject = substances.subject(sensor.quantity)
    except ConfigError as error:
        document.refuse((*path, "quantity"), error.message, error.hint)
        return
    wrong = substances.unit_problem(sensor.quantity, sensor.unit)
    if wrong:
        said = f"`{sensor.unit}` cannot be the unit of `{sensor.quantity}`: {wrong}"
        document.refuse((*path, "unit"), said, f"for example `{subject.unit}`")
    elif isinstance(subject, Quantity):
        low, high = (convert(end, sensor.unit, subject.unit) for end in sensor.range)
        too_low = subject.minimum is not None and low < subject.minimum
        if too_low or (subject.maximum is not None and high > subject.maximum):
            said = f"no `{sensor.quantity}` is outside {subject.minimum} to {subject.maximum} {subject.unit}"
            document.refuse((*path, "range"), said, "narrow the range")


def _check_place(document: Document[Park], path: Path_, sensor: Sensor, owner: str) -> None:
    park = document.model
    right_owner = {Tier.PARK: PARK_OWNER, Tier.COMMUNITY: COMMUNITY_OWNER}.get(sensor.placement.tier)
    if right_owner is not None and owner != right_owner:
        said = f"`{sensor.id}` stands at `{sensor.placement}` and belongs to `{owner}`"
        document.refuse((*path, "placement"), said, f"its device must be owned by `{right_owner}`")
        return
    if right_owner is None and owner in RESERVED_OWNERS:
        said = f"`{sensor.id}` stands at `{sensor.placement}` and belongs to `{owner}`"
        document.refuse((*path, "placement"), said, "its device must be owned by an enterprise")
        return
    enterprise = park.enterprise_by_id.get(owner)
    units = [unit.id for unit in enterprise.units] if enterprise is not None else []
    if sensor.unit_id is not None and sensor.unit_id not in units:
        said = f"sensor `{sensor.id}` names unit `{sensor.unit_id}` that `{owner}` does not have"
        document.refuse((*path, "unit_id"), said, did_you_mean(sensor.unit_id, units, "its units"))
    wrong = _place_problem(park, sensor, enterprise)
    if wrong:
        document.refuse((*path, "position"), f"`{sensor.id}` {wrong}", "move it, or change its placement")


def _place_problem(park: Park, sensor: Sensor, enterprise: Enterprise | None) -> str:
    place = sensor.position
    if enterprise is not None and _outside(enterprise.polygon, place, FENCE_TOLERANCE_M):
        return f"stands outside `{enterprise.id}`"
    if sensor.placement is Placement.FENCE and enterprise is not None:
        away = geometry.distance_to_edge_m(enterprise.polygon, place)
        return f"stands {away:.0f} m from the fence" if away > FENCE_TOLERANCE_M else ""
    away = geometry.distance_to_edge_m(park.boundary, place)
    if sensor.placement is Placement.BOUNDARY and away > BOUNDARY_TOLERANCE_M:
        return f"stands {away:.0f} m from the boundary of the park"
    if sensor.placement is Placement.MAST and _outside(park.boundary, place, BOUNDARY_TOLERANCE_M):
        return "stands outside the park"
    if sensor.placement is Placement.COMMUNITY:
        if geometry.contains(park.boundary, place):
            return "stands inside the park, where no community is"
        return f"stands {away / 1000:.0f} km from the park" if away > COMMUNITY_REACH_M else ""
    return ""


def _outside(polygon: Sequence[geometry.Point], point: geometry.Point, tolerance_m: float) -> bool:
    if geometry.contains(polygon, point):
        return False
    return geometry.distance_to_edge_m(polygon, point) > tolerance_m
