"""The glossary as programs read it (`app.interface`)."""

from __future__ import annotations

from app.extensions import gettext as _
from app.interface import Instant, Shape, Web


class GlossaryItem(Shape):
    """A word that the portal explains."""

    key: str
    term: str
    forms: list[str]
    spelled_out: str
    definition: str
    source: str
    source_url: str
    changed_at: Instant
    url: Web

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "key": _("Le mot en minuscules et sans accents : son repère dans les adresses."),
            "term": _("Le mot ou le sigle."),
            "forms": _("Ses autres formes."),
            "spelled_out": _("Les mots d’un sigle, ou rien."),
            "definition": _("Son explication."),
            "source": _("D’où vient l’explication, ou rien."),
            "source_url": _("Son adresse, ou rien."),
            "changed_at": _("Quand il a été changé pour la dernière fois."),
            "url": _("L’adresse où on le lit."),
        }


class Glossary(Shape):
    items: list[GlossaryItem]
    next: Web | None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"items": _("Les mots."), "next": _("L’adresse de la page suivante, ou null.")}
