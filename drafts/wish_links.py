"""A draft answers wishes: what citizens asked for, which its lab took up."""

from __future__ import annotations

import sqlalchemy as sa

from app import audit, clock
from app.db import insert, session
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts.models import Draft
from drafts.wish_models import DraftWish
from labs.models import Lab
from labs.wish_models import Standing, Wish, WishStatus

_TAKEN_UP = (WishStatus.UNDER_STUDY, WishStatus.PLANNED)


def of_lab(lab: Lab, number: int) -> Wish | None:
    """The wish of that number, where the lab has taken it up and not answered it."""
    wish = session().get(Wish, number) if 0 < number < 2**63 else None
    mine = wish is not None and wish.lab_id == lab.id and wish.status in _TAKEN_UP
    return wish if mine and wish is not None and is_living(wish) else None


def is_living(wish: Wish) -> bool:
    return wish.standing is Standing.SHOWN and wish.merged_into is None


def answer(actor: Actor, draft: Draft, wish: Wish) -> None:
    """Say that the draft is to answer a wish of its lab. Said twice it is said once."""
    require(actor, Act.DRAFT_WRITE, draft)
    if of_lab(session().get_one(Lab, draft.lab_id), wish.id) is None:
        raise Invalid(_("Ce souhait n’est pas un de ceux que le lab étudie."))
    values = {"draft_id": draft.id, "wish_id": wish.id, "linked_by": actor.id, "linked_at": clock.now()}
    session().execute(insert(DraftWish).values(**values).on_conflict_do_nothing())
    audit.record(actor.id, "answer_wish", "draft", draft.id, wish=wish.id)


def wishes_of(draft: Draft) -> list[Wish]:
    """The wishes that a draft is to answer and that are still read."""
    linked = sa.select(DraftWish.wish_id).where(DraftWish.draft_id == draft.id)
    found = session().scalars(sa.select(Wish).where(Wish.id.in_(linked)).order_by(Wish.id))
    return [wish for wish in found if is_living(wish)]


def answered_by(article_id: int) -> list[Wish]:
    """The living wishes that the drafts of an article were to answer; for one that was merged, the other."""
    linked = (
        sa.select(DraftWish.wish_id)
        .join(Draft, Draft.id == DraftWish.draft_id)
        .where(Draft.article_id == article_id)
    )
    found = session().scalars(sa.select(Wish).where(Wish.id.in_(linked)).order_by(Wish.id))
    ends = (wish if wish.merged_into is None else session().get_one(Wish, wish.merged_into) for wish in found)
    return [wish for wish in dict.fromkeys(ends) if is_living(wish)]


def drafts_for(wish_ids: list[int]) -> dict[int, list[Draft]]:
    """The drafts that answer each of these wishes."""
    rows = session().execute(
        sa.select(DraftWish.wish_id, Draft)
        .join(Draft, Draft.id == DraftWish.draft_id)
        .where(DraftWish.wish_id.in_(wish_ids))
        .order_by(Draft.id)
    )
    found: dict[int, list[Draft]] = {}
    for number, draft in rows:
        found.setdefault(number, []).append(draft)
    return found
