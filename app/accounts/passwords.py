"""Passwords: argon2id, on a native thread so that people who type are not kept waiting by it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
# RFC 9106, second recommended option: 64 MiB, three passes, four lanes.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
_COMMON = ("password", "motdepasse", "azerty", "qwerty", "123456", "nouvellecaledonie", "bienvenue", "soleil")
T = TypeVar("T")
_decoy = ""


def _off_the_loop(work: Callable[[], T]) -> T:
    import gevent
    from gevent import monkey

    if monkey.is_module_patched("threading"):
        return gevent.get_hub().threadpool.apply(work)  # type: ignore[no-any-return]
    return work()


def hashed(password: str) -> str:
    return _off_the_loop(lambda: _hasher.hash(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`. Takes as long when there is no such account."""
    global _decoy
    if stored is None:
        _decoy = _decoy or hashed("a password nobody has")
    against = stored or _decoy

    def verify() -> bool:
        try:
            return _hasher.verify(against, password)
        except (VerificationError, InvalidHashError):
            return False

    return _off_the_loop(verify) and stored is not None


def weakness(password: str) -> str | None:
    """A code saying why a new password is refused, or None."""
    if len(password) < MIN_LENGTH:
        return "too_short"
    folded = "".join(character for character in password.lower() if character.isalnum())
    if len(set(folded)) < 5 or any(folded.rstrip("0123456789") == common for common in _COMMON):
        return "too_common"
    return None


def digest(value: str) -> str:
    """SHA-256 of a token or an account name: enough for random tokens, and no name is stored for failures."""
    return hashlib.sha256(value.encode()).hexdigest()
