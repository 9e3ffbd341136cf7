"""The part of an evidence file that says that words were taken out of it, sealed by the instance that did so.

    "redaction": {"act": number, "at": instant, "before": SHA-256 of the file as it was made,
                  "digests": {section: SHA-256 of its RFC 8785 bytes as it is now, …},
                  "seal": {"key": id, "signature": base64}}

Digests and seal of the file stay as they were made: every other section is checked as before, and what was sealed of the
redacted ones stays known by its digest.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import rfc8785

from drafts import canonical
from drafts.trusted_keys import is_sealed

KIND = "openlab-edition-evidence-redaction"
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, RecursionError, rfc8785.CanonicalizationError)


def redacted(
    raw: bytes,
    out_of: Callable[[Any], Any],
    *,
    act: int,
    at: datetime,
    sign: Callable[[bytes], tuple[bytes, str]],
) -> bytes | None:
    """The file without what `out_of` takes out of values; None when that is nothing."""
    value = json.loads(raw)
    before = value.get("redaction")
    changed = {}
    for name, section in value["sections"].items():
        kept = _text(section, out_of) if name == "text" else out_of(section)
        if kept != section:
            value["sections"][name] = kept
            changed[name] = hashlib.sha256(rfc8785.dumps(kept)).hexdigest()
    if not changed:
        return None
    said = {
        "act": act,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "before": before["before"] if before else hashlib.sha256(raw).hexdigest(),
        "digests": {**(before["digests"] if before else {}), **changed},
    }
    signature, key = sign(_covered(said, value["digests"]))
    value["redaction"] = {**said, "seal": {"key": key, "signature": b64encode(signature).decode()}}
    return rfc8785.dumps(value)


def _text(text: str, out_of: Callable[[Any], Any]) -> str:
    """The canonical form, which is JSON in a string: words may stand in several runs of it."""
    tree, fields = canonical.parse(text.encode())
    kept = (out_of(tree), out_of(fields))
    return text if kept == (tree, fields) else canonical.canonical_bytes(*kept).decode()


def _covered(said: Mapping[str, Any], sealed: Mapping[str, Any]) -> bytes:
    part = {name: said[name] for name in ("act", "at", "before", "digests")}
    return rfc8785.dumps({"kind": KIND, "sealed": dict(sealed), **part})


def examined(
    value: Mapping[str, Any], trusted: Mapping[str, bytes]
) -> tuple[list[tuple[bool, str]], dict[str, str]]:
    """(holds, one line) about the redaction, nothing for a file without one; and the digests it answers for."""
    said = value.get("redaction")
    if said is None:
        return [], {}
    try:
        key = said["seal"]["key"]
        signature = b64decode(said["seal"]["signature"], validate=True)
        good = (
            set(said) == {"act", "at", "before", "digests", "seal"}
            and set(said["seal"]) == {"key", "signature"}
            and key in trusted
            and is_sealed(_covered(said, value["digests"]), signature, key, trusted)
        )
        names = ", ".join(sorted(str(name)[:80] for name in said["digests"]))
        if good:
            line = f"redaction: words were taken out of {names} on legal request (act {said['act']}, {said['at']}); the file was {said['before'][:64]} (SHA-256) before"
            return [(True, line)], dict(said["digests"])
    except _BROKEN:
        pass
    return [
        (
            False,
            "redaction: the part that says that words were taken out is not sealed by a key that you trust",
        )
    ], {}
