"""How a long-running command begins: Ctrl-C ends it at once for as long as nothing has been opened yet.

Python would raise KeyboardInterrupt in whatever is being imported then, and some libraries swallow it while
they load: the process went on as if nobody had asked it to stop. Once a role runs it stops in order.
"""

import signal


def interrupt_ends_at_once() -> None:
    """Call first, before anything large is imported."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
