"""Keys made out of SECRET_KEY, one for each purpose, and what is sealed with them in the database.

Who has the database and not the key reads nothing of it. A SECRET_KEY that was changed opens nothing that was sealed
before: docs/accounts.md says what that means to people.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12  # bytes, NIST SP 800-38D
_keys: dict[str, bytes] = {}
_secret = b""


def configure(secret_key: str) -> None:
    """Called once by the factory."""
    global _secret
    _secret = secret_key.encode()
    _keys.clear()


def key_for(purpose: str) -> bytes:
    """32 bytes (HKDF, RFC 5869), others for each purpose."""
    if purpose not in _keys:
        if not _secret:
            raise RuntimeError("no secret is configured: call app.accounts.seals.configure first")
        _keys[purpose] = HKDF(SHA256(), 32, salt=None, info=f"openlab.{purpose}".encode()).derive(_secret)
    return _keys[purpose]


def marked(purpose: str, value: str) -> str:
    """A keyed digest: the same for the same value, and to be found by trying for nobody without the key."""
    return hmac.new(key_for(purpose), value.encode(), hashlib.sha256).hexdigest()


def sealed(purpose: str, value: str, owner: str) -> str:
    """`value` as it may lie in a table (AES-256-GCM); a seal that is moved to another owner does not open."""
    nonce = os.urandom(_NONCE)
    box = AESGCM(key_for(purpose)).encrypt(nonce, value.encode(), owner.encode())
    return base64.b64encode(nonce + box).decode()


def opened(purpose: str, seal: str, owner: str) -> str | None:
    """What was sealed; None when it was sealed with another key, for another owner, or was changed."""
    raw = base64.b64decode(seal)
    try:
        return AESGCM(key_for(purpose)).decrypt(raw[:_NONCE], raw[_NONCE:], owner.encode()).decode()
    except InvalidTag:
        return None
