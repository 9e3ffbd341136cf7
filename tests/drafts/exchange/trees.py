"""Random trees of the grammar for the ways out and in again: likely ones, and ones as loose as the grammar allows."""

from __future__ import annotations

import copy
from io import BytesIO
from random import Random
from typing import Any

from PIL import Image

from drafts.cards import NOTHING, References
from drafts.exchange.paper import Paper
from drafts.exchange.plainly import on_paper
from drafts.grammar import CONTAINERS, GRAMMAR, Tree
from tests.drafts.every_block import EVERY, mark
from tests.drafts.random_texts import changed

# What formats mistake for their own signs, and what they like to lose.
PIECES = [
    "mairie", "à", " ", "  ", "\u00a0", "\u202f", "*", "**", "_", "__", "`", "[a](b)", "![", "]", "{.lead}", ":::", "# ", "- ",
    "1. ", "10) ", "> ", "|", "---", "===", "&amp;", "&", "<br>", "<b>", "</p>", "\\", "~~~", "```", "+ ", "🙂", "e\u0301",
    "«\u00a0oui\u00a0»", "n°", "\u200f", "\u00ad", "!", "\u2028", "[x]{.said}", "Coût :", "]]>", "<!--", "%s", "nom_de_fichier", "*a*b",
]  # fmt: skip
MARKS: list[dict[str, Any]] = [
    {"type": "strong"},
    {"type": "em"},
    mark("link", href="https://exemple.nc/a_(b)?c=*d*&e=[f]"),
    mark("link", href="tel:+687123456"),
    mark("abbr", title='Un « titre » "droit" \\ & <b>'),
    mark("service_link", service="demander-le-plan"),
    mark("remark", id="r1"),
    mark("insertion", id="s1"),
    mark("deletion", id="s2"),
]
_ATTRS: dict[str, list[dict[str, Any]]] = {
    "heading": [{}, {"level": 3}, {"level": 4}],
    "note": [{}, {"kind": "warning"}],
    "legal": [{}, {"number": 'n° "19" {a}', "date": "2001-06-08"}, {"href": "https://loi.example/19?a=b&c"}],
    "variant": [{}, {"territories": "province-nord province-iles"}],
    "contact": [{}, {"administration": "province-du-sud", "counter": 7}],
    "service": [{}, {"service": "demander-le-plan"}],
    "image": [
        {},
        {"image": "0a1b2c", "alt": 'Vue "du" ciel ]\\', "width": 800, "height": 600},
        {"image": "ff00", "decorative": 1},
    ],
}


def picture(colour: str) -> bytes:
    """A small picture as they are stored."""
    out = BytesIO()
    Image.new("RGB", (8, 6), colour).save(out, "WEBP")
    return out.getvalue()


PICTURES = {"0a1b2c": picture("red"), "ff00": picture("blue")}


def paper(tree: Tree, references: References = NOTHING) -> Paper:
    return Paper(
        "Un titre", tree, facts=(("État", "en rédaction"),), references=references, pictures=PICTURES
    )


def likely(seed: int) -> Tree:
    """A text with every block after some of the things that people do to it."""
    random = Random(seed)
    tree = copy.deepcopy(random.sample(EVERY, random.randint(1, 6)))
    for number in range(random.randint(1, 12)):
        tree = changed(random, tree, number)
    return tree


def loose(seed: int) -> Tree:
    """Any block in any block, with words that are signs of a format."""
    random = Random(seed)
    kinds = sorted(set(GRAMMAR.nodes) - {"doc", "text", "hard_break"})

    def block(depth: int) -> dict[str, Any]:
        kind = random.choice(kinds)
        node: dict[str, Any] = {"type": kind, "attrs": dict(random.choice(_ATTRS.get(kind, [{}])))}
        if GRAMMAR.nodes[kind].holds_inline:
            node["content"] = inline()
        elif kind in CONTAINERS and depth < 4:
            usual = {
                "bullet_list": "list_item",
                "ordered_list": "list_item",
                "documents": "list_item",
                "table": "table_row",
            }
            node["content"] = [block(depth + 1) for _place in range(random.randint(0, 3))]
            if kind in usual and random.random() < 0.6:
                for child in node["content"]:
                    child["type"], child["attrs"] = usual[kind], {}
                    child["content"] = [{"type": "paragraph", "content": inline()}]
        return node

    def inline() -> Tree:
        runs: Tree = []
        for _place in range(random.randint(0, 4)):
            if random.random() < 0.15:
                runs.append({"type": "hard_break"})
            text = "".join(random.choice(PIECES) for _piece in range(random.randint(1, 5)))
            runs.append(
                {"type": "text", "text": text, "marks": random.sample(MARKS, random.choice([0, 0, 1, 2, 3]))}
            )
        return runs

    return [block(1) for _place in range(random.randint(1, 4))]


def same(came: Tree, went: Tree) -> bool:
    """Whether what came back is what went out, ids, remarks and suggestions apart."""
    return came == on_paper(went)
