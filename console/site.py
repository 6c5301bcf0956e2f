"""A site's configuration folder in; what is put in force and the channels out, or every mistake at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alerts.channels.channel import Channel
from alerts.channels.config import ChannelsConfig
from alerts.channels.registry import build_channels
from alerts.routes import Recipient, Routes
from console.canned import fingerprint
from console.inforce import Build, InForceSet
from console.version import VERSION
from console.watchdog.config import channels_of, load_watchdog
from fenceline.configfile import ConfigProblems, Document, Problem, load, load_document
from fenceline.errors import ConfigError
from fenceline.park import Park, load_park
from fenceline.substance import Substances, load_substances
from rules.compile import compile_tables
from rules.config import Rule, RuleFile, Timing
from rules.examples import run_examples


@dataclass(frozen=True, slots=True)
class Site:
    """What a site runs on."""

    folder: Path
    force: InForceSet
    channels: dict[str, Channel]
    absent_channels: dict[str, str]

    @property
    def park(self) -> Park:
        return self.force.park


def load_site(folder: Path, park_name: str, environ: Mapping[str, str]) -> Site:
    """Read and cross-check a configuration folder. Touches no network.

    Raises:
        ConfigError: every mistake that was found, each with file and line.
    """
    substances = load_substances(folder / "substances.yaml")
    park = load_park(park_file(folder, park_name), substances)
    rules = load_rules(folder, park, substances)
    timing = load(folder / "timing.yaml", Timing)
    channels, absent = build_channels(load(folder / "channels.yaml", ChannelsConfig), environ)
    routes = load_routes(folder / "routes.yaml", park, {*channels, *absent}, set(channels))
    channels_of(load_watchdog(folder), environ)  # for its mistakes: the watchdog makes its own
    build = Build(version=VERSION, fingerprint=fingerprint(substances))
    force = InForceSet(park, substances, rules, routes, timing, build)
    return Site(folder, force, channels, absent)


def park_file(folder: Path, park_name: str) -> Path:
    """Where a park's file is.

    Raises:
        ConfigError: there is none of this name; the hint lists those there are.
    """
    path = folder / "parks" / park_name / "park.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.parent.name for found in folder.glob("parks/*/park.yaml"))) or "none"
        raise ConfigError(f"there is no park `{park_name}` in `{folder}`", hint=f"parks here: {known}")
    return path


def load_rules(folder: Path, park: Park, substances: Substances) -> tuple[Rule, ...]:
    """All rule files, cross-checked against the park.

    Raises:
        ConfigError: every mistake of every file.
    """
    files = sorted((folder / "rules").glob("*.yaml"))
    documents: list[Document[RuleFile]] = []
    problems: list[Problem] = []
    for file in files:
        try:
            documents.append(load_document(file, RuleFile))
        except ConfigProblems as error:
            problems += error.problems
    seen: dict[str, str] = {}
    for document in documents:
        for index, rule in enumerate(document.model.rules):
            if rule.name in seen:
                said = f"the rule `{rule.name}` stands in `{seen[rule.name]}` too"
                document.refuse(("rules", index, "name"), said, "names are unique among all files")
            seen[rule.name] = document.file
            try:
                compile_tables(park.sensors, substances, [rule], duplicate_seconds=0.0)
            except ConfigError as error:
                document.refuse(("rules", index), error.message, error.hint)
            for what, names, known in (
                ("owner", rule.watches.owner, set(park.owners)),
                ("sensor", rule.watches.sensor, set(park.sensor_by_id)),
                ("quantity", rule.watches.quantity, set(substances.by_id)),
            ):
                for name in sorted(set(names) - known):
                    document.refuse(("rules", index, "watches", what), f"there is no {what} `{name}`")
        problems += document.problems
    if problems:
        raise ConfigProblems(problems)
    return tuple(rule for document in documents for rule in document.model.rules)


def load_routes(path: Path, park: Park, named: set[str], usable: set[str]) -> Routes:
    """The routes, with the channels that are not configured left out.

    Raises:
        ConfigError: a channel or an owner that does not exist, or a recipient left without any channel.
    """
    document = load_document(path, Routes)
    routes = document.model
    recipients: dict[str, Recipient] = {}
    for name, recipient in routes.recipients.items():
        for channel in recipient.channels:
            if channel not in named:
                said = f"there is no channel `{channel}` in channels.yaml"
                document.refuse(
                    ("recipients", name, "channels"), said, f"channels: {', '.join(sorted(named))}"
                )
        left = tuple(channel for channel in recipient.channels if channel in usable)
        if not left:
            said = f"no channel of `{name}` is configured: {', '.join(recipient.channels)}"
            document.refuse(("recipients", name, "channels"), said, "configure one, or add `log` as the last")
            continue
        recipients[name] = recipient.model_copy(update={"channels": left})
    for index, route in enumerate(routes.routes):
        for owner in route.owner:
            if owner not in park.owners:
                document.refuse(("routes", index, "owner"), f"the park `{park.id}` has no owner `{owner}`")
    document.raise_if_refused()
    return routes.model_copy(update={"recipients": recipients})


def failed_examples(site: Site) -> list[str]:
    """Every example of every rule that does not show what it says."""
    return [
        str(failure) for rule in site.force.rules for failure in run_examples(rule, site.force.substances)
    ]
