"""Random lives of a text: rows of several people, with the moments between them, for tests of the way back."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from random import Random
from typing import Any

from drafts import document
from drafts.anchors import Found, Passage, anchor_update
from drafts.authorship import RunTable
from drafts.gate import RoomIndex
from drafts.grammar import blocks
from drafts.judged import StoredRow, take_in_all
from drafts.retelling import Span, spans_of
from tests.drafts.every_block import EVERY, mark, p

# Few and alike, so that the same words stand in many places under many names.
WORDS = [
    "le",
    "la",
    "de",
    "du",
    "mairie",
    "maison",
    "permis",
    "déposer",
    "dossier",
    "à",
    "été",
    "🙂",
    "Nouméa",
    "l’accord",
]
INLINE = ("paragraph", "heading", "lead", "label", "cost", "delay", "legal", "image")
MARKS: list[dict[str, Any]] = [
    {"type": "strong"},
    {"type": "em"},
    mark("link", href="https://exemple.nc/a"),
    mark("remark", id="r1"),
    mark("remark", id="r2"),
    mark("insertion", id="s1"),
    mark("deletion", id="s2"),
]


@dataclass
class Life:
    """A document with its rows; `moments` are (tree, spans) after each."""

    doc: document.Doc = field(default_factory=document.new_document)
    rows: list[StoredRow] = field(default_factory=list)
    moments: list[tuple[list[dict[str, Any]], list[Span] | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runs = RunTable.of(self.doc)
        self.index = RoomIndex()
        self.clients = iter(range(100, 100_000))

    def write(self, person: int, update: bytes) -> None:
        if not update:
            return
        self.rows.append(StoredRow(len(self.rows) + 1, person, update))
        assert take_in_all(self.doc, self.index, [self.rows[-1]], runs=self.runs) is None
        tree = document.read_tree(self.doc)
        self.moments.append((tree, spans_of(tree, self.runs.runs())))

    def rewrite(self, person: int, tree: list[dict[str, Any]]) -> None:
        self.write(person, document.rewrite_update(self.doc, tree, next(self.clients)))

    def anchor(self, remark: str, passage: Passage) -> None:
        """Somebody remarks on these words; the server writes the anchor, for nobody."""
        self.write(0, anchor_update(self.doc, next(self.clients), remark, [passage], Found()))


def said(random: Random, longest: int = 8) -> str:
    return " ".join(random.choice(WORDS) for _ in range(random.randint(1, longest)))


def changed(random: Random, tree: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The tree after one of the things that people do."""
    tree = copy.deepcopy(tree)
    texts = [block for block in blocks(tree) if block["type"] in INLINE]
    deed = random.random()
    if deed < 0.5 and texts:
        block = random.choice(texts)
        content = block.setdefault("content", [])
        runs = [node for node in content if node["type"] == "text"]
        if not runs:
            content.append({"type": "text", "text": said(random)})
        else:
            run = random.choice(runs)
            words = run["text"].split(" ")
            start = random.randint(0, len(words))
            words[start : start + random.randint(0, 3)] = (
                said(random, 4).split(" ") if random.random() < 0.7 else []
            )
            run["text"] = " ".join(words)
            if random.random() < 0.3:
                run["marks"] = random.sample(MARKS, random.randint(0, 3))
            if random.random() < 0.15:
                content.insert(random.randint(0, len(content)), {"type": "hard_break"})
    elif deed < 0.7:
        new = (
            p(f"n{number}", said(random, 12))
            if random.random() < 0.5
            else copy.deepcopy(random.choice(EVERY))
        )
        if new["attrs"]["id"] in {block.get("attrs", {}).get("id") for block in blocks(tree)}:
            new = p(f"n{number}", said(random, 12))
        tree.insert(random.randint(0, len(tree)), new)
    elif deed < 0.8 and tree:
        del tree[random.randrange(len(tree))]
    elif deed < 0.9 and len(tree) > 1:
        tree.insert(random.randrange(len(tree)), tree.pop(random.randrange(len(tree))))
    elif texts:
        block = random.choice([one for one in texts if one["type"] in ("paragraph", "heading")] or texts)
        if block["type"] == "paragraph":
            block["type"] = "heading"
        elif block["type"] == "heading":
            block["type"], block["attrs"] = "paragraph", {"id": block["attrs"]["id"]}
    return tree


def lived(random: Random, rows: int = 12, people: int = 3) -> Life:
    """A life of so many rows."""
    life = Life()
    life.rewrite(random.randint(1, people), copy.deepcopy(random.sample(EVERY, 5)))
    for number in range(rows):
        life.rewrite(random.randint(1, people), changed(random, life.moments[-1][0], number))
    return life
