"""Verbs about a wish until the public reads it: file, correct, withdraw, show or refuse; and support.

Who reads without an account is no actor: what their secret link or their mark allows them has been looked at before. What becomes
of a wish is in `labs.wish_work`.
"""

from __future__ import annotations

import re

import sqlalchemy as sa

from app import clock, typed_words
from app.accounts.erasing import erases, searched
from app.accounts.models import Person
from app.db import insert, session
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.policy import PORTAL, Act, Actor, require
from labs import wish_addresses, wish_steps
from labs.wish_models import (
    LONGEST_LINK,
    LONGEST_NEED,
    LONGEST_NOTE,
    LONGEST_TITLE,
    Channel,
    Standing,
    Wish,
    WishDeed,
    WishEvent,
    WishSupport,
)

_LINK = re.compile(r"https?://[^\s<>\"\\]+")


def file_wish(
    actor: Actor | None,
    title: str,
    need: str,
    *,
    key: str,
    held: bool = False,
    channel: Channel = Channel.SITE,
    source_url: str = "",
    note: str = "",
    administration_id: int | None = None,
) -> Wish:
    """A new wish, which waits for a moderator. `actor` is the agent who keys it in, None for who writes themselves.

    `key`: 32 hexadecimal digits of the form: sent again with the same words, it is the wish that is there already.
    """
    if actor is not None:
        require(actor, Act.PORTAL_WORK if channel is Channel.CALL else Act.WISH_ENTER, PORTAL)
    title, need = words_of(title, need)
    source_url, note = source_url.strip(), typed_words.readable(note)
    if source_url and (len(source_url) > LONGEST_LINK or not _LINK.fullmatch(source_url)):
        raise Invalid(_("Donnez une adresse entière, qui commence par https://."), field="source_url")
    if len(note) > LONGEST_NOTE:
        raise Invalid(_("Écrivez 300 caractères au plus."), field="note")
    made = session().scalar(
        insert(Wish)
        .values(
            title=title, need=need, held=held, channel=channel, source_url=source_url, note=note, key=key,
            entered_by=actor.id if actor is not None else None, administration_id=administration_id,
            filed_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Wish.id)
    )  # fmt: skip
    wish = session().scalars(sa.select(Wish).filter_by(key=key)).one()
    if made is not None:
        wish_steps.done(wish, WishDeed.FILED, wish.entered_by)
    elif (wish.title, wish.need) != (title, need):
        raise MovedOn(
            _(
                "Ce formulaire est déjà parti avec d’autres mots. Si c’est un autre souhait, envoyez de nouveau."
            )
        )
    return wish


def words_of(title: str, need: str) -> tuple[str, str]:
    """Title and need as they are kept. Raises Invalid with the field that is wrong."""
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    title = re.sub(r"[ \t\n]+", " ", typed_words.readable(title))
    need = typed_words.readable(need)
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid(_("Dites votre souhait en une phrase de 150 caractères au plus."), field="title")
    if not need or len(need) > LONGEST_NEED:
        raise Invalid(
            _("Expliquez ce qu’il vous faut et pourquoi, en 3 000 caractères au plus."), field="need"
        )
    return title, need


def correct(wish: Wish, seen: int, title: str, need: str, *, held: bool) -> None:
    """By its author, as long as nobody has decided about it."""
    title, need = words_of(title, need)
    wish_steps.lock(wish, seen)
    if wish.standing is not Standing.WAITING or wish.merged_into is not None:
        raise MovedOn(_("Votre souhait a été lu : il ne se corrige plus. Vous pouvez encore le retirer."))
    if (title, need) != (wish.title, wish.need):
        wish.title, wish.need, wish.held = title, need, held
        wish_steps.done(wish, WishDeed.CORRECTED, None)


def withdraw(wish: Wish) -> None:
    """By its author, at any time and for ever: the words go, and so does whom to tell. Done twice it is done once."""
    wish_steps.lock(wish, None)
    if wish.standing is Standing.WITHDRAWN:
        return
    wish_steps.hand_on(wish, None)
    wish_steps.stand(wish, Standing.WITHDRAWN)
    wish.title, wish.need, wish.note, wish.source_url, wish.held = "", "", "", "", False
    wish_addresses.forget(wish)
    session().execute(sa.delete(WishSupport).filter_by(wish_id=wish.id))
    wish_steps.done(wish, WishDeed.WITHDRAWN, None)


def show(actor: Actor, wish: Wish, seen: int) -> None:
    """Let the public read it, as it is."""
    require(actor, Act.PORTAL_MODERATE, wish)
    wish_steps.lock(wish, seen)
    if not wish.title:
        raise MovedOn(_("Les mots de ce souhait sont effacés : il ne peut plus être publié."))
    wish_steps.stand(wish, Standing.SHOWN)
    wish.standing_reason, wish.held = "", False
    wish_steps.done(wish, WishDeed.SHOWN, actor.id)


def refuse(actor: Actor, wish: Wish, seen: int, reason: str) -> None:
    """Not to be read by the public, because it breaks a rule: an insult, an advertisement, somebody's private life. Its author
    reads the reason. That nothing can be done about what it asks is another thing (`labs.wish_work.refuse_with_reason`)."""
    require(actor, Act.PORTAL_MODERATE, wish)
    reason = wish_steps.reason_in(reason)
    wish_steps.lock(wish, seen)
    wish_steps.hand_on(wish, actor.id)
    wish_steps.stand(wish, Standing.REFUSED)
    wish.standing_reason = reason
    wish_steps.done(wish, WishDeed.REFUSED, actor.id, reason)


def support(marks: wish_steps.Marks, wish: Wish) -> None:
    """Sent again, it is one support still; and so are those that a reader gave to several wishes which became this one."""
    living = _living(wish)
    given = wish_steps.supports_by(marks, living)
    values = {"wish_id": living.id, "mark": marks(living.id)}
    if not given:
        session().execute(insert(WishSupport).values(**values).on_conflict_do_nothing())
    for one in given[1:]:
        session().delete(one)


def take_back(marks: wish_steps.Marks, wish: Wish) -> None:
    for one in wish_steps.supports_by(marks, _living(wish)):
        session().delete(one)


def _living(wish: Wish) -> Wish:
    """The wish, or the one it was merged into; held until the end, so that no merger overtakes a support."""
    while True:
        session().refresh(wish, with_for_update={"read": True})
        if wish.merged_into is None:
            break
        wish = session().get_one(Wish, wish.merged_into)
    if wish.standing is not Standing.SHOWN:
        raise Missing(_("Ce souhait n’est plus en ligne."))
    return wish


# People are asked to name nobody; who does names somebody who may be erased.
searched(Wish.title, Wish.need, Wish.note, Wish.reason, Wish.standing_reason, WishEvent.note)


@erases
def _forget(person_id: int) -> None:
    """An agent who left their address at a wish of their own."""
    email = session().scalar(sa.select(Person.email).where(Person.id == person_id)) or ""
    for wish in session().scalars(sa.select(Wish).where(sa.func.lower(Wish.email) == email.lower())):
        wish_addresses.forget(wish)
