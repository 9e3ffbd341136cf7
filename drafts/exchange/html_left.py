"""What foreign HTML holds that is no text of its article: left out here, and listed."""

from __future__ import annotations

import re
from typing import Protocol

from lxml.html import HtmlElement

from drafts.exchange.html_look import Look, is_ignored
from drafts.exchange.losses import Losses


class Page(Protocol):
    """What is asked of a page: how it looks, and where losses are counted."""

    look: Look
    losses: Losses


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FURNITURE = _set("nav menu")
_ACTIVE = _set("noscript frame frameset applet")
_OBJECTS = _set("object embed audio video canvas svg math map area track source")
_FORM = _set("input button select textarea option datalist progress meter dialog")
_SILENT = _set("head title meta link base col colgroup xml w:sdtpr param hr")


def left_out(page: Page, dom: HtmlElement, name: str, top: bool) -> bool:
    losses = page.losses
    if name in _SILENT:
        return True
    code = ""
    style = page.look.style(dom)
    role, named = dom.get("role"), dom.get("class") or ""
    if (
        name in _FURNITURE
        or role in ("navigation", "menu", "banner", "contentinfo", "search")
        or name in ("header", "footer")
        and top
        and _of_the_page(dom)
    ):
        code = "furniture"
    elif name in _ACTIVE:
        code = "active"
    elif name in _OBJECTS:
        code = "object"
    elif name in _FORM or role == "button":
        code = "form"
    elif name == "del":
        code = "deleted"
    elif name == "a" and (dom.get("href") or "").startswith("#cmnt"):
        return True
    elif re.search(r"\b(?:MsoCommentReference|msocomanchor|msocomtxt)\b", named) or _is_comment(dom, name):
        code = "comments"
    elif is_ignored(style) or "Apple-interchange-newline" in named:
        return True
    elif page.look.hidden(dom):
        code = "hidden"
    if code and (words := dom.text_content().strip() or (name if code in ("object", "form") else "")):
        losses.add(code, words)
    return bool(code)


def _is_comment(dom: HtmlElement, name: str) -> bool:
    """A comment of Google Docs: a box at the end of the page whose first link names it."""
    if name != "div":
        return False
    first = next(dom.iter("a"), None)
    return first is not None and (first.get("id") or "").startswith("cmnt") and len(dom) <= 20


def _of_the_page(dom: HtmlElement) -> bool:
    return not any(parent.tag in ("article", "section", "main") for parent in dom.iterancestors())
