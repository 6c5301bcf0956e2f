"""Units: the numbers of the tables, and nothing converted that does not measure the same thing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenceline.errors import ConfigError
from fenceline.units import canonical, convert, dimension, factor, is_unit, molar_volume

# Read off the column "mg/m³ per ppm 25 °C" of the table of limits the project started from, MW beside it.
MG_M3_PER_PPM_25C = {
    34.08: 1.394, 17.03: 0.697, 70.91: 2.900, 36.46: 1.491, 64.06: 2.620, 46.01: 1.882, 28.01: 1.146,
    78.11: 3.195, 92.14: 3.769, 106.17: 4.342, 104.15: 4.260, 32.04: 1.310, 30.03: 1.228, 98.92: 4.046,
    27.03: 1.106, 20.01: 0.818, 16.04: 0.656, 48.11: 1.968, 59.11: 2.418, 62.50: 2.556, 53.06: 2.170,
    44.05: 1.802, 76.14: 3.114, 62.13: 2.541, 94.20: 3.853,
}  # fmt: skip


@pytest.mark.parametrize(("molar_mass", "expected"), MG_M3_PER_PPM_25C.items())
def test_ppm_to_mass_at_25_degrees(molar_mass: float, expected: float) -> None:
    """One ppm is what the table says, to its three decimals."""
    assert expected == round(convert(1.0, "ppm", "mg/m3", molar_mass), 3)


def test_other_states_of_the_gas() -> None:
    """20 °C divides by 24.06 and 0 °C by 22.4; NO 20 ppm + NO2 3 ppm as NO2 is 47.24 mg/m³ (HJ 212 D)."""
    at_20 = convert(1.0, "ppm", "mg/m3", 34.08, temperature_c=20.0)
    at_0 = convert(20.0 + 3.0, "ppm", "mg/m3", 46.01, temperature_c=0.0)

    assert pytest.approx(34.08 / 24.06) == at_20
    assert 47.24 == round(at_0, 2)


def test_carbon() -> None:
    """1 ppmC is 0.491 mg/m³ at 25 °C, 0.536 at 0 °C; 1 ppm propane, 3 ppmC, is 1.608 there."""
    assert 0.491 == round(convert(1.0, "ppmC", "mg/m3"), 3)
    assert 0.536 == round(convert(1.0, "ppmC", "mg/m3", temperature_c=0.0), 3)
    # The table multiplies the rounded 0.536.
    assert pytest.approx(1.608, abs=1e-3) == convert(3.0, "ppmC", "mg/m3", temperature_c=0.0)


def test_quarter_of_the_explosive_limit_is_a_huge_mass() -> None:
    """25 %LEL: CH4 12 500 ppm 8.2 g/m³, benzene 3000 9.6, ethylene oxide 6500 11.7, NH3 37 500 26."""
    expected = [8.2, 9.6, 11.7, 26.1]

    found = [
        round(convert(fraction, "ppm", "g/m3", molar_mass), 1)
        for fraction, molar_mass in ((12_500, 16.04), (3000, 78.11), (6500, 44.05), (37_500, 17.03))
    ]

    assert expected == found


def test_the_gas_law_holds_between_the_stated_states() -> None:
    """The rounded molar volumes of the standards are within 0.1 % of the gas law, which holds elsewhere."""
    for temperature_c in (0.0, 20.0, 25.0):
        by_law = 8.314462618 * (temperature_c + 273.15) / 101.325
        assert pytest.approx(by_law, rel=1e-3) == molar_volume(temperature_c)
    assert pytest.approx(8.314462618 * 283.15 / 90.0) == molar_volume(10.0, 90.0)


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "expected"),
    [
        (1.0, "mg/m³", "ug/m3", 1000.0),
        (1.0, "µg/m³", "mg/m3", 0.001),  # micro sign
        (1.0, "μg/m³", "mg/m3", 0.001),  # Greek mu
        (3.0, "ppb", "ppm", 0.003),
        (20.9, "%VOL", "ppm", 209_000.0),
        (36.0, "km/h", "m/s", 10.0),
        (25.0, "°C", "K", 298.15),
        (0.0, "K", "degC", -273.15),
        (101.325, "kPa", "hPa", 1013.25),
        (1013.25, "hPa", "Pa", 101_325.0),
        (5.0, "ppm*m", "ppm·m", 5.0),
        (3.6, "kg/h", "g/s", 1.0),
        (2.5, "t", "kg", 2500.0),
        (0.0, "°C", "°C", 0.0),
    ],
)
def test_plain_conversions(value: float, from_unit: str, to_unit: str, expected: float) -> None:
    """Units of one kind convert by their definitions, in whatever spelling."""
    assert pytest.approx(expected, rel=1e-12) == convert(value, from_unit, to_unit)


@pytest.mark.parametrize(
    ("from_unit", "to_unit"),
    [("ppm", "%LEL"), ("%LEL", "mg/m3"), ("ppmC", "ppm"), ("m/s", "degree"), ("K", "kPa"), ("ppm·m", "ppm"),
     ("%RH", "%VOL"), ("ou", "mg/m3"), ("kg/h", "kg")],
)  # fmt: skip
def test_what_measures_something_else_is_refused(from_unit: str, to_unit: str) -> None:
    """The refusal names both units, also when a molar mass is given."""
    with pytest.raises(ConfigError) as caught:
        factor(from_unit, to_unit, 34.08)

    assert f"`{from_unit}`" in caught.value.message
    assert f"`{to_unit}`" in caught.value.message


@pytest.mark.parametrize("molar_mass", [None, 0.0, -1.0, math.nan])
def test_no_mass_without_a_molar_mass(molar_mass: float | None) -> None:
    """Between ppm and mg/m³ a molar mass above zero is needed; zero is a value, and a wrong one."""
    with pytest.raises(ConfigError, match="without a molar mass"):
        factor("ppm", "mg/m3", molar_mass)


@pytest.mark.parametrize("unit", ["", "mgm3", "9**9**9", "__import__('os')", "x" * 100_000, "mg/Nm3", "lel"])
def test_an_unknown_unit_is_looked_up_and_never_parsed(unit: str) -> None:
    """A device's text is compared with a list; what is ambiguous is not on it."""
    assert not is_unit(unit)
    with pytest.raises(ConfigError, match="is not known"):
        canonical(unit)


def test_spellings_have_one_canonical_form() -> None:
    """What the house writes is one spelling."""
    spellings = ["mg/m³", "MG/M3", "mg / m3", "mg/m^3"]

    assert {"mg/m3"} == {canonical(unit) for unit in spellings}
    assert "mass concentration" == dimension("mg/m³")


@pytest.mark.parametrize(
    ("temperature_c", "pressure_kpa"), [(-273.15, 101.325), (25.0, 0.0), (math.nan, 100.0)]
)
def test_a_state_that_no_gas_has_is_refused(temperature_c: float, pressure_kpa: float) -> None:
    """Absolute zero, no pressure and NaN are not states of a gas."""
    with pytest.raises(ConfigError, match="state of a gas"):
        factor("ppm", "mg/m3", 34.08, temperature_c, pressure_kpa)


@given(
    value=st.floats(-1e6, 1e6),
    molar_mass=st.floats(1.0, 500.0),
    temperature_c=st.floats(-50.0, 60.0),
    pressure_kpa=st.floats(50.0, 110.0),
)
def test_there_and_back_is_where_it_was(
    value: float, molar_mass: float, temperature_c: float, pressure_kpa: float
) -> None:
    """ppm to ug/m3 and back gives the value again."""
    there = convert(value, "ppm", "ug/m3", molar_mass, temperature_c, pressure_kpa)
    back = convert(there, "ug/m3", "ppm", molar_mass, temperature_c, pressure_kpa)

    assert pytest.approx(value, rel=1e-9, abs=1e-9) == back
