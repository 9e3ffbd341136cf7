"""The moderators' desk: what waits to be read before the public reads it, and what other rooms hang there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page
from publish import comment_queries, moderation, moderation_queries
from publish.comment_models import LONGEST_WORDS, Deed, Reason
from publish.forms import number_in

# What the buttons send.
DEEDS = {"publier": Deed.SHOW, "refuser": Deed.REFUSE, "masquer": Deed.HIDE, "garder": Deed.KEEP}


def _where() -> tuple[str, int]:
    """The administration whose pages are looked at ("" for all), and the page of the list."""
    return request.values.get("administration", "")[:80], number_in(request.values.get("page", "")[:9]) or 1


def _desk(status: int = 200, **more: Any) -> Any:
    administration, number = _where()
    with reading():
        afterwards, others = moderation_queries.offices_afterwards()
        return page(
            "publish/moderation.html",
            status,
            desk=moderation_queries.queue(number, administration),
            administration=administration,
            offices=moderation_queries.offices_waiting(),
            decided=moderation_queries.decided_last(),
            reasons=comment_queries.reason_words(),
            longest=LONGEST_WORDS,
            afterwards=afterwards,
            others=others,
            **more,
        )


def _back(said: str) -> Any:
    flash(said)
    administration, number = _where()
    values: dict[str, Any] = {"administration": administration} if administration else {}
    if number > 1:
        values["page"] = number
    return redirect(url_for("publish.moderation", **values), code=303)


def _decide(comment_id: int) -> str:
    """What the form asks for is done; what to say of it."""
    form = request.form
    number = number_in(form.get("version", "")[:9]) or 0
    if form.get("decision") == "annuler":
        moderation.undo(current_actor(), comment_id, number)
        return _("C’est annulé : le commentaire est de nouveau ce qu’il était avant.")
    deed = DEEDS.get(form.get("decision", ""))
    if deed is None:
        raise Invalid(_("Choisissez une décision."))
    given = form.get("motif", "")
    reason = Reason(given) if given in list(Reason) else None
    moderation.decide(current_actor(), comment_id, number, deed, reason, form.get("mots", ""))
    return {
        Deed.SHOW: _("Le commentaire est publié. La fiche l’annonce dans la minute."),
        Deed.REFUSE: _("Le commentaire est refusé. Son auteur lit pourquoi sous son lien de suivi."),
        Deed.HIDE: _("Le commentaire est masqué : plus personne ne le lit."),
        Deed.KEEP: _("Le commentaire reste publié."),
    }[deed]


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/moderation", endpoint="moderation")
    @guarded(Act.PORTAL_MODERATE)
    def show() -> Any:
        return _desk()

    @blueprint.post("/moderation/commentaires/<int:comment_id>")
    @guarded(Act.PORTAL_MODERATE)
    def moderate_comment(comment_id: int) -> Any:
        try:
            with unit_of_work():
                said = _decide(comment_id)
        except MovedOn as error:
            return _desk(error.status, faults=[("", error.message)])
        except Invalid as error:
            field = f"#{error.detail['field']}-{comment_id}" if "field" in error.detail else ""
            return _desk(
                error.status,
                faults=[(field, error.message)],
                typed={
                    "id": comment_id,
                    "motif": request.form.get("motif"),
                    "mots": request.form.get("mots", ""),
                },
            )
        return _back(said)

    @blueprint.post("/moderation/administrations")
    @guarded(Act.PORTAL_MODERATE)
    def read_afterwards() -> Any:
        allowed = request.form.get("permettre") == "1"
        try:
            with unit_of_work():
                moderation.allow_afterwards(current_actor(), request.form.get("choix", "")[:80], allowed)
        except Missing as error:
            return _desk(422, faults=[("#choix", error.message)])
        return _back(
            _("Les auteurs connus y sont publiés tout de suite, et relus après.")
            if allowed
            else _("Tout y est de nouveau relu avant d’être publié.")
        )
