"""Passwords: argon2id, on a native thread so that people who type are not kept waiting by it."""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Unavailable
from app.extensions import gettext as _

MIN_LENGTH = 12
LONGEST = 1024
# RFC 9106, second recommended option: 64 MiB, three passes, four lanes.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
# What is counted when nobody has that account: a digest like any other (of words nobody keeps), so that it costs the same.
DECOY = "$argon2id$v=19$m=65536,t=3,p=4$V4AWhOwvwD8XsMEHj/hzEQ$aHlTwPyQawX/6z0CtGP6WEQoALSjF27M4QwohzpUpZY"
# So many are counted at once, 64 MiB each, and so many wait for their turn; a flood beyond that is sent away. At some
# 50 ms each the last of them has waited a second.
AT_ONCE = 4
MOST_WAITING = 40
T = TypeVar("T")
_turns = threading.BoundedSemaphore(AT_ONCE)
_waiting = 0

# What people choose in a hurry, here: the heads of public lists of leaked passwords (in French and English), the keyboard,
# the territory, and what this portal is called. One made of such words, years and a sign is none.
_COMMON = (
    "administrateur", "administration", "administrator", "azertyuiop", "qwertyuiop", "qsdfghjklm", "wxcvbn", "motdepasse",
    "nouvellecaledonie", "newcaledonia", "motdepass", "mdp", "password", "passwd", "passw", "azerty", "qwerty", "asdfgh", "zxcvbn",
    "bienvenue", "welcome", "bonjour", "soleil", "sunshine", "iloveyou", "jetaime", "jtm", "letmein", "entrer", "dragon",
    "monkey", "football", "baseball", "superman", "batman", "starwars", "princesse", "princess", "doudou", "loulou",
    "chouchou", "nounours", "marseille", "caledonie", "caledonia", "noumea", "kanaky", "kagou", "cagou", "caldoche",
    "tahiti", "province", "mairie", "gouvernement", "gouv", "openlab", "connexion", "changeme", "changezmoi", "changer",
    "provisoire", "temporaire", "secret", "admin", "agent", "test", "demo", "user", "root", "janvier", "fevrier", "mars", "avril",
    "juillet", "aout", "septembre", "octobre", "novembre", "decembre", "hello", "master", "shadow", "michael", "nicolas",
)  # fmt: skip
# Letters that are written as signs.
_DISGUISED = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "€": "e", "!": "i"}
)
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "azertyuiop",
    "qwertyuiop",
    "qsdfghjklm",
    "asdfghjkl",
    "wxcvbn",
    "zxcvbnm",
    "01234567890",
)
# So much has to be left of it, and so many different signs.
_ITS_OWN = 4


def _off_the_loop(work: Callable[[], T]) -> T:
    import gevent
    from gevent import monkey

    if monkey.is_module_patched("threading"):
        return gevent.get_hub().threadpool.apply(work)  # type: ignore[no-any-return]
    return work()


def _in_turn(work: Callable[[], T]) -> T:
    """Raises Unavailable when too many wait already."""
    global _waiting
    if _waiting >= MOST_WAITING:
        raise Unavailable(
            _("Beaucoup de personnes se connectent en ce moment. Réessayez dans un instant."), retry_after=2
        )
    _waiting += 1
    try:
        with _turns:
            return _off_the_loop(work)
    finally:
        _waiting -= 1


def hashed(password: str) -> str:
    """To be called outside a transaction: it takes tens of milliseconds on another thread. Raises Unavailable."""
    return _in_turn(lambda: _hasher.hash(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`. Takes as long when there is no such account. Raises Unavailable."""

    def verify() -> bool:
        try:
            return _hasher.verify(stored or DECOY, password)
        except (VerificationError, InvalidHashError):
            return False

    return _in_turn(verify) and stored is not None


def weakness(password: str, *about: str) -> str | None:
    """A code saying why a new password is refused, or None. `about`: words that others know of the person."""
    if len(password) < MIN_LENGTH:
        return "too_short"
    # Years first: their numbers are no letters in disguise.
    plain = re.sub(r"(19|20)\d\d", "", _bare(password.lower()))
    known = {word for said in about for word in re.split(r"[\W_]+", _bare(said.lower())) if len(word) > 2}
    for reading in (_letters(plain), _letters(plain.translate(_DISGUISED))):
        rest = reading
        for word in sorted({*_COMMON, *known}, key=len, reverse=True):
            rest = rest.replace(word, "")
        rest = _without_runs(rest)
        if len(rest) < _ITS_OWN or len(set(rest)) < _ITS_OWN or _repeats(reading):
            return "too_common"
    return None


def _bare(words: str) -> str:
    """Without accents."""
    return "".join(one for one in unicodedata.normalize("NFKD", words) if not unicodedata.combining(one))


def _letters(words: str) -> str:
    return "".join(one for one in words if one.isalnum())


def _without_runs(word: str) -> str:
    """A word without what goes along a row of keys, the alphabet or the numbers, in either direction."""
    kept, at = [], 0
    while at < len(word):
        length = next((n for n in range(len(word) - at, 2, -1) if _is_run(word[at : at + n])), 0)
        if not length:
            kept.append(word[at])
        at += length or 1
    return "".join(kept)


def _is_run(part: str) -> bool:
    return any(part in row or part[::-1] in row for row in _ROWS)


def _repeats(word: str) -> bool:
    """Whether it is one short piece again and again."""
    return any(
        (word[:size] * len(word))[: len(word)] == word for size in range(1, min(6, len(word) // 2) + 1)
    )


def digest(value: str) -> str:
    """SHA-256 of a token or an account name: enough for random tokens, and no name is stored for failures."""
    return hashlib.sha256(value.encode()).hexdigest()
