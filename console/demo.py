"""The demonstration: a simulated park that publishes over real MQTT into a station."""

from console.site import Site
from console.station import Station
from console.watchdog.builtin import without_canary
from fenceline.clock import SystemClock
from fenceline.errors import ConfigError
from simulators.park import SimulatedPark
from simulators.publish import Publisher
from simulators.scenario import Scenario, load_scenario

DEFAULT_SEED = 7


def find_scenario(site: Site, name: str) -> Scenario:
    """A scenario of the configuration folder by name.

    Raises:
        ConfigError: there is none; the hint lists those there are.
    """
    folder = site.folder / "scenarios"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in folder.glob("*.yaml"))) or "none"
        raise ConfigError(f"there is no scenario `{name}` in `{folder}`", hint=f"scenarios here: {known}")
    return load_scenario(path)


async def publish(station: Station, scenario: Scenario, seed: int) -> None:
    """Publish the simulated park until cancelled; the scenario begins now."""
    await station.ready.wait()
    site, mqtt = station.site, station.options.mqtt
    clock = SystemClock()
    park = SimulatedPark(
        without_canary(site.park), site.force.substances, scenario, seed=seed, start_ns=clock.now_ns()
    )
    await Publisher(park, mqtt.host, mqtt.port, clock).run()
