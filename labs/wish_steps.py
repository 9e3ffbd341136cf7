"""One step of a wish: locked, numbered, noted for everybody, and kept in the audit."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from app import audit, clock, typed_words
from app.db import insert, note, session, unless_somebody_was_first
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from labs.wish_events import WishChanged
from labs.wish_models import (
    LONGEST_REASON,
    STANDINGS,
    STATUSES,
    Standing,
    Wish,
    WishDeed,
    WishEvent,
    WishStatus,
    WishSupport,
)

# A reader's mark of each wish, by its number.
Marks = Callable[[int], str]


def moved_on() -> str:
    return _("Quelqu’un vient d’agir sur ce souhait : rechargez la page, puis décidez.")


def lock(wish: Wish, seen: int | None) -> None:
    """Read it anew, for nobody else to change. Raises MovedOn when its last event is not the one that was seen."""
    session().refresh(wish, with_for_update=True)
    if seen is not None and seen != wish.version:
        raise MovedOn(moved_on())


def lock_living(wish: Wish, seen: int | None) -> None:
    """As `lock`, for a wish that the public reads and that stands for itself."""
    lock(wish, seen)
    if wish.standing is not Standing.SHOWN or wish.merged_into is not None:
        raise MovedOn(moved_on())


def stand(wish: Wish, standing: Standing) -> None:
    if standing not in STANDINGS[wish.standing]:
        raise MovedOn(moved_on())
    wish.standing = standing


def become(wish: Wish, status: WishStatus) -> None:
    if status not in STATUSES[wish.status]:
        raise MovedOn(moved_on())
    wish.status = status


def done(
    wish: Wish, deed: WishDeed, person_id: int | None, words: str = "", about: int | None = None
) -> None:
    """Number what was done. `words` are public."""
    wish.version += 1
    with unless_somebody_was_first(moved_on()):
        session().add(
            WishEvent(
                wish_id=wish.id, number=wish.version, deed=deed, note=words, about=about, at=clock.now(),
                person_id=person_id,
            )
        )  # fmt: skip
    audit.record(person_id, f"wish_{deed}", "wish", wish.id, number=wish.version)
    note(WishChanged(wish.id, str(deed)))


def reason_in(words: str) -> str:
    """A reason as it is kept. Raises Invalid when there is none, or too much of it."""
    words = typed_words.readable(words)
    if not words or len(words) > LONGEST_REASON:
        raise Invalid(_("Dites pourquoi, en 1 000 caractères au plus."), field="reason")
    return words


def joined_to(wish: Wish) -> list[Wish]:
    """The wishes that were merged into it, the oldest first."""
    return list(session().scalars(sa.select(Wish).where(Wish.merged_into == wish.id).order_by(Wish.id)))


def supports_by(marks: Marks, wish: Wish) -> list[WishSupport]:
    """What a reader gave to a wish, or to those that became it."""
    theirs = [marks(one.id) for one in (wish, *joined_to(wish))]
    return list(
        session().scalars(
            sa.select(WishSupport)
            .where(WishSupport.wish_id == wish.id, WishSupport.mark.in_(theirs))
            .order_by(WishSupport.mark)
        )
    )


def move_supports(wish_id: int, into: int) -> None:
    """Nothing says which readers support both (a mark is of one wish): such a one counts twice, until they come back."""
    theirs = sa.select(sa.literal(into), WishSupport.mark).where(WishSupport.wish_id == wish_id)
    # SQLite takes ON CONFLICT after a SELECT only where that has a condition, which this one has.
    session().execute(insert(WishSupport).from_select(["wish_id", "mark"], theirs).on_conflict_do_nothing())
    session().execute(
        sa.delete(WishSupport)
        .where(WishSupport.wish_id == wish_id)
        .execution_options(synchronize_session=False)
    )


def hand_on(wish: Wish, person_id: int | None) -> None:
    """A wish goes away into which others were merged: the oldest of them takes its place, with everybody who supports it, and
    the address of this one leads there."""
    joined = joined_to(wish)
    for one in joined:
        one.merged_into = None
    session().flush()
    heir = next((one for one in joined if one.standing is Standing.SHOWN), None)
    if heir is None:
        return
    heir.status, heir.reason, heir.lab_id, heir.cycle_number = (
        wish.status, wish.reason, wish.lab_id, wish.cycle_number,
    )  # fmt: skip
    for one in (wish, *joined):
        if one is not heir:
            one.merged_into = heir.id
    move_supports(wish.id, heir.id)
    done(heir, WishDeed.ALONE, person_id)
