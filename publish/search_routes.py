"""The search, and what portal editors see and set of it: words that mean the same, words sought in vain."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Response, after_this_request, flash, request
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Explained, Faults
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from publish import addresses, misses, pages, search, search_filters, synonyms
from publish.search_models import LONGEST_GROUP

log = logging.getLogger(__name__)
# Seconds that an answer waits to have itself counted.
PATIENCE = 0.2


class SynonymsForm(Explained):
    """A line of the list. `vu` is the line as the page showed it."""

    mots = StringField(validators=[InputRequired(), Length(max=LONGEST_GROUP)])
    vu = HiddenField(validators=[Length(max=LONGEST_GROUP)])

    def words(self) -> dict[str, str]:
        return {"mots": _("Écrivez au moins deux mots ou expressions, séparés par des virgules.")}


def _count_in_vain(query: str) -> None:
    """Once the answer has been made, in a transaction of its own. A search is answered though nothing can be counted."""

    @after_this_request
    def count(response: Response) -> Response:
        try:
            with unit_of_work(patience=PATIENCE):
                misses.count(query)
        except Exception:
            log.exception("a search in vain was not counted")
        return response


def _list_page(
    status: int = 200, form: SynonymsForm | None = None, faults: Faults | None = None, number: int = 0
) -> Any:
    """The list with one form for each line; `form` is the one that was refused, of line `number` (0: the new one)."""
    with reading():
        groups = synonyms.groups()
    return page(
        "publish/synonyms.html", status, groups=groups, form=form or SynonymsForm(formdata=None),
        faults=faults or [], number=number, longest=LONGEST_GROUP, room=synonyms.MOST_GROUPS - len(groups),
    )  # fmt: skip


def register(blueprint: Blueprint) -> None:
    @blueprint.get("/recherche")
    @guarded(Act.PORTAL_READ)
    def find() -> Response:
        given = request.args.get
        found = search.search(
            given("q", ""),
            given("page", 1, type=int) or 1,
            search_filters.chosen(lambda name: given(name, "")),
            literally=given("exact", "") == "1",
        )
        if found.is_in_vain and not found.chosen and request.method == "GET":
            _count_in_vain(found.query)
        # What somebody looks for is theirs: no store keeps it, and the address leaves with no link.
        return pages.framed(
            "search.html", "/recherche", it=found, wishes=addresses.WISHES, address=search_filters.address
        )

    @blueprint.get("/recherche/sans-resultat", endpoint="missed")
    @guarded(Act.PORTAL_PUBLISH)
    def missed() -> Any:
        return page("publish/missed.html", rows=misses.missed(), fewest=misses.FEWEST, days=misses.KEPT_DAYS)

    @blueprint.get("/recherche/synonymes", endpoint="synonyms")
    @guarded(Act.PORTAL_PUBLISH)
    def listed() -> Any:
        return _list_page()

    @blueprint.post("/recherche/synonymes")
    @guarded(Act.PORTAL_PUBLISH)
    def add_synonyms() -> Any:
        form = SynonymsForm()
        if not form.validate_on_submit():
            return _list_page(422, form, form.faults())
        try:
            with unit_of_work():
                synonyms.add(current_actor(), form.mots.data or "")
        except Invalid as error:
            return _list_page(422, form, form.faults_of(error, words="mots"))
        flash(_("La ligne est ajoutée : la recherche s’en sert dès maintenant."))
        return see_other("publish.synonyms")

    @blueprint.post("/recherche/synonymes/<int:number>")
    @guarded(Act.PORTAL_PUBLISH)
    def change_synonyms(number: int) -> Any:
        form = SynonymsForm()
        if "retirer" in request.form:
            with unit_of_work():
                synonyms.remove(current_actor(), number, form.vu.data or "")
            flash(_("La ligne est retirée."))
            return see_other("publish.synonyms")
        form.mots.id = f"mots-{number}"
        if not form.validate_on_submit():
            return _list_page(422, form, form.faults(), number)
        try:
            with unit_of_work():
                synonyms.change(current_actor(), number, form.vu.data or "", form.mots.data or "")
        except Invalid as error:
            return _list_page(422, form, form.faults_of(error, words="mots"), number)
        flash(_("La ligne est changée : la recherche s’en sert dès maintenant."))
        return see_other("publish.synonyms", _anchor=f"ligne-{number}")
