"""Blocks of an HTML file of ours, by what `drafts.exchange.html_out` wrote on them: nothing is guessed."""

from __future__ import annotations

from lxml.html import HtmlElement

from drafts.exchange.addresses import address
from drafts.exchange.gathering import block
from drafts.exchange.losses import Losses
from drafts.exchange.pictures import Pictures
from drafts.grammar import GRAMMAR, Node, Tree, is_block, merge_runs


def own_kind(dom: HtmlElement) -> str | None:
    """The kind of block an element says it is, None when it says nothing that the grammar knows."""
    kind = dom.get("data-block")
    return kind if kind is not None and is_block(kind) else None


def is_said(dom: HtmlElement) -> bool:
    """Whether an element stands beside the text: a label, the lines of a contact."""
    return dom.get("data-said") is not None


def attributes_of(dom: HtmlElement, kind: str, losses: Losses) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, attribute in GRAMMAR.nodes[kind].attributes.items():
        given = dom.get(f"data-{name}")
        if given is None or name == "id":
            continue
        if attribute.type == "integer":
            found[name] = int(given) if given.lstrip("-").isdecimal() and len(given) < 10 else None
        elif attribute.type == "href" and given and address(given) is None:
            losses.add("link", given)
        else:
            found[name] = given
    return GRAMMAR.type_node_attributes(kind, found)


def words_block(dom: HtmlElement, kind: str, losses: Losses, pictures: Pictures) -> Node:
    """A block of words, its spaces as they stand."""
    attrs = attributes_of(dom, kind, losses)
    if kind != "image":
        return block(kind, merge_runs(_runs(dom, {}, losses)), **attrs)
    caption = dom.find(".//figcaption")
    name, alt = str(attrs.pop("image", "")), str(attrs.get("alt", ""))
    drawn = dom.find(".//img")
    key = pictures.take_address(drawn.get("src") or "", alt, name) if drawn is not None else None
    if drawn is None and name:
        losses.add("picture_missing", alt)
    if key is not None:
        attrs["image"] = key
    return block(kind, merge_runs(_runs(caption, {}, losses)) if caption is not None else None, **attrs)


def _runs(dom: HtmlElement, marks: dict[str, dict[str, str]], losses: Losses) -> Tree:
    found: Tree = []

    def text(words: str | None, worn: dict[str, dict[str, str]]) -> None:
        if words:
            typed = GRAMMAR.type_marks(worn)
            found.append({"type": "text", "text": words, **({"marks": typed} if typed else {})})

    text(dom.text, marks)
    for child in dom:
        tag = child.tag
        if tag == "br":
            found.append({"type": "hard_break"})
        elif isinstance(tag, str) and not is_said(child):
            found.extend(_runs(child, _worn(child, marks, losses), losses))
        text(child.tail, marks)
    return found


def _worn(dom: HtmlElement, marks: dict[str, dict[str, str]], losses: Losses) -> dict[str, dict[str, str]]:
    if dom.tag in ("strong", "b"):
        return {**marks, "strong": {}}
    if dom.tag in ("em", "i"):
        return {**marks, "em": {}}
    if dom.tag == "abbr":
        return {**marks, "abbr": {"title": dom.get("title") or ""}}
    if dom.get("data-service"):
        return {**marks, "service_link": {"service": dom.get("data-service") or ""}}
    if dom.tag == "a" and dom.get("data-way") is None and dom.get("href"):
        href = address(dom.get("href"))
        if href is None:
            losses.add("link", dom.text_content())
            return marks
        return {**marks, "link": {"href": href}}
    return marks
