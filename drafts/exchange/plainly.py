"""What every written format shares: the text as a paper has it, its runs as nested words, and what blocks say beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from app.directory.catalogue import Desk
from app.extensions import gettext as _
from drafts.cards import References, contact_of
from drafts.exchange.addresses import address
from drafts.grammar import (
    GRAMMAR,
    Node,
    Tree,
    inline_text,
    merge_runs,
    normalise,
    without_beside,
)
from drafts.outline import made_title
from drafts.render import long_date
from drafts.suggested import INSERTION, MARKS

# The order in which marks nest, as in a page: the link outermost, so that one bold word does not part it.
NESTING = ("service_link", "link", "abbr", "strong", "em")
# Text of XML has no control characters but tab and line ends, and no halves of characters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass
class Words:
    """Words under one mark, "" for none; `parts` are words of other marks, text, and None for a line break."""

    mark: str
    attrs: dict[str, Any] = field(default_factory=dict)
    parts: list[Words | str | None] = field(default_factory=list)


def settled(tree: Tree) -> Tree:
    """The text without its open suggestions and without the anchors of remarks: what stands until somebody answers."""
    kept: Tree = []
    for node in without_beside(tree):
        if "content" not in node:
            kept.append(node)
        elif GRAMMAR.nodes[node["type"]].holds_inline:
            kept.append({**node, "content": merge_runs(_settled_runs(node["content"]))})
        else:
            kept.append({**node, "content": settled(node["content"])})
    return kept


def _settled_runs(runs: Tree) -> Tree:
    kept: Tree = []
    for run in runs:
        marks = run.get("marks") or []
        if any(mark["type"] == INSERTION for mark in marks):
            continue
        others = [mark for mark in marks if mark["type"] not in MARKS]
        bare = {key: value for key, value in run.items() if key != "marks"}
        kept.append({**bare, "marks": others} if others else bare)
    return kept


def on_paper(tree: Tree) -> Tree:
    """The tree as it is written: normalised, without ids, remarks and suggestions, links only where they may lead.

    A suggested insertion is left out with its words; words that somebody suggests to delete stay.
    """
    return [_plain(node) for node in normalise(settled(normalise(tree)))]


def _plain(node: Node) -> Node:
    clean: Node = {"type": node["type"]}
    attrs = {name: value for name, value in node.get("attrs", {}).items() if name != "id"}
    if "href" in attrs and address(attrs["href"]) is None:
        del attrs["href"]
    attrs = {name: clean_text(value) if isinstance(value, str) else value for name, value in attrs.items()}
    if attrs:
        clean["attrs"] = attrs
    content = node.get("content", [])
    if GRAMMAR.nodes[node["type"]].holds_inline:
        inner = merge_runs([_plain_run(one) for one in content])
    else:
        inner = [_plain(child) for child in content]
    if inner:
        clean["content"] = inner
    return clean


def _plain_run(run: Node) -> Node:
    if run["type"] != "text":
        return run
    marks = []
    for mark in run.get("marks", ()):
        href = mark.get("attrs", {}).get("href")
        if mark["type"] not in NESTING or (mark["type"] == "link" and address(href) is None):
            continue
        if mark["type"] == "service_link" and not mark.get("attrs", {}).get("service"):
            continue
        if title := mark.get("attrs", {}).get("title"):
            mark = {"type": mark["type"], "attrs": {"title": clean_text(title)}}
        marks.append(mark)
    clean: Node = {"type": "text", "text": clean_text(run["text"])}
    return {**clean, "marks": marks} if marks else clean


def clean_text(text: str) -> str:
    """Without what no file of words can hold: control characters, halves of characters and non-characters."""
    return _UNWRITABLE.sub("", text)


def nested(content: Iterable[Node]) -> Words:
    """Runs as words within words; a line break within a marked sentence does not end it."""
    root = Words("")
    held: list[tuple[str, dict[str, Any]]] = []
    stack = [root]
    waiting = 0
    for node in content:
        if node["type"] != "text":
            waiting += 1
            continue
        wanted = _wraps(node)
        common = 0
        while common < min(len(held), len(wanted)) and held[common] == wanted[common]:
            common += 1
        del stack[common + 1 :]
        stack[-1].parts.extend([None] * waiting)
        waiting = 0
        for mark, attrs in wanted[common:]:
            inner = Words(mark, attrs)
            stack[-1].parts.append(inner)
            stack.append(inner)
        held = wanted
        stack[-1].parts.append(node["text"])
    root.parts.extend([None] * waiting)
    return root


def _wraps(run: Node) -> list[tuple[str, dict[str, Any]]]:
    marks = {mark["type"]: mark.get("attrs", {}) for mark in run.get("marks", ())}
    return [(name, marks[name]) for name in NESTING if name in marks]


def label_of(node: Node) -> str:
    """What a reader of a paper is told above a block, "" for nothing: it is no part of the text."""
    kind, attrs = node["type"], node.get("attrs", {})
    if kind == "note":
        return _("Attention") if attrs.get("kind") == "warning" else _("À noter")
    if kind == "variant":
        return made_title(node)
    return {
        "lead": _("En bref"),
        "documents": _("Pièces à fournir"),
        "further": _("Pour aller plus loin"),
        "contact": _("Qui contacter"),
        "service": _("Démarche en ligne"),
    }.get(kind, "")


def before_words(node: Node) -> str:
    """What stands before the words of a block in their line, with the space after it."""
    return {"cost": _("Coût :") + " ", "delay": _("Délai :") + " "}.get(node["type"], "")


def after_words(node: Node) -> str:
    """What follows the words of a block in their line: the number and date of a legal text."""
    if node["type"] != "legal":
        return ""
    attrs = node.get("attrs", {})
    parts = [attrs.get("number", "").strip(), long_date(attrs.get("date", ""))]
    start = ", " if inline_text(node).strip() else ""
    said = ", ".join(part for part in parts if part)
    return start + said if said else ""


def card_lines(node: Node, known: References) -> Iterator[tuple[str, str]]:
    """Lines (words, address or "") that a contact or an online service shows; none when it is not known."""
    attrs = node.get("attrs", {})
    if node["type"] == "contact":
        contact = known.contacts.get(contact_of(attrs))
        if contact is not None:
            yield contact.office.name, ""
            for desk in contact.desks:
                yield from _desk_lines(desk)
        return
    service = known.services.get(attrs.get("service", ""))
    if service is not None:
        yield service.title, address(service.href) or ""
        facts = [service.kind, service.login, ", ".join(service.named)]
        yield " · ".join(fact for fact in facts if fact), ""
        if service.href:
            yield service.href, ""
        if service.desk is not None and service.desk.phone:
            yield f"{_('Sans internet :')} {service.desk.phone}, {service.desk.name}", ""


def _desk_lines(desk: Desk) -> Iterator[tuple[str, str]]:
    yield desk.name, ""
    if where := ", ".join(part for part in (desk.address, desk.commune) if part):
        yield where, ""
    if desk.phone:
        yield desk.phone, f"tel:{desk.tel}" if desk.tel else ""
    if desk.hours:
        yield desk.hours, ""
    if desk.email:
        yield desk.email, address(f"mailto:{desk.email}") or ""


def service_address(slug: str, known: References) -> str:
    """Where the words of a link to an online service lead on paper, "" when that is not known."""
    service = known.services.get(slug)
    return address(service.href) or "" if service is not None else ""
