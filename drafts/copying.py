"""A draft made from another: the same text, in a lab of one's own, for an article of its own."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app import audit
from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.errors import Unavailable
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import images, log, reopening, service
from drafts.child import ChildDied
from drafts.grammar import Tree, with_fresh_ids, without_beside
from drafts.models import Draft
from drafts.retelling import Span, Turn, spans_of
from labs.models import Lab

# People whose words are told apart; those of the others are the copyist's. A ninth author of a text wrote little.
MOST_AUTHORS = 8
NOBODY = 0


@dataclass(frozen=True)
class Copied:
    """A text ready to be written: its tree under new ids, and the rows of its log."""

    tree: Tree
    turns: tuple[Turn, ...]
    updates: tuple[bytes, ...]


def copied(actor: Actor, source: Draft) -> Copied:
    """The text of a draft at this moment. Waits for the child: never in a write transaction.

    Raises faults.TextDamaged for a text that cannot be read to its end.
    """
    require(actor, Act.DRAFT_READ, source)
    loaded = log.load(source.id)
    # The remarks stay with the text they are about.
    tree = with_fresh_ids(without_beside(loaded.tree))
    # Words of a live edition were signed as a part of that page; in another article the copyist stands for them.
    spans = [
        Span(span.characters, span.person if span.person != NOBODY else actor.id)
        for span in spans_of(tree, loaded.runs.runs()) or ()
    ]
    turns = _turns(actor, spans)
    known = {turn.person for turn in turns}
    spans = [Span(span.characters, span.person if span.person in known else actor.id) for span in spans]
    try:
        answer, updates = reopening.opener().ask(
            "retell", {}, (json.dumps(tree).encode(), json.dumps(spans).encode(), json.dumps(turns).encode())
        )
    except ChildDied:
        answer, updates = {"error": "died"}, []
    if "error" in answer:
        raise Unavailable(
            _("Ce texte ne peut pas être copié en ce moment : réessayez dans un instant."), retry_after=5.0
        )
    return Copied(tree, turns, tuple(updates))


def _turns(actor: Actor, spans: Sequence[Span]) -> tuple[Turn, ...]:
    """Who writes in which order: the copyist the blocks, then the others, who wrote most first."""
    shares: Counter[int] = Counter()
    for span in spans:
        shares[span.person] += span.characters
    del shares[actor.id]
    people = [actor.id, *(person for person, _count in shares.most_common(MOST_AUTHORS))]
    # As `log.issue_client_id` does it, in a document where nobody has written.
    client_id, turns = secrets.randbelow(log.FIRST_CLIENT_IDS) + 1, []
    for person in people:
        turns.append(Turn(person, client_id))
        client_id += secrets.randbelow(log.CLIENT_ID_STEP) + 1
    return tuple(turns)


def duplicate(
    actor: Actor,
    source: Draft,
    lab: Lab,
    text: Copied,
    *,
    title: str,
    lead: Administration,
    competent: Sequence[Administration],
) -> Draft:
    """A new draft with the text of `source`, by somebody who reads the one and writes in the lab of the other.

    The article is a new one: address, review and signatures begin anew. Its words stay their authors'.
    """
    require(actor, Act.DRAFT_READ, source)
    # The date of the next review was promised for the other page.
    fields = {name: value for name, value in source.fields.items() if name != "review_date"}
    draft = service.create_draft(actor, lab, title=title, lead=lead, competent=competent, fields=fields)
    places = dict(
        session()
        .execute(
            sa.select(Person.id, Person.administration_id).where(
                Person.id.in_({turn.person for turn in text.turns})
            )
        )
        .all()
    )
    log.begin(
        draft,
        [
            (turn.person, places.get(turn.person), turn.client_id, update)
            for turn, update in zip(text.turns, text.updates, strict=True)
            if update
        ],
    )
    images.carry(actor, source, draft, text.tree)
    audit.record(actor.id, "duplicate", "draft", draft.id, source=source.id)
    return draft
