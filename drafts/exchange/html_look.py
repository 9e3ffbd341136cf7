"""What the look of foreign HTML says of its structure: bold and hidden styles, headings by class, list lines of Word and Google."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from lxml.html import HtmlElement

from drafts.exchange.addresses import address
from drafts.exchange.gathering import ListLine, Paragraph, Shape

_BOLD = re.compile(r"(?:^|[;\s])font-weight\s*:\s*(?:bold|[6-9]\d\d)", re.IGNORECASE)
_PLAIN = re.compile(r"(?:^|[;\s])font-weight\s*:\s*(?:normal|[1-4]00)", re.IGNORECASE)
_ITALIC = re.compile(r"(?:^|[;\s])font-style\s*:\s*(?:italic|oblique)", re.IGNORECASE)
_UPRIGHT = re.compile(r"(?:^|[;\s])font-style\s*:\s*normal", re.IGNORECASE)
_HIDDEN = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)", re.IGNORECASE
)
_RULE = re.compile(r"([^{}]{1,200})\{([^{}]{0,2000})\}")
_CLASS = re.compile(r"^(?:[a-z]{1,6}[1-6]?)?\.([\w-]{1,60})$", re.IGNORECASE)
_HEADING_CLASS = re.compile(r"\bMso(?:Heading([1-9])|(Title))\b")
_LEVEL = re.compile(r"mso-list\s*:[^;]{0,100}\blevel(\d)", re.IGNORECASE)
_IGNORED = re.compile(r"mso-list\s*:\s*Ignore", re.IGNORECASE)
_BULLET = re.compile(r"^[\s\u00a0]*(?:[·•§▪◦‣●○■\uf0b7\uf0a7*–-]|o(?=[\s\u00a0]{2}))[\s\u00a0]+")
_NUMBER = re.compile(r"^[\s\u00a0]*(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)°][\s\u00a0]+", re.IGNORECASE)
_NUMBER_MARK = re.compile(r"^[\s\u00a0(]*(?:\d+|[a-z]{1,4})[.)°]", re.IGNORECASE)
_GOOGLE_LIST = re.compile(r"\blst-\S{1,60}-(\d)\b")


def classes_of(styles: str) -> dict[str, str]:
    """What each class of a style sheet says of weight, slant and being shown, by the name of the class."""
    found: dict[str, str] = {}
    for selectors, rule in _RULE.findall(styles):
        if not any(look.search(rule) for look in (_BOLD, _PLAIN, _ITALIC, _UPRIGHT, _HIDDEN)):
            continue
        for selector in selectors.split(","):
            named = _CLASS.match(selector.strip())
            if named is not None:
                found[named[1]] = found.get(named[1], "") + ";" + rule
    return found


class Look:
    """The styles of a page, asked element by element."""

    def __init__(self, styles: str) -> None:
        self._classes: Mapping[str, str] = classes_of(styles)

    def style(self, dom: HtmlElement) -> str:
        own = dom.get("style") or ""
        if not self._classes:
            return own
        named = [self._classes[name] for name in (dom.get("class") or "").split() if name in self._classes]
        return ";".join([*named, own])

    def hidden(self, dom: HtmlElement) -> bool:
        return (
            dom.get("hidden") is not None
            or dom.get("aria-hidden") == "true"
            or _HIDDEN.search(self.style(dom)) is not None
        )

    def shape(self, dom: HtmlElement, around: Shape) -> Shape:
        """What an element makes of the look of its words."""
        shape = around
        tag = dom.tag
        if tag in ("b", "strong"):
            shape = replace(shape, bold=True)
        elif tag in ("i", "em", "cite", "dfn", "var"):
            shape = replace(shape, italic=True)
        elif tag == "a":
            shape = replace(shape, href=address(dom.get("href")) or around.href)
        elif tag in ("abbr", "acronym"):
            shape = replace(shape, abbr=(dom.get("title") or "").strip()[:200] or around.abbr)
        elif tag == "pre":
            shape = replace(shape, pre=True)
        style = self.style(dom)
        # Google Docs wraps whole texts in <b style="font-weight:normal"> and writes its bold as a style. The last word wins.
        bold, plain = _last(_BOLD, style), _last(_PLAIN, style)
        if bold != plain:
            shape = replace(shape, bold=bold > plain)
        italic, upright = _last(_ITALIC, style), _last(_UPRIGHT, style)
        if italic != upright:
            shape = replace(shape, italic=italic > upright)
        return shape


def _last(look: re.Pattern[str], style: str) -> int:
    at = -1
    for found in look.finditer(style):
        at = found.start()
    return at


def heading_rank(dom: HtmlElement) -> int | None:
    """How high a heading stands (0 is a title), None for what is no heading."""
    tag = re.fullmatch(r"h([1-6])", str(dom.tag))
    if tag is not None:
        return int(tag[1])
    if dom.get("role") == "heading":
        level = dom.get("aria-level") or ""
        return int(level) if level.isdecimal() and len(level) < 3 else 2
    named = (dom.get("class") or "").strip()
    styled = _HEADING_CLASS.search(named)
    if styled is not None:
        return 0 if styled[2] else int(styled[1])
    # What Google Docs calls its own title.
    return 0 if dom.tag == "p" and "title" in named.split() else None


def google_level(dom: HtmlElement) -> int | None:
    """The level of a list of Google Docs, which stands beside the item it belongs to; from 1."""
    named = _GOOGLE_LIST.search(dom.get("class") or "")
    return int(named[1]) + 1 if named is not None else None


def list_line(dom: HtmlElement, paragraph: Paragraph, style: str) -> ListLine | str | None:
    """The list line that a paragraph of Word is; "continued" for one more paragraph of the line before; None for
    an ordinary one. A bullet that stands in the words is taken out of them."""
    level = _LEVEL.search(style)
    if level is not None:
        mark = next(
            (
                part.text_content().strip()
                for part in dom.iter("span")
                if _IGNORED.search(part.get("style") or "")
            ),
            "",
        )
        if not mark:
            written = _BULLET.match(paragraph.words) or _NUMBER.match(paragraph.words)
            mark = written[0] if written is not None else ""
            paragraph.drop_start(len(mark))
        return ListLine(int(level[1]), _NUMBER_MARK.match(mark) is not None)
    if "MsoListParagraph" not in (dom.get("class") or ""):
        return None
    bullet = _BULLET.match(paragraph.words)
    written = bullet or _NUMBER.match(paragraph.words)
    if written is None:
        return "continued"
    paragraph.drop_start(len(written[0]))
    return ListLine(1, bullet is None)


def is_ignored(style: str) -> bool:
    """A bullet that Word wrote as words, or a comment of its."""
    return _IGNORED.search(style) is not None or "mso-element:comment" in style.replace(" ", "")
