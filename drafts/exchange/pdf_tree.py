"""A text as the template of the PDF draws it: few shapes, and every word in a string of its own.

The levels of headings, the words that kinds of blocks add and the repair of a loose nesting are those of the page
(`drafts.render`); what differs is what paper asks for: addresses are written out, an abbreviation says once what it means.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.directory.catalogue import Desk, Service
from app.extensions import gettext as _
from app.markup import safe_href
from drafts.cards import References, contact_of
from drafts.exchange import webp
from drafts.grammar import BLOCK_LEAVES, GRAMMAR, Node, Tree, inline_text, normalise, parted_label
from drafts.marks import has_link
from drafts.outline import HEADED, made_title, titles
from drafts.render import CELLS, long_date

# One shape of the template: `k` says which, the rest is what it holds.
Shape = dict[str, Any]
# Beyond it a nesting is drawn flat: it says nothing to a reader, and the typesetter bounds it too.
DEEPEST = 12
# Tables with more columns than a sheet can hold side by side keep their words as lines.
MOST_COLUMNS = 30
# The width and the height that a picture may take of an A4 sheet, in centimetres, and how large a point of it is.
WIDEST, TALLEST, CENTIMETRES = 17.0, 20.0, 2.54 / 96
# A word of so many letters gets places at which a line may end. Addresses have theirs, after each stroke, and would not
# lead anywhere copied with ours in them.
LONGEST_WORD, PIECE = 28, 14
_LONG = re.compile(rf"[^\s/-]{{{LONGEST_WORD},}}")
_BREAK = "\u200b"


@dataclass
class Words:
    """Strings as our letters can show them; `lost` counts the signs for which there is none."""

    known: frozenset[int]
    lost: int = 0

    def clean(self, text: str) -> str:
        """The text without what cannot be seen, and with U+FFFD in the place of what the letters do not have."""
        out = []
        for letter in unicodedata.normalize("NFC", text):
            if letter.isspace():
                out.append(letter if letter in "\u00a0\u202f" else " ")
            elif ord(letter) in self.known:
                out.append(letter)
            elif unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Mn"):
                continue
            else:
                out.append(self._instead(letter))
        return _LONG.sub(lambda found: _with_breaks(found[0]), "".join(out))

    def _instead(self, letter: str) -> str:
        plain = "".join(one for one in unicodedata.normalize("NFKD", letter) if ord(one) in self.known)
        if not plain:
            self.lost += 1
        return plain or "\ufffd"


def _with_breaks(word: str) -> str:
    return _BREAK.join(word[at : at + PIECE] for at in range(0, len(word), PIECE))


@dataclass
class Drawn:
    """The shapes of one text, and the files of the pictures that stand in it: name → bytes."""

    shapes: list[Shape]
    files: dict[str, bytes] = field(default_factory=dict)


def drawn(
    tree: Tree, references: References, pictures: Mapping[str, bytes], words: Words, *, top: int = 1
) -> Drawn:
    """`top` is the level of the heading the text stands under."""
    clean = normalise(tree)
    writer = _Writer(clean, references, pictures, words, top)
    return Drawn(writer.flow(clean, 0), writer.files)


class _Writer:
    def __init__(
        self, tree: Tree, references: References, pictures: Mapping[str, bytes], words: Words, top: int
    ) -> None:
        self.references = references
        self.pictures = pictures
        self.clean = words.clean
        self.levels = _levels(tree, top)
        self.files: dict[str, bytes] = {}
        self.explained: set[tuple[str, str]] = set()

    def flow(self, tree: Tree, depth: int) -> list[Shape]:
        """Blocks one after the other; items, rows and definitions that stand alone get what they lack."""
        out: list[Shape] = []
        stray: Tree = []
        for node in [*tree, None]:
            family = _family(node)
            if stray and family != _FAMILY[stray[0]["type"]]:
                out += self._adopted(stray, depth)
                stray = []
            if node is None:
                break
            if family:
                stray.append(node)
            else:
                out += self._block(node, depth)
        return out

    def _adopted(self, stray: Tree, depth: int) -> list[Shape]:
        if depth >= DEEPEST:
            return [shape for node in stray for shape in self._flat(node, depth)]
        family, below = _FAMILY[stray[0]["type"]], depth + 1
        if family == "table":
            return self._table(stray, below)
        if family == "definitions":
            return [{"k": "terms", "items": [self._definition(node, below) for node in stray]}]
        return self._list(family, stray, below)

    def _block(self, node: Node, depth: int) -> list[Shape]:
        kind, content = node["type"], node.get("content", [])
        if GRAMMAR.nodes[kind].holds_inline:
            return self._text_block(node)
        if kind == "contact":
            return self._contact(node)
        if kind == "service":
            return self._service(node)
        if depth >= DEEPEST:
            return self._flat(node, depth)
        below = depth + 1
        if kind in ("bullet_list", "ordered_list", "steps"):
            return self._list("bullets" if kind == "bullet_list" else "numbers", content, below)
        if kind in ("documents", "further"):
            word = _("Pièces à fournir") if kind == "documents" else _("Pour aller plus loin")
            return _boxed(self.clean(word), self._list("bullets", content, below))
        if kind == "note":
            warning = node.get("attrs", {}).get("kind") == "warning"
            word = _("Attention") if warning else _("À noter")
            inner = self.flow(content, below)
            return [{"k": "note", "warning": warning, "label": self.clean(word), "c": inner}] if inner else []
        if kind == "table":
            return self._table(content, below)
        if kind in HEADED:
            return self._part(node, below)
        return self.flow(content, below)

    def _flat(self, node: Node, depth: int) -> list[Shape]:
        """What stands too deep, each block of words by itself."""
        out: list[Shape] = []
        stack = list(reversed(node.get("content", [])))
        while stack:
            one = stack.pop()
            if GRAMMAR.nodes[one["type"]].holds_inline or one["type"] in BLOCK_LEAVES:
                out += self._block(one, depth)
            else:
                stack.extend(reversed(one.get("content", [])))
        return out

    # Blocks of words

    def _text_block(self, node: Node) -> list[Shape]:
        kind = node["type"]
        if kind == "image":
            return self._picture(node)
        if kind == "legal":
            return _paragraph(self._citation(node), "legal")
        if not inline_text(node).strip():
            return []
        said = self.runs(node.get("content", []))
        if kind == "heading":
            return self._heading(node, said)
        if kind in ("cost", "delay"):
            word = _("Coût :") if kind == "cost" else _("Délai :")
            said = [{"t": self.clean(word), "b": True}, {"t": " "}, *said]
        return _paragraph(said, kind)

    def _heading(self, node: Node, said: list[Shape]) -> list[Shape]:
        level = self.levels.get(id(node))
        return [{"k": "heading", "level": level, "c": said}] if level else _paragraph(said)

    def _citation(self, node: Node) -> list[Shape]:
        attrs = node.get("attrs", {})
        title = self.runs(node.get("content", [])) if inline_text(node).strip() else []
        number, day = (
            self.clean(attrs.get("number", "").strip()),
            self.clean(long_date(attrs.get("date", ""))),
        )
        parts = [title, *([{"t": part}] for part in (number, day) if part)]
        out: list[Shape] = []
        for part in parts:
            if part:
                out += [*([{"t": ", "}] if out else []), *part]
        href = safe_href(attrs.get("href", ""))
        if href is not None and not has_link(node.get("content", ())):
            out = self._linked(href, out or [{"t": self.clean(href)}])
        return out

    def runs(self, content: Iterable[Node]) -> list[Shape]:
        """Runs of words; those of one link stand in one shape."""
        out: list[Shape] = []
        href, held = "", list[Shape]()
        for node in [*content, None]:
            marks = {mark["type"]: mark.get("attrs", {}) for mark in (node or {}).get("marks", ())}
            if "insertion" in marks:
                continue
            target = self._target(marks)
            if node is not None and node["type"] == "hard_break":
                target = href
            if held and target != href:
                out += self._linked(href, held)
                held = []
            href = target
            if node is None:
                break
            if node["type"] == "hard_break":
                said: list[Shape] = [{"k": "break"}]
            else:
                said = self._run(node["text"], marks)
            if href:
                held += said
            else:
                out += said
        return out

    def _target(self, marks: Mapping[str, Mapping[str, Any]]) -> str:
        if "service_link" in marks:
            service = self.references.services.get(marks["service_link"].get("service", ""))
            return (service.href or "") if service is not None else ""
        return safe_href(marks["link"].get("href", "")) or "" if "link" in marks else ""

    def _run(self, text: str, marks: Mapping[str, Mapping[str, Any]]) -> list[Shape]:
        said: Shape = {"t": self.clean(text)}
        if "strong" in marks:
            said["b"] = True
        if "em" in marks:
            said["i"] = True
        meaning = self.clean(marks.get("abbr", {}).get("title", "").strip())
        if meaning and (text, meaning) not in self.explained:
            self.explained.add((text, meaning))
            return [said, {"t": f" ({meaning})"}]
        return [said]

    def _linked(self, href: str, said: list[Shape]) -> list[Shape]:
        """A link, and on paper the address it leads to, unless that is what its words are."""
        said, after = list(said), list[Shape]()
        while said and said[-1].get("k") == "break":
            after.append(said.pop())
        spoken = "".join(run.get("t", " ") for run in said).replace(_BREAK, "").strip()
        shape: Shape = {"k": "link", "href": href, "c": said}
        if not spoken:
            return said + after
        if not href.startswith("http") or spoken in (href, href.removeprefix("https://")):
            return [shape, *after]
        return [shape, {"t": f" ({self.clean(href)})", "small": True}, *after]

    # Blocks of blocks

    def _part(self, node: Node, depth: int) -> list[Shape]:
        label, rest = parted_label(node)
        said: list[Shape] = []
        if node["type"] == "variant" and (words := made_title(node)):
            said = [{"t": self.clean(words)}]
        elif label is not None and inline_text(label).strip():
            said = self.runs(label.get("content", []))
        return [*(self._heading(node, said) if said else []), *self.flow(rest, depth)]

    def _definition(self, node: Node, depth: int) -> Shape:
        label, rest = parted_label(node)
        term = self.runs(label.get("content", [])) if label is not None else []
        return {"term": term, "c": self.flow(rest, depth)}

    def _list(self, family: str, content: Tree, depth: int) -> list[Shape]:
        items = [item for node in content if (item := self._item(node, depth))]
        return [{"k": family, "items": items}] if items else []

    def _item(self, node: Node, depth: int) -> list[Shape]:
        if node["type"] == "step":
            label, rest = parted_label(node)
            said = self.runs(label.get("content", [])) if label is not None else []
            head = _paragraph(said, "label") if label is not None and inline_text(label).strip() else []
            return [*head, *self.flow(rest, depth)]
        if node["type"] == "list_item":
            return self.flow(node.get("content", []), depth)
        return self.flow([node], depth)

    def _table(self, content: Tree, depth: int) -> list[Shape]:
        rows = [cells for cells in _rows(content) if cells]
        if not rows:
            return []
        width = max(map(len, rows))
        if width > MOST_COLUMNS or depth > DEEPEST:
            return [shape for cells in rows for cell in cells for shape in self._cell(cell, depth)]
        head = all(cell["type"] == "table_header" for cell in rows[0]) and len(rows) > 1
        drawn_rows = [
            [{"th": cell["type"] == "table_header", "c": self._cell(cell, depth)} for cell in cells]
            + [{"th": False, "c": []}] * (width - len(cells))
            for cells in rows
        ]
        return [{"k": "table", "width": width, "head": head, "rows": drawn_rows}]

    def _cell(self, cell: Node, depth: int) -> list[Shape]:
        return self.flow(cell.get("content", []) if cell["type"] in CELLS else [cell], depth)

    # What stands elsewhere

    def _picture(self, node: Node) -> list[Shape]:
        attrs = node.get("attrs", {})
        caption = self.runs(node.get("content", [])) if inline_text(node).strip() else []
        told = "" if attrs.get("decorative") else self.clean(attrs.get("alt", "").strip())
        content = self.pictures.get(attrs.get("image", ""), b"")
        size = webp.size_of(content)
        if size is None:
            said = _paragraph([{"t": _("Image :"), "b": True}, {"t": f" {told}"}]) if told else []
            return said + _paragraph(caption, "caption")
        if not told and not attrs.get("decorative"):
            told = "".join(run.get("t", " ") for run in caption).strip() or _(
                "Image sans texte de remplacement"
            )
        name = f"{attrs['image']}.webp"
        self.files[name] = content
        across, up = size
        width = min(WIDEST, across * CENTIMETRES, TALLEST * across / up)
        shape: Shape = {"k": "picture", "file": f"/{name}", "alt": told, "width": max(0.1, width)}
        return [shape, *_paragraph(caption, "caption")]

    def _contact(self, node: Node) -> list[Shape]:
        contact = self.references.contacts.get(contact_of(node.get("attrs", {})))
        if contact is None:
            return []
        office = _paragraph([{"t": self.clean(contact.office.name), "b": True}])
        desks = [shape for desk in contact.desks for shape in _paragraph(self._desk(desk))]
        return _boxed(self.clean(_("Qui contacter")), office + desks)

    def _desk(self, desk: Desk) -> list[Shape]:
        where = ", ".join(part for part in (desk.address, desk.commune) if part)
        lines: list[list[Shape]] = [[{"t": self.clean(desk.name)}]]
        if desk.phone:
            lines.append([{"t": self.clean(_("Téléphone :")), "b": True}, {"t": " "}, *self._phone(desk)])
        if where:
            lines.append([{"t": self.clean(where)}])
        if desk.hours:
            lines.append([{"t": self.clean(_("Horaires :")), "b": True}, {"t": f" {self.clean(desk.hours)}"}])
        if desk.email:
            lines.append(self._linked(f"mailto:{desk.email}", [{"t": self.clean(desk.email)}]))
        return _in_lines(lines)

    def _phone(self, desk: Desk) -> list[Shape]:
        said: list[Shape] = [{"t": self.clean(desk.phone)}]
        return self._linked(f"tel:{desk.tel}", said) if desk.tel else said

    def _service(self, node: Node) -> list[Shape]:
        service = self.references.services.get(node.get("attrs", {}).get("service", ""))
        if service is None:
            return []
        return _boxed(self.clean(_("Démarche en ligne")), _paragraph(self._service_lines(service)))

    def _service_lines(self, service: Service) -> list[Shape]:
        title: list[Shape] = [{"t": self.clean(service.title), "b": True}]
        facts = " · ".join(part for part in (service.kind, service.login, ", ".join(service.named)) if part)
        lines: list[list[Shape]] = [
            self._linked(service.href, title) if service.href else title,
            [{"t": self.clean(facts)}],
        ]
        if service.outage:
            word = _("Momentanément indisponible :")
            lines.append([{"t": self.clean(word), "b": True}, {"t": f" {self.clean(service.outage)}"}])
        without = self.clean(_("Sans internet :"))
        if service.is_town_hall:
            lines.append([{"t": without, "b": True}, {"t": " " + self.clean(_("votre mairie"))}])
        elif service.desk is not None and service.desk.phone:
            desk = service.desk
            rest = f", {desk.name}" + (f" ({desk.commune})" if desk.commune else "")
            lines.append([{"t": without, "b": True}, {"t": " "}, *self._phone(desk), {"t": self.clean(rest)}])
        return _in_lines(lines)


_FAMILY = {
    "list_item": "bullets",
    "step": "numbers",
    "definition": "definitions",
    "table_row": "table",
    "table_header": "table",
    "table_cell": "table",
}


def _family(node: Node | None) -> str:
    """What a node needs around it where paragraphs stand. A definition without its term is no definition."""
    if node is None or (node["type"] == "definition" and not made_title(node)):
        return ""
    return _FAMILY.get(node["type"], "")


def _levels(tree: Tree, top: int) -> dict[int, int]:
    """The level of each heading that says something, by its node: in order and without a jump, which PDF/UA refuses."""
    found: dict[int, int] = {}
    open_ones: list[tuple[int, int]] = []
    for title in titles(tree):
        if not title.text:
            continue
        while open_ones and open_ones[-1][0] >= title.level:
            open_ones.pop()
        given = (open_ones[-1][1] if open_ones else top) + 1
        open_ones.append((title.level, given))
        found[id(title.node)] = given
    return found


def _rows(content: Tree) -> list[Tree]:
    """The cells of each row: stray cells beside one another make a row, anything else makes a row of its own."""
    rows: list[Tree] = []
    stray: Tree | None = None
    for node in content:
        if node["type"] in CELLS:
            if stray is None:
                stray = []
                rows.append(stray)
            stray.append(node)
            continue
        stray = None
        rows.append(list(node.get("content", [])) if node["type"] == "table_row" else [node])
    return rows


def _paragraph(said: list[Shape], look: str = "paragraph") -> list[Shape]:
    return [{"k": "words", "look": look, "c": said}] if said else []


def _boxed(label: str, inner: Sequence[Shape]) -> list[Shape]:
    return [{"k": "box", "label": label, "c": list(inner)}] if inner else []


def _in_lines(lines: Iterable[list[Shape]]) -> list[Shape]:
    out: list[Shape] = []
    for line in lines:
        if any(run.get("t", " ") for run in line):
            out += [*([{"k": "break"}] if out else []), *line]
    return out
