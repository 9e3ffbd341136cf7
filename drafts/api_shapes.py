"""What programs read of the drafts (`app.interface`)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from app.extensions import gettext as _
from app.interface import Limit, ListedByNumber, Shape, Web
from drafts.list_queries import PAGE
from drafts.stages import Stage
from labs.roles import Right


class AskedDrafts(ListedByNumber):
    limit: Limit = PAGE


class DraftItem(Shape):
    """A draft as a list shows it."""

    id: int
    title: str
    lab: str
    stage: Stage
    seq: int
    url: Web
    rights: list[Right]
    can_write: bool

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "id": _("Le numéro du brouillon."),
            "title": _("Son titre."),
            "lab": _("Le lab où il est écrit, par son nom dans les adresses."),
            "stage": _("L’étape où il en est."),
            "seq": _("Le numéro de la dernière frappe enregistrée."),
            "url": _("L’adresse de l’éditeur."),
            "rights": _("Les droits de la personne, du moindre au plus grand."),
            "can_write": _("Si la personne peut écrire."),
        }


class Drafts(Shape):
    """One page of the drafts."""

    items: list[DraftItem]
    next: Web | None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"items": _("Les brouillons."), "next": _("L’adresse de la page suivante, ou null.")}


class DraftWhole(DraftItem):
    """One draft with its text."""

    history: str
    # `schema` is a word of pydantic's own.
    grammar: int = Field(alias="schema")
    fingerprint: str | None
    fields: dict[str, Any]
    blocks: list[dict[str, Any]]
    is_damaged: bool

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            **super().words(),
            "history": _("La vie du journal à laquelle « seq » appartient."),
            "schema": _("La version de la grammaire du texte."),
            "fingerprint": _("L’empreinte que le texte aurait s’il était figé maintenant, ou null."),
            "fields": _("Les champs de la fiche."),
            "blocks": _("Le texte, en arbre de blocs."),
            "is_damaged": _("Si une partie du journal ne peut plus être relue : le texte ne s’écrit plus."),
        }
