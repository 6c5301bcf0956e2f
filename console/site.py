"""A site's configuration folder in; what is put in force and the channels out, or every mistake at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from alerts.channels.channel import Channel
from alerts.channels.config import ChannelsConfig
from alerts.channels.registry import build_channels
from alerts.routes import Routes
from console.canned import fingerprint
from console.inforce import Build, InForceSet
from console.sitecheck import Channels, Mistakes, check_routes, check_rules
from console.version import VERSION
from console.watchdog.config import channels_of, load_watchdog
from fenceline.configfile import Document, examine_document
from fenceline.errors import ConfigError
from fenceline.park import Park, read_park
from fenceline.substance import Substances, read_substances
from rules.config import RuleFile, Timing
from rules.examples import run_examples

RULES, CHANNELS = {("rules", "*")}, {("channels", "*")}  # one that is wrong leaves the others as they are
ModelT = TypeVar("ModelT", bound=BaseModel)


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
    path, mistakes = park_file(folder, park_name), Mistakes()
    substances = _examined(lambda: read_substances(folder / "substances.yaml"), mistakes)
    table = None if substances is None or _misleads(substances) else substances.model
    park = _examined(lambda: read_park(path, table), mistakes)
    rules = [
        document
        for file in sorted((folder / "rules").glob("*.yaml"))
        if (document := _examined(partial(examine_document, file, RuleFile, items=RULES), mistakes))
    ]
    check_rules(rules, park, table)
    timing = _examined(lambda: examine_document(folder / "timing.yaml", Timing), mistakes)
    listed = _examined(
        lambda: examine_document(folder / "channels.yaml", ChannelsConfig, items=CHANNELS), mistakes
    )
    built = None if listed is None else _built(listed, environ, mistakes)
    routes = _examined(lambda: examine_document(folder / "routes.yaml", Routes), mistakes)
    usable = None
    if routes is not None:
        usable = check_routes(
            routes,
            None if park is None else park.model,
            None if listed is None else _named(listed, built),
        )
    try:
        channels_of(load_watchdog(folder), environ)  # for its mistakes: the watchdog makes its own
    except ConfigError as error:
        mistakes.add(error)
    for document in rules:
        mistakes.note(document.problems)
    for one in (substances, park, timing, listed, routes):
        mistakes.note(() if one is None else one.problems)
    mistakes.raise_if_any()
    assert substances is not None
    assert park is not None
    assert timing is not None
    assert built is not None
    assert usable is not None
    build = Build(version=VERSION, fingerprint=fingerprint(substances.model))
    laws = tuple(rule for document in rules for rule in document.model.rules)
    force = InForceSet(park.model, substances.model, laws, usable, timing.model, build)
    return Site(folder, force, *built)


def _examined(read: Callable[[], Document[ModelT]], mistakes: Mistakes) -> Document[ModelT] | None:
    """A file as far as it is sound; none where nothing is."""
    try:
        return read()
    except ConfigError as error:
        mistakes.add(error)
        return None


def _misleads(document: Document[Substances]) -> bool:
    """Whether what is wrong with it would show as mistakes of the files that lean on it."""
    return any(not problem.message.startswith("unknown key") for problem in document.problems)


def _built(
    listed: Document[ChannelsConfig], environ: Mapping[str, str], mistakes: Mistakes
) -> tuple[dict[str, Channel], dict[str, str]] | None:
    try:
        return build_channels(listed.model, environ)
    except ConfigError as error:
        mistakes.add(error)
        return None


def _named(
    listed: Document[ChannelsConfig], built: tuple[dict[str, Channel], dict[str, str]] | None
) -> Channels:
    written = listed.whole.children.get("channels")
    named = set() if written is None else {str(name) for name in written.children}
    return Channels(named, None if built is None or listed.partial else set(built[0]))


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


def failed_examples(site: Site) -> list[str]:
    """Every example of every rule that does not show what it says."""
    return [
        str(failure) for rule in site.force.rules for failure in run_examples(rule, site.force.substances)
    ]
