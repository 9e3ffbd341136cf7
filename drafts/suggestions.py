"""Verbs about suggestions: accept, reject or withdraw those that are open in a draft.

The answer is an edit of the server's, credited to who suggested: their words stay, or go, as they wanted it, and
who answered has no part in what the text says. Who answered is in the audit log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from typing import Any

import sqlalchemy as sa

from app import audit
from app.db import session
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import document, log
from drafts.models import Draft, DraftClient
from drafts.reading import is_text
from drafts.suggested import DELETION, INSERTION, client_of, ident_in, suggestions_in

# More at once than any text holds; the audit log names the first of them.
MOST, NAMED = 2_000, 200
Edit = Callable[[Any, int], bytes]


def accept(actor: Actor, draft: Draft, idents: Collection[str]) -> list[str]:
    """What is suggested becomes the text. Returns the ids that were still open.

    Raises Invalid for too many at once, MovedOn when none is open any more.
    """
    require(actor, Act.DRAFT_WRITE, draft)
    return _answered(actor, draft, idents, accepted=True)


def reject(actor: Actor, draft: Draft, idents: Collection[str]) -> list[str]:
    """The text becomes what it was without them. Who made a suggestion may withdraw it without writing. As `accept`."""
    acts = require(actor, Act.DRAFT_SUGGEST, draft)
    if Act.DRAFT_WRITE not in acts:
        people = people_of(draft.id, idents)
        if any(people.get(ident) != actor.id for ident in idents):
            require(actor, Act.DRAFT_WRITE, draft)
    return _answered(actor, draft, idents, accepted=False)


def people_of(draft_id: int, idents: Collection[str]) -> dict[str, int]:
    """Who made each suggestion: the person its client id is registered to. Ids of nobody are left out."""
    clients = {ident: client_of(ident) for ident in idents}
    registered = dict(
        session()
        .execute(
            sa.select(DraftClient.client_id, DraftClient.person_id).where(
                DraftClient.draft_id == draft_id,
                DraftClient.client_id.in_({client for client in clients.values() if client is not None}),
            )
        )
        .all()
    )
    return {ident: registered[client] for ident, client in clients.items() if client in registered}


def _answered(actor: Actor, draft: Draft, idents: Collection[str], *, accepted: bool) -> list[str]:
    wanted = set(idents)
    if not wanted or len(wanted) > MOST:
        raise Invalid(_("Choisissez entre une et %(most)d suggestions.", most=MOST), field="ids")
    done: dict[str, int] = {}

    def plan(doc: Any) -> list[tuple[int, Edit]]:
        open_ones = [one.ident for one in suggestions_in(document.read_tree(doc)) if one.ident in wanted]
        people = people_of(draft.id, open_ones)
        by_person: dict[int, set[str]] = defaultdict(set)
        for ident in open_ones:
            # An id that no seat was ever given: nobody else can be credited than who answers.
            done[ident] = people.get(ident, actor.id)
            by_person[done[ident]].add(ident)
        return [(person, _edit(mine, accepted)) for person, mine in sorted(by_person.items())]

    log.append_server_edits(actor, draft, plan)
    if not done:
        raise MovedOn(_("Ces suggestions ont déjà reçu une réponse."))
    audit.record(
        actor.id,
        "accept_suggestions" if accepted else "reject_suggestions",
        "draft",
        draft.id,
        ids=list(done)[:NAMED],
        count=len(done),
        people=sorted(set(done.values())),
    )
    return list(done)


def _edit(idents: Collection[str], accepted: bool) -> Edit:
    def settle(root: Any) -> None:
        for text in _texts(root):
            _settle(text, idents, accepted)

    return lambda doc, client_id: document.edit_update(doc, client_id, settle)


def _texts(root: Any) -> Iterator[Any]:
    stack = [root]
    while stack:
        node = stack.pop()
        if is_text(node):
            yield node
        else:
            stack.extend(node.children)


def _settle(text: Any, idents: Collection[str], accepted: bool) -> None:
    """Answer the suggestions of one text. From its end, so that places before stay true."""
    at = 0
    runs = []
    for words, formatting in text.diff():
        size = len(words.encode()) if isinstance(words, str) else 1
        runs.append((at, at + size, formatting or {}))
        at += size
    for start, end, formatting in reversed(runs):
        inserted, deleted = ident_in(formatting, INSERTION), ident_in(formatting, DELETION)
        goes = inserted in idents and not accepted
        # Words that one person puts in where another takes out were not there to be taken out.
        goes |= deleted in idents and accepted and inserted is None
        if goes:
            del text[start:end]
            continue
        cleared: dict[str, Any] = {}
        if inserted in idents:
            cleared[INSERTION] = None
        if deleted is not None and (deleted in idents or inserted in idents):
            cleared[DELETION] = None
        if cleared:
            text.format(start, end, cleared)
