"""The words of the glossary on public pages: all of them on one page, and beside an article those that it uses.

What is beside an article is made with its page and is no part of what was signed.
"""

from __future__ import annotations

from dataclasses import dataclass

from app import events
from drafts import glossary_queries
from drafts.glossary import key_of
from drafts.glossary_events import GlossaryChanged
from drafts.glossary_queries import TermLine
from drafts.grammar import Tree, blocks, inline_text
from drafts.plain_french.passages import passages
from drafts.plain_french.terms import Entry
from publish import store

# Who meets more words than these in one text needs another text; and the page would grow by as much again.
MOST_EXPLAINED = 8


@events.on(GlossaryChanged, "publish.glossary_again")
def pages_again(_news: GlossaryChanged) -> None:
    """Any article may use the word."""
    store.invalidate()


@dataclass(frozen=True)
class Letter:
    """The words that begin with one letter; `name` is the letter, or « 0-9 »."""

    name: str
    lines: tuple[TermLine, ...]


def letters() -> tuple[Letter, ...]:
    """The whole glossary, in alphabetical order."""
    found: dict[str, list[TermLine]] = {}
    for line in glossary_queries.public():
        first = line.key[0].upper()
        found.setdefault(first if first.isalpha() else "0-9", []).append(line)
    return tuple(Letter(name, tuple(lines)) for name, lines in found.items())


def explained(tree: Tree) -> tuple[Entry, ...]:
    """The words of the glossary that a text uses and does not explain itself, in the order in which it uses them."""
    terms = glossary_queries.dictionary().terms
    if not terms.entries:
        return ()
    own = {
        key_of(inline_text(block["content"][0]))
        for block in blocks(tree)
        if block["type"] == "definition" and block.get("content")
    }
    found: dict[str, Entry] = {}
    for passage in passages(tree):
        if passage.kind == "quoted":
            continue
        for one in terms.terms_in(passage.read):
            if one.entry.key not in own:
                found.setdefault(one.entry.key, one.entry)
        if len(found) >= MOST_EXPLAINED:
            break
    return tuple(found.values())[:MOST_EXPLAINED]
