"""The checks between a site's files: rules against the park, routes against channels and park.

In: documents that may have mistakes of their own. Out: their sound parts, and every further mistake noted on
them; what cannot be known since another file is not sound is not said.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from alerts.routes import Recipient, Routes
from fenceline.configfile import ConfigProblems, Document, Problem
from fenceline.errors import ConfigError
from fenceline.park import Park, sensors_written, sound_sensors
from fenceline.substance import Substances
from rules.compile import compile_tables
from rules.config import RuleFile


class Mistakes:
    """What is wrong with several files, told in one go."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._errors: list[ConfigError] = []

    def add(self, error: ConfigError) -> None:
        """An error of one of them."""
        if isinstance(error, ConfigProblems):
            self._problems += error.problems
        else:
            self._errors.append(error)

    def note(self, problems: Sequence[Problem]) -> None:
        """What stands noted on a document, once all checks were made."""
        self._problems += problems

    def raise_if_any(self) -> None:
        """
        Raises:
            ConfigError: all of it, each mistake once.
        """
        if not self._errors:
            if self._problems:
                raise ConfigProblems(list(dict.fromkeys(self._problems)))
            return
        if len(self._errors) == 1 and not self._problems:
            raise self._errors[0]
        lines = [f"{one.message}  hint: {one.hint}" if one.hint else one.message for one in self._errors]
        if self._problems:
            lines.append(ConfigProblems(list(dict.fromkeys(self._problems))).message)
        raise ConfigError("\n".join(dict.fromkeys(lines)))


@dataclass(frozen=True, slots=True)
class Channels:
    """What the routes may name.

    Args:
        usable: those that are configured; none where that is not known.
    """

    named: Collection[str]
    usable: Collection[str] | None


def check_rules(
    documents: Sequence[Document[RuleFile]], park: Document[Park] | None, substances: Substances | None
) -> None:
    """Note what in the rule files does not fit the park, or another rule file."""
    seen: dict[str, str] = {}
    sensors = () if park is None else sound_sensors(park)
    for document in documents:
        for index, rule in enumerate(document.model.rules):
            if rule.name in seen:
                said = f"the rule `{rule.name}` stands in `{seen[rule.name]}` too"
                document.refuse(("rules", index, "name"), said, "names are unique among all files")
            seen[rule.name] = document.file
            if park is None or substances is None:
                continue
            try:
                compile_tables(sensors, substances, [rule], duplicate_seconds=0.0)
            except ConfigError as error:
                document.refuse(("rules", index), error.message, error.hint)
            for what, names, known in (
                ("owner", rule.watches.owner, set(park.model.owners)),
                ("sensor", rule.watches.sensor, sensors_written(park)),
                ("quantity", rule.watches.quantity, set(substances.by_id)),
            ):
                for name in sorted(set(names) - known):
                    document.refuse(("rules", index, "watches", what), f"there is no {what} `{name}`")


def check_routes(document: Document[Routes], park: Park | None, channels: Channels | None) -> Routes:
    """Note what in the routes does not fit; out come the routes without channels that are not configured."""
    routes = document.model
    recipients = dict(routes.recipients)
    for name, recipient in routes.recipients.items() if channels is not None else ():
        assert channels is not None
        for channel in recipient.channels:
            if channel not in channels.named:
                said = f"there is no channel `{channel}` in channels.yaml"
                hint = f"channels: {', '.join(sorted(channels.named))}"
                document.refuse(("recipients", name, "channels"), said, hint)
        if channels.usable is not None:
            left = _usable(document, name, recipient, channels.usable)
            recipients[name] = recipient.model_copy(update={"channels": left})
    for index, route in enumerate(routes.routes) if park is not None else ():
        assert park is not None
        for owner in route.owner:
            if owner not in park.owners:
                document.refuse(("routes", index, "owner"), f"the park `{park.id}` has no owner `{owner}`")
    return routes.model_copy(update={"recipients": recipients})


def _usable(
    document: Document[Routes], name: str, recipient: Recipient, usable: Collection[str]
) -> tuple[str, ...]:
    left = tuple(channel for channel in recipient.channels if channel in usable)
    if not left:
        said = f"no channel of `{name}` is configured: {', '.join(recipient.channels)}"
        document.refuse(("recipients", name, "channels"), said, "configure one, or add `log` as the last")
    return left
