"""All facts in, all verdicts out, in the order in which to mend them. Pure."""

from console.doctor import journal, machine, services
from console.doctor.facts import Facts
from console.doctor.verdict import Verdict


def judge(facts: Facts, now_ns: int) -> list[Verdict]:
    """Only what was seen is judged."""
    found: list[Verdict] = []
    if facts.versions is not None:
        found += machine.versions(facts.versions)
    if facts.cache is not None:
        found += machine.cache(facts.cache)
    if facts.memory is not None:
        found += machine.memory(facts.memory)
    if facts.clock is not None:
        found += machine.clock(facts.clock)
    if facts.disk is not None:
        found += machine.disk(facts.disk)
    if facts.config is not None:
        found += services.config(facts.config)
    if facts.broker is not None:
        found += services.broker(facts.broker)
    found += services.ports(facts.ports)
    if facts.pagers is not None:
        found += services.pagers(facts.pagers)
    if facts.journal is not None:
        found += journal.journal(facts.journal, now_ns, facts.station)
    if facts.station is not None:
        found += services.station(facts.station)
    return found
