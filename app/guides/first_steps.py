"""What one does first, by the roles one holds: one sentence that says what the role is for, and one thing to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.extensions import gettext as _
from app.policy import Actor, PortalRole


@dataclass(frozen=True)
class Step:
    sentence: str
    href: str
    action: str
    chapter: str


def steps_of(actor: Actor) -> Iterator[Step]:
    """The steps of a person, those of their roles first; everybody who works here has the last one."""
    roles = actor.roles
    if PortalRole.ADMINISTRATOR in roles:
        yield Step(
            _("Vous administrez le portail : vous inscrivez les administrations et ouvrez les comptes."),
            "/admin", _("Ouvrir l’administration"), "administrateurs",
        )  # fmt: skip
    if PortalRole.PORTAL_EDITOR in roles:
        yield Step(
            _("Vous êtes éditeur du portail : vous publiez les textes que les administrations ont signés."),
            "/publications", _("Voir ce qui est prêt"), "editeurs",
        )  # fmt: skip
    if PortalRole.MODERATOR in roles:
        yield Step(
            _("Vous êtes modérateur : vous lisez ce que le public écrit avant qu’il paraisse."),
            "/moderation", _("Voir ce qui attend"), "moderateurs",
        )  # fmt: skip
    if actor.reviewer_of:
        yield Step(
            _("Vous êtes référent : vous relisez et signez les textes au nom de votre administration."),
            "/espace#ce-qui-m-attend", _("Voir ce qui vous attend"), "referents",
        )  # fmt: skip
    if PortalRole.MEDIATOR in roles:
        yield Step(
            _("Vous êtes médiateur : vous portez la parole des habitants et imprimez des fiches pour eux."),
            "/souhaits/saisie", _("Saisir un souhait avec un habitant"), "mediateurs",
        )  # fmt: skip
    yield Step(
        _("Les textes s’écrivent à plusieurs, dans un lab."),
        "/labs", _("Choisir un lab"), "agents",
    )  # fmt: skip
