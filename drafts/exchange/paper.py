"""What every format reads into and writes from: a text outside the workshop, with what it brings along.

A format is a module of this folder with `read(content: bytes) -> Brought`, `write(paper: Paper) -> bytes`, or both. Readers
run only in a child under limits (`drafts.exchange.work`), never in the server: they are given strangers' bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drafts.cards import NOTHING, References
from drafts.grammar import Tree


class Format(StrEnum):
    """The formats by the end of a file's name."""

    DOCX = "docx"
    ODT = "odt"
    MARKDOWN = "md"
    HTML = "html"
    PDF = "pdf"


class Refused(Exception):
    """A file that is not taken; the argument is a stable code that the page has words for."""


@dataclass(frozen=True)
class Loss:
    """What a text loses on its way: a stable code, how many times, and the first words it happened to (≤ 120 characters)."""

    code: str
    count: int = 1
    words: str = ""


@dataclass(frozen=True)
class Brought:
    """What a file brought.

    `tree` is in the grammar, without ids. An image stands in it as {"type": "image", "attrs": {"image": KEY, …}}, where KEY is a
    key of `pictures`, whose values are the bytes as they lay in the file: nobody has looked into them yet.
    """

    title: str
    tree: Tree
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True)
class Paper:
    """A text ready to be written: what stands above it, its tree, and what its references and images mean.

    `facts` are pairs (label, value) that the reader of a paper needs beside the text: who wrote it, the state, the date, the
    address. `pictures` holds the bytes (WebP) by the name an image has in the tree.
    """

    title: str
    tree: Tree
    language: str = "fr"
    facts: tuple[tuple[str, str], ...] = ()
    references: References = NOTHING
    pictures: Mapping[str, bytes] = field(default_factory=dict)
