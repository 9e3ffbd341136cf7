"""/espace/glossaire: the words that the portal explains, written by editors, proposed by every agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, g, request

from app.db import reading, unit_of_work
from app.errors import DomainError, Invalid, MovedOn, RateLimited
from app.extensions import gettext as _
from app.forms import Explained, Faults
from app.policy import Act, acts_for
from app.web import current_actor, guarded, page, see_other
from drafts import glossary, glossary_models, glossary_queries
from drafts.doors import blueprint
from drafts.glossary_forms import BackForm, DecideForm, TermForm, stored
from drafts.glossary_models import GlossaryTerm
from drafts.glossary_policy import GLOSSARY, Glossary

_SAID = (Invalid, MovedOn, RateLimited)


def glossary_door(**_rest: object) -> Glossary:
    return GLOSSARY


def term_door(term_id: int, **_rest: object) -> GlossaryTerm:
    return glossary.term_numbered(term_id)


def _seen() -> int:
    """The version the form was made from; 0, which nothing has, when it does not say."""
    given = request.form.get("version", "")[:10]
    return int(given) if given.isascii() and given.isdigit() else 0


@blueprint.get("/espace/glossaire", endpoint="glossary")
@guarded(Act.GLOSSARY_SEE, glossary_door)
def listed() -> Any:
    return page("drafts/glossary.html", it=glossary_queries.glossary_page(current_actor()))


def _new_page(form: TermForm, error: DomainError | None = None, faults: Faults | None = None) -> Any:
    with reading():
        may_write = Act.GLOSSARY_WRITE in acts_for(current_actor(), GLOSSARY)
        status = error.status if error else 422 if faults else 200
        return page(
            "drafts/glossary_term.html", status, it=None, form=form, decide=DecideForm(formdata=None), faults=faults or [],
            may_write=may_write, longest=glossary_models,
        )  # fmt: skip


@blueprint.get("/espace/glossaire/nouveau", endpoint="new_term")
@guarded(Act.GLOSSARY_PROPOSE, glossary_door)
def new_term() -> Any:
    # A margin, or a search in vain, leads here with its word.
    return _new_page(TermForm(formdata=None, data={"mot": request.args.get("mot", "")[:80]}))


@blueprint.post("/espace/glossaire/nouveau")
@guarded(Act.GLOSSARY_PROPOSE, glossary_door)
def add_term() -> Any:
    form = TermForm()
    if not form.validate_on_submit():
        return _new_page(form, faults=form.faults())
    may_write = Act.GLOSSARY_WRITE in g.acts
    verb = glossary.write if may_write else glossary.propose
    try:
        with unit_of_work():
            verb(current_actor(), form.given)
    except _SAID as error:
        return _new_page(form, error, form.faults_of(error, **form.NAMES))
    flash(
        _("Le mot est dans le glossaire : le site public le montre dans quelques secondes.")
        if may_write
        else _("Merci : un éditeur du portail va lire votre proposition.")
    )
    return see_other("drafts.glossary")


def _term_page(
    term_id: int,
    form: TermForm | None = None,
    decide: DecideForm | None = None,
    error: DomainError | None = None,
    faults: Faults | None = None,
) -> Any:
    with reading():
        row = glossary.term_numbered(term_id)
        it = glossary_queries.term_line(row)
        shown = form or TermForm(formdata=None, data=stored(it))
        kept = stored(it) if isinstance(error, MovedOn) and form is not None else {}
        return page(
            "drafts/glossary_term.html",
            error.status if error else 422 if faults else 200,
            it=it,
            form=shown,
            decide=decide or DecideForm(formdata=None),
            faults=faults or [],
            may_write=Act.GLOSSARY_WRITE in acts_for(current_actor(), row),
            now=[(name, value) for name, value in kept.items() if value != (shown[name].data or "")],
            longest=glossary_models,
        )


@blueprint.get("/espace/glossaire/<int:term_id>", endpoint="term")
@guarded(Act.GLOSSARY_SEE, term_door)
def term(term_id: int) -> Any:
    return _term_page(term_id)


@blueprint.post("/espace/glossaire/<int:term_id>")
@guarded(Act.GLOSSARY_WRITE, term_door)
def change_term(term_id: int) -> Any:
    return _worded(
        term_id, glossary.change, _("C’est enregistré. Le site public le dit dans quelques secondes.")
    )


@blueprint.post("/espace/glossaire/<int:term_id>/accepter")
@guarded(Act.GLOSSARY_WRITE, term_door)
def accept_term(term_id: int) -> Any:
    return _worded(term_id, glossary.accept, _("La proposition est acceptée : le mot est dans le glossaire."))


@blueprint.post("/espace/glossaire/<int:term_id>/refuser")
@guarded(Act.GLOSSARY_WRITE, term_door)
def refuse_term(term_id: int) -> Any:
    return _decided(
        term_id, glossary.refuse, _("La proposition est refusée. La personne qui l’a faite lit pourquoi.")
    )


@blueprint.post("/espace/glossaire/<int:term_id>/retirer")
@guarded(Act.GLOSSARY_WRITE, term_door)
def withdraw_term(term_id: int) -> Any:
    return _decided(term_id, glossary.withdraw, _("Le mot est retiré : le site public ne le montre plus."))


@blueprint.post("/espace/glossaire/<int:term_id>/remettre")
@guarded(Act.GLOSSARY_WRITE, term_door)
def put_term_back(term_id: int) -> Any:
    form = BackForm()
    verb = glossary.put_back
    return _done(term_id, form, lambda: verb(current_actor(), term_id, _seen()), _("Le mot est remis."))


def _worded(term_id: int, verb: Callable[..., object], said: str) -> Any:
    """What takes the words of the form."""
    form = TermForm()
    return _done(term_id, form, lambda: verb(current_actor(), term_id, _seen(), form.given), said, form=form)


def _decided(term_id: int, verb: Callable[..., object], said: str) -> Any:
    """What takes a reason."""
    form = DecideForm()
    reason = form.raison
    return _done(
        term_id, form, lambda: verb(current_actor(), term_id, _seen(), reason.data or ""), said, decide=form
    )


def _done(term_id: int, it: Explained, verb: Callable[[], object], said: str, **shown: Any) -> Any:
    if not it.validate_on_submit():
        return _term_page(term_id, **shown, faults=it.faults())
    try:
        with unit_of_work():
            verb()
    except _SAID as error:
        return _term_page(
            term_id, **shown, error=error, faults=it.faults_of(error, **getattr(it, "NAMES", {}))
        )
    flash(said)
    return see_other("drafts.glossary")
