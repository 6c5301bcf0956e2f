"""A unit's spelling in, a scale and an offset out, so that nothing after the door does more than multiply.

Only the units listed here are known: a text from a device is looked up, never parsed. Pint does the
arithmetic; between volume and mass a substance's molar mass and the state of the gas are needed.
"""

import functools
from typing import TYPE_CHECKING, Any

from fenceline.configwords import did_you_mean
from fenceline.errors import ConfigError

if TYPE_CHECKING:
    from pint import UnitRegistry

# Canonical spelling: what pint calls it, what it measures, other spellings that devices and people use.
_TABLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "ppm": ("ppm", "volume fraction", ("ppmv", "umol/mol", "ml/m3")),
    "ppb": ("ppb", "volume fraction", ("ppbv", "nmol/mol")),
    "%VOL": ("percent_volume", "volume fraction", ("%v/v", "vol%", "%(v/v)")),
    "ppmC": ("ppm_carbon", "carbon fraction", ()),
    "mg/m3": ("milligram/cubic_meter", "mass concentration", ("mg/m^3",)),
    "ug/m3": ("microgram/cubic_meter", "mass concentration", ("ug/m^3",)),
    "ng/m3": ("nanogram/cubic_meter", "mass concentration", ("ng/m^3",)),
    "g/m3": ("gram/cubic_meter", "mass concentration", ("g/m^3",)),
    "%LEL": ("percent_lel", "explosivity", ("lel%",)),
    "ppm·m": ("ppm*meter", "volume fraction along a path", ("ppm*m", "ppm.m", "ppm-m")),
    "LEL·m": ("lel*meter", "explosivity along a path", ("lel*m", "lel.m", "lel-m")),
    "ou": ("odour_unit", "odour concentration", ("ou/m3", "oue/m3")),
    "m/s": ("meter/second", "speed", ("m.s-1",)),
    "km/h": ("kilometer/hour", "speed", ("kph", "kmh")),
    "degree": ("degree", "angle", ("°", "deg", "degrees")),
    "°C": ("degree_celsius", "temperature", ("degc", "c", "℃", "cel")),
    "K": ("kelvin", "temperature", ("kelvin",)),
    "Pa": ("pascal", "pressure", ()),
    "hPa": ("hectopascal", "pressure", ("mbar",)),
    "kPa": ("kilopascal", "pressure", ()),
    "%RH": ("percent_humidity", "relative humidity", ("rh%",)),
    "W/m2": ("watt_per_square_meter", "irradiance", ("w/m^2",)),
    "mm": ("millimeter", "length", ()),
    "m": ("meter", "length", ()),
    "kg/h": ("kilogram/hour", "mass flow", ()),
    "g/s": ("gram/second", "mass flow", ()),
    "t": ("tonne", "mass", ()),
    "kg": ("kilogram", "mass", ()),
    "1": ("dimensionless", "plain number", ()),
}
_DEFINITIONS = (
    "meter = [length]",
    "kilometer = 1000 * meter",
    "millimeter = 0.001 * meter",
    "cubic_meter = meter ** 3",
    "second = [time]",
    "hour = 3600 * second",
    "gram = [mass]",
    "milligram = 1e-3 * gram",
    "microgram = 1e-6 * gram",
    "nanogram = 1e-9 * gram",
    "kilogram = 1000 * gram",
    "tonne = 1e6 * gram",
    "kelvin = [temperature]; offset: 0",
    "degree_celsius = kelvin; offset: 273.15",
    "pascal = kilogram / meter / second ** 2",
    "hectopascal = 100 * pascal",
    "kilopascal = 1000 * pascal",
    "watt_per_square_meter = kilogram / second ** 3",
    "degree = [angle]",
    "ppm = [volume_fraction]",
    "ppb = 0.001 * ppm",
    "percent_volume = 10000 * ppm",
    "ppm_carbon = [carbon_fraction]",
    "percent_lel = [explosivity]",
    "lel = 100 * percent_lel",
    "percent_humidity = [humidity]",
    "odour_unit = [odour]",
)
_SIGNS = str.maketrans(
    {"³": "3", "²": "2", "µ": "u", "μ": "u", "㎎": "mg", "㎍": "ug", "％": "%", "×": "*", " ": ""}
)

# Molar volumes in L/mol at 101.325 kPa, rounded as the standards that use them do: HJ 212-2017 appendix D for
# 0 °C, GBZ for 20 and 25 °C. Elsewhere the gas law holds; it differs from these by less than 0.1 %.
_STATED_MOLAR_VOLUMES = {0.0: 22.4, 20.0: 24.06, 25.0: 24.45}
STANDARD_PRESSURE_KPA = 101.325
GAS_CONSTANT_J_PER_MOL_K = 8.314462618  # CODATA 2018, exact
CARBON_G_PER_MOL = 12.011  # IUPAC, conventional
_ZERO_CELSIUS_K = 273.15
LONGEST_UNIT = 24


def canonical(unit: str) -> str:
    """
    The one spelling of a unit that the house uses: `mg/m³` gives `mg/m3`.

    Raises:
        ConfigError: the unit is not known.
    """
    found = _find(unit)
    if found is None:
        short = unit[:LONGEST_UNIT]
        raise ConfigError(f"the unit `{short}` is not known", hint=did_you_mean(short, _TABLE, "known units"))
    return found


def is_unit(unit: str) -> bool:
    """Whether `canonical` would know it."""
    return _find(unit) is not None


def dimension(unit: str) -> str:
    """What a unit measures, in words: `volume fraction`, `mass concentration`, `speed`."""
    return _TABLE[canonical(unit)][1]


def molar_volume(temperature_c: float = 25.0, pressure_kpa: float = STANDARD_PRESSURE_KPA) -> float:
    """Litres that one mole of gas fills."""
    if not (temperature_c > -_ZERO_CELSIUS_K and pressure_kpa > 0):
        said = f"`{temperature_c}` °C and `{pressure_kpa}` kPa are not a state of a gas"
        raise ConfigError(said, hint="temperature above -273.15 °C, pressure above 0 kPa")
    if pressure_kpa == STANDARD_PRESSURE_KPA and temperature_c in _STATED_MOLAR_VOLUMES:
        return _STATED_MOLAR_VOLUMES[temperature_c]
    return GAS_CONSTANT_J_PER_MOL_K * (temperature_c + _ZERO_CELSIUS_K) / pressure_kpa


@functools.lru_cache(maxsize=4096)
def factor(
    from_unit: str,
    to_unit: str,
    molar_mass: float | None = None,
    temperature_c: float = 25.0,
    pressure_kpa: float = STANDARD_PRESSURE_KPA,
) -> tuple[float, float]:
    """
    Scale and offset with `value_in_to_unit = value_in_from_unit * scale + offset`.

    Args:
        from_unit, to_unit: any known spelling.
        molar_mass: g/mol of the substance, needed between volume and mass; `ppmC` is counted as carbon.
        temperature_c, pressure_kpa: the state of the gas that a mass concentration refers to.

    Raises:
        ConfigError: a unit is not known, or the two do not measure the same thing.
    """
    source, target = canonical(from_unit), canonical(to_unit)
    if source == target:
        return 1.0, 0.0
    kinds = _TABLE[source][1], _TABLE[target][1]
    if kinds[0] == kinds[1]:
        return _same_kind(source, target)
    bridge = {
        "volume fraction": ("ppm", molar_mass),
        "carbon fraction": ("ppmC", CARBON_G_PER_MOL),
    }
    gas_kind = kinds[0] if kinds[0] in bridge else kinds[1]
    if "mass concentration" not in kinds or gas_kind not in bridge:
        raise ConfigError(
            f"`{source}` ({kinds[0]}) cannot be converted to `{target}` ({kinds[1]})",
            hint="use a unit that measures the same thing",
        )
    fraction, grams_per_mol = bridge[gas_kind]
    if grams_per_mol is None or not grams_per_mol > 0:
        said = f"`{source}` cannot be converted to `{target}` without a molar mass"
        raise ConfigError(said, hint="give the substance a molar mass above 0 g/mol, or measure in `mg/m3`")
    mass_per_fraction = grams_per_mol / molar_volume(temperature_c, pressure_kpa)
    if kinds[0] == gas_kind:
        return _scale(source, fraction) * mass_per_fraction * _scale("mg/m3", target), 0.0
    return _scale(source, "mg/m3") / mass_per_fraction * _scale(fraction, target), 0.0


def convert(
    value: float,
    from_unit: str,
    to_unit: str,
    molar_mass: float | None = None,
    temperature_c: float = 25.0,
    pressure_kpa: float = STANDARD_PRESSURE_KPA,
) -> float:
    """One value, as `factor`: for limits and screens, not for streams of readings."""
    scale, offset = factor(from_unit, to_unit, molar_mass, temperature_c, pressure_kpa)
    return value * scale + offset


def _find(unit: str) -> str | None:
    if len(unit) > LONGEST_UNIT:
        return None
    return _spellings().get(unit) or _spellings().get(unit.translate(_SIGNS).lower())


def _scale(source: str, target: str) -> float:
    return 1.0 if source == target else _same_kind(source, target)[0]


def _same_kind(source: str, target: str) -> tuple[float, float]:
    registry = _registry()
    source_name, target_name = _TABLE[source][0], _TABLE[target][0]
    if _TABLE[source][1] == "temperature":
        # Both are kelvin wide, and differ in where they start.
        return 1.0, float(registry.Quantity(0.0, source_name).to(target_name).magnitude)
    return float(registry.Quantity(1.0, source_name).to(target_name).magnitude), 0.0


@functools.cache
def _spellings() -> dict[str, str]:
    spellings = {name: name for name in _TABLE}
    for name, (_, _, others) in _TABLE.items():
        for other in (name.translate(_SIGNS).lower(), *others):
            spellings.setdefault(other, name)
    return spellings


@functools.cache
def _registry() -> "UnitRegistry[Any]":
    # Importing pint takes half a second, which a start that converts nothing need not wait for.
    import pint

    registry: UnitRegistry[Any] = pint.UnitRegistry(None)
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry
