"""What programs read of a person and of the labs (`app.interface`)."""

from __future__ import annotations

from app.extensions import gettext as _
from app.interface import Shape, Web
from app.policy import PortalRole
from labs.roles import Right


class Place(Shape):
    """A person's administration; both are empty for who has none."""

    id: int | None
    name: str

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"id": _("Son numéro."), "name": _("Son nom court.")}


class Me(Shape):
    """The person behind the session, or the token."""

    id: int
    name: str
    email: str
    administration: Place
    roles: list[PortalRole]
    reviewer_of: list[int]
    shared_computer: bool

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "id": _("Le numéro de la personne."),
            "name": _("Son nom."),
            "email": _("Son adresse électronique."),
            "administration": _("Son administration."),
            "roles": _("Ses rôles sur le portail."),
            "reviewer_of": _("Les numéros des administrations dont elle est référente."),
            "shared_computer": _("Si la session est celle d’un poste partagé."),
        }


class LabItem(Shape):
    """A lab as a list shows it."""

    id: int
    slug: str
    title: str
    purpose: str
    administration: str
    right: Right | None
    is_facilitator: bool
    url: Web

    @classmethod
    def words(cls) -> dict[str, str]:
        return {
            "id": _("Le numéro du lab."),
            "slug": _("Son nom dans les adresses."),
            "title": _("Son titre."),
            "purpose": _("Son but."),
            "administration": _("L’administration qui le porte."),
            "right": _("Le droit de la personne, ou null dans un lab ouvert aux demandes."),
            "is_facilitator": _("Si la personne l’anime."),
            "url": _("L’adresse de sa page."),
        }


class Labs(Shape):
    """One page of the labs."""

    items: list[LabItem]
    next: Web | None

    @classmethod
    def words(cls) -> dict[str, str]:
        return {"items": _("Les labs."), "next": _("L’adresse de la page suivante, ou null.")}
