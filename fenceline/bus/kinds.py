"""Which topic each kind of record stands in; no kind stands in two."""

from fenceline.bus import Topic

KINDS: dict[Topic, tuple[str, ...]] = {
    Topic.JOURNAL: (
        *("epoch", "claim", "tick", "time_set", "in_force"),
        *("action", "attempt", "receipt", "said", "batch"),
    ),
    Topic.DEADLETTER: ("dead_letter",),
    Topic.FINDINGS: ("finding", "extreme", "folded", "gap", "quarantined"),
    Topic.ALERTS: ("alert", "call", "refused", "page"),
}
TOPIC_OF = {kind: topic for topic, kinds in KINDS.items() for kind in kinds}
