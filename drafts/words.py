"""What the statuses of this room are called on the screen."""

from __future__ import annotations

from app.extensions import gettext as _
from drafts.review_models import Decision, SignedAs
from drafts.stages import Deed, Stage
from labs.roles import LADDER, Right


def stage_word(stage: Stage) -> str:
    return {
        Stage.WRITING: _("En écriture"),
        Stage.IN_REVIEW: _("En relecture"),
        Stage.CHANGES_REQUESTED: _("À reprendre"),
        Stage.APPROVED: _("Approuvé"),
        Stage.SCHEDULED: _("Publication programmée"),
        Stage.PUBLISHED: _("Publié"),
    }[stage]


def stage_sentence(stage: Stage) -> str:
    """What the stage means for those who write."""
    return {
        Stage.WRITING: _("Le texte s’écrit. Quand il est prêt, proposez-le à la relecture."),
        Stage.IN_REVIEW: _(
            "Une version figée attend les visas. Vous pouvez continuer à écrire : elle ne change pas."
        ),
        Stage.CHANGES_REQUESTED: _(
            "Un référent demande des changements. Reprenez le texte, puis proposez-le de nouveau."
        ),
        Stage.APPROVED: _("Toutes les administrations compétentes ont répondu. La publication peut suivre."),
        Stage.SCHEDULED: _("La publication est programmée."),
        Stage.PUBLISHED: _("Une version est publiée. Le brouillon continue de vivre pour la prochaine."),
    }[stage]


def deed_word(deed: Deed) -> str:
    return {
        Deed.CREATE: _("Création du brouillon"),
        Deed.SUBMIT: _("Proposition à la relecture"),
        Deed.RETRACT: _("Retrait de la proposition"),
        Deed.REQUEST_CHANGES: _("Demande de changements"),
        Deed.SIGN_OFF: _("Visa"),
        Deed.ABSTAIN: _("Abstention"),
        Deed.OBJECT: _("Opposition"),
        Deed.LIFT_OBJECTION: _("Opposition levée"),
        Deed.ARBITRATE: _("Arbitrage d’une opposition"),
        Deed.PASS_OVER: _("Passage outre après le délai"),
        Deed.WITHDRAW_SIGN_OFF: _("Visa retiré"),
        Deed.NAME_SUBSTITUTE: _("Suppléance"),
        Deed.CHANGE_COMPETENCES: _("Changement des administrations compétentes"),
        Deed.HAND_OVER: _("Changement d’administration responsable"),
        Deed.ASK_AGAIN: _("Nouvelle version à relire, même texte"),
        Deed.APPROVE: _("Approbation"),
        Deed.SCHEDULE: _("Publication programmée"),
        Deed.CANCEL: _("Programmation annulée"),
        Deed.PUBLISH: _("Publication"),
    }[deed]


def decision_word(decision: Decision | None, signed_as: SignedAs | None) -> str:
    """An administration's answer in words; it is expected while there is none."""
    if decision is None:
        return _("Réponse attendue")
    if decision is Decision.ABSTAINED:
        return _("Abstention")
    if signed_as is SignedAs.AUTHOR:
        return _("Visa, comme auteur")
    if signed_as is SignedAs.PART:
        return _("Visa d’une partie du texte")
    return _("Visa, comme second regard")


def rights_words(rights: frozenset[Right]) -> str:
    """The rights of a person on a text, in one sentence."""
    words = {
        Right.READ: _("lire"),
        Right.REMARK: _("laisser des remarques"),
        Right.SUGGEST: _("suggérer"),
        Right.WRITE: _("écrire"),
    }
    return ", ".join(words[right] for right in LADDER if right in rights)
