"""What pages show of wishes, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import session
from app.directory.models import Administration
from app.errors import Missing
from app.extensions import gettext as _
from labs import wish_steps
from labs.cycle_models import Cycle
from labs.models import Lab, LabKind
from labs.wish_models import Standing, Wish, WishEvent, WishStatus, WishSupport
from labs.wish_words import channel_word, deed_sentence, origin_sentence, status_word

# Wishes that are compared with what somebody writes or looks for: the most supported ones of so many.
MOST_COMPARED = 2000


@dataclass(frozen=True)
class WishCard:
    id: int
    title: str
    need: str
    status: WishStatus
    status_word: str
    supports: int
    day: date


@dataclass(frozen=True)
class EventLine:
    number: int
    day: date
    sentence: str
    note: str


@dataclass(frozen=True)
class WishView:
    """A wish as everybody reads it."""

    card: WishCard
    reason: str
    origin: str
    cycle: tuple[int, date, date] | None
    events: tuple[EventLine, ...]


@dataclass(frozen=True)
class QueuedWish:
    """A wish that waits for a moderator. `version` is what the decision has to name."""

    id: int
    version: int
    title: str
    need: str
    held: bool
    channel: str
    source_url: str
    note: str
    administration: str
    filed_at: datetime


@dataclass(frozen=True)
class LabWish:
    """A wish as the people of a lab see it."""

    card: WishCard
    version: int
    cycle: int | None


def wish_numbered(number: int) -> Wish:
    """Raises Missing in the words of the policy."""
    wish = session().get(Wish, number) if number < 2**63 else None
    if wish is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return wish


def untaken(number: int) -> Wish | None:
    """The wish of that number, where the public reads it and no lab has taken it up."""
    wish = session().get(Wish, number) if 0 < number < 2**63 else None
    living = wish is not None and wish.standing is Standing.SHOWN and wish.merged_into is None
    return wish if living and wish is not None and wish.status is WishStatus.RECEIVED else None


_SUPPORTS = (
    sa.select(sa.func.count())
    .select_from(WishSupport)
    .where(WishSupport.wish_id == Wish.id)
    .correlate(Wish)
    .scalar_subquery()
)
LIVING = (Wish.standing == Standing.SHOWN) & Wish.merged_into.is_(None)


def _card(wish: Wish, supports: int) -> WishCard:
    return WishCard(
        wish.id, wish.title, wish.need, wish.status, status_word(wish.status), supports,
        clock.local(wish.filed_at).date(),
    )  # fmt: skip


def cards(
    *,
    status: WishStatus | None = None,
    newest: bool = False,
    limit: int = MOST_COMPARED,
    offset: int = 0,
    lab_id: int | None = None,
) -> list[WishCard]:
    """What the public may read, the most supported or the newest first."""
    query = sa.select(Wish, _SUPPORTS.label("supports")).where(LIVING)
    if status is not None:
        query = query.where(Wish.status == status)
    if lab_id is not None:
        query = query.where(Wish.lab_id == lab_id)
    order = [Wish.id.desc()] if newest else [sa.desc("supports"), Wish.id.desc()]
    rows = session().execute(query.order_by(*order).limit(limit).offset(offset))
    return [_card(wish, supports) for wish, supports in rows]


def count(status: WishStatus | None = None) -> int:
    query = sa.select(sa.func.count()).select_from(Wish).where(LIVING)
    return session().scalar(query if status is None else query.where(Wish.status == status)) or 0


def supports_of(wish: Wish) -> int:
    return session().scalar(sa.select(sa.func.count()).where(WishSupport.wish_id == wish.id)) or 0


def card_of(wish: Wish) -> WishCard:
    return _card(wish, supports_of(wish))


def is_supported(wish: Wish, marks: wish_steps.Marks) -> bool:
    return bool(wish_steps.supports_by(marks, wish))


def view(wish: Wish) -> WishView:
    cycle = session().get(Cycle, wish.cycle_number) if wish.status is WishStatus.PLANNED else None
    return WishView(
        card=card_of(wish),
        reason=wish.reason if wish.status is WishStatus.REFUSED else "",
        origin=origin_sentence(wish.channel),
        cycle=(cycle.number, cycle.starts_on, cycle.ends_on) if cycle is not None else None,
        events=history(wish),
    )


def history(wish: Wish) -> tuple[EventLine, ...]:
    """What was done, the first act first; nobody is named."""
    found = list(
        session().scalars(sa.select(WishEvent).filter_by(wish_id=wish.id).order_by(WishEvent.number))
    )
    labs = {
        lab.id: lab for lab in session().scalars(sa.select(Lab).where(Lab.id.in_([e.about for e in found])))
    }
    return tuple(
        EventLine(
            one.number, clock.local(one.at).date(),
            deed_sentence(one.deed, one.about, _named(labs.get(one.about or 0))), one.note,
        )
        for one in found
    )  # fmt: skip


def _named(lab: Lab | None) -> str:
    """The lab of an administration is nobody else's business, not even its name."""
    if lab is None or lab.kind is not LabKind.SHARED:
        return _("Une administration")
    return _("Le lab « %(title)s »", title=lab.title)


def waiting(limit: int = 30, administration_id: int | None = None) -> list[QueuedWish]:
    """What waits for a moderator: what holds personal data first, then the oldest."""
    query = (
        sa.select(Wish, Administration)
        .outerjoin(Administration, Administration.id == Wish.administration_id)
        .where(Wish.standing == Standing.WAITING)
        .order_by(Wish.held.desc(), Wish.id)
        .limit(limit)
    )
    if administration_id is not None:
        query = query.where(Wish.administration_id == administration_id)
    return [
        QueuedWish(
            wish.id, wish.version, wish.title, wish.need, wish.held, channel_word(wish.channel), wish.source_url,
            wish.note, office.short_name if office is not None else "", wish.filed_at,
        )
        for wish, office in session().execute(query)
    ]  # fmt: skip


def count_waiting() -> int:
    return session().scalar(sa.select(sa.func.count()).where(Wish.standing == Standing.WAITING)) or 0


def of_lab(lab: Lab) -> list[LabWish]:
    """What the lab took up and has not answered."""
    mine = [WishStatus.UNDER_STUDY, WishStatus.PLANNED]
    return _lab_wishes(sa.select(Wish, _SUPPORTS).where(LIVING, Wish.lab_id == lab.id, Wish.status.in_(mine)))


def to_take_up(limit: int) -> list[LabWish]:
    """What nobody has taken up, the most supported first."""
    return _lab_wishes(sa.select(Wish, _SUPPORTS).where(LIVING, Wish.status == WishStatus.RECEIVED), limit)


def _lab_wishes(query: sa.Select[Any], limit: int = 100) -> list[LabWish]:
    rows = session().execute(query.order_by(_SUPPORTS.desc(), Wish.id).limit(limit))
    return [LabWish(_card(wish, supports), wish.version, wish.cycle_number) for wish, supports in rows]


def cycles_to_come() -> Sequence[Cycle]:
    """The cycles in which something may still be planned."""
    found = session().scalars(sa.select(Cycle).order_by(Cycle.starts_on))
    return [cycle for cycle in found if not cycle.is_past]
