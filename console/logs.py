"""How the program logs: one event a line, as JSON or for eyes, to stderr or to a file."""

import logging
import sys
from pathlib import Path
from typing import Literal, TextIO

import structlog
from structlog.typing import Processor

Format = Literal["json", "console"]


def set_up_logs(form: Format, file: Path | None = None) -> None:
    """Send every event to `file`, or to stderr."""
    stream: TextIO = sys.stderr if file is None else file.open("a", encoding="utf-8", buffering=1)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=file is None and sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard library; only what matters is let through.
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
