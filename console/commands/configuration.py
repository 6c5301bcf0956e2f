"""`fenceline check`, `init` and `schema`: a site's configuration, validated, begun and described."""

import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
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
    """Validate configuration and run the rules' own examples; all that is wrong is told in one go."""
    from console.site import failed_examples, load_site
    from console.sitecheck import Mistakes
    from console.watchdog.config import absent_of, load_watchdog

    # What the parts would log about it stands in what is printed.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    where = config_dir(folder)
    names = (
        [park] if park is not None else sorted(found.parent.name for found in where.glob("parks/*/park.yaml"))
    )
    if not names:
        raise ConfigError(f"there is no park in `{where}`", hint="a park is a file parks/NAME/park.yaml")
    mistakes, sites = Mistakes(), []
    for name in names:
        try:
            sites.append(load_site(where, name, os.environ))
        except ConfigError as error:
            mistakes.add(error)
    for site in sites:
        failed = failed_examples(site)
        if failed:
            hint = "mend the rule, or the example where it says too much"
            mistakes.add(ConfigError("\n".join(failed), hint=hint))
            continue
        examples = sum(len(rule.examples) for rule in site.force.rules)
        typer.echo(
            f"park `{site.park.id}`: {len(site.park.sensors)} sensors, {len(site.force.rules)} rules, "
            f"{examples} examples pass"
        )
        for sensor in _unwatched(site.force):
            typer.echo(f"  no rule but silence watches `{sensor}`")
    # Of the site, not of a park: said once.
    for channel, reason in sites[0].absent_channels.items() if sites else ():
        typer.echo(f"channel `{channel}` is left out: {reason}")
    for channel, reason in absent_of(load_watchdog(where), os.environ).items() if sites else ():
        typer.echo(f"the watchdog's channel `{channel}` is left out: {reason}")
    mistakes.raise_if_any()


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
    from rules.kinds.silence import SilenceRule

    tables = compile_tables(force.park.sensors, force.substances, force.rules, duplicate_seconds=0.0)
    watched = {info.sensor for info in tables.infos if not isinstance(info.rule, SilenceRule)}
    substances = {one.id for one in force.substances.substances}
    return [
        sensor.id
        for sensor in force.park.sensors
        if sensor.id not in watched and sensor.quantity in substances
    ]
