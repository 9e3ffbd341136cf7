"""The evidence file of an edition: how it is written and sealed, and how anybody checks it.

    {"format": 1, "kind": "openlab-edition-evidence",
     "sections": {name: value, …}, "digests": {name: SHA-256 of the section's RFC 8785 bytes, …},
     "seal": {"at": instant, "key": id, "signature": base64}}

The file is RFC 8785 JSON byte for byte. The seal covers kind, format, instant and digests, so that a section that
was changed is named even though the seal over the whole does not say where. `docs/evidence.md` describes the
sections. Checking needs the file and the trusted keys, nothing else: no database, no key of the instance.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from drafts import canonical, redacted_file
from drafts.seal import payload
from drafts.trusted_keys import is_sealed

KIND = "openlab-edition-evidence"
FORMAT = 1
# A text has 2 MB at most, escaped once more; the rest are short lines.
LARGEST_FILE = 16 * 1024 * 1024
# Nobody asks so many administrations; a hostile file could ask for hours of checking.
MOST_SIGN_OFFS = 1000
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `says` is one line; where it does not hold it names what and where."""

    holds: bool
    says: str


class NotEvidence(ValueError):
    """The bytes are no evidence file of a format that is known here; the message says why."""


def written(sections: Mapping[str, Any], at: datetime, sign: Callable[[bytes], tuple[bytes, str]]) -> bytes:
    """The file, sealed by `sign` (content → (signature, id of the key))."""
    digests = {name: _digest(value) for name, value in sections.items()}
    said = at.astimezone(UTC).isoformat(timespec="microseconds")
    signature, key_id = sign(_covered(digests, said))
    return rfc8785.dumps(
        {
            "format": FORMAT,
            "kind": KIND,
            "sections": dict(sections),
            "digests": digests,
            "seal": {"at": said, "key": key_id, "signature": b64encode(signature).decode()},
        }
    )


def _covered(digests: Mapping[str, Any], at: object) -> bytes:
    return rfc8785.dumps({"format": FORMAT, "kind": KIND, "at": at, "digests": dict(digests)})  # type: ignore[dict-item]


def _digest(value: Any) -> str:
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def parsed(raw: bytes) -> dict[str, Any]:
    """The file as values. Raises NotEvidence for what cannot be read as one at all."""
    if len(raw) > LARGEST_FILE:
        raise NotEvidence(f"the file is larger than {LARGEST_FILE // 1024 // 1024} MiB")
    try:
        value = json.loads(raw)
    except UnicodeDecodeError as error:
        raise NotEvidence(f"byte {error.start} is no UTF-8") from error
    except json.JSONDecodeError as error:
        where = len(error.doc[: error.pos].encode("utf-8", "surrogatepass"))
        raise NotEvidence(f"it is no JSON at byte {where}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise NotEvidence("it is no JSON that can be read: nested too deep, or a number too long") from error
    if not isinstance(value, dict) or value.get("kind") != KIND:
        raise NotEvidence(f"it does not say that it is of kind {KIND}")
    if value.get("format") is not FORMAT and value.get("format") != FORMAT:
        raise NotEvidence("its format is not known here: take a newer version of the project")
    if set(value) - {"redaction"} != {"format", "kind", "sections", "digests", "seal"}:
        raise NotEvidence("it has other parts than format, kind, sections, digests and seal")
    if not all(isinstance(value[name], dict) for name in ("sections", "digests", "seal")):
        raise NotEvidence("sections, digests and seal are not what they have to be")
    return value


def examine(raw: bytes, trusted: Mapping[str, bytes]) -> list[Check]:
    """Every check of a file against the trusted keys (id → 32 raw bytes). Raises NotEvidence."""
    value = parsed(raw)
    redaction, left = redacted_file.examined(value, trusted)
    return [
        _form(raw, value),
        _whole(value, trusted),
        *(Check(*found) for found in redaction),
        *_sections(raw, value, left),
        _place(value["sections"]),
        *_text(value["sections"], is_redacted="text" in left),
        _outcome(value["sections"]),
        *_sign_offs(value["sections"], trusted, is_redacted="text" in left),
    ]


def _form(raw: bytes, value: dict[str, Any]) -> Check:
    try:
        again = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        return Check(False, "form: the file holds a value that RFC 8785 has no bytes for")
    if again == raw:
        return Check(True, f"form: {len(raw)} bytes of RFC 8785 JSON")
    where = next(
        (i for i, (a, b) in enumerate(zip(raw, again, strict=False)) if a != b), min(len(raw), len(again))
    )
    return Check(False, f"form: from byte {where} on the file is not the RFC 8785 form of what it says")


def _whole(value: dict[str, Any], trusted: Mapping[str, bytes]) -> Check:
    said = value["seal"]
    key = str(said.get("key"))[:64]
    try:
        if set(said) != {"at", "key", "signature"}:
            return Check(False, "seal: it has other parts than at, key and signature")
        if key not in trusted:
            return Check(False, f"seal: the key {key} is not one that you trust")
        content = _covered(value["digests"], said["at"])
        if is_sealed(content, _signature(said["signature"]), key, trusted):
            return Check(True, f"seal: of {said['at']} by the key {key}")
    except (*_BROKEN, rfc8785.CanonicalizationError):
        pass
    return Check(False, f"seal: it does not hold: digests, instant or signature were changed (key {key})")


def _signature(said: Any) -> bytes:
    """Raises ValueError for another spelling of the same bytes: the file has one form only."""
    found = b64decode(said, validate=True)
    if b64encode(found).decode() != said:
        raise ValueError("another spelling of base64")
    return found


def _sections(raw: bytes, value: dict[str, Any], left: Mapping[str, str]) -> Iterator[Check]:
    """`left`: the digests of sections as a redaction left them."""
    sections, digests = value["sections"], value["digests"]
    for name in sorted({*sections, *digests} - {*sections} | {*sections} - {*digests}):
        yield Check(
            False, f"section {name[:80]}: it is missing, or was added: no digest and section go together"
        )
    spans = _spans(raw, sections)
    for name in sorted({*sections} & {*digests}):
        first, last = spans.get(name, (0, 0))
        where = f" (bytes {first} to {last})" if last else ""
        try:
            digest = _digest(sections[name])
        except (*_BROKEN, rfc8785.CanonicalizationError):
            digest = ""
        if digest and digest != digests[name] and left.get(name) == digest:
            yield Check(
                True, f"section {name[:80]}: words were taken out of it; it is as the redaction left it"
            )
            continue
        good = digest == digests[name]
        words = "as it was sealed" if good else f"it was changed{where}: its digest is another"
        yield Check(good, f"section {name[:80]}: {words}")


def _spans(raw: bytes, sections: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Where the value of each section stands in the file: (first byte, last byte), as far as it can be found."""
    found = {}
    for name, value in sections.items():
        try:
            text = rfc8785.dumps(name) + b":" + rfc8785.dumps(value)
        except (*_BROKEN, rfc8785.CanonicalizationError):
            continue
        at = raw.find(text, raw.find(b'"sections":{'))
        if at >= 0:
            found[name] = (at + len(rfc8785.dumps(name)) + 1, at + len(text) - 1)
    return found


def _place(sections: dict[str, Any]) -> Check:
    """Which file of its edition this is. The one that it supersedes is not needed to check it."""
    try:
        number, before = sections["file"]["number"], sections["file"]["supersedes"]
        if number == 1 and before is None:
            return Check(True, "file: the first one of its edition")
        if isinstance(number, int) and number > 1 and isinstance(before, str):
            return Check(
                True, f"file: number {number} of its edition, in the place of {before[:64]} (SHA-256)"
            )
    except _BROKEN:
        pass
    return Check(False, "file: it does not say which one of its edition it is")


def _outcome(sections: dict[str, Any]) -> Check:
    """Why it could be public: its review came out, or somebody answers for the urgency."""
    try:
        approved, urgent = sections["outcome"], sections["urgency"]
        if urgent is not None:
            who = f"published urgently by person {urgent['person']} at {urgent['at']}"
            if approved is None:
                return Check(True, f"outcome: {who}, not approved yet, due by {urgent['approve_by']}")
            return Check(True, f"outcome: {who}, approved at {approved['approved_at']}")
        if approved is not None:
            return Check(True, f"outcome: approved at {approved['approved_at']}")
    except _BROKEN:
        pass
    return Check(False, "outcome: it was neither approved nor published urgently")


def _text(sections: dict[str, Any], *, is_redacted: bool) -> Iterator[Check]:
    """The fingerprint is counted again, out of the text itself; of a text out of which words were taken there is only
    the one that was sealed."""
    try:
        counted = canonical.fingerprint(sections["text"].encode())
        edition, revision = sections["edition"]["fingerprint"], sections["revision"]["fingerprint"]
    except _BROKEN:
        yield Check(False, "text: the file does not say text and fingerprint as it should")
        return
    if is_redacted and edition == revision:
        yield Check(
            True,
            f"text: its fingerprint was {str(edition)[:64]}; words were taken out, what is left is {counted}",
        )
        return
    for where, said in (("edition", edition), ("revision", revision)):
        good = said == counted
        words = f"is {counted}" if good else f"is {counted}, the {where} says {str(said)[:64]}"
        yield Check(good, f"text: its fingerprint {words}")


def _sign_offs(
    sections: dict[str, Any], trusted: Mapping[str, bytes], *, is_redacted: bool
) -> Iterator[Check]:
    lines = sections.get("sign_offs")
    if lines == [] and sections.get("outcome", 0) is None and isinstance(sections.get("urgency"), dict):
        yield Check(True, "sign-offs: none yet, it was published before the answers")
        return
    if not isinstance(lines, list) or not lines:
        yield Check(False, "sign-offs: there is none")
        return
    if len(lines) > MOST_SIGN_OFFS:
        yield Check(False, f"sign-offs: {len(lines)} are more than can be")
        return
    extents = _sealed_extents(sections) if is_redacted else _extents(sections)
    for number, line in enumerate(lines, 1):
        try:
            name = f"sign-off {number} ({str(line['administration'])[:80]}, {str(line['decision'])[:20]})"
            if not holds(line, trusted):
                yield Check(False, f"{name}: its seal does not hold (key {str(line['key'])[:64]})")
                continue
            scope = extents[line["fingerprint"]]
        except _BROKEN:
            yield Check(
                False, f"sign-off {number}: it is not what it has to be, or of a fingerprint not in the file"
            )
            continue
        yield Check(True, f"{name}: sealed on {line['at']}, for {scope}")


def _extents(sections: dict[str, Any]) -> dict[str, str]:
    """What each fingerprint that can be signed covers, counted again out of the text."""
    try:
        tree, fields = canonical.parse(sections["text"].encode())
        found = {canonical.fingerprint(sections["text"].encode()): "the whole text"}
        for blocks in list(sections["scopes"].values())[:MOST_SIGN_OFFS]:
            if blocks is not None:
                found[canonical.scope_fingerprint(tree, fields, blocks)] = f"{len(blocks)} blocks of the text"
    except _BROKEN:
        return {}
    return found


def _sealed_extents(sections: dict[str, Any]) -> dict[str, str]:
    """As `_extents`, of a text that is not whole any more: what the sealed section says each fingerprint was of."""
    try:
        found = {str(sections["revision"]["fingerprint"]): "the whole text before words were taken out"}
        for fingerprint, blocks in list(sections["scopes"].items())[:MOST_SIGN_OFFS]:
            if blocks is not None:
                found[fingerprint] = f"{len(blocks)} blocks of the text before words were taken out"
    except _BROKEN:
        return {}
    return found


def holds(signed: Mapping[str, Any], trusted: Mapping[str, bytes]) -> bool:
    """Whether one line of `sign_offs` is sealed by a trusted key. Raises KeyError and the like for what is no line."""
    content = payload(
        revision=signed["revision"],
        fingerprint=signed["fingerprint"],
        person=signed["person"],
        administration=signed["administration_id"],
        decision=signed["decision"],
        time=datetime.fromisoformat(signed["at"]),
    )
    return is_sealed(content, _signature(signed["signature"]), signed["key"], trusted)
