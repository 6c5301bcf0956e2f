"""Points and polygons of a park in longitude and latitude in; distances in metres and yes or no out.

A park is a few kilometres wide, so the earth is taken as flat around it; the error stays below 0.1 %.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

Point = tuple[float, float]
SLIVER_DEGREES = 1e-5  # about a metre: neighbours may overlap by less, as surveys are rounded
EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius


def flat(point: Point, origin: Point) -> Point:
    """Metres east and north of `origin`."""
    east = math.radians(point[0] - origin[0]) * EARTH_RADIUS_M * math.cos(math.radians(origin[1]))
    return east, math.radians(point[1] - origin[1]) * EARTH_RADIUS_M


def distance_m(first: Point, second: Point) -> float:
    """Metres between two points."""
    return math.hypot(*flat(second, first))


def edges(polygon: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """The sides of a polygon, the closing one last."""
    yield from itertools.pairwise([*polygon, polygon[0]])


def area_m2(polygon: Sequence[Point]) -> float:
    """The area inside a simple polygon."""
    corners = [flat(point, polygon[0]) for point in polygon]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in edges(corners))) / 2


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """Whether a point lies inside a polygon; on its very edge either answer may come."""
    inside = False
    for (x1, y1), (x2, y2) in edges(polygon):
        if (y1 > point[1]) != (y2 > point[1]) and point[0] < x1 + (point[1] - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def distance_to_edge_m(polygon: Sequence[Point], point: Point) -> float:
    """Metres from a point to the nearest side of a polygon, from inside or outside."""
    return min(_to_segment(flat(a, point), flat(b, point)) for a, b in edges(polygon))


def crossing_edges(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """The first two sides that cross or touch beyond their common corner; none if the polygon is simple."""
    sides = list(edges(polygon))
    for first, second in itertools.combinations(range(len(sides)), 2):
        neighbours = second - first in (1, len(sides) - 1)
        if neighbours:
            shared = sides[first][1] if second - first == 1 else sides[first][0]
            far_first = sides[first][0] if second - first == 1 else sides[first][1]
            far_second = sides[second][1] if second - first == 1 else sides[second][0]
            if _turn(far_first, shared, far_second) == 0 and _same_side(shared, far_first, far_second):
                return first, second
        elif segments_meet(*sides[first], *sides[second]):
            return first, second
    return None


def overlap(first: Sequence[Point], second: Sequence[Point]) -> bool:
    """Whether two simple polygons share ground; a common side alone does not count."""
    # Most of a park's firms are nowhere near each other; of 500 firms there are 125,000 pairs.
    for axis in (0, 1):
        begins, ends = min(point[axis] for point in first), max(point[axis] for point in first)
        if max(point[axis] for point in second) < begins or min(point[axis] for point in second) > ends:
            return False
    return _reaches_into(first, second) or _reaches_into(second, first)


def segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two segments have a point in common."""
    if _cross_properly(a, b, c, d):
        return True
    return any(
        _turn(start, end, point) == 0 and _within(start, end, point)
        for start, end, point in ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    )


def _cross_properly(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> int:
    """1 for a left turn at b, -1 for a right turn, 0 for straight on (to a micrometre or so)."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0 if abs(area) < 1e-15 else (1 if area > 0 else -1)


def _within(start: Point, end: Point, point: Point) -> bool:
    return all(min(s, e) <= p <= max(s, e) for s, e, p in zip(start, end, point, strict=True))


def _same_side(corner: Point, first: Point, second: Point) -> bool:
    dot = sum((f - c) * (s - c) for c, f, s in zip(corner, first, second, strict=True))
    return dot > 0


def _reaches_into(first: Sequence[Point], second: Sequence[Point]) -> bool:
    """Whether the ground just inside some piece of `first`'s edge belongs to `second` too."""
    for a, b in edges(first):
        along = (b[0] - a[0], b[1] - a[1])
        length = math.hypot(*along)
        if length == 0:
            continue
        aside = (-along[1] / length * SLIVER_DEGREES, along[0] / length * SLIVER_DEGREES)
        for start, end in itertools.pairwise(_cuts(a, along, second)):
            middle = (start + end) / 2
            for side in (1, -1):
                point = (
                    a[0] + middle * along[0] + side * aside[0],
                    a[1] + middle * along[1] + side * aside[1],
                )
                if contains(first, point) and contains(second, point):
                    return True
    return False


def _cuts(start: Point, along: Point, polygon: Sequence[Point]) -> list[float]:
    """Where a side may pass from outside a polygon to inside, as shares of its length, with both ends."""
    cuts = {0.0, 1.0}
    length2 = along[0] ** 2 + along[1] ** 2
    for c, d in edges(polygon):
        cuts.add(((c[0] - start[0]) * along[0] + (c[1] - start[1]) * along[1]) / length2)
        other = (d[0] - c[0], d[1] - c[1])
        slant = along[0] * other[1] - along[1] * other[0]
        if slant != 0:
            cuts.add(((c[0] - start[0]) * other[1] - (c[1] - start[1]) * other[0]) / slant)
    return sorted(cut for cut in cuts if 0 <= cut <= 1)


def _to_segment(a: Point, b: Point) -> float:
    """From the origin to the segment a-b, all in metres."""
    along = (b[0] - a[0], b[1] - a[1])
    length2 = along[0] ** 2 + along[1] ** 2
    share = 0.0 if length2 == 0 else max(0.0, min(1.0, -(a[0] * along[0] + a[1] * along[1]) / length2))
    return math.hypot(a[0] + share * along[0], a[1] + share * along[1])
