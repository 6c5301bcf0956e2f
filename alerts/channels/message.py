"""A page in, the message out that a channel sends; what is simulated says so in its first words."""

from alerts.channels.channel import Message
from fenceline.alert import Page

MARK_ZH = "【演练】"
MARK_EN = "[SIMULATED]"
MARK = "【演练】SIMULATED"


def message_of(page: Page, attempt: int, link_base: str) -> Message:
    """The newest text of `page` as its attempt number `attempt` sends it."""
    zh, en = page.text.get("zh", ()), page.text.get("en", ())
    first = (zh or en or (page.id,))[0]
    if page.simulated:
        first = f"{MARK} {_bare(first)}"
        zh, en = _marked(zh, MARK_ZH), _marked(en, f"{MARK_EN} ")
    return Message(
        page=page.id,
        number=page.number,
        attempt=attempt,
        revision=page.revision,
        alerts=page.alerts,
        recipient=page.recipient,
        recipient_name=page.recipient_name,
        level=page.level,
        tier=page.tier,
        simulated=page.simulated,
        title=first,
        zh=zh,
        en=en,
        link=f"{link_base.rstrip('/')}/{page.link.lstrip('/')}",
        due_ns=page.due_ns,
        expires_ns=page.expires_ns,
    )


def _marked(lines: tuple[str, ...], mark: str) -> tuple[str, ...]:
    return (f"{mark}{_bare(lines[0])}", *lines[1:]) if lines else lines


def _bare(line: str) -> str:
    """The line without a mark before it, so that none stands twice."""
    for mark in (MARK, MARK_ZH, MARK_EN):
        line = line.removeprefix(mark)
    return line.strip()
