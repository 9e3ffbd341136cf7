"""An article as it is for one territory: only what concerns the people who live there.

The page that everybody gets holds what is for each territory, under headings of its own. Who chooses theirs reads a shorter one; the
choice stands in the address and in the links to other articles (`?territoire=province-nord`), and nowhere else: no cookie, and nobody
stores it.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from drafts import vocabulary
from drafts.grammar import Tree, blocks
from drafts.outline import territories_of
from drafts.render import stored_form

QUESTION = "territoire"
_TO_AN_ARTICLE = re.compile(r'(href="/fiches/[a-z0-9-]+)(?=["#])')


def asked(given: str) -> str:
    """The territory that is asked for; "" for none, or one that is not known."""
    return given if given in vocabulary.territories() else ""


def named(tree: Tree) -> list[tuple[str, str]]:
    """(slug, label) of the territories that a text says something else for, in its order; a choice of one is none."""
    known = vocabulary.territories()
    found = dict.fromkeys(
        slug
        for node in blocks(tree)
        if node["type"] == "variant"
        for slug in territories_of(node)
        if slug in known
    )
    return [(slug, known[slug]) for slug in found] if len(found) > 1 else []


def kept(tree: Tree, territory: str) -> Tree:
    """The text without what is for other territories. Where nothing is for this one, everything stays: better too much to read
    than an answer that looks as if there were none."""
    around = _around(territory)
    found: Tree = []
    for node in tree:
        content = node.get("content")
        if content is None:
            found.append(node)
            continue
        if node["type"] == "variants":
            mine = [one for one in content if around.intersection(territories_of(one))]
            content = mine or content
        found.append({**node, "content": kept(content, territory)})
    return found


def body(tree: Tree) -> Markup:
    """What an edition would have stored for what was kept of its text."""
    return stored_form(tree)


def carried(page: str, territory: str) -> str:
    """A page whose links to other articles go on with the territory."""
    return _TO_AN_ARTICLE.sub(rf"\1?{QUESTION}={territory}", page)


def _around(territory: str) -> set[str]:
    """The territory and those in which it lies: what a province says is for its communes too."""
    lies_in, found = vocabulary.lies_in(), {territory}
    while territory in lies_in:
        territory = lies_in[territory]
        found.add(territory)
    return found
