"""What the styles and the numbering of a Word file say of a paragraph: a title, a line of a list, its depth."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drafts.exchange.docx_package import Element, W
from drafts.exchange.gathering import CAPTIONS

# Styles are built on one another; Word itself stops at eleven.
DEEPEST = 12
# Word has nine levels, 0 to 8.
LAST_LEVEL = 8
_HEADING = re.compile(r"(?:heading|titre)\s?([1-9])", re.IGNORECASE)
_STEPPED = re.compile(
    r"(?:list bullet|list number|liste à puces|liste à numéros|listepuces|listenumros)\s?([2-5])",
    re.IGNORECASE,
)
_CONTINUED = re.compile(r"(?:list continue|liste continue|list contents)\s?[2-5]?", re.IGNORECASE)
_TITLES = frozenset({"title", "titre"})
# What LibreOffice calls the words of a header cell; ours are in it too.
TABLE_HEADING = "table heading"
_TABLE_HEADINGS = frozenset({TABLE_HEADING, "tableheading", "titre de tableau"})


def w(name: str) -> str:
    return f"{{{W}}}{name}"


def value_of(element: Element | None, name: str, key: str = "val") -> str | None:
    """The value of a child such as <w:ilvl w:val="1"/>; None when there is none."""
    found = element.find(w(name)) if element is not None else None
    return found.get(w(key)) if found is not None else None


def number_of(element: Element | None, name: str, key: str = "val") -> int | None:
    said = value_of(element, name, key)
    return int(said) if said is not None and re.fullmatch(r"-?[0-9]{1,9}", said) else None


def is_on(element: Element | None, name: str) -> bool | None:
    """A switch such as <w:b/> or <w:b w:val="0"/>; None when it is not touched."""
    found = element.find(w(name)) if element is not None else None
    return None if found is None else found.get(w("val"), "1") not in ("0", "false", "off", "none")


@dataclass(frozen=True)
class Level:
    """One level of a numbering: `kind` as Word says it (bullet, decimal, …), where it begins, where its words begin."""

    kind: str
    start: int
    indent: int | None


@dataclass(frozen=True)
class Line:
    """How a paragraph stands in a list: its numbering, the definition that one shares with others, its level."""

    number: int
    definition: int
    level: int
    kind: str
    start: int
    restarts: bool
    indent: int

    @property
    def is_ordered(self) -> bool:
        return self.kind != "bullet"


class Styles:
    """The styles of a file by id."""

    def __init__(self, root: Element | None) -> None:
        self._styles: dict[str, Element] = {}
        self._default = ""
        for style in root.iterfind(w("style")) if root is not None else ():
            ident = style.get(w("styleId"), "")
            self._styles[ident] = style
            if style.get(w("type")) == "paragraph" and style.get(w("default")) in ("1", "true"):
                self._default = ident

    def chain(self, ident: str | None) -> list[Element]:
        """A style and those it is built on."""
        found: list[Element] = []
        ident = ident or self._default
        while ident in self._styles and len(found) < DEEPEST:
            found.append(self._styles[ident])
            ident = value_of(found[-1], "basedOn") or ""
        return found

    def names(self, ident: str | None) -> list[str]:
        """What a style and those it is built on are called, in small letters; the id stands in where it is missing."""
        if ident and ident not in self._styles:
            return [ident.lower()]
        return [
            (value_of(style, "name") or style.get(w("styleId")) or "").lower() for style in self.chain(ident)
        ]

    def heading(self, properties: Element | None) -> int | None:
        """The level of a title: 0 for that of the document, 1 to 9; None for a paragraph."""
        said = number_of(properties, "outlineLvl")
        ident = value_of(properties, "pStyle")
        for name in self.names(ident):
            if name in _TITLES:
                return 0
            if match := _HEADING.fullmatch(name):
                return int(match[1])
        if said is None:
            levels = (number_of(style.find(w("pPr")), "outlineLvl") for style in self.chain(ident))
            said = next((level for level in levels if level is not None), None)
        return said + 1 if said is not None and 0 <= said < 9 else None

    def is_caption(self, properties: Element | None) -> bool:
        return not CAPTIONS.isdisjoint(self.names(value_of(properties, "pStyle")))

    def is_table_heading(self, properties: Element | None) -> bool:
        return not _TABLE_HEADINGS.isdisjoint(self.names(value_of(properties, "pStyle")))

    def is_continued(self, properties: Element | None) -> bool:
        """Whether a paragraph says that it goes on with the item above it."""
        return any(_CONTINUED.fullmatch(name) for name in self.names(value_of(properties, "pStyle")))

    def step(self, ident: str | None) -> int:
        """The level that the name of a style says: List Bullet 3 is the third."""
        for name in self.names(ident):
            if match := _STEPPED.fullmatch(name):
                return int(match[1]) - 1
        return 0

    def indent(self, properties: Element | None) -> int | None:
        """Where the words of a paragraph begin, in twentieths of a point."""
        own = _indent(properties)
        if own is not None:
            return own
        found = (_indent(style.find(w("pPr"))) for style in self.chain(value_of(properties, "pStyle")))
        return next((indent for indent in found if indent is not None), None)

    def numbering(self, properties: Element | None) -> tuple[int, int, int] | None:
        """The numbering of a numbered paragraph, its level there, and how deep it stands; None for any other.

        They differ where the name of the style says the depth: List Bullet 2 is the first level of its own numbering.
        """
        ident = value_of(properties, "pStyle")
        own = properties.find(w("numPr")) if properties is not None else None
        styled = [
            found
            for style in self.chain(ident)
            if (found := style.find(f"{w('pPr')}/{w('numPr')}")) is not None
        ]
        number = level = None
        for found in [own, *styled]:
            number = number_of(found, "numId") if number is None else number
            level = number_of(found, "ilvl") if level is None else level
        if not number:
            return None
        level = min(LAST_LEVEL, max(0, level or 0))
        return number, level, level or self.step(ident)

    def makes(self, ident: str | None, name: str) -> bool:
        """Whether a character style switches something on."""
        for style in self.chain(ident) if ident else ():
            said = is_on(style.find(w("rPr")), name)
            if said is not None:
                return said
        return False


class Numbering:
    """The numberings of a file."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._definitions: dict[int, Element] = {}
        self._numbers: dict[int, Element] = {}
        self._styles = styles
        if root is None:
            return
        for one in root.iterfind(w("abstractNum")):
            if (ident := one.get(w("abstractNumId"), "")).isdecimal():
                self._definitions[int(ident)] = one
        for one in root.iterfind(w("num")):
            if (ident := one.get(w("numId"), "")).isdecimal():
                self._numbers[int(ident)] = one

    def line(self, properties: Element | None) -> Line | None:
        """How a paragraph stands in a list; None when it stands in none."""
        found = self._styles.numbering(properties)
        if found is None:
            return None
        number, level, depth = found
        definition = self._definition(number)
        own, restarts = self._override(number, level)
        # What is numbered with nothing at all (a numbering that is not there) shows a number to nobody.
        said = own or self._level(definition, level)
        if said is None or said.kind == "none":
            return None
        return Line(
            number,
            definition if definition is not None else -number,
            depth,
            said.kind,
            restarts if restarts is not None else said.start,
            restarts is not None,
            said.indent if said.indent is not None else 360 * (level + 1),
        )

    def _definition(self, number: int) -> int | None:
        """The definition a number follows, through a style of lists when that is where it stands."""
        for _ in range(DEEPEST):
            found = number_of(self._numbers.get(number), "abstractNumId")
            linked = value_of(self._definitions.get(found), "numStyleLink") if found is not None else None
            chain = self._styles.chain(linked) if linked else []
            further = number_of(chain[0].find(f"{w('pPr')}/{w('numPr')}"), "numId") if chain else None
            if further is None or further == number:
                return found
            number = further
        return None

    def _level(self, definition: int | None, level: int) -> Level | None:
        found = self._definitions.get(definition) if definition is not None else None
        for one in found.iterfind(w("lvl")) if found is not None else ():
            if one.get(w("ilvl")) == str(level):
                return _level(one)
        # A level that is not described looks like the first.
        first = found.find(w("lvl")) if found is not None else None
        return _level(first) if first is not None else None

    def _override(self, number: int, level: int) -> tuple[Level | None, int | None]:
        found = self._numbers.get(number)
        for one in found.iterfind(w("lvlOverride")) if found is not None else ():
            if one.get(w("ilvl")) == str(level):
                own = one.find(w("lvl"))
                return (_level(own) if own is not None else None), number_of(one, "startOverride")
        return None, None


def _level(element: Element) -> Level:
    kind = value_of(element, "numFmt") or "decimal"
    start = number_of(element, "start")
    return Level(kind, 1 if start is None else start, _indent(element.find(w("pPr"))))


def _indent(properties: Element | None) -> int | None:
    for key in ("left", "start"):
        if (said := number_of(properties, "ind", key)) is not None:
            return said
    return None
