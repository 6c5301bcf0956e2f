"""Passwords in, argon2id hashes and verdicts out; which passwords are too weak to be one."""

import secrets
import string
import unicodedata

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from console.web.people.names import name_key

SHORTEST = 10
LONGEST = 256
FEWEST_DIFFERENT = 5
# RFC 9106 section 4, second recommended option: 3 passes over 64 MiB, 4 lanes.
PARAMETERS = RFC_9106_LOW_MEMORY
# A file that asks for more would let one login stop the whole station.
HIGHEST_MEMORY_KIB = 1024 * 1024

# Of ten characters and more, those that stand on every list of stolen passwords, and our own words.
_OBVIOUS = frozenset(
    (
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "123qweasdzxc",
        "zaq12wsxcde3",
        "qazwsxedcrfv",
        "adminadmin",
        "admin12345",
        "admin123456",
        "administrator",
        "administrator1",
        "changeme123",
        "fenceline1",
        "fenceline123",
        "football123",
        "iloveyou123",
        "letmein123",
        "monitor123",
        "operator123",
        "p@ssw0rd123",
        "passw0rd123",
        "password12",
        "password123",
        "password1234",
        "password123456",
        "qwerty12345",
        "qwerty123456",
        "qwertyuiop1",
        "rootroot12",
        "sunshine123",
        "superman123",
        "test123456",
        "welcome123",
        "woaini1314",
        "woaini521521",
        "5201314520",
        "a123456789",
        "aa123456789",
        "abc123456789",
        "q123456789",
        "qq123456789",
        "zxcvbnm123",
    )
)
_ROWS = (
    string.ascii_lowercase,
    string.digits + string.digits,
    "1234567890" * 2,
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
)


class Passwords:
    """Hashes, and tells whether a password is the one behind a hash.

    Args:
        hasher: by default one with the parameters above.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = PasswordHasher.from_parameters(PARAMETERS) if hasher is None else hasher
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        return self._hasher.hash(_normal(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the password; without a stored hash the same work is done, and the answer is no."""
        try:
            self._hasher.verify(self._nobody if stored is None else stored, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def weakness(password: str, name: str) -> str | None:
    """Why it may not be the password of this person; none where it may."""
    plain = _normal(password)
    if len(plain) < SHORTEST:
        return f"the password has {len(plain)} characters; the least is {SHORTEST}"
    if len(plain) > LONGEST:
        return f"the password has {len(plain)} characters; the most is {LONGEST}"
    folded = name_key(plain)
    if len(set(folded)) < FEWEST_DIFFERENT:
        return f"the password is made of fewer than {FEWEST_DIFFERENT} different characters"
    if folded in _OBVIOUS or any(folded in row or folded in row[::-1] for row in _ROWS):
        return "the password is one that everybody tries first"
    rest = folded.replace(name_key(name), "").replace("fenceline", "").strip(string.digits + "!@#._- ")
    if len(rest) < FEWEST_DIFFERENT - 1 and len(rest) < len(folded):
        return "the password is little more than the name, or digits and signs"
    return None


def hash_problem(stored: str) -> str | None:
    """Why this is no hash that can be used; none where it is."""
    try:
        parameters = extract_parameters(stored)
    except InvalidHashError:
        return "is not an argon2id hash"
    if parameters.type is not Type.ID:
        return "is not an argon2id hash"
    if parameters.memory_cost > HIGHEST_MEMORY_KIB:
        return f"asks for more than {HIGHEST_MEMORY_KIB} KiB of memory"
    return None


def _normal(password: str) -> str:
    """The same password typed on another keyboard gives the same characters."""
    return unicodedata.normalize("NFC", password)
