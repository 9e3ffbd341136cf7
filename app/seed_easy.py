"""Easy-to-read twins of the demonstration: one that is published and was read, one with a part that is stale."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

from app import clock
from app.policy import Actor
from app.seed_known import actor_of
from config import ROOT
from drafts import easy
from drafts import service as drafts
from drafts.easy_models import EasyReaders
from drafts.grammar import Tree, blocks
from drafts.models import Draft

FILE = ROOT / "app" / "demo" / "easy.json"


def add_twin(draft: Draft, slug: str, tree: Tree) -> None:
    """The twin of an article, when the demonstration has one for it, by somebody who writes the draft.

    `before` holds what a block said when its part was written: the text then goes on to what it says now.
    """
    for entry in _entries():
        if entry["article"] != slug:
            continue
        actor = actor_of(entry["by"])
        if earlier := entry.get("before"):
            drafts.replace_text(actor, draft, _as_it_was(tree, earlier))
        _write(actor, draft, entry["parts"])
        if earlier:
            drafts.replace_text(actor, draft, tree)
        for reading in entry["readings"]:
            _read(actor, draft, reading)


def _entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))["easy"]
    return found


def _as_it_was(tree: Tree, earlier: dict[str, str]) -> Tree:
    older = copy.deepcopy(tree)
    for block in blocks(older):
        if (words := earlier.get(block.get("attrs", {}).get("id", ""))) is not None:
            block["content"] = [{"type": "text", "text": words}]
    return older


def _write(actor: Actor, draft: Draft, parts: dict[str, str | None]) -> None:
    typed = [easy.Typed(ident, 0, text or "", text is None) for ident, text in parts.items()]
    easy.save(actor, draft, typed, draft.head_seq)


def _read(actor: Actor, draft: Draft, reading: dict[str, Any]) -> None:
    easy.record_reading(
        actor,
        draft,
        EasyReaders(reading["readers"]),
        count=reading["count"],
        read_on=clock.local(clock.now()).date() - timedelta(days=reading["days_ago"]),
        who=reading["who"],
        may_name=reading["may_name"],
        place=reading["place"],
        changed_after=reading["changed_after"],
    )
