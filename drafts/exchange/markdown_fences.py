"""Pandoc's fenced divisions (`::: {.note}`) and bracketed spans (`[…]{.abbr title="…"}`) for markdown-it, and `<br>`."""

from __future__ import annotations

import html
import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

# Deeper than any article; each level costs the parser some calls of Python's.
MOST_NESTED = 100
_OPENS = re.compile(r":{3,}[ \t]*(?:\{([^\n]*)\}|([A-Za-z][\w-]*))[ \t]*:*[ \t]*$")
_CLOSES = re.compile(r":{3,}[ \t]*$")
_ATTRIBUTES = re.compile(r"""\{((?:[^{}"\\\n]|"(?:[^"\\\n]|\\.)*+")*+)\}""")
_ATTRIBUTE = re.compile(r"""\.([A-Za-z][\w-]*)|([a-z]+)=(?:"((?:[^"\\]|\\.)*+)"|([^\s"}]+))""")
_BREAK = re.compile(r"<br[ ]*/?>", re.IGNORECASE)


class _Markdown(MarkdownIt):
    """Which addresses may stand in a text is judged afterwards, where the words of a refused one stay."""

    def validateLink(self, url: str) -> bool:
        return True

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link


def parser() -> MarkdownIt:
    """CommonMark with tables, divisions and spans. HTML is text, addresses are left as they are written."""
    made = _Markdown("commonmark", {"html": False, "maxNesting": MOST_NESTED}).enable("table")
    made.block.ruler.before(
        "fence", "division", _division, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    made.inline.ruler.before("link", "span", _span)
    made.inline.ruler.before("autolink", "line_break", _line_break)
    return made


def pairs(source: str) -> dict[int, int]:
    """The line where each division closes, by the line where it opens: found once, in one walk."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for number, line in enumerate(source.split("\n")):
        text = line.lstrip(" \t>")
        if not text.startswith(":::"):
            continue
        if _CLOSES.fullmatch(text):
            if opened:
                found[opened.pop()] = number
        elif _OPENS.fullmatch(text):
            opened.append(number)
    return found


def attributes(text: str) -> tuple[str, dict[str, str]]:
    """(class, attributes) of what stands in braces; the first class is the one that counts."""
    name, found = "", dict[str, str]()
    for match in _ATTRIBUTE.finditer(text):
        if match[1] is not None:
            name = name or match[1]
        elif match[4] is not None:
            found[match[2]] = match[4]
        else:
            value = re.sub(r"\\(.)", r"\1", match[3])
            found[match[2]] = html.unescape(value) if re.search(r"&#1[03];", value) else value
    return name, found


def _division(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    close = state.env["pairs"].get(start)
    if close is None or close >= end or state.is_code_block(start):
        return False
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    opened = _OPENS.fullmatch(line)
    if opened is None:
        return False
    if silent:
        return True
    name, attrs = attributes(opened[1]) if opened[1] is not None else (opened[2], {})
    parent, last = state.parentType, state.lineMax
    state.parentType = "division"
    state.lineMax = close
    token = state.push("division_open", "div", 1)
    token.block = True
    token.meta = {"class": name, "attrs": attrs}
    state.md.block.tokenize(state, start + 1, close)
    state.push("division_close", "div", -1).block = True
    state.parentType, state.lineMax = parent, last
    state.line = close + 1
    return True


def _span(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[":
        return False
    close = state.md.helpers.parseLinkLabel(state, state.pos)
    if close < 0:
        return False
    told = _ATTRIBUTES.match(state.src, close + 1, state.posMax)
    if told is None:
        return False
    if not silent:
        name, attrs = attributes(told[1])
        start, last = state.pos + 1, state.posMax
        state.push("span_open", "span", 1).meta = {"class": name, "attrs": attrs}
        state.pos, state.posMax = start, close
        state.md.inline.tokenize(state)
        state.push("span_close", "span", -1)
        state.posMax = last
    state.pos = told.end()
    return True


def _line_break(state: StateInline, silent: bool) -> bool:
    found = _BREAK.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True
