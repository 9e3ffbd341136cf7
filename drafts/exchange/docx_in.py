"""A Word file as a text of the grammar, with what is lost on the way (docs/exchange.md, « Word »)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drafts.exchange.docx_controls import SHOWN, Told, read_tag
from drafts.exchange.docx_lines import Line, chosen
from drafts.exchange.docx_package import Element, Piece
from drafts.exchange.docx_source import DEEPEST_MARKUP, MOST_LEVELS, Source, safe_link, words_of
from drafts.exchange.docx_styles import Line as ListLine
from drafts.exchange.docx_styles import is_on, value_of, w
from drafts.exchange.docx_tables import table_of
from drafts.exchange.gathering import caption_of, is_bare_image
from drafts.exchange.paper import Brought, Refused
from drafts.grammar import BLOCK_LEAVES, GRAMMAR, Node, Tree, inline_text, merge_runs, normalise

LISTS = ("bullet_list", "ordered_list")
# A cell that holds nothing at all, which Word does not know.
NOTHING = "nothing"
# The title of an article (drafts/models.py).
LONGEST_TITLE = 200
# Words of a paragraph begin where those of the item do, give or take a millimetre and a half.
_NEAR = 90


def read(content: bytes) -> Brought:
    """What a Word file brings. Raises Refused with a stable code.

    old_or_locked: from before 2007, or behind a password; macros: it holds programs; not_word, unreadable, too_large,
    too_deep: what they say.
    """
    source = Source(content)
    body = source.main.root.find(w("body"))
    if body is None:
        raise Refused("not_word")
    try:
        tree = Flow(source, source.main, is_top=True).read(body)
        tree = _settled(source, tree) + _notes(source)
    except RecursionError:
        raise Refused("too_deep") from None
    for kind in ("header", "footer"):
        for piece in source.related(kind):
            words = words_of(piece.root)
            # A page number alone says nothing.
            if any(letter.isalpha() for letter in words):
                source.losses.add("page_margins", words)
    for field in source.fields:
        source.losses.add("contents" if field.is_contents else "fields", field.left_out)
    return Brought(
        (source.title or "")[:LONGEST_TITLE].strip(), normalise(tree), source.pictures, source.losses.told()
    )


def _settled(source: Source, tree: Tree) -> Tree:
    """The levels of Word's headings as ours, 2 to 4, below the title.

    A text whose parts are of the first level goes one level down as a whole, so that what stood below them still does.
    """
    if source.title is None and tree and tree[0].get("attrs", {}).get("raw") == 1:
        source.title = " ".join(inline_text(tree[0]).split())
        tree = tree[1:]
    found = [node for node in _all(tree) if "raw" in node.get("attrs", {})]
    shift = not source.is_ours and any(node["attrs"]["raw"] == 1 for node in found)
    for node in found:
        level = node["attrs"]["raw"] + shift
        if level > 4:
            source.losses.add("levels", inline_text(node))
        node["attrs"] = {"level": min(4, max(2, level))}
    return tree


def _all(tree: Tree, level: int = 1) -> Tree:
    """Every block, however deep; what the gate would not let through is refused here."""
    found: Tree = []
    for node in tree:
        if node["type"] in ("text", "hard_break"):
            continue
        if level > MOST_LEVELS:
            raise Refused("too_deep")
        found += [node, *_all(node.get("content", []), level + 1)]
    return found


def _notes(source: Source) -> Tree:
    """The notes at the end of the text, in the order of their calls. A note that calls another adds it to them."""
    pieces = {f"{kind}note": piece for kind in ("foot", "end") for piece in source.related(f"{kind}notes")}
    items: Tree = []
    for kind, ident in _growing(source):
        piece = pieces.get(kind)
        found = (
            next((one for one in piece.root.iterfind(w(kind)) if one.get(w("id")) == ident), None)
            if piece is not None
            else None
        )
        blocks = Flow(source, piece).read(found) if piece is not None and found is not None else []
        if blocks and blocks[0].get("content") and blocks[0]["content"][0]["type"] == "text":
            first = blocks[0]["content"][0]
            first["text"] = first["text"].lstrip()
        source.losses.add("notes", inline_text(blocks[0]) if blocks else "")
        items.append({"type": "list_item", "content": blocks or [{"type": "paragraph"}]})
    if not items:
        return []
    title: Node = {"type": "heading", "content": [{"type": "text", "text": "Notes"}]}
    return [title, {"type": "ordered_list", "content": items}]


def _growing(source: Source) -> Any:
    done = 0
    while done < len(source.notes):
        yield list(source.notes)[done]
        done += 1


@dataclass
class _Open:
    """A list that may go on: its last line in Word, the list and the item it is in."""

    line: ListLine
    list: Node
    item: Node


class Flow:
    """Blocks beneath one another: the body, a cell, a text box, what stands in a control.

    `is_plain`: every paragraph is one, whatever its style. `is_exact`: the tables are ours. `is_numbered`: the first
    numbered paragraph is the beginning of an item that stands around this flow.
    """

    def __init__(
        self,
        source: Source,
        piece: Piece,
        *,
        depth: int = 0,
        is_top: bool = False,
        is_plain: bool = False,
        is_exact: bool = False,
        is_numbered: bool = False,
        wanted: str = "",
    ) -> None:
        if depth > DEEPEST_MARKUP:
            raise Refused("too_deep")
        self.source, self.piece, self.depth = source, piece, depth
        self.is_top, self.is_plain, self.is_exact, self.is_numbered = is_top, is_plain, is_exact, is_numbered
        self.wanted = wanted
        self.out: Tree = []
        self.says_nothing = False
        # The lists that Word had as such, not within a control.
        self.lists: set[int] = set()
        self._open: list[_Open] = []
        self._counted: dict[int, dict[int, int]] = {}
        self._restarted: set[tuple[int, int]] = set()
        self._carried: Tree = []

    def read(self, parent: Element) -> Tree:
        self._take(parent, 0)
        if self._carried:
            self._put({"type": "paragraph", "content": merge_runs(self._carried)})
        return self.out

    def _inner(self, **how: Any) -> Flow:
        return Flow(self.source, self.piece, depth=self.depth + 1, **how)

    def _take(self, parent: Element, depth: int) -> None:
        if depth > DEEPEST_MARKUP:
            raise Refused("too_deep")
        for child in parent:
            if child.tag == w("p"):
                self._paragraph(child)
            elif child.tag == w("tbl"):
                self._put(*table_of(self.source, child, self._cell, is_exact=self.is_exact))
            elif child.tag == w("sdt"):
                self._control(child, depth)
            elif child.tag == w("altChunk"):
                self.source.losses.add("object")
            elif isinstance(child.tag, str) and child.tag.endswith("}AlternateContent"):
                if (way := chosen(child)) is not None:
                    self._take(way, depth + 1)
            elif isinstance(child.tag, str) and child.tag.endswith(("}oMathPara", "}oMath")):
                self.source.losses.add("equations", words_of(child))
            elif child.tag in (w("del"), w("moveFrom")):
                self.source.losses.add("deleted", words_of(child))
            else:
                # Wrappers such as customXml and ins, and whatever the future brings: the words count.
                self._take(child, depth + 1)

    def _put(self, *blocks: Node) -> None:
        """Blocks that no list goes on after."""
        self._open.clear()
        self.out += blocks

    def _cell(self, cell: Element) -> Tree:
        flow = self._inner()
        blocks = flow.read(cell)
        return blocks or ([] if flow.says_nothing else [{"type": "paragraph"}])

    # Paragraphs.

    def _paragraph(self, element: Element) -> None:
        properties = element.find(w("pPr"))
        line = Line(self.source, self.piece, self.wanted).read(element)
        self.source.count(sum(len(run.get("text", " ")) for run in line.runs))
        runs = self._carried + line.runs
        self._carried = []
        self._images(line.before)
        mark = properties.find(w("rPr")) if properties is not None else None
        if mark is not None and (mark.find(w("del")) is not None or mark.find(w("moveFrom")) is not None):
            # The end of this paragraph is struck out: its words belong to the next.
            self._carried = runs
        elif (
            self.is_plain and runs or any(run["type"] == "hard_break" or run["text"].strip() for run in runs)
        ):
            self._words(properties, merge_runs(runs))
        for box in line.boxes:
            self.source.losses.add("frame", words_of(box))
            self._put(*self._inner().read(box))
        self._images(line.after)

    def _images(self, images: Tree) -> None:
        if images:
            self._put(*images)

    def _words(self, properties: Element | None, runs: Tree) -> None:
        node: Node = {"type": "paragraph", "content": runs}
        styles = self.source.styles
        if self.is_plain:
            self.out.append(node)
            return
        if value_of(properties, "jc") in ("center", "right", "end", "both", "distribute"):
            self.source.losses.add("look", inline_text(node))
        if (level := styles.heading(properties)) is not None:
            self._heading(properties, node, level)
        elif styles.is_caption(properties) and self.out and is_bare_image(self.out[-1]):
            self.out[-1] = caption_of(self.out[-1], node)
        elif (line := self.source.numbering.line(properties)) is not None:
            if self.is_numbered:
                self.is_numbered = False
                self._put(node)
            else:
                self._item(line, node)
        elif not self._goes_on(properties, node):
            self._put(node)

    def _heading(self, properties: Element | None, node: Node, level: int) -> None:
        if self.source.numbering.line(properties) is not None:
            self.source.losses.add("numbers", inline_text(node))
        if level == 0 and self.is_top and self.source.title is None:
            self.source.title = " ".join(inline_text(node).split())
            self._open.clear()
        elif inline_text(node).strip():
            self._put({**node, "type": "heading", "attrs": {"raw": max(1, level)}})

    def _item(self, line: ListLine, node: Node) -> None:
        """One more line of a list: of the one that is open at its level, of an outer one, or the first of its own."""
        count = self._count(line)
        while self._open and self._open[-1].line.level > line.level:
            self._open.pop()
        item: Node = {"type": "list_item", "content": [node]}
        if self._open and self._open[-1].line.level == line.level:
            last = self._open[-1]
            if _is_same(last.line, line):
                last.list["content"].append(item)
                last.line, last.item = line, item
                return
            self._open.pop()
        made: Node = {"type": "ordered_list" if line.is_ordered else "bullet_list", "content": [item]}
        self.lists.add(id(made))
        (self._open[-1].item["content"] if self._open else self.out).append(made)
        self._open.append(_Open(line, made, item))
        if line.is_ordered and (count != 1 or not line.kind.startswith("decimal")):
            self.source.losses.add("numbers", inline_text(node))

    def _count(self, line: ListLine) -> int:
        """The number that Word shows before a line."""
        counts = self._counted.setdefault(line.definition, {})
        begins = line.restarts and (line.number, line.level) not in self._restarted
        if line.restarts:
            self._restarted.add((line.number, line.level))
        counts[line.level] = line.start if begins or line.level not in counts else counts[line.level] + 1
        for level in [level for level in counts if level > line.level]:
            del counts[level]
        return counts[line.level]

    def _goes_on(self, properties: Element | None, node: Node) -> bool:
        """A paragraph that goes on with an item above it: it says so by its style, or by where its words begin."""
        indent = self.source.styles.indent(properties) or 0
        says_so = self.source.styles.is_continued(properties)
        if not self._open or not (says_so or indent):
            return False
        fitting = [one for one in self._open if one.line.indent <= indent + _NEAR]
        if not fitting or not says_so and abs(fitting[-1].line.indent - indent) > _NEAR:
            return False
        del self._open[len(fitting) :]
        fitting[-1].item["content"].append(node)
        return True

    # Content controls: ours are blocks, those of others only frame words.

    def _control(self, control: Element, depth: int) -> None:
        properties, content = control.find(w("sdtPr")), control.find(w("sdtContent"))
        if content is None:
            return
        gallery = (
            value_of(properties.find(w("docPartObj")), "docPartGallery") if properties is not None else None
        )
        known = read_tag(value_of(properties, "tag") or "", self.source.kept)
        if gallery is not None and gallery.lower().startswith("table of contents"):
            self.source.losses.add("contents", words_of(content))
        elif is_on(properties, "showingPlcHdr"):
            self.source.losses.add("placeholders", words_of(content))
        elif known is None:
            self._take(content, depth + 1)
        else:
            self.source.is_ours = True
            self._own(*known, content)

    def _own(self, kind: str, told: Told | None, content: Element) -> None:
        if kind == SHOWN:
            self.source.shown(told, content)
            return
        if kind == NOTHING or kind not in GRAMMAR.nodes or kind in ("doc", "text", "hard_break"):
            self.says_nothing = kind == NOTHING
            self._put(*self._inner().read(content))
            return
        if told is None:
            self.source.losses.add("attributes", words_of(content))
            told = {}
        attrs = GRAMMAR.type_node_attributes(kind, {**told, "id": None})
        if attrs.get("href") and safe_link(attrs["href"]) != attrs["href"]:
            del attrs["href"]
        node: Node = {"type": kind, "attrs": attrs}
        if GRAMMAR.nodes[kind].holds_inline:
            self._put(*self._own_words(node, content))
        elif kind in BLOCK_LEAVES:
            # A leaf holds nothing: what somebody wrote into it stands after it.
            self._put(node, *self._inner().read(content))
        else:
            self._put(*self._own_container(node, told, content))

    def _own_words(self, node: Node, content: Element) -> Tree:
        """A block of words. A second paragraph that somebody wrote into it stands after it."""
        wanted = node["attrs"].pop("image", "") if node["type"] == "image" else ""
        found = self._inner(is_plain=True, wanted=wanted).read(content)
        if node["type"] == "image" and (picture := _first(found, "image")) is not None:
            found.remove(picture)
            node["attrs"].update(picture["attrs"])
        elif wanted and not found:
            # Somebody took the picture away, and there are no words beneath it.
            return []
        if (words := _first(found, "paragraph")) is not None:
            found.remove(words)
            node["content"] = words.get("content", [])
        return [node, *found]

    def _own_container(self, node: Node, told: Told, content: Element) -> Tree:
        whole = bool(told.get(".whole"))
        flow = self._inner(is_exact=whole, is_numbered=bool(told.get(".numbered")))
        found = flow.read(content)
        if whole and any(one["type"] == node["type"] for one in found):
            return found
        if told.get(".items"):
            found = [item for one in found for item in (one["content"] if id(one) in flow.lists else [one])]
        if node["type"] == "steps":
            found = [step for one in found for step in (_steps(one) if id(one) in flow.lists else [one])]
        node["content"] = found
        return [node]


def _first(blocks: Tree, kind: str) -> Node | None:
    return next((one for one in blocks if one["type"] == kind), None)


def _is_same(before: ListLine, line: ListLine) -> bool:
    """Whether a line goes on with the list of the one before: Word gives another number where the count begins anew."""
    if before.is_ordered != line.is_ordered:
        return False
    return before.number == line.number or before.definition == line.definition and not line.restarts


def _steps(numbered: Node) -> Tree:
    """Steps that somebody wrote as a list of Word."""
    steps: Tree = []
    for item in numbered["content"]:
        first, *rest = item["content"]
        steps.append({"type": "step", "content": [{**first, "type": "label"}, *rest]})
    return steps
