"""What the acts and states of articles are called on the screen and in mails."""

from __future__ import annotations

from app.extensions import gettext as _
from drafts.models import ArticleState
from publish.fate_stages import Capacity, Fate


def state_word(state: ArticleState) -> str:
    return {
        ArticleState.UNPUBLISHED: _("Pas encore publiée"),
        ArticleState.LIVE: _("En ligne"),
        ArticleState.MASKED: _("Masquée"),
        ArticleState.WITHDRAWN: _("Retirée, encore lisible"),
        ArticleState.REDIRECTED: _("Redirigée"),
        ArticleState.GONE: _("Supprimée"),
    }[state]


def state_sentence(state: ArticleState) -> str:
    """What the public sees at the address of such an article."""
    return {
        ArticleState.UNPUBLISHED: _("Rien n’est encore publié à cette adresse."),
        ArticleState.LIVE: _("Tout le monde la lit, et elle est dans les listes et la recherche."),
        ArticleState.MASKED: _("Personne ne la lit : son adresse dit qu’elle est momentanément masquée."),
        ArticleState.WITHDRAWN: _(
            "On la lit encore à son adresse, sous un bandeau qui dit pourquoi elle est retirée ; elle n’est plus "
            "dans les listes ni la recherche."
        ),
        ArticleState.REDIRECTED: _("Son adresse mène à une autre fiche."),
        ArticleState.GONE: _("Son adresse dit pourquoi elle est supprimée, et où chercher ailleurs."),
    }[state]


def fate_word(fate: Fate) -> str:
    return {
        Fate.PUBLISH: _("Publication d’une version"),
        Fate.PUBLISH_URGENTLY: _("Publication en urgence"),
        Fate.APPROVE: _("Relecture faite après la publication en urgence"),
        Fate.STILL_EXACT: _("Vérifiée : toujours exacte"),
        Fate.MASK: _("Masquée"),
        Fate.UNMASK: _("De nouveau lisible, sans décision dans les 72 heures"),
        Fate.PROPOSE: _("Proposition"),
        Fate.DECLINE: _("Proposition écartée"),
        Fate.WITHDRAW: _("Retirée"),
        Fate.REDIRECT: _("Redirigée"),
        Fate.REMOVE: _("Supprimée"),
        Fate.RESTORE: _("Rétablie"),
    }[fate]


def proposal_word(fate: Fate) -> str:
    """What is proposed, as one says it: `to withdraw`."""
    return {
        Fate.WITHDRAW: _("retirer la fiche"),
        Fate.REDIRECT: _("rediriger la fiche"),
        Fate.REMOVE: _("supprimer la fiche"),
        Fate.RESTORE: _("rétablir la fiche"),
    }[fate]


def proposal_sentence(fate: Fate) -> str:
    """What would happen, for the form where it is chosen."""
    return {
        Fate.WITHDRAW: _("Retirer : elle reste lisible à son adresse, sous un bandeau, et quitte les listes"),
        Fate.REDIRECT: _("Rediriger : son adresse mène à une autre fiche en ligne"),
        Fate.REMOVE: _("Supprimer : son adresse dit pourquoi, et où chercher ailleurs"),
        Fate.RESTORE: _("Rétablir : elle est de nouveau en ligne, dans les listes et la recherche"),
    }[fate]


def capacity_word(capacity: Capacity | None) -> str:
    if capacity is None:
        return ""
    return {
        Capacity.LEAD_REVIEWER: _("référent de l’administration responsable"),
        Capacity.EDITOR: _("éditeur du portail"),
        Capacity.BOTH: _("référent de l’administration responsable et éditeur du portail"),
    }[capacity]
