"""What the statuses of this room are called on the screen."""

from __future__ import annotations

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


def session_word(status: SessionStatus) -> str:
    return {
        SessionStatus.PLANNED: _("prévue"),
        SessionStatus.OPEN: _("ouverte"),
        SessionStatus.CLOSED: _("close"),
    }[status]


def lab_kind_word(kind: LabKind) -> str:
    return {LabKind.PERMANENT: _("Lab permanent"), LabKind.SHARED: _("Open lab")}[kind]
