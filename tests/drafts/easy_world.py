"""What the tests of the easy-to-read twin share: easy words for the small world of a review, and ways to write and edit."""

from __future__ import annotations

import copy
from typing import Any

from app.db import reading, unit_of_work
from drafts import easy, easy_parts, log, service
from drafts.easy_parts import State
from drafts.grammar import Tree, blocks
from tests.drafts.review_world import World

EASY = {
    "b1": "L’important en une phrase.",
    "b2": "À la mairie",
    "b3": "Allez à la mairie.\nApportez une facture.",
    "b5": "Le lundi, c’est fermé.",
}


def typed(texts: dict[str, str], version: int = 0, *left_out: str) -> list[easy.Typed]:
    return [easy.Typed(ident, version, text) for ident, text in texts.items()] + [
        easy.Typed(ident, version, "", True) for ident in left_out
    ]


def write(world: World, texts: dict[str, str], version: int = 0, *left_out: str) -> easy.Saved:
    with unit_of_work():
        draft = world.draft
        return easy.save(world.writer, draft, typed(texts, version, *left_out), draft.head_seq)


def edit(world: World, change: Any) -> None:
    with unit_of_work():
        tree = copy.deepcopy(log.text(world.draft_id).tree)
        change(tree)
        service.replace_text(world.writer, world.draft, tree)


def states(world: World) -> dict[str, State]:
    with reading():
        found = easy_parts.placed(world.draft_id, log.text(world.draft_id).tree)
        return {
            one.passage.block_id if one.passage is not None else one.part.block_id: one.state  # type: ignore[union-attr]
            for one in found
        }


def reword(ident: str, words: str) -> Any:
    def change(tree: Tree) -> None:
        for node in blocks(tree):
            if node.get("attrs", {}).get("id") == ident:
                node["content"] = [{"type": "text", "text": words}]

    return change
