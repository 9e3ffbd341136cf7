"""Words of an OpenDocument paragraph as XML, and the names that both the writer and the reader know."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape

from drafts.exchange.plainly import Words

EMPTY = Markup("")
# Sections and bookmarks of ours: openlab-<kind>-<number>. Their attributes lie in the document's own properties.
NAMED = re.compile(r"openlab-([a-z_]+)-[0-9]+")
# Blocks of words that are a paragraph of a style of ours. An office suite knows a style by the name it shows, so these are
# what people read in its list of styles, and never translated: a reader finds its blocks by them.
STYLED = {
    "lead": "Open Lab en bref",
    "cost": "Open Lab coût",
    "delay": "Open Lab délai",
    "label": "Open Lab intitulé",
}
SAID, SAID_WORDS, NOTHING_SAID = "Open Lab libellé", "Open Lab mention", "Open Lab vide"
CAPTION, LEGAL = "Open Lab légende", "Open Lab texte officiel"
HEADER = "Table Heading"
BULLETS, NUMBERS = "Open Lab puces", "Open Lab numéros"
_LOOKS = {"strong": "Strong_20_Emphasis", "em": "Emphasis"}
_PARTS = re.compile(r"[\t\n\r]| +|[^\t\n\r ]+")


def style_name(shown: str) -> str:
    """The name of a style as it stands in the file, from the one that is shown."""
    return shown.replace(" ", "_20_")


def words(text: str) -> Markup:
    """Text as the words of a paragraph: spaces that XML would fold are elements."""
    out: list[Markup] = []
    parts = _PARTS.findall(text)
    for number, part in enumerate(parts):
        if part == "\t":
            out.append(Markup("<text:tab/>"))
        elif part in ("\n", "\r"):
            # A line feed within words is one more space to every office suite.
            out.append(Markup("<text:s/>"))
        elif part.startswith(" "):
            inside = 0 < number < len(parts) - 1 and parts[number - 1] not in ("\n", "\r", "\t")
            left = len(part) - inside
            out.append(Markup(" ") if inside else EMPTY)
            if left:
                out.append(Markup('<text:s text:c="{}"/>').format(left))
        else:
            out.append(escape(part))
    return EMPTY.join(out)


def said_words(text: str) -> Markup:
    return (
        Markup('<text:span text:style-name="{}">{}</text:span>').format(style_name(SAID_WORDS), words(text))
        if text
        else EMPTY
    )


def inline(part: Words, name: Callable[[str, dict[str, Any]], str], way: Callable[[str], str]) -> Markup:
    """Nested words. `name` gives a bookmark its name and keeps its attributes, `way` the address of a service."""
    inner = EMPTY.join(
        Markup("<text:line-break/>")
        if one is None
        else words(one)
        if isinstance(one, str)
        else inline(one, name, way)
        for one in part.parts
    )
    if part.mark in _LOOKS:
        return Markup('<text:span text:style-name="{}">{}</text:span>').format(_LOOKS[part.mark], inner)
    if part.mark == "link":
        return Markup('<text:a xlink:type="simple" xlink:href="{}">{}</text:a>').format(
            part.attrs["href"], inner
        )
    if part.mark in ("abbr", "service_link"):
        bookmark = name(part.mark, part.attrs)
        told = part.attrs.get("title", "") if part.mark == "abbr" else way(part.attrs["service"])
        return Markup(
            '<text:bookmark-start text:name="{0}"/>{1}<text:bookmark-end text:name="{0}"/>{2}'
        ).format(bookmark, inner, said_words(f" ({told})" if told else ""))
    return inner
