"""The errors people read. Each names the input in backticks and ends with a way out.

FencelineError
├── ConfigError          a file or a value a person wrote
├── WireError            bytes that are not a record of ours
├── BusError             the journal or a derived topic
│   ├── HeadCut          asked for records that were cut away
│   ├── PositionMismatch the log is not the one this position was taken in
│   ├── NotDurable       an append that is not known to be recorded
│   └── JournalFull      no room on the disk: taking in stops until there is
└── ServiceError         a port, a broker, a disk, a missing part
"""


class FencelineError(Exception):
    """A sentence that names what is wrong, and a `hint` that says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class ConfigError(FencelineError):
    """A configuration that cannot be used as it stands."""


class WireError(FencelineError):
    """Bytes that do not decode to the record they claim to be."""


class BusError(FencelineError):
    """The bus cannot do what was asked."""


class HeadCut(BusError):
    """Records before `head` were cut away; reading must start from a snapshot."""

    def __init__(self, topic: str, asked: int, head: int) -> None:
        super().__init__(
            f"`{topic}` no longer holds offset {asked}: its head is {head}",
            hint="start from the newest verified snapshot",
        )
        self.asked = asked
        self.head = head


class PositionMismatch(BusError):
    """A position names a record that this log does not hold."""


class NotDurable(BusError):
    """An append that is not known to be recorded; the same records may be appended again."""


class JournalFull(NotDurable):
    """The disk is full: nothing was recorded."""


class ServiceError(FencelineError):
    """A part of the machine or a server that is needed and not there."""
