"""Judges what a station leans on: broker, ports, pagers, configuration, and the station itself; pure."""

from console.doctor.facts import (
    BrokerFacts,
    ConfigFacts,
    PagerFacts,
    PortFacts,
    StationFacts,
)
from console.doctor.verdict import Verdict, ok, problem, warning

LEAST_QUEUE = 100_000
LEAST_PACKET_BYTES = 1_000_000
LEAST_SESSION_SECONDS = 24 * 3600
_SEE_CONF = "see deploy/services/mosquitto.conf for the settings Fenceline wants, with their reasons"


def broker(facts: BrokerFacts) -> list[Verdict]:
    """Reachable, by which program, with which window, queue and persistence."""
    found: list[Verdict] = []
    if facts.program is not None:
        found.append(_program(facts.program))
    if facts.problem is not None:
        said = f"`{facts.address}`: {facts.problem}"
        if facts.expected:
            return [
                *found,
                problem("broker", said, facts.hint or "start it, or name another with --mqtt-host"),
            ]
        return [*found, ok("broker", "not running; it starts with the station")]
    found.append(ok("broker", f"`{facts.address}` answers: {facts.version or 'it does not say its version'}"))
    if facts.window is None:
        found.append(
            warning(
                "broker window",
                "could not be tried: the broker lets nobody publish under `fenceline-doctor/`",
                "see that it sends at least 1000 unacknowledged messages to ingest",
            )
        )
    elif facts.window < facts.window_asked:
        found.append(
            problem(
                "broker window",
                f"it sends only {facts.window} messages before the first is acknowledged",
                f"raise `max_inflight_messages`: it bounds the throughput; {_SEE_CONF}",
            )
        )
    else:
        found.append(ok("broker window", f"it sends at least {facts.window} messages unacknowledged"))
    if facts.session_seconds is not None and facts.session_seconds < LEAST_SESSION_SECONDS:
        found.append(
            problem(
                "broker session",
                f"it forgets a session after {facts.session_seconds} s",
                "let sessions last longer than ingest may be away: at least a day",
            )
        )
    if facts.packet_bytes is not None and facts.packet_bytes < LEAST_PACKET_BYTES:
        found.append(
            warning(
                "broker packet size",
                f"it takes messages of up to {facts.packet_bytes} bytes",
                "raise `max_packet_size`: what is larger is refused without Fenceline seeing it",
            )
        )
    found += _settings(facts.settings)
    return found


def _program(program: str) -> Verdict:
    if program == "amqtt":
        return warning(
            "broker program",
            "Mosquitto is not installed; amqtt stands in, which loses what waits when it stops",
            "install Mosquitto: for a demonstration amqtt will do, for a park it will not",
        )
    return ok("broker program", f"`{program}`")


def _settings(settings: dict[str, str] | None) -> list[Verdict]:
    """Of a configuration file that can be seen; a site's own broker keeps its file to itself."""
    if settings is None:
        return [
            warning(
                "broker persistence",
                "a broker of the site's own: its settings cannot be seen from here",
                f"see that it persists sessions and bounds queues on purpose; {_SEE_CONF}",
            )
        ]
    found: list[Verdict] = []
    if settings.get("persistence") == "true":
        every = settings.get("autosave_interval", "1800")
        found.append(ok("broker persistence", f"on, saved every {every} s"))
    else:
        found.append(
            problem(
                "broker persistence",
                "off: a killed broker loses every message it has acknowledged and not delivered",
                f"set `persistence true`; {_SEE_CONF}",
            )
        )
    queue = int(settings.get("max_queued_messages", "1000"))
    if 0 < queue < LEAST_QUEUE:
        found.append(
            problem(
                "broker queue",
                f"it keeps {queue} messages while ingest is away, and drops what comes after",
                f"set `max_queued_messages` to at least {LEAST_QUEUE}; {_SEE_CONF}",
            )
        )
    else:
        found.append(
            ok("broker queue", "without a bound" if queue == 0 else f"{queue} messages wait at most")
        )
    if settings.get("retain_available", "true") != "true":
        found.append(
            warning(
                "broker retained",
                "retained messages are off",
                "devices that retain their last value are refused",
            )
        )
    return found


def ports(facts: tuple[PortFacts, ...]) -> list[Verdict]:
    """Whether a station here could open its ports."""
    return [
        problem(
            f"port {one.port}",
            f"the {one.what}'s port is taken by another program",
            f"stop that program, or choose another with {one.option}",
        )
        if one.taken
        else ok(f"port {one.port}", f"the {one.what}'s port is free or our own")
        for one in facts
    ]


def pagers(facts: PagerFacts) -> list[Verdict]:
    """Whether a page can wake somebody."""
    found: list[Verdict] = []
    loud = sorted(name for name, kind in facts.channels.items() if kind != "log")
    if loud:
        found.append(ok("channels", f"configured: {', '.join(loud)}"))
    else:
        found.append(
            problem(
                "channels",
                "no channel but the log is configured: a page wakes nobody",
                "set the address of a channel, see docs/guides/channels.md; try it with --send-test",
            )
        )
    if facts.absent:
        left_out = "; ".join(f"`{name}`: {why}" for name, why in sorted(facts.absent.items()))
        found.append(warning("channels left out", left_out, "set them, or take them out of channels.yaml"))
    quiet = sorted(
        name
        for name, channels in facts.recipients.items()
        if all(facts.channels.get(channel) == "log" for channel in channels)
    )
    if quiet and loud:
        found.append(
            warning(
                "recipients",
                f"reached by the log alone: {', '.join(quiet)}",
                "give them a channel in routes.yaml, unless they sit before the screen",
            )
        )
    for name, (delivered, detail) in sorted(facts.tested.items()):
        said = f"the test page: {detail or 'taken'}"
        if delivered:
            found.append(ok(f"channel {name}", said))
        else:
            found.append(problem(f"channel {name}", said, "mend its address or the way to it"))
    return found


def config(facts: ConfigFacts) -> list[Verdict]:
    """What `fenceline check` says."""
    if facts.problem is not None:
        return [problem("configuration", facts.problem, facts.hint or f"`fenceline check {facts.folder}`")]
    if facts.failed_examples:
        return [
            problem(
                "configuration",
                f"{len(facts.failed_examples)} examples fail: {facts.failed_examples[0]}",
                f"`fenceline check {facts.folder}` shows them all",
            )
        ]
    said = f"`{facts.folder}`: {facts.sensors} sensors, {facts.rules} rules, their examples pass"
    return [ok("configuration", said)]


def station(facts: StationFacts) -> list[Verdict]:
    """What a running station says of itself."""
    if facts.pid is None:
        return [ok("station", "none runs on this folder")]
    if not facts.answers:
        return [
            problem(
                "station",
                f"process {facts.pid} owns the folder and does not answer on the web",
                "it may be starting; if it goes on, see its log and restart it",
            )
        ]
    found = [
        problem(f"station: {part}", detail, "see its log; the other findings here may say why")
        for part, (ready, detail) in sorted(facts.parts.items())
        if not ready
    ]
    found += [
        problem("account", said, "readings may be lost: keep the data folder and call maintenance")
        for said in facts.contradictions or ()
    ]
    if found:
        return found
    account = "its account balances"
    if facts.contradictions is None:
        account = "its account is shown only to who is logged in"
    return [ok("station", f"process {facts.pid} is ready at {facts.web}, {account}")]
