"""The kinds' own docstrings in, the page docs/reference/kinds.md out: `python -m rules.pages` writes it."""

from importlib import import_module
from pathlib import Path

from rules.registry import NAMES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "kinds.md"
HEAD = """# The kinds of rules

What each kind watches, and what to do when it alarms. Written from rules/kinds by `python -m rules.pages`;
what all kinds have in common stands in [rules.md](rules.md).
"""


def kinds_page() -> str:
    """Each kind's module docstring under its word."""
    parts = [HEAD]
    for name in NAMES:
        text = import_module(f"rules.kinds.{name}").__doc__ or ""
        parts.append(f"## {name}\n\n{text.strip()}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(kinds_page(), "utf-8")
