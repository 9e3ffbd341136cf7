"""The way back to a moment, as a forward edit: nothing is erased, and the way back has a way back.

It is worked out in a child on the text as it was a moment before, and written at the end of the log as one
transaction. What others wrote in between is merged, as if who restored had been typing too; words that were being
written into a block that goes are put back by `drafts.rescue`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock
from app.accounts.models import Person
from app.db import note, session
from app.errors import Invalid, MovedOn, Unavailable
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import faults, log, moments, reopening, service
from drafts.child import json_part
from drafts.events import DraftTextMoved
from drafts.history_models import DraftRestoration
from drafts.models import Draft
from drafts.moments import Kind, Moment, Ref

# Ids for the rows: who asked, and two turns for each author (drafts.telling.MOST_AUTHORS), with some to spare.
CLIENT_IDS = 80
# When words that fell into a gap are first looked for: what was under way has arrived by then.
FIRST_LOOK = timedelta(seconds=2)


@dataclass(frozen=True)
class WayBack:
    """Rows ready to be written: (person, client id, update), made on the text at `base_seq` of `history`."""

    target: Moment
    base_seq: int
    history: str
    rows: tuple[tuple[int, int, bytes], ...]


def way_back(actor: Actor, draft: Draft, ref: Ref) -> WayBack:
    """What makes the text read as at a moment. Waits for the child: while reading, never in a write transaction.

    Raises Missing, faults.TextDamaged, Invalid for a moment that cannot be read to its end, Unavailable.
    """
    require(actor, Act.DRAFT_WRITE, draft)
    require(actor, Act.DRAFT_HISTORY, draft)
    stored = log.stored(draft, draft.head_seq)
    if stored.fault is not None:
        raise faults.TextDamaged
    target = moments.moment(draft, ref, authors=True)
    if target.is_broken or ref.kind is Kind.NOW:
        raise Invalid(_("On ne peut pas revenir à ce moment du texte. Choisissez-en un autre."))
    head, parts = reopening.request(stored, authors=True)
    head |= {"asked_by": actor.id, "clients": log.free_client_ids(draft.id, CLIENT_IDS)}
    answer, updates = moments.asked(
        "restore", head, [*parts, json_part(target.tree), json_part(_known(target.authors))]
    )
    if "error" in answer or answer["seq"] != draft.head_seq:
        raise Unavailable(
            _("Ce retour en arrière ne peut pas être fait en ce moment : réessayez dans un instant."),
            retry_after=5.0,
        )
    rows = tuple(
        (person, client, update) for (person, client), update in zip(answer["rows"], updates, strict=True)
    )
    return WayBack(target, draft.head_seq, draft.history, rows)


def _known(authors: Sequence[tuple[int, int]] | None) -> Sequence[tuple[int, int]] | None:
    """The authors without those who are not in the house any more: their words come back as nobody's."""
    if not authors:
        return authors
    people = set(
        session().scalars(sa.select(Person.id).where(Person.id.in_({person for _size, person in authors})))
    )
    return [(size, person if person in people else 0) for size, person in authors]


def restore(
    actor: Actor, draft: Draft, back: WayBack, *, with_fields: bool = False
) -> DraftRestoration | None:
    """Write the way back; None when the text reads so already. Title and fields only when they are asked for.

    Who restores has a hand in the text, even where every word that comes back is somebody else's.
    """
    require(actor, Act.DRAFT_WRITE, draft)
    require(actor, Act.DRAFT_HISTORY, draft)
    draft = log.lock_draft(draft.id)
    if draft.history != back.history or draft.head_seq < back.base_seq:
        raise MovedOn(_("La situation a changé : rechargez la page."))
    if with_fields and back.target.title is not None:
        held = back.target.fields or {}
        kept = {name: held[name] for name in service.FIELDS if name in held}
        service.set_fields(actor, draft, title=back.target.title, **kept)
    if not back.rows:
        return None
    first, last = log.append_told(draft, under_administrations(back.rows, actor), nobody=actor.id)
    still = session().scalar(
        sa.select(sa.func.min(DraftRestoration.looked_seq)).where(
            DraftRestoration.draft_id == draft.id, DraftRestoration.look_at.is_not(None)
        )
    )
    now = clock.now()
    done = DraftRestoration(
        draft_id=draft.id,
        base_seq=back.base_seq,
        first_seq=first,
        last_seq=last,
        history=draft.history,
        target=str(back.target.ref),
        target_at=back.target.at,
        person_id=actor.id,
        at=now,
        looked_seq=back.base_seq if still is None else min(still, back.base_seq),
        look_at=now + FIRST_LOOK,
    )
    session().add(done)
    session().flush()
    service.credit_fields(actor, draft, ["text"])
    audit.record(actor.id, "restore_text", "draft", draft.id, target=done.target, first=first, last=last)
    note(DraftTextMoved(draft_id=draft.id))
    return done


def under_administrations(
    rows: Sequence[tuple[int, int, bytes]], actor: Actor | None = None
) -> list[tuple[int, int | None, int, bytes]]:
    """The rows with the administration each person works for today."""
    places = administrations_of({person for person, _client, _update in rows})
    if actor is not None:
        places[actor.id] = actor.administration_id
    return [(person, places.get(person), client, update) for person, client, update in rows]


def administrations_of(people: Collection[int]) -> dict[int, int | None]:
    return dict(
        session().execute(sa.select(Person.id, Person.administration_id).where(Person.id.in_(people))).all()
    )
