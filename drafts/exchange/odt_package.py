"""An OpenDocument package opened under bounds: its parts, its styles by their parents, the properties of ours in it."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO
from typing import Any

from lxml import etree

from drafts.exchange.members import DAMAGED, first_bytes, root_of
from drafts.exchange.odt_words import NAMED
from drafts.exchange.paper import Refused

MOST_BYTES = 20 * 1024 * 1024
MOST_MEMBERS = 2_000
# The text of a book of a thousand pages comes to 20 MB of XML.
LARGEST_XML = 30 * 1024 * 1024
LARGEST_PICTURE = 20 * 1024 * 1024
NAMESPACES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
    "xlink": "http://www.w3.org/1999/xlink",
    "dc": "http://purl.org/dc/elements/1.1/",
    "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
    "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
    "manifest": "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0",
    "loext": "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0",
}
_SHORT = {address: prefix for prefix, address in NAMESPACES.items()}
_ENCODED = re.compile(r"_([0-9a-fA-F]{2,4})_")
_MOST_PARENTS = 20


def q(name: str) -> str:
    """A qualified name as lxml has it: text:p."""
    prefix, local = name.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def tag(dom: etree._Element) -> str:
    """The tag of an element as it is written, "" for comments and for what is of no known kind."""
    if not isinstance(dom.tag, str):
        return ""
    address, _brace, local = dom.tag[1:].partition("}")
    return f"{_SHORT[address]}:{local}" if address in _SHORT else f"other:{local}"


def get(dom: etree._Element, name: str) -> str:
    return str(dom.get(q(name)) or "")


class Package:
    """The file, read member by member, none of them larger than it may be."""

    def __init__(self, content: bytes) -> None:
        if len(content) > MOST_BYTES:
            raise Refused("too_large")
        try:
            self._zip = zipfile.ZipFile(BytesIO(content))
            members = self._zip.infolist()
        except DAMAGED:
            raise Refused("unreadable") from None
        if len(members) > MOST_MEMBERS:
            raise Refused("too_long")
        self._names = {member.filename for member in members}
        if "content.xml" not in self._names:
            raise Refused("unreadable")
        manifest = self.xml("META-INF/manifest.xml") if "META-INF/manifest.xml" in self._names else None
        if manifest is not None and manifest.find(".//" + q("manifest:encryption-data")) is not None:
            raise Refused("encrypted")

    def bytes(self, name: str, most: int) -> bytes | None:
        """A member whole, None when it is missing or damaged. Raises Refused when it is larger than `most`."""
        if name not in self._names:
            return None
        found = first_bytes(self._zip, name, most)
        if found is not None and len(found) > most:
            raise Refused("too_large")
        return found

    def xml(self, name: str) -> etree._Element | None:
        """A part as a tree: no entity, no DTD, no network. Raises Refused for what is none."""
        content = self.bytes(name, LARGEST_XML)
        if content is None:
            return None
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise Refused("unreadable")
        try:
            return root_of(content)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise Refused("too_deep" if "depth" in str(error).lower() else "unreadable") from None


class Properties:
    """What the file says of itself: its title, and the attributes of blocks of ours by their names."""

    def __init__(self, root: etree._Element | None) -> None:
        self.title = ""
        self.own: dict[str, dict[str, Any]] = {}
        self.is_ours = False
        if root is None:
            return
        title = root.find(".//" + q("dc:title"))
        self.title = " ".join((title.text or "").split()) if title is not None else ""
        for one in root.iter(q("meta:user-defined")):
            name = get(one, "meta:name")
            self.is_ours = self.is_ours or name == "openlab"
            if NAMED.fullmatch(name):
                try:
                    kept = json.loads(one.text or "{}")
                except ValueError:
                    continue
                if isinstance(kept, dict):
                    self.own[name] = kept


class Styles:
    """Named and automatic styles, resolved by their parents."""

    def __init__(self, *roots: etree._Element | None) -> None:
        self._styles: dict[tuple[str, str], tuple[etree._Element, bool]] = {}
        self._lists: dict[str, etree._Element] = {}
        self._chains: dict[tuple[str, str], list[tuple[etree._Element, bool]]] = {}
        for root in roots:
            if root is None:
                continue
            for style in root.iter(q("style:style")):
                parent = style.getparent()
                automatic = parent is not None and tag(parent) == "office:automatic-styles"
                self._styles[get(style, "style:family"), get(style, "style:name")] = (style, automatic)
            for style in root.iter(q("text:list-style")):
                self._lists[get(style, "style:name")] = style

    def chain(self, family: str, name: str) -> list[tuple[etree._Element, bool]]:
        """The style and its parents, nearest first, each with whether it is an automatic one."""
        if (family, name) in self._chains:
            return self._chains[family, name]
        found: list[tuple[etree._Element, bool]] = []
        at = name
        while (family, at) in self._styles and len(found) < _MOST_PARENTS:
            style = self._styles[family, at]
            found.append(style)
            at = get(style[0], "style:parent-style-name")
        self._chains[family, name] = found
        return found

    def names(self, family: str, name: str) -> list[str]:
        """The names a style goes by, its parents' after it, in small letters."""
        found = []
        for style, _automatic in self.chain(family, name):
            shown = get(style, "style:display-name") or decoded(get(style, "style:name"))
            found += [shown.lower(), get(style, "style:name").lower()]
            parent = get(style, "style:parent-style-name")
            if (family, parent) not in self._styles and parent:
                # A parent that the file does not hold still says what it is.
                found += [decoded(parent).lower(), parent.lower()]
        return found or [decoded(name).lower(), name.lower()]

    def looks(self, family: str, name: str, automatic_only: bool = False) -> dict[str, bool]:
        """What a style says of bold, italic and hidden; what it does not say is not in it."""
        found: dict[str, bool] = {}
        for style, automatic in self.chain(family, name):
            if automatic_only and not automatic:
                continue
            properties = style.find(q("style:text-properties"))
            if properties is None:
                continue
            weight, slant = get(properties, "fo:font-weight"), get(properties, "fo:font-style")
            if weight:
                found.setdefault("bold", weight == "bold" or weight in ("600", "700", "800", "900"))
            if slant:
                found.setdefault("italic", slant in ("italic", "oblique"))
            if get(properties, "text:display"):
                found.setdefault("hidden", get(properties, "text:display") == "none")
        return found

    def is_ordered(self, name: str, level: int) -> bool:
        """Whether a level of a list counts its items."""
        style = self._lists.get(name)
        if style is None:
            return False
        for one in style:
            if get(one, "text:level") == str(level):
                return tag(one) == "text:list-level-style-number" and bool(get(one, "style:num-format"))
        return False


def decoded(name: str) -> str:
    """The name of a style with the signs that XML does not allow in it: Heading_20_1 is « Heading 1 »."""
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), name)
