"""/admin/administrations: the partners, their counters, and what becomes of one that closes."""

from __future__ import annotations

from typing import Any

from flask import flash, request

from app.administration import directory_queries, people_queries
from app.administration.doors import UNTRIED, Attempt, attempt, blueprint, differences, known, seen
from app.administration.forms import Button, CloseForm, CounterForm, OfficeForm
from app.db import reading
from app.directory import offices
from app.directory.catalogue import kind_names
from app.directory.models import Administration, Counter
from app.directory.offices import CounterWords, OfficeWords
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import vocabulary


@blueprint.get("/administrations", endpoint="offices")
@guarded(Act.PORTAL_ADMINISTER)
def listed() -> Any:
    return page("administration/offices.html", lines=directory_queries.offices())


def _form(kept: str = "", **values: Any) -> OfficeForm:
    form = OfficeForm(formdata=None, **values) if values else OfficeForm()
    form.offer(vocabulary.territories(), kept)
    return form


def _words(form: OfficeForm) -> OfficeWords:
    return OfficeWords(
        name=form.nom.data or "", acronym=form.sigle.data or "", kind=form.genre.data or "",
        territory=form.territoire.data or "", site=form.site.data or "", link_domains=form.domaines.data or "",
        may_publish_own=bool(form.publie.data),
    )  # fmt: skip


def _stored(place: Administration) -> dict[str, Any]:
    return {
        "nom": place.name, "sigle": place.acronym or "", "genre": str(place.kind), "territoire": place.territory,
        "site": place.site or "", "domaines": "\n".join(place.link_domains), "publie": place.may_publish_own,
    }  # fmt: skip


@blueprint.get("/administrations/nouvelle", endpoint="new_office")
@guarded(Act.PORTAL_ADMINISTER)
def fresh() -> Any:
    return _new_page(_form(nom=""), UNTRIED)


def _new_page(form: OfficeForm, tried: Attempt) -> Any:
    return page("administration/office_new.html", tried.status or 200, form=form, faults=tried.faults)


@blueprint.post("/administrations/nouvelle", endpoint="create_office")
@guarded(Act.PORTAL_ADMINISTER)
def create() -> Any:
    form = _form()
    tried = attempt(form, lambda: offices.create_administration(current_actor(), _words(form)).id, form.NAMES)
    if tried.status:
        return _new_page(form, tried)
    flash(_("L’administration est inscrite. Ajoutez ses guichets."))
    return see_other("administration.office", office_id=tried.made)


def _office_page(office_id: int, tried: Attempt = UNTRIED, counter_id: int = 0, **refused: Any) -> Any:
    """The page of an administration; `refused` is the form that was not taken: `form`, `close` or `counter`, the
    last of `counter_id` (0: the new one)."""
    with reading():
        it = directory_queries.office(office_id)
        form = refused.get("form") or _form(it.place.territory, **_stored(it.place))
        close = refused.get("close") or CloseForm(formdata=None)
        close.successeur.offer(one for one in people_queries.places() if one[0] != office_id)
        counter = refused.get("counter")
        return page(
            "administration/office.html",
            tried.status or 200,
            it=it,
            form=form,
            close=close,
            new_counter=_counter_form(0) if counter is None or counter_id else counter,
            counters=[
                (one, counter if counter is not None and counter_id == one.id else _counter_form(one.id, one))
                for one in it.counters
            ],
            refused_counter=counter_id if counter is not None else None,
            kinds=kind_names(),
            faults=tried.faults,
            now=differences(form, _stored(it.place)) if tried.moved and "form" in refused else [],
        )


def _counter_form(ident: int, row: Counter | None = None, *, sent: bool = False) -> CounterForm:
    """The form of one counter: several stand on one page, so each has ids of its own."""
    values = (
        {"nom": row.name, "adresse": row.address, "commune": row.commune, "telephone": row.phone,
         "courriel": row.email, "horaires": row.hours}
        if row is not None
        else {}
    )  # fmt: skip
    form = CounterForm() if sent else CounterForm(formdata=None, **values)
    for one in form:
        one.id = f"guichet-{ident}-{one.name}"
    return form


@blueprint.get("/administrations/<int:office_id>", endpoint="office")
@guarded(Act.PORTAL_ADMINISTER)
def show(office_id: int) -> Any:
    return _office_page(known(office_id))


@blueprint.post("/administrations/<int:office_id>", endpoint="change_office")
@guarded(Act.PORTAL_ADMINISTER)
def change(office_id: int) -> Any:
    with reading():
        form = _form(directory_queries.office(known(office_id)).place.territory)
    tried = attempt(
        form,
        lambda: offices.change_administration(current_actor(), office_id, seen(), _words(form)),
        form.NAMES,
    )
    if tried.status:
        return _office_page(office_id, tried, form=form)
    return _back(office_id, _("C’est enregistré. Les pages publiques le disent dans quelques secondes."))


@blueprint.post("/administrations/<int:office_id>/fermer", endpoint="close_office")
@guarded(Act.PORTAL_ADMINISTER)
def close(office_id: int) -> Any:
    form = CloseForm()
    with reading():
        form.successeur.offer(one for one in people_queries.places() if one[0] != known(office_id))
    tried = attempt(
        form,
        lambda: offices.close_administration(current_actor(), office_id, seen(), form.successeur.chosen),
        form.NAMES,
    )
    if tried.status:
        return _office_page(office_id, tried, close=form)
    return _back(office_id, _("L’administration est fermée. Sa page reste, et le dit."))


@blueprint.post("/administrations/<int:office_id>/rouvrir", endpoint="reopen_office")
@guarded(Act.PORTAL_ADMINISTER)
def reopen(office_id: int) -> Any:
    tried = attempt(
        Button(), lambda: offices.reopen_administration(current_actor(), known(office_id), seen())
    )
    if tried.status:
        return _office_page(office_id, tried)
    return _back(office_id, _("L’administration est de nouveau ouverte."))


def _counter_words() -> CounterWords:
    given = request.form.get
    return CounterWords(
        given("nom", ""), given("adresse", ""), given("commune", ""), given("telephone", ""),
        given("courriel", ""), given("horaires", ""),
    )  # fmt: skip


@blueprint.post("/administrations/<int:office_id>/guichets", endpoint="add_counter")
@guarded(Act.PORTAL_ADMINISTER)
def add_counter(office_id: int) -> Any:
    form = _counter_form(0, sent=True)
    tried = attempt(
        form,
        lambda: offices.add_counter(current_actor(), known(office_id), seen(), _counter_words()),
        form.NAMES,
    )
    if tried.status:
        return _office_page(office_id, tried, counter=form)
    return _back(office_id, _("Le guichet est ajouté."))


@blueprint.post("/administrations/<int:office_id>/guichets/<int:counter_id>", endpoint="change_counter")
@guarded(Act.PORTAL_ADMINISTER)
def change_counter(office_id: int, counter_id: int) -> Any:
    form = _counter_form(counter_id, sent=True)
    tried = attempt(
        form,
        lambda: offices.change_counter(
            current_actor(), known(office_id), seen(), counter_id, _counter_words()
        ),
        form.NAMES,
    )
    if tried.status:
        return _office_page(office_id, tried, counter_id, counter=form)
    return _back(office_id, _("Le guichet est enregistré."))


@blueprint.post(
    "/administrations/<int:office_id>/guichets/<int:counter_id>/retirer", endpoint="remove_counter"
)
@guarded(Act.PORTAL_ADMINISTER)
def remove_counter(office_id: int, counter_id: int) -> Any:
    tried = attempt(
        Button(), lambda: offices.remove_counter(current_actor(), known(office_id), seen(), counter_id)
    )
    if tried.status:
        return _office_page(office_id, tried)
    return _back(office_id, _("Le guichet est retiré."))


def _back(office_id: int, said: str) -> Any:
    flash(said)
    return see_other("administration.office", office_id=office_id)
