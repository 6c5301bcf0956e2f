"""The fold of alerts as a whole: ids that repeat, actions that repeat, a storm."""

import pytest

from alerts import engine as engine_module
from fenceline.alert import ActionRefused
from fenceline.vocabulary import Condition, Level
from tests.alerts.decisions import SECOND, START_NS, Park, alerts, facts, pages, said

MICROSECOND = 1_000


def ended(park: Park) -> str:
    """End the only open alert; its id."""
    name = park.alert.id
    park.acknowledge(name, park.alert.revision)
    park.false()
    return name


@pytest.mark.parametrize(
    ("offsets_ns", "tails"),
    [
        ([0, 0, 0], ["000000.000z", "000000.000z.1", "000000.000z.2"]),
        ([0, 300 * MICROSECOND, 1000 * MICROSECOND], ["000000.000z", "000000.000z.1", "000000.001z"]),
        ([0, SECOND, 0, SECOND], ["000000.000z", "000001.000z", "000000.000z.1", "000001.000z.2"]),
    ],
    ids=["the same onset", "within a millisecond", "log time put back"],
)
def test_no_two_alerts_have_one_id(offsets_ns: list[int], tails: list[str]) -> None:
    """An id shows the onset to the millisecond; where that repeats, an ordinal follows."""
    park = Park()
    found = []

    for offset_ns in offsets_ns:
        park.true(since_ns=START_NS + offset_ns)
        found.append(ended(park))
        park = park.restarted()

    assert [f"high.e01-h2s-1.20260101t{tail}" for tail in tails] == found


def test_rules_on_one_sensor_have_alerts_of_their_own() -> None:
    """A finding of one rule says nothing of another's alert."""
    park = Park()
    park.true()
    park.true(rule="other")
    park.false(rule="other")

    assert [("high", Condition.TRUE), ("other", Condition.FALSE)] == [
        (alert.rule, alert.condition) for alert in park.engine.open
    ]
    assert 1 == said(park.ledger).count("due desk")


def test_one_action_id_is_one_action() -> None:
    """A retried append is not a second acknowledgement, nor a second refusal."""
    park = Park()
    park.true()

    first = park.acknowledge(park.alert.id, 1, action="x")
    again = park.acknowledge(park.alert.id, 1, action="x")
    refused = park.acknowledge(park.alert.id, 1, action="y")
    refused_again = park.acknowledge(park.alert.id, 1, action="y")

    assert ["acknowledged", "closed cancelled desk"] == said(first)
    assert ("张伟", "x") == (alerts(first)[0].by, alerts(first)[0].action)
    assert ["refused already_acknowledged"] == said(refused)
    assert [] == again == refused_again


def test_of_two_acknowledgements_the_first_wins() -> None:
    """The second is refused, recorded with its name, and changes nothing."""
    park = Park()
    park.true()
    park.acknowledge(park.alert.id, 1, by="张伟")

    (record,) = park.acknowledge(park.alert.id, 1, by="李娜")

    assert isinstance(record, ActionRefused)
    assert ("李娜", "already_acknowledged") == (record.by, record.reason)
    assert ("张伟", 2) == (park.alert.acknowledged_by, park.alert.revision)


@pytest.mark.parametrize("by", ["", "  ", "\t"])
def test_nobody_acknowledges_without_a_name(by: str) -> None:
    """Refused, whatever way it came into the journal."""
    park = Park()
    park.true()

    assert ["refused no_name"] == said(park.acknowledge(park.alert.id, 1, by=by))
    assert park.alert.acknowledged_by is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest ended alerts are forgotten, so an action on one is refused under another word."""
    monkeypatch.setattr(engine_module, "REMEMBERED", 2)
    park = Park()
    names = []
    for _ in range(3):
        park.tick()
        park.true()
        names.append(ended(park))

    found = [said(park.acknowledge(name, 1)) for name in names]

    assert [["refused unknown_alert"], ["refused ended"], ["refused ended"]] == found


def test_findings_and_ticks_before_anything_is_in_force_do_nothing() -> None:
    """An engine without routes has nobody to page and nothing to say."""
    engine = engine_module.AlertEngine()

    assert [] == engine.open
    assert [] == engine.findings([], 0)


def test_a_dump_stands_apart_from_the_engine() -> None:
    """What is dumped does not change when the engine goes on."""
    park = Park()
    park.true("e01-h2s-1")
    dump = park.engine.dump()
    before = repr(dump)

    park.true("e01-h2s-2")
    park.acknowledge(park.engine.open[0].id, 1)
    park.tick()

    assert before == repr(dump)


def test_a_storm_pages_once_per_enterprise_and_substance() -> None:
    """10,000 alarms at once: 60 calls with a page each, none lost, and no page is written again for each."""
    quantities = ("h2s", "cl2", "nh3", "so2", "lel")
    park = Park(facts(12, quantities, each=167))
    subjects = [subject for subject in park.facts.sensors if subject.startswith("e")][:10_000]

    for number, subject in enumerate(subjects):
        park.true(subject, (Level.BLUE, Level.YELLOW)[number % 2])
    park.tick()

    raised = [one for one in alerts(park.ledger) if one.change == "raised"]
    due = [one.page for one in pages(park.ledger) if one.change == "due"]
    assert 10_000 == len(raised) == len(park.engine.open)
    assert (
        60
        == len({page.call for page in due})
        == len({alert.call and alert.call.id for alert in park.engine.open})
    )
    newest = {one.page.id: one.page for one in pages(park.ledger)}
    assert {one.alert.id for one in raised} == {
        name for page in newest.values() for name in page.alerts if page.state == "due"
    }
    assert len(pages(park.ledger)) <= 60 * 4  # due, updated by the higher level, updated at the tick
