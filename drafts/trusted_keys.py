"""The trusted key file: whose seals somebody believes in. It comes from a person, never from what is verified.

    {"format": 1, "kind": "openlab-trusted-keys",
     "keys": [{"id": hex, "public": base64, "sealed_by": {"key": hex, "at": instant, "signature": base64}}, …]}

`id` is the SHA-256 of the 32 raw bytes. `sealed_by` stands where a key followed another one. Nothing here touches
a database or a folder, so that a file can be read on any machine.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KIND = "openlab-trusted-keys"
FORMAT = 1
# A key a day for three years; a file beyond that is not one of ours.
MOST_KEYS = 1000
LARGEST_FILE = 1024 * 1024
_HEX = re.compile(r"[0-9a-f]{64}")


class KeysUnreadable(ValueError):
    """A key file that is none, or whose keys contradict one another; the message says what is wrong."""


@dataclass(frozen=True)
class Succession:
    """One key was sealed by the one before it (`by`) at an instant."""

    by: str
    at: str
    signature: bytes

    @staticmethod
    def content(key_id: str, by: str, at: str) -> bytes:
        """What the older key signs."""
        return rfc8785.dumps({"kind": "openlab-key-succession", "key": key_id, "by": by, "at": at})

    def as_json(self) -> dict[str, str]:
        return {"key": self.by, "at": self.at, "signature": b64encode(self.signature).decode()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Succession:
        return cls(str(value["key"]), str(value["at"]), b64decode(str(value["signature"]), validate=True))


def is_sealed(content: bytes, signature: bytes, key_id: str, trusted: Mapping[str, bytes]) -> bool:
    """Whether `key_id`, one of the trusted keys (id → 32 raw bytes), sealed `content`.

    A key whose digest is not its id is no key.
    """
    raw = trusted.get(key_id)
    if raw is None or hashlib.sha256(raw).hexdigest() != key_id:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def written(keys: Mapping[str, bytes], successions: Mapping[str, Succession]) -> bytes:
    """The key file: readable JSON, in the order in which the keys followed one another."""
    listed: list[dict[str, Any]] = []
    for key_id in in_order(keys, successions):
        line: dict[str, Any] = {"id": key_id, "public": b64encode(keys[key_id]).decode()}
        if key_id in successions:
            line["sealed_by"] = successions[key_id].as_json()
        listed.append(line)
    text = json.dumps({"format": FORMAT, "kind": KIND, "keys": listed}, indent=2)
    return text.encode() + b"\n"


def in_order(keys: Mapping[str, bytes], successions: Mapping[str, Succession]) -> list[str]:
    return sorted(keys, key=lambda key_id: (successions[key_id].at if key_id in successions else "", key_id))


def read(content: bytes, root: str | None = None) -> dict[str, bytes]:
    """The keys of a key file: id → 32 raw bytes.

    With `root`, only that key and those that it sealed, step by step: for who was told one id by another way
    and got the file from anywhere. Raises KeysUnreadable.
    """
    if len(content) > LARGEST_FILE:
        raise KeysUnreadable("the key file is larger than 1 MiB")
    try:
        value = json.loads(content)
        if value["kind"] != KIND or value["format"] != FORMAT:
            raise KeysUnreadable(f"it does not say that it is of kind {KIND}, format {FORMAT}")
        lines = value["keys"]
        if not 1 <= len(lines) <= MOST_KEYS:
            raise KeysUnreadable(f"it has {len(lines)} keys")
        keys = {str(line["id"]): b64decode(str(line["public"]), validate=True) for line in lines}
        followed = {
            str(line["id"]): Succession.from_json(line["sealed_by"]) for line in lines if "sealed_by" in line
        }
    except KeysUnreadable:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise KeysUnreadable(f"it is no key file ({type(error).__name__})") from error
    for key_id, raw in keys.items():
        if not _HEX.fullmatch(key_id) or hashlib.sha256(raw).hexdigest() != key_id:
            raise KeysUnreadable(f"the key {key_id[:64]} is not the one its id says")
    for key_id, step in followed.items():
        if not is_sealed(Succession.content(key_id, step.by, step.at), step.signature, step.by, keys):
            raise KeysUnreadable(f"the key {key_id} was not sealed by {step.by[:64]}")
    if root is None:
        return keys
    if root not in keys:
        raise KeysUnreadable(f"the key {root[:64]} is not in it")
    trusted = {root}
    for _step in keys:
        trusted |= {key_id for key_id, step in followed.items() if step.by in trusted}
    return {key_id: raw for key_id, raw in keys.items() if key_id in trusted}
