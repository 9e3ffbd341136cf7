"""The instance's private key inside a backup: under a passphrase, and only when somebody asked for it.

Who has this key seals in the portal's name. So it is encrypted by itself: AES-256-GCM under a key that scrypt makes of
the passphrase.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

# OWASP's first choice for scrypt (Password Storage Cheat Sheet): 128 MiB and some tenths of a second for each guess.
# They belong to the format and are never read from a file, which could ask for all the memory there is.
_N, _R, _P = 2**17, 8, 1
_FORMAT = b"openlab-backup-keys-1"
SHORTEST = 12


class WrongPassphrase(Exception):
    """The passphrase does not open the keys of this backup."""


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase.encode())


def seal(content: bytes, passphrase: str) -> bytes:
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, content, _FORMAT)
    parts = {"salt": salt, "nonce": nonce, "sealed": sealed}
    told = {name: b64encode(part).decode() for name, part in parts.items()}
    return json.dumps({"format": _FORMAT.decode(), **told}, indent=1).encode() + b"\n"


def open_sealed(content: bytes, passphrase: str) -> bytes:
    """Raises WrongPassphrase, for a sealed file that was changed as well."""
    try:
        told = json.loads(content)
        salt, nonce, sealed = (b64decode(told[name], validate=True) for name in ("salt", "nonce", "sealed"))
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, _FORMAT)
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise WrongPassphrase from error
