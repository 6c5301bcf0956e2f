"""The table of substances: whole, right against what is known elsewhere, honest about its sources."""

import re
from pathlib import Path

import pytest

from fenceline.errors import ConfigError
from fenceline.substance import Flag, Limit, Mark, Substance, Substances, load_substances
from fenceline.units import convert

CONFIG = Path(__file__).parents[2] / "config"

# IUPAC conventional atomic weights.
ATOMS = {"H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "P": 30.974, "S": 32.06, "Cl": 35.45}

# The substances whose endpoints and guideline values both were read in sources, not one from the other.
READ_ENDPOINTS = [
    "h2s", "nh3", "cl2", "hcl", "so2", "no2", "benzene", "toluene", "xylene", "styrene", "methanol",
    "formaldehyde", "phosgene", "hf", "ch4", "methyl_mercaptan", "trimethylamine", "vinyl_chloride",
    "acrylonitrile", "ethylene_oxide", "cs2",
]  # fmt: skip
DERIVED_ENDPOINTS = ["co", "hcn"]

# Limit (GB 14554 class II new, or GB 16297 fence) over odour threshold, as printed beside the tables.
LIMIT_OVER_ODOUR = {
    "trimethylamine": ("gb14554_2_new", 1030), "h2s": ("gb14554_2_new", 105),
    "methyl_mercaptan": ("gb14554_2_new", 51), "styrene": ("gb14554_2_new", 34), "dms": ("gb14554_2_new", 9),
    "dmds": ("gb14554_2_new", 7), "cs2": ("gb14554_2_new", 4.6), "nh3": ("gb14554_2_new", 1.4),
    "xylene": ("gb16297_fence", 6.7), "cl2": ("gb16297_fence", 2.8), "toluene": ("gb16297_fence", 1.9),
}  # fmt: skip

# How many values each family of limits has, counted by hand in the tables; a lost row shows here.
FAMILIES = {
    "mac": 7, "pc_twa": 16, "pc_stel": 12, "alarm_1": 24, "alarm_2": 24,
    "gb14554_1": 9, "gb14554_2_new": 9, "gb14554_2_existing": 9, "gb14554_3_new": 9, "gb14554_3_existing": 9,
    "gb14554_stack_15m": 9, "gb14554_stack_25m": 1, "gb14554_stack_60m": 1,
    "gb16297_fence": 23, "gb16297_stack": 12, "gb31571_fence": 7, "db32_4041_fence": 9,
    "ep_2": 48, "ep_1": 48, "qc": 23,
    "aegl_1_60min": 17, "aegl_2_60min": 22, "aegl_3_60min": 22,
    "aegl_1_10min": 18, "aegl_2_10min": 22, "aegl_3_10min": 21,
    "aegl_2_30min": 4, "aegl_1_4h": 4, "aegl_3_8h": 3, "pac_2": 1,
    "erpg_1": 20, "erpg_2": 23, "erpg_3": 23, "idlh": 20, "lel": 19, "odour_threshold": 21,
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> Substances:
    return load_substances(CONFIG / "substances.yaml")


def two_figures(value: float) -> float:
    return float(f"{value:.1e}")


def guideline(table: Substances, substance: str, step: int) -> float:
    """The 60-min AEGL, or where there is none the PAC, in mg/m³ and rounded as endpoints are."""
    name = f"pac_{step}" if substance == "ch4" else f"aegl_{step}_60min"
    limit = table.limit(substance, name)
    return two_figures(convert(limit.value, limit.unit, "mg/m3", table.molar_mass(substance)))


def test_endpoints_are_the_guideline_values(table: Substances) -> None:
    """Of 42 endpoints read, 41 equal the 60-min guideline to two figures; methanol's endpoint 2 does not."""
    compared = [
        (f"{substance}.ep_{endpoint}", table.limit(substance, f"ep_{endpoint}").value, step)
        for substance in READ_ENDPOINTS
        for endpoint, step in ((2, 2), (1, 3))
    ]

    different = [
        (name, value, guideline(table, name.split(".")[0], step))
        for name, value, step in compared
        if value != guideline(table, name.split(".")[0], step)
    ]

    assert 42 == len(compared)
    assert [("methanol.ep_2", 2700.0, 2800.0)] == different


@pytest.mark.parametrize("substance", DERIVED_ENDPOINTS)
def test_endpoints_from_knowledge_follow_the_same_rule(table: Substances, substance: str) -> None:
    """Endpoints marked as equal to the guideline are, and stay marked as not verified."""
    for endpoint, step in ((2, 2), (1, 3)):
        limit = table.limit(substance, f"ep_{endpoint}")
        assert guideline(table, substance, step) == limit.value
        assert Mark.KNOWLEDGE is limit.mark


def test_only_sulfur_dioxide_breaks_the_ladder(table: Substances) -> None:
    """An occupational limit is below endpoint 2 for every substance that has both, save SO2."""
    broken = []
    for substance in table.substances:
        named = {limit.name: limit.value for limit in substance.limits if limit.unit == "mg/m3"}
        occupational = [named[name] for name in ("mac", "pc_twa", "pc_stel", "alarm_1") if name in named]
        if occupational and "ep_2" in named and min(occupational) >= named["ep_2"]:
            broken.append(substance.id)

    assert ["so2"] == broken


@pytest.mark.parametrize(("substance", "name", "ratio"), [(k, *v) for k, v in LIMIT_OVER_ODOUR.items()])
def test_legal_and_still_smells(table: Substances, substance: str, name: str, ratio: float) -> None:
    """A legal limit stands this many times above the odour threshold."""
    threshold = table.limit_value(substance, "odour_threshold", "mg/m3")

    assert pytest.approx(ratio, rel=0.06) == table.limit(substance, name).value / threshold


@pytest.mark.parametrize(("family", "expected"), FAMILIES.items())
def test_no_row_is_lost(table: Substances, family: str, expected: int) -> None:
    """Each family of limits has as many values as the tables it was read from."""
    assert expected == sum(limit.name == family for subject in table.subjects() for limit in subject.limits)


@pytest.mark.parametrize(
    ("subject", "name", "value", "unit"),
    [
        ("h2s", "mac", 10, "mg/m3"),
        ("nh3", "pc_stel", 30, "mg/m3"),
        ("cl2", "alarm_2", 2, "mg/m3"),
        ("benzene", "pc_twa", 3, "mg/m3"),
        ("benzene", "pc_twa_before_2022_11", 6, "mg/m3"),
        ("benzene", "alarm_1_table", 6, "mg/m3"),
        ("methyl_mercaptan", "gb14554_2_new", 0.007, "mg/m3"),
        ("styrene", "gb14554_stack_15m", 6.5, "kg/h"),
        ("odour_concentration", "gb14554_2_new", 20, "ou"),
        ("nmhc", "gb31571_stack_new", 60, "mg/m3"),
        ("nmhc", "gb37822_inplant", 10, "mg/m3"),
        ("benzo_a_pyrene", "gb31571_fence", 8, "ng/m3"),
        ("tdi", "ep_1", 3.6, "mg/m3"),
        ("acetochlor", "pc_twa", 0.12, "mg/m3"),
        ("lel", "alarm_2", 50, "%LEL"),
        ("lel_path", "alarm_1", 1, "LEL·m"),
        ("oxygen", "alarm_low", 19.5, "%VOL"),
        ("trimethylamine", "odour_threshold", 0.000032, "ppm"),
        ("phosgene", "qc", 0.25, "t"),
    ],
)
def test_values_as_printed(table: Substances, subject: str, name: str, value: float, unit: str) -> None:
    """A sample from each table, as printed there."""
    limit = table.limit(subject, name)

    assert (value, unit) == (limit.value, limit.unit)


def test_known_dates_stand_and_unknown_ones_are_empty(table: Substances) -> None:
    """A day of coming into force is written only where a source gives it."""
    assert "2022-11" == table.limit("benzene", "pc_stel").effective
    assert "2020-04-01" == table.limit("h2s", "mac").effective
    assert "2025-05-01" == table.limit("acetochlor", "pc_twa").effective
    assert "" == table.limit("h2s", "gb14554_2_new").effective


def test_of_values_in_conflict_the_plain_name_has_the_strictest(table: Substances) -> None:
    """Until a park decides, the name that rules use is the lowest of those in conflict."""
    for conflict in table.conflicts:
        by_plain_name: dict[str, list[Limit]] = {}
        for name in conflict.limits:
            subject, _, limit_name = name.partition(".")
            plain = re.sub(r"_(other|highest|newer|page|table|rule|us|before_2022_11)$", "", limit_name)
            by_plain_name.setdefault(f"{subject}.{plain}", []).append(table.limit(subject, limit_name))
        for plain_name, limits in by_plain_name.items():
            subject, _, name = plain_name.partition(".")
            assert min(limit.value for limit in limits) == table.limit(subject, name).value


def test_every_conflict_of_the_register_is_there(table: Substances) -> None:
    """The register of conflicts is whole and undecided."""
    expected = {
        "nh3_erpg", "hcl_erpg_3", "hf_erpg_1", "so2_erpg_3", "formaldehyde_alarm", "formaldehyde_erpg_3",
        "ethylene_oxide_twa", "phosgene_erpg_2", "acrylonitrile_idlh", "no2_idlh", "ch4_lel", "benzene_oel",
        "gbt50493_lags_oel",
    }  # fmt: skip

    assert expected == {conflict.id for conflict in table.conflicts}
    assert {""} == {conflict.decision for conflict in table.conflicts}


def test_molar_masses_follow_from_the_formulas(table: Substances) -> None:
    """A molar mass agrees with the sum of its atoms."""
    for substance in table.substances:
        if substance.molar_mass is not None:
            atoms = re.findall(r"([A-Z][a-z]?)(\d*)", substance.formula)
            total = sum(ATOMS[atom] * int(count or 1) for atom, count in atoms)
            assert pytest.approx(total, abs=0.03) == substance.molar_mass, substance.id


def test_registry_numbers_have_their_check_digit(table: Substances) -> None:
    """The last digit of a CAS number is the sum of its digits, weighted from the right, modulo ten."""
    for substance in table.substances:
        if substance.cas:
            *digits, check = [int(letter) for letter in substance.cas if letter.isdigit()]
            weighted = sum(weight * digit for weight, digit in enumerate(reversed(digits), start=1))
            assert check == weighted % 10, substance.id


def test_what_is_absent_says_why(table: Substances) -> None:
    """A value that does not exist is refused with its reason; a misspelt one with the closest name."""
    with pytest.raises(ConfigError, match=r"`co` has no `aegl_1_60min`: not recommended \[T10\]"):
        table.limit("co", "aegl_1_60min")
    with pytest.raises(ConfigError) as misspelt:
        table.limit("h2s", "alarm1")
    with pytest.raises(ConfigError) as unknown:
        table.limit("h2", "alarm_1")
    assert "did you mean `alarm_1`?" == misspelt.value.hint
    assert "did you mean `h2s`?" == unknown.value.hint


def test_a_limit_in_the_unit_of_a_sensor(table: Substances) -> None:
    """10 mg/m³ of H2S are 7.17 ppm at 25 °C (10 × 24.45 / 34.08)."""
    assert 7.17 == round(table.limit_value("h2s", "alarm_1", "ppm"), 2)


@pytest.mark.parametrize(
    ("subject", "unit", "fits"),
    [
        ("h2s", "ppm", True), ("h2s", "ug/m3", True), ("h2s", "ppm·m", True), ("h2s", "%LEL", False),
        ("nmhc", "ppmC", True), ("nmhc", "ppm", False), ("pm", "mg/m3", True), ("pm", "ppm", False),
        ("lel", "%LEL", True), ("lel", "ppm", False), ("wind_speed", "km/h", True), ("oxygen", "%VOL", True),
        ("air_temperature", "K", True), ("pressure", "kPa", True), ("h2s", "bananas", False),
    ],
)  # fmt: skip
def test_which_units_fit(table: Substances, subject: str, unit: str, fits: bool) -> None:
    """A sensor's unit must measure what its quantity is."""
    assert fits == (table.unit_problem(subject, unit) == "")


def test_what_is_dangerous_before_it_smells_is_marked(table: Substances) -> None:
    """No smell is no safety: these are marked silent."""
    silent = {subject.id for subject in table.substances if Flag.SILENT in subject.flags}

    expected = {"benzene", "acrylonitrile", "methanol", "so2", "vinyl_chloride", "ethylene_oxide", "co"}

    assert expected == silent


def test_the_table_travels_as_json(table: Substances) -> None:
    """The journal carries the whole table, and the same comes out."""
    assert table == Substances.model_validate(table.model_dump(mode="json"))
    assert table == Substances.model_validate_json(table.model_dump_json())


def test_every_subject_has_names_in_both_languages(table: Substances) -> None:
    """Chinese names are Chinese, ids are what rules can write without quotes."""
    for subject in table.subjects():
        assert re.search(r"[\u4e00-\u9fff]", subject.name.zh), subject.id
        assert subject.id not in {"no", "on", "yes", "off"}
    assert isinstance(table.subject("h2s"), Substance)
