"""What the ingestor says in the log: one sentence and keys, never more than one line per batch."""

import structlog

_log = structlog.get_logger("ingest")


def claimed(filter_: str, owner: str, term: int) -> None:
    _log.info("This ingestor holds its topic filter.", filter=filter_, owner=owner, term=term)


def connected(broker: str, client_id: str, *, session_present: bool, protocol: str) -> None:
    _log.info(
        "The broker sends what is published.",
        broker=broker,
        client_id=client_id,
        session="kept" if session_present else "new",
        protocol=protocol,
    )


def session_lost(broker: str, client_id: str) -> None:
    _log.warning(
        "The broker no longer has the session; what it held for us is gone.",
        broker=broker,
        client_id=client_id,
        hint="give the broker persistence, and let sessions last longer than ingest may be away",
    )


def refused(broker: str, reason: str, hint: str, wait_seconds: float) -> None:
    _log.warning(
        "The broker cannot be used yet.",
        broker=broker,
        reason=reason,
        hint=hint,
        next_try_seconds=wait_seconds,
    )


def lost(broker: str, reason: str, hint: str) -> None:
    _log.warning("The connection to the broker is gone.", broker=broker, reason=reason, hint=hint)


def rejected(count: int, reasons: dict[str, int], topic: str) -> None:
    _log.warning("Readings went to the dead letters.", count=count, reasons=reasons, first_topic=topic)


def dropped(count: int) -> None:
    _log.error(
        "Messages sent at QoS 0 were dropped: the journal does not take them as fast as they come.",
        count=count,
        hint="publish at QoS 1, so that the broker keeps what cannot be taken yet",
    )


def not_durable(topic: str, reason: str, wait_seconds: float) -> None:
    _log.warning("An append is not known to be durable and is made again.", topic=topic, reason=reason,
                 next_try_seconds=wait_seconds)  # fmt: skip


def journal_full(reason: str) -> None:
    _log.error(
        "The journal has no room: nothing is acknowledged until it has, the broker keeps what comes.",
        reason=reason,
        hint="free space on the disk; ingest goes on by itself",
    )


def journal_goes_on() -> None:
    _log.info("The journal takes records again.")


def outranked(filter_: str, owner: str, term: int, holder: str, holder_term: int) -> None:
    _log.error(
        "Another ingestor holds the topic filter; this one stops.",
        filter=filter_,
        owner=owner,
        term=term,
        holder=holder,
        holder_term=holder_term,
    )


def clock_behind(seconds: float) -> None:
    _log.warning(
        "This machine's clock is behind the journal's time; ticks go on slowly from that time.",
        behind_seconds=round(seconds, 3),
        hint="set the clock; if the journal's time is wrong, set it by hand and restart ingest",
    )


def clock_stepped(seconds: float) -> None:
    _log.warning(
        "The machine's clock was stepped.",
        step_seconds=round(seconds, 3),
        hint="use chrony or another time service that slews",
    )
