"""Where mediators and agents have packs made, see how far they are, and fetch them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash

from app import clock
from app.db import reading, unit_of_work
from app.directory import catalogue
from app.errors import Invalid, Unauthenticated
from app.extensions import gettext as _
from app.forms import BoxesField, Explained, Faults
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from publish import packs, queries
from publish.pack_policy import PACKS, Packs
from publish.packs import PackLine
from publish.queries import SubjectKind

ADDRESS = "/espaces-connectes/classeur"


class PackForm(Explained):
    """What a pack is made of; nothing chosen chooses all."""

    themes = BoxesField()
    administrations = BoxesField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        cards = queries.live_cards()
        self.themes.choices = [
            (one.slug, one.title) for one in queries.subjects(SubjectKind.THEME, cards) if one.articles
        ]
        competent = queries.competent_for([card.revision_id for card in cards])
        ids = {office for offices in competent.values() for office in offices}
        self.administrations.choices = [(place.slug, place.name) for place in catalogue.places(ids)]

    def words(self) -> dict[str, str]:
        return {
            "themes": _("Un de ces thèmes n’existe pas, ou plus : choisissez dans la liste."),
            "administrations": _(
                "Une de ces administrations n’existe pas, ou plus : choisissez dans la liste."
            ),
        }


def packs_door(**_rest: object) -> Packs:
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    return PACKS


def _page(status: int = 200, form: PackForm | None = None, faults: Faults | None = None) -> Response:
    with reading():
        form = form or PackForm()
        names = dict([*form.themes.choices, *form.administrations.choices])
        rows = [
            {
                "key": row.key, "title": _title(row, names), "made_at": row.made_at, "asked_at": row.asked_at,
                "reason": _reason(row.failure), "size": _size(row.size),
            }
            for row in packs.kept()
        ]  # fmt: skip
        return page("publish/packs.html", status, form=form, rows=rows, faults=faults or [])


def _title(row: PackLine, names: dict[str, str]) -> str:
    themes = ", ".join(names.get(slug, slug) for slug in row.themes) or _("Tous les thèmes")
    offices = ", ".join(names.get(slug, slug) for slug in row.administrations)
    return f"{themes} ({offices})" if offices else themes


def _reason(failure: str) -> str:
    words = {
        "outdated": _("Une fiche a changé depuis que ce classeur a été fait : demandez-le de nouveau."),
        "too_large": _("Ce choix fait un fichier trop lourd : choisissez moins de thèmes."),
        "broken": _(
            "Ce classeur n’a pas pu être fait. Demandez-le de nouveau ; si cela se répète, prévenez l’équipe du portail."
        ),
    }
    return words.get(failure, "")


def _size(size: int) -> str:
    return _("%(size)s Mo", size=f"{size / 1e6:.1f}".replace(".", ","))


def register(blueprint: Blueprint) -> None:
    @blueprint.get(ADDRESS, endpoint="packs")
    @guarded(Act.PACK_MAKE, packs_door)
    def listed() -> Response:
        return _page()

    @blueprint.post(ADDRESS)
    @guarded(Act.PACK_MAKE, packs_door)
    def ask_pack() -> Any:
        with reading():
            form = PackForm()
        if not form.validate_on_submit():
            return _page(422, form, form.faults())
        try:
            with unit_of_work():
                packs.ask(
                    current_actor(), packs.chosen(form.themes.data or (), form.administrations.data or ())
                )
        except Invalid as error:
            return _page(422, form, form.faults_of(error, themes="themes", administrations="administrations"))
        flash(_("Le classeur se prépare : il sera sur cette page dans une minute ou deux."))
        return see_other("publish.packs")

    @blueprint.get(f"{ADDRESS}/<key>.zip")
    @guarded(Act.PACK_MAKE, packs_door)
    def pack_file(key: str) -> Response:
        content, made_at = packs.file_of(current_actor(), key)
        name = f"classeur-{clock.local(made_at):%Y-%m-%d}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content, content_type="application/zip", headers=headers)
