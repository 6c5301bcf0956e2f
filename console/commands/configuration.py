"""`fenceline check`, `init` and `schema`: a site's configuration, validated, begun and described."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from fenceline.configdir import config_dir, sample_config_dir
from fenceline.errors import ConfigError, ServiceError

if TYPE_CHECKING:
    from console.inforce import InForceSet

Folder = Annotated[Path | None, typer.Argument(help="Configuration folder; by default the one in use.")]


def check(
    folder: Folder = None, park: Annotated[str | None, typer.Option(help="Only this park.")] = None
) -> None:
    """Validate configuration and run the rules' own examples."""
    from console.site import failed_examples, load_site

    where = config_dir(folder)
    names = (
        [park] if park is not None else sorted(found.parent.name for found in where.glob("parks/*/park.yaml"))
    )
    if not names:
        raise ConfigError(f"there is no park in `{where}`", hint="a park is a file parks/NAME/park.yaml")
    for name in names:
        site = load_site(where, name, os.environ)
        failed = failed_examples(site)
        if failed:
            raise ConfigError("\n".join(failed), hint="mend the rule, or the example where it says too much")
        examples = sum(len(rule.examples) for rule in site.force.rules)
        typer.echo(
            f"park `{name}`: {len(site.park.sensors)} sensors, {len(site.force.rules)} rules, "
            f"{examples} examples pass"
        )
        for channel, reason in site.absent_channels.items():
            typer.echo(f"  channel `{channel}` is left out: {reason}")
        for sensor in _unwatched(site.force):
            typer.echo(f"  no rule but silence watches `{sensor}`")


def init(folder: Annotated[Path, typer.Argument(help="Where the configuration is written.")]) -> None:
    """Write a configuration to start from: the demonstration park, rules, routes, substances."""
    if folder.exists() and any(folder.iterdir()):
        raise ServiceError(f"`{folder}` is not empty", hint="name a new folder; nothing was written")
    shutil.copytree(sample_config_dir(), folder, dirs_exist_ok=True)
    park = folder / "parks" / "demo" / "park.yaml"
    text = park.read_text(encoding="utf-8")
    # What a site begins with is no drill: its pages must not be taken for one.
    park.write_text(text.replace("simulated: true", "simulated: false", 1), encoding="utf-8")
    typer.echo(f"written to {folder}; its pages are real ones (`simulated: false`)")
    typer.echo(f"next: edit {folder / 'parks' / 'demo' / 'park.yaml'}, then `fenceline check {folder}`,")
    typer.echo(f"then `fenceline up --config {folder}`")


def schema(folder: Folder = None) -> None:
    """Write the JSON Schemas of every configuration file."""
    from fenceline.schema import write_schemas

    folder = config_dir(None) / "schema" if folder is None else folder

    write_schemas(folder, all_schemas())
    typer.echo(f"{len(all_schemas())} schemas written to {folder}")


def all_schemas() -> dict[str, type[BaseModel]]:
    """File name → model, of every file a site edits."""
    from alerts.channels.config import ChannelsConfig
    from alerts.routes import Routes
    from console.watchdog.config import WatchdogConfig
    from fenceline.schema import FLOOR_SCHEMAS
    from rules.config import RuleFile, Timing
    from simulators.scenario import Scenario

    return {
        **FLOOR_SCHEMAS,
        "rules.json": RuleFile,
        "timing.json": Timing,
        "routes.json": Routes,
        "channels.json": ChannelsConfig,
        "watchdog.json": WatchdogConfig,
        "scenario.json": Scenario,
    }


def _unwatched(force: "InForceSet") -> list[str]:
    """Sensors that only a silence rule watches, weather aside."""
    from rules.compile import compile_tables
    from rules.config import SilenceRule

    tables = compile_tables(force.park.sensors, force.substances, force.rules, duplicate_seconds=0.0)
    watched = {info.sensor for info in tables.infos if not isinstance(info.rule, SilenceRule)}
    substances = {one.id for one in force.substances.substances}
    return [
        sensor.id
        for sensor in force.park.sensors
        if sensor.id not in watched and sensor.quantity in substances
    ]
