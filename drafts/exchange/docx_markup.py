"""Pieces of Word markup: paragraphs, runs, content controls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from lxml import etree

from drafts.exchange.docx_controls import SHOWN, Keeper, digest
from drafts.exchange.docx_package import Element, R, W
from drafts.exchange.docx_source import words_of
from drafts.exchange.docx_styles import w

_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
# What XML cannot hold: most control characters, half a surrogate pair, two that are no characters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A tab and a place where a word may be parted are elements in Word, not letters.
_PARTS = re.compile("([\t\u00ad])")
_ELEMENTS = {"\t": "tab", "\u00ad": "softHyphen"}
# Word cuts longer names of controls.
_LONGEST_ALIAS = 64


def make(name: str, *children: Element, **attributes: str | int) -> Element:
    """An element of Word's; so are its attributes."""
    element = etree.Element(w(name), nsmap={"w": W, "r": R})
    for key, value in attributes.items():
        element.set(w(key), str(value))
    element.extend(children)
    return element


def writable(text: str) -> str:
    return _UNWRITABLE.sub("", text)


def run(text: str, *, strong: bool = False, em: bool = False, style: str = "") -> Element:
    """Some words of one look."""
    element = make("r")
    look = [make("rStyle", val=style)] if style else []
    look += [make(name) for name, is_so in (("b", strong), ("i", em)) if is_so]
    if look:
        element.append(make("rPr", *look))
    for part in _PARTS.split(writable(text)):
        if part in _ELEMENTS:
            element.append(make(_ELEMENTS[part]))
        elif part:
            words = make("t")
            words.text = part
            words.set(_SPACE, "preserve")
            element.append(words)
    return element


def line_break() -> Element:
    return make("r", make("br"))


def paragraph(
    *inline: Element,
    style: str = "",
    number: tuple[int, int] | None = None,
    indent: int | None = None,
    keeps_next: bool = False,
) -> Element:
    """A paragraph; `number` is the list it stands in and its level there, `indent` in twentieths of a point."""
    properties = [make("pStyle", val=style)] if style else []
    if keeps_next:
        properties.append(make("keepNext"))
    if number is not None:
        properties.append(make("numPr", make("ilvl", val=number[1]), make("numId", val=number[0])))
    if indent is not None:
        properties.append(make("ind", left=indent, firstLine=0))
    return make("p", *([make("pPr", *properties)] if properties else []), *inline)


class Controls:
    """Makes content controls, each with a number of its own."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._numbers = count(1)

    def control(
        self,
        kind: str,
        told: Mapping[str, Any],
        content: Iterable[Element],
        alias: str = "",
        *,
        is_locked: bool = False,
    ) -> Element:
        """Content that says what it is. A control of blocks holds at least one paragraph."""
        inner = make("sdtContent", *content)
        properties = make("sdtPr")
        if alias:
            properties.append(make("alias", val=writable(alias)[:_LONGEST_ALIAS]))
        properties.append(make("tag", val=self._keeper.tag(kind, told)))
        properties.append(make("id", val=next(self._numbers)))
        if is_locked:
            properties.append(make("lock", val="sdtContentLocked"))
        return make("sdt", properties, inner)

    def shown(self, content: Iterable[Element], alias: str = "") -> Element:
        """What stands beside the text and is none of it. Word does not let it be changed."""
        inner = list(content)
        words = words_of(make("sdtContent", *inner))
        return self.control(SHOWN, {".digest": digest(words)}, inner, alias, is_locked=True)
