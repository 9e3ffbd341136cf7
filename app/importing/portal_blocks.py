"""Headings of old pages that say what follows, and the blocks of ours that mean the same.

Only when it is certain: the whole heading is one of the words below, and what stands up to the next heading is of the one
shape that the block has. Everything else stays as it was written, and somebody decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from drafts.grammar import Node, Tree, inline_text

DOCUMENTS = frozenset(
    {"pieces a fournir", "pieces a joindre", "pieces justificatives", "documents a fournir", "documents a joindre",
     "justificatifs a fournir", "pieces justificatives a fournir", "liste des pieces a fournir"}
)  # fmt: skip
COST = frozenset({"cout", "tarif", "prix", "cout de la demarche"})
DELAY = frozenset({"delai", "delais", "delai de traitement", "delai d obtention"})
CONTACT = frozenset({"ou s adresser", "a qui s adresser", "qui contacter", "contact", "ou vous adresser"})
# What an old page writes where there is nothing to say.
_NOTHING = frozenset({"", "-", "neant", "sans objet", "nc"})


def folded(words: str) -> str:
    """Words as they are compared: small letters without accents, apostrophes as spaces, no sign at the end."""
    plain = unicodedata.normalize("NFKD", words.casefold().replace("œ", "oe"))
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    return re.sub(r"[\W_]+", " ", plain).strip()


def is_section(words: str) -> bool:
    return folded(words) in DOCUMENTS | COST | DELAY | CONTACT


def recognised(tree: Tree, contact: Callable[[str], Node | None]) -> tuple[Tree, int]:
    """The tree with the blocks that are certain, and how many. `contact(words)` is the contact that words name, if one."""
    found: Tree = []
    count = at = 0
    while at < len(tree):
        node = tree[at]
        if node["type"] == "heading":
            end = at + 1
            while end < len(tree) and tree[end]["type"] != "heading":
                end += 1
            block = _block(folded(inline_text(node)), tree[at + 1 : end], contact)
            if block is not None:
                found.extend(block)
                count += 1
                at = end
                continue
        found.append(node)
        at += 1
    return found, count


def _block(words: str, section: Tree, contact: Callable[[str], Node | None]) -> Tree | None:
    """What takes the place of a heading and its section; None when that is not certain."""
    if len(section) != 1:
        return None
    only = section[0]
    if words in DOCUMENTS and only["type"] in ("bullet_list", "ordered_list") and only.get("content"):
        return [{"type": "documents", "content": only["content"]}]
    if only["type"] != "paragraph" or folded(inline_text(only)) in _NOTHING:
        return None
    if words in COST:
        return [{"type": "cost", "content": only["content"]}]
    if words in DELAY:
        return [{"type": "delay", "content": only["content"]}]
    if words in CONTACT:
        named = contact(inline_text(only))
        return [named] if named is not None else None
    return None
