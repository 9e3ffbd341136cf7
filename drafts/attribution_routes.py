"""Who wrote what: a page for everybody, and for programs the same with the places of each passage."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from app.policy import Act
from app.web import asks_for_json, guarded, page, speaks_both
from drafts import compare_words, queries
from drafts.attribution import Attribution, attribution
from drafts.doors import blueprint, draft_door


@blueprint.get("/brouillons/<int:draft_id>/auteurs")
@speaks_both
@guarded(Act.DRAFT_READ, draft_door)
def authors(draft_id: int) -> Any:
    """Shares by administration and by person; passages are [start, length, person, administration] of their block."""
    draft = queries.draft_numbered(draft_id)
    found = attribution(draft)
    answer = (
        Response(_as_json(found), mimetype="application/json")
        if asks_for_json()
        else page("drafts/authors.html", draft=draft, found=found, blocks=_blocks(found))
    )
    answer.vary.add("Accept")
    return answer


def _as_json(found: Attribution) -> bytes:
    head = {
        "seq": found.seq,
        "is_damaged": found.is_damaged,
        "characters": found.characters,
        "inherited": found.inherited,
        "administrations": [
            {
                "id": one.id,
                "name": one.name,
                "acronym": one.acronym,
                "characters": one.characters,
                "percent": one.percent,
            }
            for one in found.administrations
        ],
        "people": [
            {
                "person": one.id,
                "name": one.name,
                "administration": one.administration,
                "characters": one.characters,
                "percent": one.percent,
            }
            for one in found.people
        ],
        "is_cut": found.is_cut,
    }
    # The passages were written where they were found: reading and writing them again here would keep the loop.
    return b'%s,"blocks":%s}' % (json.dumps(head, ensure_ascii=False).encode()[:-1], found.told)


def _blocks(found: Attribution) -> list[tuple[str, list[tuple[str, int]]]]:
    """(what the block is, its passages as (words, person)) of each block that holds words."""
    return [
        (compare_words.kind(kind, within, level), [(words, person) for words, person in passages])
        for kind, level, within, passages in json.loads(found.read)
    ]
