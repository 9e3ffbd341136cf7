"""Runs of words as HTML: marks nest, and a link leads to a safe place or is left out while its words stay."""

from collections.abc import Callable, Iterable

from markupsafe import Markup, escape

from app.extensions import gettext as _
from app.markup import safe_href
from drafts.grammar import Node

EMPTY = Markup("")
# Open suggestions, which only the page of a draft shows: what is frozen has none. Outside of everything else.
SUGGESTED = {"insertion": "ins", "deletion": "del"}
# The order in which marks nest, whatever their order in the tree: the link outermost, so that a link with one
# bold word in it stays one link.
NESTING = (*SUGGESTED, "service_link", "link", "abbr", "strong", "em")
# What opens and closes the words of a mark. The address of a service belongs to the directory and is put in by
# `drafts.cards`: no text can write these marks itself, its `<` is escaped.
OPENED = {
    "a": Markup('<a href="{}" rel="noopener">'),
    "abbr": Markup('<abbr title="{}">'),
    "service": Markup("<!--go:{}-->"),
}
CLOSED = {"service": Markup("<!--/go-->")}

# What is said of a suggestion to who does not see how it looks.
SAID: dict[str, Callable[[], str]] = {
    "ins": lambda: _("[ajout suggéré]"),
    "del": lambda: _("[suppression suggérée]"),
}

# An element around words: its name and its one attribute.
Wrap = tuple[str, str]


def render_inline(content: Iterable[Node]) -> Markup:
    """Runs and line breaks as HTML."""
    out: list[Markup] = []
    held: list[Wrap] = []
    for node in [*content, None]:
        wanted = _wraps(node) if node is not None else []
        common = 0
        while common < min(len(held), len(wanted)) and held[common] == wanted[common]:
            common += 1
        if node is not None and node["type"] == "hard_break":
            # A break inside a bold sentence does not end it.
            out.append(Markup("<br>"))
            continue
        for name, _value in reversed(held[common:]):
            out.append(CLOSED.get(name) or Markup("</{}>").format(name))
        for name, value in wanted[common:]:
            out.append(OPENED[name].format(value) if name in OPENED else Markup("<{}>").format(name))
            if name in SAID:
                out.append(Markup('<span class="visually-hidden">{} </span>').format(SAID[name]()))
        held = wanted
        if node is not None:
            out.append(escape(node["text"]))
    return EMPTY.join(out)


def has_link(content: Iterable[Node]) -> bool:
    """Whether any words lead elsewhere: a link within a link is none."""
    return any(name in ("a", "service") for node in content for name, _value in _wraps(node))


def _wraps(node: Node) -> list[Wrap]:
    """The elements around a run, outermost first."""
    found: list[Wrap] = []
    marks = {mark["type"]: mark.get("attrs", {}) for mark in node.get("marks", ())}
    for name in NESTING:
        if name not in marks:
            continue
        if name in SUGGESTED:
            found.append((SUGGESTED[name], marks[name].get("id", "")))
        elif name == "service_link":
            if service := marks[name].get("service"):
                found.append(("service", service))
        elif name == "link":
            href = safe_href(marks[name].get("href", ""))
            if href and not any(name == "service" for name, _value in found):
                found.append(("a", href))
        elif name == "abbr":
            if title := marks[name].get("title", "").strip():
                found.append(("abbr", title))
        else:
            found.append((name, ""))
    return found
