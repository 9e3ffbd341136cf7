"""Markup from outside written anew before a parser sees it: the tags, the attributes that say something, nothing else.

libxml2 needs 300 seconds for one tag of 200,000 attributes, and cuts what is nested more than 256 deep without a word.
The walk here is linear, keeps few attributes of each tag, and leaves out programs and comments. It does what
`realtime/client/markup.ts` does for what is pasted.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from drafts.exchange.paper import Refused
from drafts.exchange.plainly import clean_text

# Their content is no markup: a tag in it must not be taken for one.
RAW = frozenset(
    {"script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title", "plaintext", "template"}
)
_GONE = frozenset({"base", "meta", "link"})
_KEPT = frozenset(
    "href src class style title role hidden lang dir start scope colspan rowspan alt width height id name type value"
    " aria-level aria-hidden aria-label".split()
)
# More attributes of ours than a block has.
_MOST_DATA = 16
# The longest that any kept attribute may be, but for the bytes of a picture.
_LONGEST = 16_000
# A page of 300,000 tags is no article; each costs an element of some hundred bytes.
MOST_TAGS = 300_000
# HTML has no deeper pages written by hand or by an office suite: Word's tables in tables come to 40.
DEEPEST = 200
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?""")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_DECLARED = re.compile(r"<[!?/]")
_VOID = frozenset("area br col embed hr img input source track wbr param frame keygen".split())
# Elements that end by themselves where the next one of them begins.
_LOOSE = frozenset("p li dt dd tr td th option thead tbody tfoot colgroup rb rt rp".split())


@dataclass(frozen=True)
class Inert:
    """Markup without anything active; `title` as the page says it, `styles` its style sheets, `dropped` what was active."""

    markup: str
    title: str
    styles: str
    dropped: int


def inert(source: str) -> Inert:
    """The same page with its structure and nothing more. Raises Refused when it is nested or cut up beyond reason."""
    out: list[str] = []
    styles: list[str] = []
    title = ""
    place = tags = depth = dropped = 0
    while True:
        opened = source.find("<", place)
        if opened < 0:
            out.append(source[place:])
            break
        out.append(source[place:opened])
        if source.startswith("<!--", opened):
            # Word hides whole documents in conditional comments.
            close = source.find("-->", opened + 2)
            place = len(source) if close < 0 else close + 3
            continue
        tag = _TAG.match(source, opened)
        if tag is None:
            if _DECLARED.match(source, opened) is None:
                out.append("&lt;")
                place = opened + 1
                continue
            close = source.find(">", opened)
            place = len(source) if close < 0 else close + 1
            continue
        tags += 1
        name = tag[2].lower()[:80]
        attributes, place = _attributes(source, tag.end())
        if tags > MOST_TAGS:
            raise Refused("too_long")
        if tag[1]:
            depth -= name not in _VOID and name not in _LOOSE and depth > 0
            out.append(f"</{name}>")
        elif name in RAW:
            ending = re.compile(rf"</{re.escape(name)}[^<>]*>", re.IGNORECASE)
            close_at = ending.search(source, place)
            inside = source[place : close_at.start() if close_at else len(source)]
            if name == "title":
                title = title or html.unescape(inside)
            elif name == "style":
                styles.append(inside)
            else:
                dropped += 1
            place = close_at.end() if close_at else len(source)
        elif name not in _GONE:
            depth += name not in _VOID and name not in _LOOSE
            if depth > DEEPEST:
                raise Refused("too_deep")
            out.append(f"<{name}{attributes}>")
    return Inert("".join(out), " ".join(clean_text(title).split()), "\n".join(styles), dropped)


def _attributes(source: str, at: int) -> tuple[str, int]:
    """The attributes from `at` to the end of the tag as they are kept, and where that is."""
    kept: list[str] = []
    seen: set[str] = set()
    place, ends = at, len(source)
    while True:
        while place < ends and (source[place].isspace() or source[place] == "/"):
            place += 1
        if place >= ends or source[place] == ">":
            return "".join(kept), min(ends, place + 1)
        found = _ATTRIBUTE.match(source, place)
        if found is None or not found[0]:
            place += 1
            continue
        place = found.end()
        name = found[1].lower()
        ours = name.startswith("data-") and re.fullmatch(r"data-[a-z0-9-]{1,40}", name) is not None
        if name in seen or not (name in _KEPT or (ours and len(seen) < _MOST_DATA + len(_KEPT))):
            continue
        seen.add(name)
        value = next((one for one in found.groups()[1:] if one is not None), "")
        if len(value) > _LONGEST and name != "src":
            value = value[:_LONGEST]
        kept.append(' {}="{}"'.format(name, value.replace('"', "&quot;")))
