"""The demonstration park and the model of a park."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenceline import geometry
from fenceline.configdir import VARIABLE, config_dir, sample_config_dir
from fenceline.errors import ConfigError
from fenceline.park import LocalName, Park, PlacedSensor, ReceptorKind, example_park, load_park
from fenceline.substance import Substances, load_substances
from fenceline.vocabulary import Placement, Tier

CONFIG = Path(__file__).parents[2] / "config"
SQUARE = ((0.0, 0.0), (0.01, 0.0), (0.01, 0.01), (0.0, 0.01))


@pytest.fixture(scope="module")
def substances() -> Substances:
    return load_substances(CONFIG / "substances.yaml")


@pytest.fixture(scope="module")
def demo(substances: Substances) -> Park:
    return load_park(CONFIG / "parks" / "demo" / "park.yaml", substances)


def test_the_demonstration_park_is_what_it_is_said_to_be(demo: Park) -> None:
    """12 enterprises, about 300 sensors, all placements, receptors of each kind, marked as simulated."""
    assert demo.simulated
    assert 12 == len(demo.enterprises)
    assert 280 <= len(demo.sensors) <= 330
    assert set(Placement) == {sensor.placement for sensor in demo.sensors}
    assert set(ReceptorKind) == {receptor.kind for receptor in demo.receptors}
    assert all(receptor.population > 0 for receptor in demo.receptors)
    assert all("演练" in enterprise.name.zh for enterprise in demo.enterprises)
    assert all("demonstration" in enterprise.name.en for enterprise in demo.enterprises)
    assert all(1 <= len(enterprise.units) <= 3 for enterprise in demo.enterprises)


def test_masts_know_wind_and_temperature_at_two_heights(demo: Park) -> None:
    """Each mast measures wind speed and direction, and the air's temperature at 2 m and 10 m."""
    for device in demo.devices:
        if device.id.startswith("mast"):
            quantities = Counter(sensor.quantity for sensor in device.sensors)
            heights = {s.height_m for s in device.sensors if s.quantity == "air_temperature"}
            assert (1, 1, 2) == (
                quantities["wind_speed"],
                quantities["wind_direction"],
                quantities["air_temperature"],
            )
            assert {2.0, 10.0} == heights


def test_detectors_can_measure_their_second_alarm(demo: Park, substances: Substances) -> None:
    """A detector whose range ends below its second alarm could never raise it."""
    for sensor in demo.sensors:
        if sensor.placement in (Placement.UNIT, Placement.TANK_FARM) and sensor.quantity != "oxygen":
            assert substances.limit_value(sensor.quantity, "alarm_2", sensor.unit) < sensor.range[1], (
                sensor.id
            )


def test_the_tier_comes_from_the_placement(demo: Park) -> None:
    """Inside a firm it is the enterprise's, at boundary and masts the park's, beyond the community's."""
    by_owner = {"park": Tier.PARK, "community": Tier.COMMUNITY}

    for sensor in demo.sensors:
        assert by_owner.get(sensor.owner, Tier.ENTERPRISE) is sensor.tier
        assert sensor.tier is demo.tier_of(sensor.id)


def test_sensors_carry_what_rooms_need(demo: Park) -> None:
    """A placed sensor knows its device, owner, unit and tier; the names of both are at hand."""
    sensor = demo.sensor("e01-u1-cl2-1")

    assert (
        PlacedSensor(
            id="e01-u1-cl2-1",
            name=LocalName(zh="电解装置 氯气 1 号探头", en="Electrolysis unit Cl2 detector 1"),
            device="e01-gds-u1",
            owner="e01",
            quantity="cl2",
            unit="ppm",
            range=(0.0, 20.0),
            placement=Placement.UNIT,
            tier=Tier.ENTERPRISE,
            position=sensor.position,
            height_m=0.5,
            interval_seconds=5.0,
            hold_seconds=20.0,
            unit_id="u1",
            tags=(),
        )
        == sensor
    )
    assert LocalName(zh="电解装置", en="Electrolysis unit") == demo.unit_name(sensor)
    assert None is demo.unit_name(demo.sensor("boundary-nw-h2s"))
    assert "fenceline/demo/e01/e01-gds-u1/readings" == demo.topic_of("e01-gds-u1")


def test_every_owner_has_a_name(demo: Park) -> None:
    """The park and the community own devices too, and an unknown owner is refused."""
    assert {device.owner for device in demo.devices} == set(demo.owners)
    assert "园区" == demo.owner_name("park").zh
    assert "Community" == demo.owner_name("community").en
    with pytest.raises(ConfigError, match="no owner `e99`"):
        demo.owner_name("e99")
    with pytest.raises(ConfigError, match="no sensor `e01-u1-cl2-9`") as unknown:
        demo.sensor("e01-u1-cl2-9")
    assert unknown.value.hint.startswith("did you mean `e01-u1-cl2-")


def test_a_park_travels_as_json(demo: Park) -> None:
    """The journal carries the whole park, and the same comes out, also after its indexes were built."""
    assert demo.sensor_by_id

    assert demo == Park.model_validate(demo.model_dump(mode="json"))
    assert demo == Park.model_validate_json(demo.model_dump_json())


@pytest.mark.parametrize("placement", list(Placement))
def test_the_example_park_places_its_sensor_right(
    placement: Placement, tmp_path: Path, substances: Substances
) -> None:
    """Wherever its one sensor stands, the example is a park that the checks accept."""
    path = tmp_path / "park.yaml"
    path.write_text(example_park(placement=placement).model_dump_json(), encoding="utf-8")

    park = load_park(path, substances)

    assert [placement] == [sensor.placement for sensor in park.sensors]


def test_canonical_units_and_spellings() -> None:
    """A unit is kept in its one spelling, whatever the file says."""
    assert "mg/m3" == example_park(unit="mg/m³").sensors[0].unit


def test_the_configuration_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given first, then the environment's, then the samples."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert CONFIG.resolve() == sample_config_dir()
    assert CONFIG.resolve() == config_dir()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert tmp_path == config_dir()
    assert CONFIG == config_dir(CONFIG)
    with pytest.raises(ConfigError, match="does not exist"):
        config_dir(tmp_path / "none")


def test_distances_are_those_of_the_sphere() -> None:
    """A degree of latitude is 111.195 km; of longitude at 34.05° cos(34.05°) = 0.82854 of it, 92.13 km."""
    assert pytest.approx(111_195, abs=1) == geometry.distance_m((118.0, 34.0), (118.0, 35.0))
    assert pytest.approx(921.3, abs=0.1) == geometry.distance_m((118.0, 34.05), (118.01, 34.05))
    assert pytest.approx(1111.95**2, rel=1e-4) == geometry.area_m2(SQUARE)
    assert pytest.approx(1111.95, abs=0.1) == geometry.distance_to_edge_m(SQUARE, (0.02, 0.005))


def test_polygons_that_cross_themselves() -> None:
    """A bow tie, a spike and a doubled corner are not simple; a square and an L are."""
    bow_tie = ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))
    spike = ((0.0, 0.0), (2.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    touching = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (1.0, 0.0), (0.0, 2.0))
    corner_l = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0))

    assert [None, None] == [geometry.crossing_edges(SQUARE), geometry.crossing_edges(corner_l)]
    for polygon in (bow_tie, spike, touching):
        assert geometry.crossing_edges(polygon) is not None


@given(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
def test_overlap_of_two_squares(east: float, north: float) -> None:
    """Two squares share ground when both shifts are smaller than their side; about a metre is forgiven."""
    other = tuple((x + east, y + north) for x, y in SQUARE)
    margins = [0.01 - abs(east), 0.01 - abs(north)]

    if min(abs(margin) for margin in margins) > 3e-5:
        assert (min(margins) > 0) == geometry.overlap(SQUARE, other)
        assert geometry.overlap(SQUARE, other) == geometry.overlap(other, SQUARE)
