"""What the statuses of this room are called on the screen."""

from __future__ import annotations

import unicodedata

from app.extensions import gettext as _
from labs.models import LabKind, SessionStatus
from labs.roles import Right


def right_word(right: Right) -> str:
    return {
        Right.READ: _("Lecture"),
        Right.REMARK: _("Remarques"),
        Right.SUGGEST: _("Suggestions"),
        Right.WRITE: _("Écriture"),
    }[right]


def right_sentence(right: Right) -> str:
    """What a person who holds the right can do, for the forms where it is given."""
    return {
        Right.READ: _("Lecture : lire les brouillons"),
        Right.REMARK: _("Remarques : lire et laisser des remarques"),
        Right.SUGGEST: _("Suggestions : lire, laisser des remarques et suggérer des changements"),
        Right.WRITE: _("Écriture : tout cela, écrire et proposer à la relecture"),
    }[right]


def right_offered(right: Right, *, facilitates: bool = False, guest: bool = False) -> str:
    """What is offered to a person, said to them; without a full stop. A guest who writes proposes nothing."""
    if facilitates:
        return _("Vous l’animerez : vous écrirez, inviterez et conduirez les séances")
    if right is Right.WRITE and guest:
        return _("Vous pourrez lire les brouillons, laisser des remarques et écrire dans les textes")
    return {
        Right.READ: _("Vous pourrez lire les brouillons"),
        Right.REMARK: _("Vous pourrez lire les brouillons et laisser des remarques"),
        Right.SUGGEST: _(
            "Vous pourrez lire les brouillons, laisser des remarques et suggérer des changements"
        ),
        Right.WRITE: _("Vous pourrez lire les brouillons, écrire et proposer les textes à la relecture"),
    }[right]


def guest_right_sentence(right: Right) -> str:
    """As `right_sentence`, for the form where a guest is given one."""
    return (
        _("Écriture : tout cela, et écrire dans les textes")
        if right is Right.WRITE
        else right_sentence(right)
    )


def session_word(status: SessionStatus) -> str:
    return {
        SessionStatus.PLANNED: _("prévue"),
        SessionStatus.OPEN: _("ouverte"),
        SessionStatus.CLOSED: _("close"),
        SessionStatus.CANCELLED: _("annulée"),
    }[status]


def lab_kind_word(kind: LabKind) -> str:
    return {LabKind.PERMANENT: _("Lab permanent"), LabKind.SHARED: _("Open lab")}[kind]


def folded(words: str) -> str:
    """For looking up: no accents, no capitals."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return plain.lower().strip()
