"""What an old page says, without the frame that stood around every page: menus, banners, feet.

The frame is what most pages have in common, wherever it stands: nobody has to describe an old portal. A sentence in the
middle of a text is never frame, however many pages hold it (« Pièces à fournir », « Gratuit »): only what stands before
the first and after the last words of a page's own, and blocks of links that are the same everywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import lxml.html
from lxml import etree

from app.importing.portal_blocks import is_section

# On fewer pages nobody can tell what they have in common.
FEWEST_PAGES = 5
SHARE = 0.6
# A menu has that many links.
FEWEST_LINKS = 3
# Different blocks that are counted; a portal of 10,000 pages has some 500,000.
MOST_COUNTED = 3_000_000
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
# Where words stand between blocks that somebody forgot to put into one.
_BOXES = (
    "body",
    "div",
    "td",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "nav",
    "aside",
    "center",
    "form",
)
_NOT_WORDS = frozenset(["script", "style", "noscript", "template", "iframe", "object", "embed", "svg"])
_CRUMBS = re.compile(r"bread-?crumb|fil-?d-?ariane|\bariane\b|chemin-?de-?fer", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_\-]{2,40})", re.IGNORECASE)
_DECLARED = re.compile(r"\A\s*<\?xml[^>]{0,200}\?>")
# What stands between the title of a page and the name of its portal.
_BETWEEN = re.compile(r"\s+[-–—|·»]\s+|\s*[|»]\s*|\s+::\s+|\s+:\s+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class NoPage(Exception):
    """Nothing in it can be read as a page; the argument says what, in English."""


@dataclass
class Common:
    """What pages have in common, counted."""

    pages: int = 0
    blocks: Counter[bytes] = field(default_factory=Counter)
    titles: Counter[str] = field(default_factory=Counter)

    def add(self, document: lxml.html.HtmlElement) -> None:
        self.pages += 1
        keys = {_key(leaf) for leaf in leaves(_body(document))}
        if len(self.blocks) < MOST_COUNTED:
            self.blocks.update(keys)
        self.titles.update(set(_BETWEEN.split(_said(document.find(".//title")))))

    def is_frame(self, leaf: etree._Element) -> bool:
        return self._is_usual(self.blocks[_key(leaf)])

    def is_name(self, part: str) -> bool:
        """Whether a part of a title is the portal's name."""
        return self._is_usual(self.titles[part])

    def _is_usual(self, count: int) -> bool:
        return self.pages >= FEWEST_PAGES and count >= SHARE * self.pages


def parsed(content: bytes) -> lxml.html.HtmlElement:
    """The document. Raises NoPage."""
    text = _CONTROL.sub("", _DECLARED.sub("", _decoded(content)))
    if not text.strip():
        raise NoPage("The page is empty, or larger than 3 MB.")
    # `huge_tree` stays off: libxml2 then stops at 256 levels and 10 MB a text.
    parser = lxml.html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        document = lxml.html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise NoPage("This is no HTML.") from error
    for element in list(document.iter(*_NOT_WORDS)):
        _take_out(element)
    _wrap(document)
    return document


def _decoded(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        return content[3:].decode("utf-8", "replace")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    said = _CHARSET.search(content[:4096])
    names = [said[1].decode("ascii").lower()] if said else []
    for name in (*names, "utf-8", "cp1252"):
        # Browsers read what calls itself Latin-1 as windows-1252 (WHATWG Encoding, 4.2).
        name = "cp1252" if name in ("iso-8859-1", "latin1", "ascii", "us-ascii") else name
        try:
            return content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("cp1252", "replace")


def _wrap(document: lxml.html.HtmlElement) -> None:
    """Loose words and pictures between blocks get a paragraph, so that everything a page says stands in some block."""
    for box in [one for one in document.iter(*_BOXES) if any(child.tag in _BLOCKS for child in one)]:
        children, loose = list(box), lxml.html.Element("p")
        loose.text, box.text = box.text, None
        at = 0
        for child in [*children, None]:
            if child is not None and child.tag not in _BLOCKS:
                loose.append(child)  # with the words that follow it
                continue
            if _said(loose) or loose.find(".//img") is not None:
                box.insert(at, loose)
                at += 1
            loose = lxml.html.Element("p")
            if child is not None:
                loose.text, child.tail = child.tail, None
                at += 1


def leaves(root: etree._Element) -> list[etree._Element]:
    """The blocks that hold no other block and say or show something, in the order of the page."""
    holding: set[etree._Element] = set()
    found = [one for one in root.iter() if isinstance(one.tag, str) and one.tag in _BLOCKS]
    for one in found:
        for above in one.iterancestors():
            if above in holding:
                break
            holding.add(above)
    return [one for one in found if one not in holding and (_said(one) or one.find(".//img") is not None)]


def bare(document: lxml.html.HtmlElement, common: Common, title: str) -> int:
    """Take the frame out of a document, and the heading that says its title. Returns how many blocks went."""
    body = _body(document)
    gone = 0
    for element in list(body.iter()):
        if isinstance(element.tag, str) and _CRUMBS.search(
            f"{element.get('class', '')} {element.get('id', '')}"
        ):
            if element is not body and len(_said(element)) < 400:
                gone += 1
                _take_out(element)
    all_ = leaves(body)
    usual = [common.is_frame(leaf) for leaf in all_]
    frame = _around(all_, usual, body)
    frame |= _menus(all_, usual)
    for at in frame:
        _take_out_with_empty(all_[at], body)
    for heading in body.iter("h1", "h2"):
        if _same(_said(heading), title):
            _take_out(heading)
            break
    return gone + len(frame)


def _around(all_: list[etree._Element], usual: list[bool], body: etree._Element) -> set[int]:
    """The places of blocks around the page's own words.

    Old portals put these into a box of their own, and what is usual outside it is frame. On a page without boxes it is
    what comes before the first and after the last own words; what follows a heading such as « Où s’adresser » is never.
    """
    own = [at for at, leaf in enumerate(all_) if not usual[at] or _is_own(leaf)]
    if not own:
        return set()
    box = _box(all_[own[0]], all_[own[-1]])
    if box is not body and box not in body.iterancestors():
        inside = set(box.iter())
        return {at for at, leaf in enumerate(all_) if usual[at] and leaf not in inside}
    last = own[-1] + (1 if _is_own(all_[own[-1]]) else 0)
    return {*range(own[0]), *range(last + 1, len(all_))}


def _box(one: etree._Element, other: etree._Element) -> etree._Element:
    """The smallest element that holds both; above a single block, what it stands in."""
    around = list(one.iterancestors())
    found = set(other.iterancestors())
    return next((element for element in around if element in found), around[-1])


def _is_own(leaf: etree._Element) -> bool:
    """A heading that says what follows belongs to the text, on however many pages it stands."""
    return leaf.tag in ("h2", "h3", "h4", "h5", "h6", "p", "dt") and is_section(_said(leaf))


def _menus(all_: list[etree._Element], usual: list[bool]) -> set[int]:
    """The places of blocks in lists and boxes that hold nothing but the same links everywhere."""
    found: set[int] = set()
    inside: dict[etree._Element, list[int]] = {}
    for at, leaf in enumerate(all_):
        for above in leaf.iterancestors("ul", "ol", "nav", "div", "table", "aside"):
            inside.setdefault(above, []).append(at)
    for places in inside.values():
        if not all(usual[at] for at in places):
            continue
        links = sum(all_[at].find(".//a") is not None or all_[at].tag == "a" for at in places)
        if links >= FEWEST_LINKS and links * 2 >= len(places):
            found.update(places)
    return found


def title_of(document: lxml.html.HtmlElement, common: Common) -> str:
    """What stands above the text: its one h1, else the title of the window without the portal's name."""
    headings = [one for one in _body(document).iter("h1") if _said(one) and not common.is_frame(one)]
    if len(headings) == 1:
        return _said(headings[0])[:200]
    parts = [
        part for part in _BETWEEN.split(_said(document.find(".//title"))) if part and not common.is_name(part)
    ]
    if parts:
        return parts[0][:200]
    return _said(headings[0])[:200] if headings else ""


def written(document: lxml.html.HtmlElement) -> bytes:
    """The document for a reader of HTML."""
    body = lxml.html.tostring(_body(document), encoding="unicode", method="html")
    inner = re.sub(r"\A<(?:body|main|article)[^>]*>|</(?:body|main|article)>\s*\Z", "", body)
    return f'<!doctype html><html lang="fr"><head><meta charset="utf-8"></head><body><main>{inner}</main></body></html>'.encode()


def _body(document: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    """The part of the page that is marked as its content, where exactly one is; else the whole."""
    for path in (".//main", ".//*[@role='main']", ".//article"):
        marked = document.findall(path)
        if len(marked) == 1 and _said(marked[0]):
            return marked[0]
    body = document.find(".//body")
    return body if body is not None else document


def _said(element: etree._Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def _key(leaf: etree._Element) -> bytes:
    pictures: Iterable[str] = sorted(one.get("src", "")[-80:] for one in leaf.iter("img"))
    said = "\x00".join([_said(leaf).casefold(), *pictures])
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).digest()


def _same(one: str, other: str) -> bool:
    return re.sub(r"\W+", "", one).casefold() == re.sub(r"\W+", "", other).casefold()


def _take_out(element: etree._Element) -> None:
    """Without the words that follow it going too."""
    above = element.getparent()
    if above is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            above.text = (above.text or "") + element.tail
    above.remove(element)


def _take_out_with_empty(element: etree._Element, root: etree._Element) -> None:
    """And whatever it stood in, when nothing is left in it."""
    while element is not root:
        above = element.getparent()
        if above is None:
            return
        _take_out(element)
        if above is root or _said(above) or above.find(".//img") is not None:
            return
        element = above
