"""A person's name: what may be one, and when two are the same."""

import unicodedata

from fenceline.errors import ServiceError

NAME_LENGTH = 80
# Controls, invisible formatting (a name must not turn round what stands beside it), half
# characters, line and paragraph ends.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def readable_name(name: str, *, what: str = "name") -> str:
    """
    The name as it is recorded.

    Raises:
        ServiceError: it is empty, too long or holds characters that cannot be read.
    """
    stripped = unicodedata.normalize("NFC", name).strip()
    if not stripped or len(stripped) > NAME_LENGTH:
        raise ServiceError(
            f"`{what}` has {len(stripped)} characters; it must have 1 to {NAME_LENGTH}",
            hint="give the name of the person who acts",
        )
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in stripped):
        raise ServiceError(f"`{what}` holds characters that cannot be seen", hint="type the name by hand")
    return stripped


def name_key(name: str) -> str:
    """Equal for names that people would take for the same: width, case and composition do not count."""
    folded = unicodedata.normalize("NFKC", name).strip().casefold()
    return unicodedata.normalize("NFKC", folded)
