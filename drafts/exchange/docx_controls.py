"""What a block of ours is called inside a Word file: the tag of a content control, and where a long one is kept.

Word has no steps, no contacts and no variants. A block of that kind stands in the file as people read it, within a content
control (`w:sdt`) whose tag says what it is: `openlab:note?kind=warning`. A tag holds 64 characters; what is longer is
kept in a custom XML part of the same file, and the tag says under which key: `openlab:legal#12`. Names that begin with a
dot say how a block was written and are no attribute of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from lxml import etree

from drafts.exchange.docx_package import Element
from drafts.grammar import GRAMMAR

PREFIX = "openlab:"
# Word refuses longer tags.
LONGEST_TAG = 64
NAMESPACE = "urn:openlab:exchange:1"
# Words that are shown beside a text and are none of it: a label, the hours of a counter.
SHOWN = "shown"
# Marks of some words, in a control inside a line.
MARKS = "marks"
# More keys than a text has blocks are no work of ours.
MOST_KEPT = 50_000
LONGEST_KEPT = 64 * 1024

Told = dict[str, Any]


class Keeper:
    """Gives tags, and keeps what does not fit into them."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def tag(self, kind: str, told: Mapping[str, Any]) -> str:
        flat = all(isinstance(value, str | int) for value in told.values())
        query = urlencode(told, errors="replace") if told and flat else ""
        tag = f"{PREFIX}{kind}?{query}" if query else f"{PREFIX}{kind}"
        if flat and len(tag) <= LONGEST_TAG:
            return tag
        self._kept.append(json.dumps(told))
        return f"{PREFIX}{kind}#{len(self._kept)}"

    def part(self) -> bytes | None:
        """The custom XML part; None when every tag said all."""
        if not self._kept:
            return None
        root = etree.Element(f"{{{NAMESPACE}}}blocks", nsmap={None: NAMESPACE})
        for number, told in enumerate(self._kept, 1):
            etree.SubElement(root, f"{{{NAMESPACE}}}block", key=str(number)).text = told
        return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def kept_in(root: Element) -> dict[str, Told]:
    """What a custom XML part of ours keeps, by key; nothing when it is somebody else's."""
    found: dict[str, Told] = {}
    if root.tag != f"{{{NAMESPACE}}}blocks":
        return found
    for one in root[:MOST_KEPT]:
        text = one.text or ""
        # Half a million brackets would drive the parser out of its depth; ours have three levels.
        if len(text) > LONGEST_KEPT or text.count("[") + text.count("{") > 200:
            continue
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            found[one.get("key", "")] = told
    return found


def read_tag(tag: str, kept: Mapping[str, Told]) -> tuple[str, Told | None] | None:
    """The kind a tag names and what it says of it; None for a tag of somebody else.

    What it says is None when it was kept elsewhere and is there no more.
    """
    if not tag.startswith(PREFIX):
        return None
    rest = tag.removeprefix(PREFIX)
    if "#" in rest:
        kind, key = rest.split("#", 1)
        return kind, kept.get(key)
    kind, _, query = rest.partition("?")
    told: Told = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=20)) if query else {}
    known = GRAMMAR.nodes[kind].attributes if kind in GRAMMAR.nodes else {}
    for name, value in told.items():
        if (
            name in known
            and known[name].type == "integer"
            and value.lstrip("-").isdecimal()
            and len(value) < 12
        ):
            told[name] = int(value)
    return kind, told


def digest(words: str) -> str:
    """The words that are shown, in twelve characters: whoever changes them has changed this. Spaces do not count."""
    return hashlib.sha256("".join(words.split()).encode("utf-8", "replace")).hexdigest()[:12]
