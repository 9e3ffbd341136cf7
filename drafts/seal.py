"""The instance's own Ed25519 key, with which it seals what people decided.

The key lives in DATA_DIR/keys, readable by the server's user alone, made at the first need. Its public half
stands beside it under its id, and stays there when the key is changed (`rotate`), so that old seals can be
verified; the old key seals the new one, so that who trusts the one has a reason to trust the other.
The software claims no legal value of its own for these seals: a qualified signature service would be plugged in
behind `sign` and `verify`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app import clock
from drafts.trusted_keys import Succession, is_sealed

PRIVATE = "instance.pem"
_KEY_ID = re.compile(r"[0-9a-f]{64}")
_folder: Path | None = None


def configure(data_dir: Path) -> None:
    """Say where the keys live. Called once by the factory."""
    global _folder
    _folder = data_dir / "keys"
    _loaded.cache_clear()


def payload(
    *, revision: int, fingerprint: str, person: int, administration: int, decision: str, time: datetime
) -> bytes:
    """What a seal covers: RFC 8785 JSON of the decision, ids only, the instant in UTC to the microsecond."""
    decided: dict[str, Any] = {
        "revision": revision,
        "fingerprint": fingerprint,
        "person": person,
        "administration": administration,
        "decision": str(decision),
        "time": time.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return rfc8785.dumps(decided)


def sign(content: bytes) -> tuple[bytes, str]:
    """(signature of 64 bytes, id of the key that made it)."""
    folder = _configured()
    key = _private(folder)
    return key.sign(content), _id_of(key.public_key())


def verify(content: bytes, signature: bytes, key_id: str, trusted: Mapping[str, bytes] | None = None) -> bool:
    """Whether `key_id` sealed `content`. `trusted` maps key ids to raw public keys; default: this instance's own.

    The key never comes from what is being verified, and a key whose digest is not its id is no key.
    """
    return is_sealed(content, signature, key_id, public_keys() if trusted is None else trusted)


def public_keys() -> dict[str, bytes]:
    """Every public key this instance ever sealed with: id → 32 raw bytes."""
    folder = _configured()
    return {path.stem: path.read_bytes() for path in folder.glob("*.pub") if _KEY_ID.fullmatch(path.stem)}


def current_id() -> str:
    """The id of the key that seals now."""
    return _id_of(_private(_configured()).public_key())


def successions() -> dict[str, Succession]:
    """Which key was sealed by the one before it, and when: id of the newer key → how it came."""
    folder = _configured()
    found = {}
    for path in folder.glob("*.sealed-by"):
        if _KEY_ID.fullmatch(path.stem):
            found[path.stem] = Succession.from_json(json.loads(path.read_bytes()))
    return found


def rotate() -> tuple[str, str]:
    """Seal with a new key from now on: (id of the key so far, id of the new one).

    The old private key is overwritten and its public half stays. Running processes take the new one at their
    next seal. Of two rotations at one moment the second one follows the first.
    """
    folder = _configured()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(folder / ".rotation", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        old, new = _private(folder), Ed25519PrivateKey.generate()
        old_id, new_id = _id_of(old.public_key()), _id_of(new.public_key())
        at = clock.now().astimezone(UTC).isoformat(timespec="microseconds")
        said = Succession(old_id, at, old.sign(Succession.content(new_id, old_id, at)))
        # First what lets others believe in the new key, and the key itself last: a crash between leaves the old one.
        _place(folder / f"{new_id}.pub", _raw(new.public_key()))
        _place(folder / f"{new_id}.sealed-by", rfc8785.dumps(said.as_json()))
        beside = folder / f".{PRIVATE}.{secrets.token_hex(4)}"
        _write(beside, _pem(new))
        os.replace(beside, folder / PRIVATE)
    return old_id, new_id


def _configured() -> Path:
    if _folder is None:
        raise RuntimeError("no folder for keys: call drafts.seal.configure first")
    return _folder


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _id_of(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(_raw(key)).hexdigest()


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _private(folder: Path) -> Ed25519PrivateKey:
    path = folder / PRIVATE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _place(path, _pem(Ed25519PrivateKey.generate()))
    # Another file under the same name is another key: it was rotated, maybe by another process.
    there = path.stat()
    return _loaded(folder, (there.st_ino, there.st_mtime_ns))


@lru_cache(maxsize=1)
def _loaded(folder: Path, _stamp: tuple[int, int]) -> Ed25519PrivateKey:
    key = load_pem_private_key((folder / PRIVATE).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise RuntimeError(f"{PRIVATE} holds no Ed25519 key")
    _place(folder / f"{_id_of(key.public_key())}.pub", _raw(key.public_key()))
    return key


def _place(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; of two processes that make it at one moment the first wins."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write(beside, content)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()


def _write(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
