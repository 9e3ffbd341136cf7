"""What this room keeps of people: its entries of the register."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from app.accounts.exporting import Rows, exports
from app.db import session
from app.extensions import gettext as _
from app.privacy import Entry, registers
from labs.wish_addresses import forget_old
from labs.wish_models import Wish


@registers
def _kept() -> Iterator[Entry]:
    mission = _("Mission d’intérêt public")
    yield Entry(
        _("Labs : qui en est membre, qui a demandé à entrer et pourquoi, invitations et liens d’invités"),
        _("Ouvrir un texte à ceux qui y travaillent"),
        mission,
        _("Tant que le lab existe ; effacé avec la personne"),
        _("Les membres du lab"),
        ("membership.*", "lab_invitation.*", "lab_request.*", "guest_link.*"),
    )
    yield Entry(
        _("Séances : présences, ce qui a été dit et décidé, comptes rendus"),
        _("Garder la mémoire d’un travail commun"),
        mission,
        _("Tant que le lab existe ; le nom d’une personne effacée en sort"),
        _("Les membres du lab"),
        (
            "session_event.*",
            "session_stay.*",
            "session_voter.*",
            "session_minutes.*",
            "minutes_file.*",
            "lab_session.*",
        ),
    )
    yield Entry(
        _("Souhaits : mots, origine, adresse électronique facultative, soutiens sous un numéro"),
        _("Répondre à un besoin du public"),
        mission,
        _(
            "Les mots restent publics jusqu’au retrait ; refusés, 30 jours ; adresse non confirmée, 7 jours, sinon jusqu’à la réponse"
        ),
        _("Le public pour les mots ; les modérateurs pour le reste"),
        ("wish.*", "wish_event.*", "wish_support.*"),
        30,
        forget_old,
    )


@exports
def _said(person_id: int, email: str) -> Rows:
    """Wishes that were made under the same address, or keyed in by the person."""
    mine = sa.or_(Wish.entered_by == person_id, sa.func.lower(Wish.email) == email.lower())
    return {
        "wish": [
            {"id": one.id, "title": one.title, "need": one.need, "email": one.email}
            for one in session().scalars(sa.select(Wish).where(mine).order_by(Wish.id))
        ]
    }
