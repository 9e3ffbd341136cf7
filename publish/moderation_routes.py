"""The moderators' desk: what waits to be read before the public reads it, and what other rooms hang there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.extensions import ngettext
from app.policy import Act
from app.web import current_actor, guarded, page
from publish import comment_queries, moderation, moderation_queries
from publish.comment_models import LONGEST_WORDS, Deed, Reason
from publish.forms import number_in

# A page of numbers and versions, none longer than nineteen digits.
MOST_IN_A_BOX = moderation.MOST_TOGETHER * 40
# What the buttons send.
DEEDS = {"publier": Deed.SHOW, "refuser": Deed.REFUSE, "masquer": Deed.HIDE, "garder": Deed.KEEP}


def _where() -> tuple[str, str, int]:
    """The administration whose pages are looked at, the fiche ("" for all), and the page of the list."""
    given = request.values
    return (
        given.get("administration", "")[:80],
        given.get("fiche", "")[:80],
        number_in(given.get("page", "")[:9]) or 1,
    )


def _desk(status: int = 200, **more: Any) -> Any:
    administration, slug, number = _where()
    with reading():
        afterwards, others = moderation_queries.offices_afterwards()
        return page(
            "publish/moderation.html",
            status,
            desk=moderation_queries.queue(number, administration, slug),
            administration=administration,
            fiche=slug,
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
    administration, slug, number = _where()
    asked = {"administration": administration, "fiche": slug, "page": number if number > 1 else ""}
    values: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return redirect(url_for("publish.moderation", **values), code=303)


def _reason() -> Reason | None:
    """Why, as the form says it; None for nothing, and for what is no reason."""
    given = request.form.get("motif", "")
    return Reason(given) if given in list(Reason) else None


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
    moderation.decide(current_actor(), comment_id, number, deed, _reason(), form.get("mots", ""))
    return {
        Deed.SHOW: _("Le commentaire est publié. La fiche l’annonce dans la minute."),
        Deed.REFUSE: _("Le commentaire est refusé. Son auteur lit pourquoi sous son lien de suivi."),
        Deed.HIDE: _("Le commentaire est masqué : plus personne ne le lit."),
        Deed.KEEP: _("Le commentaire reste publié."),
    }[deed]


def _ticked() -> list[str]:
    """What stands in the boxes that were ticked: "12:1", or all of the page in one, "12:1,13:4"."""
    return [pair for box in request.form.getlist("choix") for pair in box[:MOST_IN_A_BOX].split(",")]


def _chosen(ticked: list[str]) -> list[tuple[int, int]]:
    """(comment, version as it was seen) of each."""
    pairs = [one[:40].partition(":") for one in dict.fromkeys(ticked)]
    return [(number_in(number) or 0, number_in(version) or 0) for number, _colon, version in pairs]


def _said_together(deed: Deed, done: int, moved_on: int) -> str:
    said = {
        Deed.SHOW: ngettext("%(num)d commentaire est publié.", "%(num)d commentaires sont publiés.", done),
        Deed.REFUSE: ngettext("%(num)d commentaire est refusé.", "%(num)d commentaires sont refusés.", done),
        Deed.HIDE: ngettext("%(num)d commentaire est masqué.", "%(num)d commentaires sont masqués.", done),
        Deed.KEEP: ngettext(
            "%(num)d commentaire reste publié.", "%(num)d commentaires restent publiés.", done
        ),
    }[deed]
    if not moved_on:
        return said
    return said + " " + ngettext(
        "%(num)d autre a changé entre-temps, ou ne peut pas être décidé ainsi : relisez-le.",
        "%(num)d autres ont changé entre-temps, ou ne peuvent pas être décidés ainsi : relisez-les.",
        moved_on,
    )  # fmt: skip


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

    @blueprint.post("/moderation/commentaires")
    @guarded(Act.PORTAL_MODERATE)
    def moderate_together() -> Any:
        form = request.form
        deed = DEEDS.get(form.get("decision", ""))
        try:
            if deed is None:
                raise Invalid(_("Choisissez une décision."))
            with unit_of_work():
                done, moved_on = moderation.decide_together(
                    current_actor(), _chosen(_ticked()), deed, _reason(), form.get("mots", "")
                )
        except Invalid as error:
            field = f"#{error.detail.get('field', 'choix')}-ensemble"
            together = {"ids": _ticked(), "motif": form.get("motif", ""), "mots": form.get("mots", "")}
            return _desk(error.status, faults=[(field, error.message)], together=together)
        return _back(_said_together(deed, done, moved_on))

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
