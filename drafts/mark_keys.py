"""Under which key a mark stands in a shared text: its name, or for a mark that overlaps itself a name of its own.

y-prosemirror gives such a mark `name--hash`, where the hash is of the mark as JSON (its `utils.hashOfJSON`): two
remarks at the same words are then two formats, and both sides write the same key for the same mark.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache

from drafts.grammar import GRAMMAR
from drafts.lib0 import varint

__all__ = ["key_of", "remark_key"]

# How lib0's encoding.js tells an object from a string.
_OBJECT, _STRING = 118, 119
_HASH_BYTES = 6


def key_of(name: str, attrs: Mapping[str, str]) -> str:
    """The key of a mark with these attributes, which for a mark that overlaps itself are all strings."""
    if name not in GRAMMAR.beside:
        return name
    inner = bytes([_OBJECT]) + varint(len(attrs))
    for attribute, value in attrs.items():
        inner += _string(attribute) + bytes([_STRING]) + _string(value)
    whole = (
        bytes([_OBJECT, 2]) + _string("type") + bytes([_STRING]) + _string(name) + _string("attrs") + inner
    )
    digest = bytearray(hashlib.sha256(whole).digest())
    for at in range(_HASH_BYTES, len(digest)):
        digest[at % _HASH_BYTES] ^= digest[at]
    return f"{name}--{b64encode(digest[:_HASH_BYTES]).decode()}"


@lru_cache(maxsize=4096)
def remark_key(remark_id: str) -> str:
    """The key of the anchor of a remark."""
    return key_of("remark", {"id": remark_id})


def _string(words: str) -> bytes:
    encoded = words.encode()
    return varint(len(encoded)) + encoded
