"""Patterns: texts to begin from, with guidance in brackets to write over. Their words stand in `patterns.json`.

A pattern is written once, by the server, when the draft is made; from then on it is a text like any other.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.errors import Invalid
from app.extensions import gettext as _
from drafts.grammar import Node, Tree, blocks, inline_text, with_fresh_ids

EMPTY = "vide"


@dataclass(frozen=True)
class Pattern:
    slug: str
    title: str
    summary: str


@lru_cache(maxsize=1)
def _written() -> dict[str, dict[str, Any]]:
    found = json.loads(Path(__file__).with_name("patterns.json").read_text(encoding="utf-8"))
    return {entry["slug"]: entry for entry in found["patterns"]}


def patterns() -> tuple[Pattern, ...]:
    """What one may begin from, the empty text first."""
    return tuple(Pattern(entry["slug"], entry["title"], entry["summary"]) for entry in _written().values())


def text_of(slug: str) -> Tree:
    """The blocks of a pattern, under ids of their own each time. Raises Invalid for one that is not known."""
    if slug not in _written():
        raise Invalid(_("Choisissez un des modèles proposés."), field="pattern")
    return with_fresh_ids(_written()[slug]["blocks"])


_IN_BRACKETS = re.compile(r"\[[^\[\]]+\]")


@lru_cache(maxsize=1)
def _guidance() -> frozenset[str]:
    return frozenset(
        found
        for entry in _written().values()
        for block in blocks(entry["blocks"])
        for found in _IN_BRACKETS.findall(inline_text(block))
    )


def guidance_in(block: Node) -> str | None:
    """Guidance of a pattern that stands in a block as it was written, brackets and all: nobody has replaced it."""
    return next((found for found in _IN_BRACKETS.findall(inline_text(block)) if found in _guidance()), None)
