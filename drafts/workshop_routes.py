"""A text as the room of a séance shows it beside the agenda: to be read, at one number, with its blocks to point at."""

from __future__ import annotations

from typing import Any

from flask import jsonify

from app.policy import Act
from app.web import guarded, speaks_json
from drafts import card_queries, log, queries
from drafts import workshop as _workshop  # noqa: F401 - says to the labs that there are texts
from drafts.doors import blueprint, draft_door
from drafts.render import render_blocks
from labs import texts


@blueprint.get("/brouillons/<int:draft_id>/passage.json")
@speaks_json
@guarded(Act.DRAFT_READ, draft_door)
def passage(draft_id: int) -> Any:
    """The text as HTML, the number it was read at, and the first words of each block."""
    draft = queries.draft_numbered(draft_id)
    text = log.text(draft.id)
    shown = render_blocks(text.tree, 2, references=card_queries.references_in(draft, text.tree))
    blocks = texts.shelf().blocks(draft.id)
    return jsonify(
        {
            "draft": draft.id,
            "title": draft.title,
            "seq": text.seq,
            "html": str(shown),
            "blocks": [{"id": block.id, "words": block.words} for block in blocks],
        }
    )
