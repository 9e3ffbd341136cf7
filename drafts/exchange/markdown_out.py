"""A text as Markdown: CommonMark with tables, and Pandoc's fenced divisions for what Markdown has no word for.

Any words survive: what could be taken for a sign is escaped, spaces at the ends of lines are written as references. What is
said beside the text stands in `[…]{.said}`, which `drafts.exchange.markdown_in` leaves out again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.extensions import gettext as _
from drafts.exchange.paper import Paper
from drafts.exchange.pictures import as_address
from drafts.exchange.plainly import (
    Words,
    after_words,
    before_words,
    card_lines,
    clean_text,
    label_of,
    nested,
    on_paper,
    service_address,
)
from drafts.grammar import GRAMMAR, Node, Tree, inline_text

# Larger pictures are named and not written: an editor of text stands still at lines of a megabyte.
LARGEST_PICTURE = 60_000
# Where items stand straight in a block: a list of Markdown in it is its items.
HOLDERS = frozenset({"documents", "further", "bullet_list", "ordered_list"})
_BREAK = "\x00"
_PLAIN_VALUE = re.compile(r"[^\s\"'#&*!|>{}\[\],?:%@`-][^\n\"#:]*(?<!\s)")
_NUMBER = re.compile(r"^(\d{1,9})([.)])")
_CELLS = ("table_header", "table_cell")


def write(paper: Paper) -> bytes:
    """The file, in UTF-8: what stands above it as front matter, then the text."""
    lines = ["---", f"title: {_value(paper.title)}", f"lang: {paper.language}", "openlab: 1"]
    lines += [f"{_key(label)}: {_value(value)}" for label, value in paper.facts]
    lines += ["---", ""]
    if paper.title.strip():
        lines += [f"# {_one_line(escaped(paper.title))}", ""]
    body = _Writer(paper).flow(on_paper(paper.tree))
    return ("\n".join([*lines, *body]) + "\n").encode("utf-8")


def _key(label: str) -> str:
    return re.sub(r"[\s:#\"]+", " ", clean_text(label)).strip() or "_"


def _value(value: str) -> str:
    value = re.sub(r"[\t\r\n]+", " ", clean_text(value))
    return value if _PLAIN_VALUE.fullmatch(value) else json.dumps(value, ensure_ascii=False)


class _Writer:
    def __init__(self, paper: Paper) -> None:
        self.known = paper.references
        self.pictures = paper.pictures

    def flow(self, tree: Tree, holder: bool = False) -> list[str]:
        """The lines of blocks beneath one another. `holder`: items may stand straight here, as a list of Markdown."""
        parts: list[list[str]] = []
        items: Tree = []
        before = ""
        for node in [*tree, None]:
            if node is not None and holder and node["type"] == "list_item" and _is_clean_item(node):
                items.append(node)
                continue
            if items:
                parts.append(self._list(items, "-"))
                items = []
            if node is None:
                break
            kind = node["type"]
            if _is_clean_list(node) and not (holder and kind == "bullet_list"):
                # Two lists beside one another are told apart by their signs.
                usual, other = ("-", "*") if kind == "bullet_list" else (".", ")")
                before = other if before == usual else usual
                parts.append(self._list(node.get("content", []), before))
            else:
                before = ""
                parts.append(self._block(node))
        return [line for number, part in enumerate(parts) for line in ([""] if number else []) + part]

    def _block(self, node: Node) -> list[str]:
        kind = node["type"]
        if GRAMMAR.nodes[kind].holds_inline:
            return self._words(node)
        if GRAMMAR.nodes[kind].leaf:
            return _fence(kind, node.get("attrs", {}), self._card(node))
        if kind == "table" and (table := self._table(node.get("content", []))) is not None:
            return table
        said = [_said(label_of(node))] if label_of(node) else []
        content = node.get("content", [])
        inner: list[str] = []
        if kind == "steps":
            for number, child in enumerate(content, 1):
                step = [_said(_("Étape %(number)d", number=number)), ""] if child["type"] == "step" else []
                inner += ([""] if inner else []) + step + self.flow([child])
        else:
            inner = self.flow(content, kind in HOLDERS)
        return _fence(kind, node.get("attrs", {}), said + ([""] if said and inner else []) + inner)

    def _words(self, node: Node) -> list[str]:
        kind = node["type"]
        words = self._inline(nested(node.get("content", [])))
        if kind == "image":
            return self._image(node, words)
        if kind == "heading":
            line = _one_line(words)
            ending = re.search(r"#+$", line)
            if ending is not None:
                line = line[: ending.start()] + "\\#" * len(ending[0])
            return [f"{'#' * node.get('attrs', {}).get('level', 2)} {line}".rstrip()]
        if kind == "paragraph" and words:
            return _lines(words)
        if kind == "label" and words:
            return _lines(f"[{words}]{{.label}}")
        before, after = before_words(node), after_words(node)
        words = (_said(before) if before else "") + words + (_said(after) if after else "")
        return _fence(kind, node.get("attrs", {}), _lines(words) if words else [])

    def _image(self, node: Node, caption: str) -> list[str]:
        attrs = node.get("attrs", {})
        name = attrs.get("image", "")
        content = self.pictures.get(name)
        inner: list[str] = []
        if name:
            small = content is not None and len(content) <= LARGEST_PICTURE
            where = as_address(content) if small and content is not None else f"{name}.webp"
            inner.append(f"![{_one_line(escaped(attrs.get('alt', '')))}]({where})")
        if caption:
            inner += [*([""] if inner else []), *_lines(caption)]
        return _fence("image", attrs, inner)

    def _card(self, node: Node) -> list[str]:
        said = [_said(label_of(node))]
        told = [
            f"[{escaped(words)}](<{href}>)" if href else escaped(words)
            for words, href in card_lines(node, self.known)
        ]
        return [*said, "", *_lines(_BREAK.join(told))] if told else said

    def _list(self, items: Tree, sign: str) -> list[str]:
        lines: list[str] = []
        for number, item in enumerate(items, 1):
            marker = f"{number}{sign} " if sign in ".)" else f"{sign} "
            inner = self.flow(item.get("content", []))
            pad = " " * len(marker)
            if lines and ("" in inner or "" in lines):
                lines.append("")
            lines += [marker + inner[0], *(pad + line if line else "" for line in inner[1:])]
        return lines

    def _table(self, rows: Tree) -> list[str] | None:
        """A table as Markdown has them, None for one that it cannot say."""
        if not rows or any(row["type"] != "table_row" for row in rows):
            return None
        width = len(rows[0].get("content", []))
        cells = [cell for row in rows for cell in row.get("content", [])]
        if not width or any(len(row.get("content", [])) != width for row in rows):
            return None
        if any(
            cell["type"] not in _CELLS or [one["type"] for one in cell.get("content", [])] != ["paragraph"]
            for cell in cells
        ):
            return None
        head = all(cell["type"] == "table_header" for cell in rows[0]["content"])
        if head and not any(inline_text(cell["content"][0]) for cell in rows[0]["content"]):
            return None
        lines = [[self._cell(cell, head and row is rows[0]) for cell in row["content"]] for row in rows]
        # A table of Markdown always begins with headings; an empty row of them stands for none.
        lines = lines if head else [[""] * width, *lines]
        lines.insert(1, ["---"] * width)
        return ["| " + " | ".join(line) + " |" for line in lines]

    def _cell(self, cell: Node, head: bool) -> str:
        words = _one_line(self._inline(nested(cell["content"][0].get("content", []))))
        return f"[{words}]{{.header}}" if cell["type"] == "table_header" and not head else words

    def _inline(self, words: Words) -> str:
        out = ""
        for number, part in enumerate(words.parts):
            if part is None:
                out += _BREAK
            elif isinstance(part, str):
                out += escaped(part)
            else:
                follows = words.parts[number + 1] if number + 1 < len(words.parts) else ""
                starred = out.endswith("*") or isinstance(follows, Words) and follows.mark in ("strong", "em")
                out += self._marked(part, starred or words.mark in ("strong", "em"))
        return out

    def _marked(self, words: Words, plainly: bool) -> str:
        """Words under a mark; `plainly`: not with stars, which would run together with others."""
        inner = self._inline(words)
        if words.mark == "link" and "]{." in inner:
            # A link of Markdown holds no other brackets.
            return f"[{inner}]{_attributes('link', words.attrs)}"
        if words.mark == "link":
            return f"[{inner}](<{_target(words.attrs['href'])}>)"
        if words.mark == "service_link":
            href = service_address(words.attrs["service"], self.known)
            return f"[{inner}]{_attributes('service_link', words.attrs)}{_said(f' ({href})') if href else ''}"
        if words.mark == "abbr":
            return f"[{inner}]{_attributes('abbr', words.attrs)}"
        both = words.mark == "strong" and len(words.parts) == 1 and isinstance(words.parts[0], Words)
        stars = "**" if words.mark == "strong" else "*"
        if both:
            core = self._inline(words.parts[0])  # type: ignore[arg-type] # `both` has looked
            if not plainly and _begins_and_ends_in_words(core):
                return f"***{core}***"
        if not plainly and _begins_and_ends_in_words(inner):
            return f"{stars}{inner}{stars}"
        return f"[{inner}]{{.{words.mark}}}"


def _begins_and_ends_in_words(text: str) -> bool:
    """Whether stars around it are read as such, whatever stands beside them."""
    return bool(text) and text[0].isalnum() and text[-1].isalnum()


def _is_clean_item(node: Node) -> bool:
    content = node.get("content", [])
    if node["type"] != "list_item" or not content:
        return False
    first = content[0]
    return first["type"] == "paragraph" and bool(first.get("content")) or _is_clean_list(first)


def _is_clean_list(node: Node) -> bool:
    content = node.get("content", [])
    return (
        node["type"] in ("bullet_list", "ordered_list")
        and bool(content)
        and all(_is_clean_item(item) for item in content)
    )


def _fence(kind: str, attrs: Mapping[str, Any], inner: list[str]) -> list[str]:
    """A division around lines, with more colons than any within."""
    longest = max(
        (
            len(found[0])
            for line in inner
            if (found := re.match(r"\s*(:{3,})", line)) and (found := re.search(r":{3,}", line))
        ),
        default=2,
    )
    colons = ":" * (longest + 1)
    return [f"{colons} {_attributes(kind, attrs)}", *inner, colons]


def _attributes(kind: str, attrs: Mapping[str, Any]) -> str:
    told = []
    for name, value in attrs.items():
        text = re.sub(r'([\\"|])', r"\\\1", str(value)).replace("\n", "&#10;").replace("\r", "&#13;")
        told.append(f' {name}="{text}"')
    return "{." + kind + "".join(told) + "}"


def _said(words: str) -> str:
    return f"[{escaped(words)}]{{.said}}"


def _target(href: str) -> str:
    return re.sub(r"([\\<>|&])", r"\\\1", href)


_SIGNS = re.compile(r"[\\`*\[\]<{}|]|&(?=[#A-Za-z]|$)|!(?=\[|$)|_")


def escaped(text: str) -> str:
    """Text that Markdown takes for nothing else."""

    def sign(found: re.Match[str]) -> str:
        if found[0] == "_":
            around = text[max(0, found.start() - 1) : found.end() + 1]
            # Within a word an underscore is one.
            if len(around) == 3 and around[0].isalnum() and around[2].isalnum():
                return "_"
        return f"\\{found[0]}"

    safe = _SIGNS.sub(sign, clean_text(text))
    return safe.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")


def _edges(line: str) -> str:
    """Spaces at the ends of a line as references: as themselves they would be no part of it."""
    kept = line.strip()
    if kept == line:
        return line
    if not kept:
        return _references(line)
    start = line.index(kept)
    return _references(line[:start]) + kept + _references(line[start + len(kept) :])


def _references(spaces: Iterable[str]) -> str:
    return "".join(f"&#{ord(space)};" for space in spaces)


def _one_line(words: str) -> str:
    return _edges(words.replace(_BREAK, "<br>"))


def _lines(words: str) -> list[str]:
    """The lines of a paragraph; none begins with what would be a list, a heading, a line."""
    parts = words.split(_BREAK)
    joined = parts[0]
    for before, part in zip(parts, parts[1:], strict=False):
        joined += ("\\\n" if before and part and not before.isspace() else "<br>") + part
    return [_begun(_edges(line)) for line in joined.split("\n")]


def _begun(line: str) -> str:
    if line[:1] in ("#", "+", "-", "=", ">", "~", ":"):
        return f"\\{line}"
    return _NUMBER.sub(r"\1\\\2", line)
