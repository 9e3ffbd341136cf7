"""OpenDocument as a text of the grammar: files of any office suite by their structure, files of ours as they were.

The package is read with zipfile and lxml alone (`odt_package` holds the bounds): libraries for writing ODF trust what they
open. Words vanish only with a loss that says so.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from drafts.exchange.addresses import address
from drafts.exchange.gathering import (
    MOST_BLOCKS,
    MOST_COLUMNS,
    MOST_LEVELS,
    Cell,
    block,
    bounded,
    levels_of,
    table_of,
    words_of,
)
from drafts.exchange.losses import Losses
from drafts.exchange.odt_inline import Line, LineReader, Worn
from drafts.exchange.odt_package import LARGEST_PICTURE, Package, Properties, Styles, get, q, tag
from drafts.exchange.odt_words import HEADER, NAMED, NOTHING_SAID, SAID, STYLED
from drafts.exchange.paper import Brought, Refused
from drafts.exchange.pictures import Pictures
from drafts.exchange.plainly import clean_text
from drafts.grammar import GRAMMAR, Node, Tree, inline_text, is_block, merge_runs, normalise

_HEADING = re.compile(r"(?:heading|titre|überschrift)[ _]?(\d{1,2})")
_TITLES = frozenset({"title", "titre", "titre principal", "document title"})
_KINDS = {style.lower(): kind for kind, style in STYLED.items()}
_EMBEDDED = frozenset({"draw:object", "draw:object-ole", "draw:plugin", "draw:applet", "draw:floating-frame"})
_INDEXES = frozenset(
    f"text:{kind}"
    for kind in ("table-of-content", "illustration-index", "table-index", "object-index", "user-index",
                 "alphabetical-index", "bibliography")
)  # fmt: skip
_SILENT = frozenset(
    {"text:soft-page-break", "office:forms", "text:sequence-decls", "text:variable-decls", "text:user-field-decls",
     "text:change", "text:change-start", "text:change-end", "table:table-column", "table:table-columns", "text:bookmark",
     "text:bookmark-start", "text:bookmark-end", "table:table-header-columns", "table:table-source", "office:dde-source"}
)  # fmt: skip


def read(content: bytes) -> Brought:
    """The text of a file. Raises Refused for what is no OpenDocument text, or is larger or deeper than a text may be."""
    package = Package(content)
    root = package.xml("content.xml")
    styles = package.xml("styles.xml")
    assert root is not None
    body = root.find(f"{q('office:body')}/{q('office:text')}")
    if body is None:
        raise Refused("no_text")
    losses = Losses()
    _margins(styles, losses)
    try:
        text = OdtText(package, Properties(package.xml("meta.xml")), Styles(styles, root), losses)
        tree = text.read(body)
    except RecursionError:
        raise Refused("too_deep") from None
    return Brought(
        (text.title or text.properties.title)[:300],
        bounded(normalise(tree)),
        text.pictures.found,
        losses.told(),
    )


def _margins(styles: etree._Element | None, losses: Losses) -> None:
    if styles is None:
        return
    for kind in ("header", "footer", "header-left", "footer-left", "header-first", "footer-first"):
        for dom in styles.iter(q(f"style:{kind}")):
            if words := " ".join("".join(dom.itertext()).split()):
                losses.add("page_margins", words)


class OdtText:
    """One file while it is read."""

    def __init__(self, package: Package, properties: Properties, styles: Styles, losses: Losses) -> None:
        self.package, self.properties, self.styles, self.losses = package, properties, styles, losses
        self.pictures = Pictures(losses)
        self.title = ""
        self.notes: list[Tree] = []
        self._levels: dict[int, int] = {}
        self._blocks = 0

    def read(self, body: etree._Element) -> Tree:
        if not self.properties.is_ours:
            ranks = [
                self._rank(dom)
                for dom in body.iter(q("text:h"), q("text:p"))
                if "".join(dom.itertext()).strip()
            ]
            found = [rank for rank in ranks if rank is not None and rank > 0]
            if self._begins_with_title(body, found):
                found.remove(min(found))
            self._levels = levels_of(found)
        tree = self.flow(body, top=True)
        if (
            not self.properties.is_ours
            and not self.title
            and self._lone
            and tree
            and tree[0]["type"] == "heading"
        ):
            self.title = inline_text(tree.pop(0)).strip()
        if self.notes:
            self.losses.add("notes", words_of(self.notes[0]), len(self.notes))
            items = [block("list_item", note or [block("paragraph")]) for note in self.notes]
            notes = {"type": "text", "text": "Notes"}
            tree += [block("heading", [notes], level=2), block("ordered_list", items)]
        return tree

    _lone = False

    def _begins_with_title(self, body: etree._Element, ranks: list[int]) -> bool:
        """Whether the first words are a heading higher than all others, where nothing else is called a title."""
        if not ranks or any(self._rank(dom) == 0 for dom in body.iter(q("text:h"), q("text:p"))):
            return False
        first = next(
            (dom for dom in body.iter(q("text:h"), q("text:p")) if "".join(dom.itertext()).strip()), None
        )
        self._lone = first is not None and self._rank(first) == min(ranks) == 1 and ranks.count(1) == 1
        return self._lone

    def _rank(self, dom: etree._Element) -> int | None:
        """How high a heading stands, 0 for a title, None for a sentence."""
        names = self.styles.names("paragraph", get(dom, "text:style-name"))
        if any(name in _TITLES for name in names[:4]):
            return 0
        if tag(dom) == "text:h":
            level = get(dom, "text:outline-level")
            return int(level) if level.isdecimal() and 0 < len(level) < 3 else 1
        for name in names:
            if styled := _HEADING.fullmatch(name):
                return int(styled[1])
        return None

    def flow(self, parent: etree._Element, *, top: bool = False, lists: int = 0) -> Tree:
        out: Tree = []
        for dom in parent:
            self._one(dom, tag(dom), out, top, lists)
        return out

    def _one(self, dom: etree._Element, name: str, out: Tree, top: bool, lists: int) -> None:
        if name in ("text:p", "text:h"):
            out.extend(self._paragraph(dom, top))
        elif name == "text:list":
            out.extend(self._list(dom, lists, ""))
        elif name == "table:table":
            out.extend(self._table(dom))
        elif name == "text:section":
            out.extend(self._section(dom, top))
        elif name in _INDEXES:
            self.losses.add("contents", "".join(dom.itertext()))
        elif name == "text:tracked-changes":
            for deleted in dom.iter(q("text:deletion")):
                self.losses.add(
                    "deleted", " ".join("".join(part.itertext()) for part in deleted.iter(q("text:p")))
                )
        elif name in ("text:numbered-paragraph", "text:index-body", "text:index-title", "text:list-header"):
            out.extend(self.flow(dom, top=top, lists=lists))
        elif name.startswith("draw:"):
            out.extend(self._frame(dom))
        elif name not in _SILENT and (words := "".join(dom.itertext()).strip()):
            self.losses.add("object", words)

    def line(self, dom: etree._Element, *, plain: bool = False) -> Line:
        """The words of a paragraph. `plain`: its own style says how it looks, not how its words do."""
        looks = (
            {} if plain else self.styles.looks("paragraph", get(dom, "text:style-name"), automatic_only=True)
        )
        worn = Worn(looks.get("bold", False), looks.get("italic", False), hidden=looks.get("hidden", False))
        return LineReader(self).read(dom, worn)

    def _paragraph(self, dom: etree._Element, top: bool) -> Tree:
        self._blocks += 1
        if self._blocks > MOST_BLOCKS:
            raise Refused("too_long")
        names = self.styles.names("paragraph", get(dom, "text:style-name"))
        if SAID.lower() in names:
            return []
        kind = next((_KINDS[name] for name in names if name in _KINDS), None)
        rank = self._rank(dom) if kind is None else None
        line = self.line(dom, plain=kind is not None or rank is not None)
        beside = [node for frame in line.frames for node in self._frame(frame)]
        runs = line.runs
        if kind is not None:
            return [block(kind, runs), *beside]
        says = any(run["type"] == "text" and run["text"].strip() for run in runs)
        if rank is not None and (self.properties.is_ours or says and top):
            return [*self._heading(runs, rank), *beside]
        if not runs and NOTHING_SAID.lower() not in names:
            return beside
        if not says and not self.properties.is_ours:
            return beside
        return [block("paragraph", runs), *beside]

    def _heading(self, runs: Tree, rank: int) -> Tree:
        words = inline_text({"type": "", "content": runs}).strip()
        if rank == 0 and not self.title:
            self.title = " ".join(words.split())
            return []
        if rank == 0 and not words:
            return []
        if self.properties.is_ours:
            return [block("heading", runs, level=min(4, max(2, rank + 1)))]
        level = self._levels.get(rank, 2)
        if rank > 4 and level != rank:
            self.losses.add("levels", words)
        light = [_without_bold(run) for run in runs]
        while light and light[-1]["type"] == "hard_break":
            light.pop()
        return [block("heading", merge_runs(light), level=level)]

    def _list(self, dom: etree._Element, lists: int, style: str) -> Tree:
        style = get(dom, "text:style-name") or style
        items: Tree = []
        before: Tree = []
        for item in dom:
            if tag(item) not in ("text:list-item", "text:list-header"):
                continue
            content: Tree = []
            for child in item:
                if tag(child) == "text:list":
                    content.extend(self._list(child, lists + 1, style))
                else:
                    self._one(child, tag(child), content, tag(child) == "text:h", lists + 1)
            if content and content[0]["type"] == "heading":
                # Numbered headings stand in lists of their own.
                before.extend(content)
            elif lists >= MOST_LEVELS:
                self.losses.add("lists", words_of(content))
                before.extend(content)
            elif content:
                inner = all(one["type"] in ("bullet_list", "ordered_list") for one in content)
                if inner and items and not self.properties.is_ours:
                    items[-1].setdefault("content", []).extend(content)
                else:
                    items.append(block("list_item", content))
        ordered = self.styles.is_ordered(style, lists + 1)
        if (
            items
            and not self.properties.is_ours
            and len(items) == 1
            and lists == 0
            and self._only_deeper(items[0])
        ):
            return [*before, *items[0]["content"]]
        return [*before, *([block("ordered_list" if ordered else "bullet_list", items)] if items else [])]

    def _only_deeper(self, item: Node) -> bool:
        """Whether an item is there only for the sake of a deeper one, as where a list goes on after a break."""
        return all(one["type"] in ("bullet_list", "ordered_list") for one in item["content"])

    def _table(self, dom: etree._Element) -> Tree:
        rows: list[tuple[etree._Element, bool]] = []
        self._rows(dom, False, rows)
        if self.properties.is_ours:
            written = [
                block("table_row", [self._own_cell(cell, head) for cell in self._cells(row)])
                for row, head in rows
            ]
            return [block("table", written)] if written else []
        if sum(len(self._cells(row)) for row, _head in rows) < 2:
            return [node for row, _head in rows for cell in self._cells(row) for node in self.flow(cell)]
        found: list[list[Cell]] = []
        for row, head in rows:
            cells: list[Cell] = []
            for cell in self._cells(row):
                content = self._flat(self.flow(cell))
                again = min(_number(get(cell, "table:number-columns-repeated")), MOST_COLUMNS)
                wide, high = (
                    _number(get(cell, "table:number-columns-spanned")),
                    _number(get(cell, "table:number-rows-spanned")),
                )
                cells += [Cell(content, head or self._is_header(cell), wide, high)] * again
            found.append(cells)
        table = table_of(found, self.losses)
        return [table] if table is not None else []

    def _rows(self, dom: etree._Element, head: bool, rows: list[tuple[etree._Element, bool]]) -> None:
        for child in dom:
            name = tag(child)
            if name == "table:table-row":
                rows.append((child, head))
            elif name in ("table:table-header-rows", "table:table-rows", "table:table-row-group"):
                self._rows(child, head or name == "table:table-header-rows", rows)

    def _cells(self, row: etree._Element) -> list[etree._Element]:
        for covered in row.iterchildren(q("table:covered-table-cell")):
            self.losses.add("hidden", words := "".join(covered.itertext()), int(bool(words.strip())))
        return list(row.iterchildren(q("table:table-cell")))

    def _is_header(self, cell: etree._Element) -> bool:
        lines = [dom for dom in cell if tag(dom) in ("text:p", "text:h")]
        return bool(lines) and all(
            HEADER.lower() in self.styles.names("paragraph", get(dom, "text:style-name"))[:4] for dom in lines
        )

    def _own_cell(self, cell: etree._Element, head: bool) -> Node:
        kind = "table_header" if head or self._is_header(cell) else "table_cell"
        content = self.flow(cell)
        lines = [dom for dom in cell if tag(dom) in ("text:p", "text:h")]
        return block(kind, content or ([block("paragraph")] if lines else []))

    def _flat(self, content: Tree) -> Tree:
        """What stands in a cell: a table in a table is its cells beneath one another."""
        flat: Tree = []
        for node in content:
            if node["type"] != "table":
                flat.append(node)
                continue
            self.losses.add("spans", words_of([node]))
            for row in node["content"]:
                for cell in row["content"]:
                    flat.extend(one for one in cell.get("content", []) if one.get("content"))
        return flat

    def _section(self, dom: etree._Element, top: bool) -> Tree:
        named = NAMED.match(get(dom, "text:name"))
        kind = named[1] if named is not None else ""
        if get(dom, "text:display") == "none":
            self.losses.add("hidden", "".join(dom.itertext()))
            return []
        if named is None or not is_block(kind):
            return self.flow(dom, top=top)
        attrs = self._attributes(kind, self.properties.own.get(named[0], {}))
        if GRAMMAR.nodes[kind].leaf:
            return [block(kind, **attrs)]
        if kind == "image":
            return self._image(dom, attrs)
        if GRAMMAR.nodes[kind].holds_inline:
            return self._words_of_section(dom, kind, attrs)
        content: Tree = []
        for one in self.flow(dom):
            # A list straight in these is their items.
            straight = (
                kind in ("documents", "further")
                and one["type"] == "bullet_list"
                and not one.pop("named", False)
            )
            content.extend(one["content"] if straight else [one])
        made = block(kind, content, **attrs)
        if kind == "bullet_list":
            made["named"] = True
        return [made]

    def _words_of_section(self, dom: etree._Element, kind: str, attrs: dict[str, Any]) -> Tree:
        runs: Tree = []
        others: Tree = []
        for child in dom:
            if tag(child) in ("text:p", "text:h"):
                line = self.line(child, plain=True)
                runs += [{"type": "hard_break"}] if runs and line.runs else []
                runs += line.runs
                others += [node for frame in line.frames for node in self._frame(frame)]
            else:
                self._one(child, tag(child), others, False, 0)
        return [block(kind, merge_runs(runs), **attrs), *others]

    def _attributes(self, kind: str, kept: dict[str, Any]) -> dict[str, Any]:
        attrs = GRAMMAR.type_node_attributes(kind, kept)
        attrs.pop("id", None)
        if attrs.get("href") and address(attrs["href"]) is None:
            self.losses.add("link", attrs.pop("href"))
        return attrs

    def _image(self, dom: etree._Element, attrs: dict[str, Any]) -> Tree:
        """A section of ours around an image: its frame, then its caption."""
        name = attrs.pop("image", "")
        frame = next(dom.iter(q("draw:image")), None)
        if frame is not None:
            key = self._picture(frame, str(attrs.get("alt", "")), name)
            attrs.update({"image": key} if key is not None else {})
        elif name:
            self.losses.add("picture_missing", str(attrs.get("alt", "")))
        runs: Tree = []
        for child in dom.iterchildren(q("text:p"), q("text:h")):
            if SAID.lower() in self.styles.names("paragraph", get(child, "text:style-name")):
                continue
            line = self.line(child, plain=True)
            runs += [{"type": "hard_break"}] if runs and line.runs else []
            runs += line.runs
        return [block("image", merge_runs(runs), **attrs)]

    def _picture(self, image: etree._Element, alt: str, name: str = "") -> str | None:
        href = get(image, "xlink:href").removeprefix("./")
        if re.match(r"(?:[a-z][a-z0-9+.-]*:|//|/|\.\.)", href, re.IGNORECASE):
            self.losses.add("picture_remote", alt or href)
            return None
        try:
            content = self.package.bytes(href, LARGEST_PICTURE)
        except Refused:
            content = b""
        if content is None:
            self.losses.add("picture_missing", alt or href)
            return None
        return self.pictures.take(content, alt, name)

    def _frame(self, dom: etree._Element) -> Tree:
        """What a frame holds: a picture, or words that follow the paragraph it was tied to."""
        found: Tree = []
        title, told = dom.find(q("svg:title")), dom.find(q("svg:desc"))
        alt = next((" ".join(one.text.split()) for one in (told, title) if one is not None and one.text), "")
        embedded = next((child for child in dom if tag(child) in _EMBEDDED), None)
        if embedded is not None:
            # The picture beside it only stands for what it is.
            self.losses.add("object", alt or get(embedded, "xlink:href"))
            return []
        images = [child for child in dom if tag(child) == "draw:image"]
        if images:
            key = self._picture(images[-1] if len(images) == 1 else images[0], alt)
            decorative = get(dom, "loext:decorative") == "true"
            if key is not None:
                more: dict[str, Any] = {"decorative": 1} if decorative else {}
                found.append(block("image", image=key, alt=clean_text(alt)[:2000], **more))
            return found
        for child in dom:
            name = tag(child)
            if name in ("text:p", "text:h", "text:list", "table:table", "text:section"):
                self._one(child, name, found, False, 0)
            elif name == "draw:text-box":
                found.extend(self.flow(child))
            elif name in ("draw:frame", "draw:g", "draw:a", "draw:custom-shape", "draw:rect"):
                found.extend(self._frame(child))
            elif name in (
                "draw:object",
                "draw:object-ole",
                "draw:plugin",
                "draw:applet",
                "draw:floating-frame",
            ):
                self.losses.add("object", alt or get(child, "xlink:href"))
        if found and any(one["type"] != "image" for one in found):
            self.losses.add("frame", words_of(found))
        return found

    def note(self, dom: etree._Element) -> int:
        """A foot- or endnote: its words are kept for the end, its number is what calls it."""
        self.notes.append([])
        number = len(self.notes)
        body = dom.find(q("text:note-body"))
        if body is not None:
            self.notes[number - 1] = self.flow(body)
        return number


def _number(given: str) -> int:
    return max(1, int(given)) if given.isdecimal() and len(given) < 8 else 1


def _without_bold(run: Node) -> Node:
    marks = [mark for mark in run.get("marks", ()) if mark["type"] != "strong"]
    light = {key: value for key, value in run.items() if key != "marks"}
    return {**light, "marks": marks} if marks else light
