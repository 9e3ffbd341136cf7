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
    CAPTIONS,
    MOST_BLOCKS,
    MOST_LEVELS,
    block,
    bounded,
    caption_of,
    is_bare_image,
    levels_of,
    words_of,
)
from drafts.exchange.losses import Losses
from drafts.exchange.odt_frames import frame, own_image
from drafts.exchange.odt_inline import Line, LineReader, Worn
from drafts.exchange.odt_package import Package, Properties, Styles, get, q, tag
from drafts.exchange.odt_tables import table
from drafts.exchange.odt_words import NAMED, NOTHING_SAID, SAID, STYLED
from drafts.exchange.paper import Brought, Refused
from drafts.exchange.pictures import Pictures
from drafts.grammar import GRAMMAR, Node, Tree, inline_text, is_block, merge_runs, normalise

_HEADING = re.compile(r"(?:heading|titre|überschrift)[ _]?(\d{1,2})")
_TITLES = frozenset({"title", "titre", "titre principal", "document title"})
_KINDS = {style.lower(): kind for kind, style in STYLED.items()}
# Styles of Word and LibreOffice that say how deep a list is, and that a paragraph goes on with an item.
_LIST_LEVEL = re.compile(r"(?:list (?:bullet|number)|liste? (?:à|a) (?:puces|numéros)) ([2-6])")
_GO_ON = frozenset(
    {
        "list paragraph",
        "list continue",
        "list contents",
        "paragraphe de liste",
        "liste continue",
        "contenu de liste",
    }
)
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
    if sum(1 for _line in body.iter(q("text:p"), q("text:h"))) > MOST_BLOCKS:
        raise Refused("too_long")
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
        self._lone = first is not None and self._rank(first) == min(ranks) == 1
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

    def _is_caption(self, dom: etree._Element) -> bool:
        return not self.properties.is_ours and not CAPTIONS.isdisjoint(
            self.styles.names("paragraph", get(dom, "text:style-name"))
        )

    def flow(self, parent: etree._Element, *, top: bool = False, lists: int = 0) -> Tree:
        out: Tree = []
        for dom in parent:
            self.one(dom, tag(dom), out, top, lists)
        return out

    def one(self, dom: etree._Element, name: str, out: Tree, top: bool, lists: int) -> None:
        if name in ("text:p", "text:h"):
            made = self._paragraph(dom, top)
            if made and not self.properties.is_ours and self._goes_on(dom, out):
                out[-1]["content"][-1].setdefault("content", []).extend(made)
            elif made and out and is_bare_image(out[-1]) and self._is_caption(dom):
                out[-1] = caption_of(out[-1], made[0])
                out.extend(made[1:])
            else:
                out.extend(made)
        elif name == "text:list":
            self._join(self._list(dom, lists, ""), dom, out)
        elif name == "table:table":
            out.extend(table(self, dom))
        elif name == "text:section":
            out.extend(self._section(dom, top))
        elif name in _INDEXES:
            self.losses.add("contents", "".join(dom.itertext()))
        elif name == "text:tracked-changes":
            for deleted in dom.iter(q("text:deletion")):
                self.losses.add(
                    "deleted", " ".join("".join(part.itertext()) for part in deleted.iter(q("text:p")))
                )
            self.losses.add("insertions", "", sum(1 for _one in dom.iter(q("text:insertion"))))
        elif name in ("text:numbered-paragraph", "text:index-body", "text:index-title", "text:list-header"):
            out.extend(self.flow(dom, top=top, lists=lists))
        elif name.startswith("draw:"):
            out.extend(frame(self, dom))
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
        names = self.styles.names("paragraph", get(dom, "text:style-name"))
        if SAID.lower() in names:
            return []
        kind = next((_KINDS[name] for name in names if name in _KINDS), None)
        rank = self._rank(dom) if kind is None else None
        line = self.line(dom, plain=kind is not None or rank is not None)
        beside = [node for framed in line.frames for node in frame(self, framed)]
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
                    self.one(child, tag(child), content, tag(child) == "text:h", lists + 1)
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

    def _goes_on(self, dom: etree._Element, out: Tree) -> bool:
        """Whether a paragraph belongs to the item before it by its style."""
        names = self.styles.names("paragraph", get(dom, "text:style-name"))
        listed = any(name in _GO_ON for name in names)
        return listed and bool(out) and out[-1]["type"] in ("bullet_list", "ordered_list")

    def _join(self, found: Tree, dom: etree._Element, out: Tree) -> None:
        """Adds a list, to the one before where it goes on with it, or is deeper by the style of its sentences."""
        before = out[-1] if out else None
        if self.properties.is_ours or len(found) != 1 or before is None or "content" not in found[0]:
            out.extend(found)
            return
        first = next(dom.iter(q("text:p")), None)
        names = self.styles.names("paragraph", get(first, "text:style-name")) if first is not None else []
        level = next((int(styled[1]) for name in names if (styled := _LIST_LEVEL.fullmatch(name))), 1)
        at: Node | None = before if before["type"] in ("bullet_list", "ordered_list") else None
        goes_on = bool(get(dom, "text:continue-list")) or get(dom, "text:continue-numbering") == "true"
        if at is None or (level == 1 and not (goes_on and at["type"] == found[0]["type"])):
            out.extend(found)
            return
        for _step in range(level - 1):
            content = at["content"][-1].setdefault("content", [])
            if not content or content[-1]["type"] != found[0]["type"]:
                content.append({"type": found[0]["type"], "content": []})
            at = content[-1]
        at["content"].extend(found[0]["content"])

    def _only_deeper(self, item: Node) -> bool:
        """Whether an item is there only for the sake of a deeper one, as where a list goes on after a break."""
        return all(one["type"] in ("bullet_list", "ordered_list") for one in item["content"])

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
            return own_image(self, dom, attrs)
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
                others += [node for framed in line.frames for node in frame(self, framed)]
            else:
                self.one(child, tag(child), others, False, 0)
        return [block(kind, merge_runs(runs), **attrs), *others]

    def _attributes(self, kind: str, kept: dict[str, Any]) -> dict[str, Any]:
        attrs = GRAMMAR.type_node_attributes(kind, kept)
        attrs.pop("id", None)
        if attrs.get("href") and address(attrs["href"]) is None:
            self.losses.add("link", attrs.pop("href"))
        return attrs

    def note(self, dom: etree._Element) -> int:
        """A foot- or endnote: its words are kept for the end, its number is what calls it."""
        self.notes.append([])
        number = len(self.notes)
        body = dom.find(q("text:note-body"))
        if body is not None:
            self.notes[number - 1] = self.flow(body)
            for run in (self.notes[number - 1] or [{}])[0].get("content", ())[:1]:
                # What stood between the number and the words.
                run["text"] = run.get("text", "").lstrip() if run["type"] == "text" else ""
        return number


def _without_bold(run: Node) -> Node:
    marks = [mark for mark in run.get("marks", ()) if mark["type"] != "strong"]
    light = {key: value for key, value in run.items() if key != "marks"}
    return {**light, "marks": marks} if marks else light
