"""Calls to the public, for the agents who put them: the list, the forms, the links to hand on, the answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, g, request
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.db import reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, Refused, Unauthenticated
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act, PortalRole, acts_for
from app.web import current_actor, guarded, page, see_other
from labs.models import Lab
from publish import call_queries, call_wishes, calls, sharing
from publish.call_forms import KEYED_IN, CallForm, EndForm, ExtractForm, KeyInForm, SummaryForm
from publish.call_models import Call, CallState, Channel
from publish.call_policy import CALLS, Calls, labs_to_call_for
from publish.call_words import address, given_channel, posts, state_word
from publish.forms import number_in

# How long a call is open unless said otherwise.
USUAL = timedelta(weeks=3)
# Passages of a page that one chooses an extract from.
MOST_PASSAGES = 200


def calls_door(**_rest: object) -> Calls:
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    return CALLS


def call_door(slug: str, **_rest: object) -> Call:
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    return call_queries.call_called(slug)


def _public_url() -> str:
    return str(current_app.config["SETTINGS"].public_url)


def _labs() -> list[tuple[str, str]]:
    found = [(str(lab.id), lab.title) for lab in labs_to_call_for(current_actor())]
    if PortalRole.COMMUNICATION in current_actor().roles:
        found.insert(0, ("", _("Aucun : au nom du portail")))
    return found


def _call_form(**kwargs: Any) -> CallForm:
    with reading():
        return CallForm(_labs(), **kwargs)


def _values(form: CallForm) -> dict[str, Any]:
    number = number_in(form.lab.data)
    return {
        "title": form.titre.data or "",
        "question": form.question.data or "",
        "choices": (form.choix.data or "").splitlines(),
        "opens_at": form.opens_at,
        "closes_at": form.closes_at,
        "lab": session().get(Lab, number) if number is not None else None,
        "show_results": bool(form.resultats.data),
    }


_FIELDS = {"title": "titre", "question": "question", "choices": "choix", "closes_at": "fin"}


def _form_page(
    form: CallForm | EndForm, status: int = 200, faults: Faults | None = None, slug: str = ""
) -> Any:
    with reading():
        call = call_queries.call_called(slug) if slug else None
        return page(
            "publish/call_form.html",
            status,
            form=form,
            slug=slug,
            title=call.title if call is not None else "",
            whole=isinstance(form, CallForm),
            faults=faults or [],
        )


def index() -> Any:
    return page("publish/calls.html", rows=call_queries.calls_for(current_actor()), acts=g.acts)


def new() -> Any:
    today = clock.local(clock.now()).date()
    data = {"debut": today, "fin": today + USUAL, "lab": request.args.get("lab", ""), "resultats": True}
    return _form_page(_call_form(formdata=None, data=data))


def prepare() -> Any:
    form = _call_form()
    if not form.validate_on_submit():
        return _form_page(form, 422, form.faults())
    try:
        with unit_of_work():
            slug = calls.prepare(current_actor(), **_values(form)).slug
    except (Invalid, Refused) as error:
        return _form_page(form, error.status, form.faults_of(error, **_FIELDS))
    flash(_("L’appel est préparé. Relisez-le tel que le public le verra, puis ouvrez-le."))
    return see_other("publish.call_results", slug=slug)


def edit(slug: str) -> Any:
    call = call_queries.call_called(slug)
    start, end = clock.local(call.opens_at), clock.local(call.closes_at)
    data = {"fin": end.date(), "fin_heure": end.time(), "resultats": call.show_results}
    if call.state is not CallState.DRAFT:
        return _form_page(EndForm(formdata=None, data=data), slug=slug)
    data |= {
        "titre": call.title,
        "question": call.question,
        "choix": "\n".join(call.choices),
        "lab": str(call.lab_id or ""),
        "debut": start.date(),
        "debut_heure": start.time(),
    }
    return _form_page(_call_form(formdata=None, data=data), slug=slug)


def change(slug: str) -> Any:
    with reading():
        is_draft = call_queries.call_called(slug).state is CallState.DRAFT
    form: CallForm | EndForm = _call_form() if is_draft else EndForm()
    if not form.validate_on_submit():
        return _form_page(form, 422, form.faults(), slug)
    try:
        with unit_of_work():
            call = call_queries.call_called(slug)
            if isinstance(form, CallForm):
                calls.change(current_actor(), call, **_values(form))
            else:
                calls.change(
                    current_actor(), call, title=call.title, question=call.question, choices=call.choices,
                    opens_at=call.opens_at, closes_at=form.closes_at, show_results=bool(form.resultats.data),
                )  # fmt: skip
    except (Invalid, Refused) as error:
        return _form_page(form, error.status, form.faults_of(error, **_FIELDS), slug)
    flash(_("L’appel est enregistré."))
    return see_other("publish.call_results", slug=slug)


def results(slug: str) -> Any:
    return _results(slug)


def _results(
    slug: str,
    status: int = 200,
    form: SummaryForm | None = None,
    faults: Faults | None = None,
    wish: dict[str, Any] | None = None,
) -> Any:
    """`wish`: of which answer one was to be made, and the words that were refused."""
    number = number_in(request.args.get("page")) or 1
    with reading():
        call = call_queries.call_called(slug)
        found = call_queries.results(call)
        given = posts(_public_url(), call.slug, call.title, call.question, call.closes_at)
        return page(
            "publish/call_results.html",
            status,
            call=call,
            acts=acts_for(current_actor(), call),
            state=call.state_now,
            state_word=state_word(call),
            lab=session().get(Lab, call.lab_id) if call.lab_id is not None else None,
            extract=call_queries.extract_of(call),
            results=found,
            words=call_queries.words_of(call, number),
            page_number=number,
            more=number * call_queries.WORDS_A_PAGE < found.written,
            posts=[(one, sharing.drawing(one.link)) for one in given]
            if call.state_now is CallState.OPEN
            else [],
            public=_public_url() + address(call.slug),
            form=form or SummaryForm(formdata=None, data={"bilan": call.summary}),
            faults=faults or [],
            wish=wish or {},
        )


def _stepped(slug: str, verb: Callable[[Call], None], said: str) -> BaseResponse:
    try:
        with unit_of_work():
            verb(call_queries.call_called(slug))
    except Invalid as error:
        return _results(slug, 422, faults=[("", error.message)])  # type: ignore[no-any-return]
    flash(said)
    return see_other("publish.call_results", slug=slug)


def file_wish(slug: str, number: int) -> Any:
    typed = {name: request.form.get(name, "") for name in ("titre", "besoin")}
    try:
        with unit_of_work():
            call = call_queries.call_called(slug)
            call_wishes.file_wish(current_actor(), call, number, typed["titre"], typed["besoin"])
    except Invalid as error:
        place = f"souhait-{number}-{'titre' if error.detail.get('field') == 'title' else 'besoin'}"
        return _results(slug, error.status, faults=[(place, error.message)], wish={"number": number, **typed})
    flash(_("Le souhait est créé : il paraîtra quand un modérateur l’aura lu."))
    return see_other("publish.call_results", slug=slug, _anchor="mots")


def put_out(slug: str) -> Any:
    return _stepped(
        slug, lambda call: calls.put_out(current_actor(), call), _("L’appel est ouvert : donnez maintenant ses liens.")
    )  # fmt: skip


def close(slug: str) -> Any:
    return _stepped(
        slug, lambda call: calls.close(current_actor(), call), _("L’appel est fermé. Dites au public ce que vous en ferez.")
    )  # fmt: skip


def sum_up(slug: str) -> Any:
    form = SummaryForm()
    if not form.validate_on_submit():
        return _results(slug, 422, form, form.faults())
    try:
        with unit_of_work():
            calls.sum_up(current_actor(), call_queries.call_called(slug), form.bilan.data or "")
    except Invalid as error:
        return _results(slug, 422, form, form.faults_of(error, summary="bilan"))
    flash(_("Le bilan est publié sur la page de l’appel."))
    return see_other("publish.call_results", slug=slug)


def _key_in_form(call: Call, **kwargs: Any) -> KeyInForm:
    beside_a_citizen = Act.CALL_EDIT not in acts_for(current_actor(), call)
    return KeyInForm(call.choices, (Channel.MEDIATOR,) if beside_a_citizen else KEYED_IN, **kwargs)


def _key_in_page(slug: str, form: KeyInForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        call = call_queries.call_called(slug)
        return page(
            "publish/call_key_in.html", status, call=call, acts=acts_for(current_actor(), call), form=form,
            is_open=call.takes_answers, faults=faults or [],
        )  # fmt: skip


def keying_in(slug: str) -> Any:
    return _key_in_page(slug, _key_in_form(call_queries.call_called(slug), formdata=None))


def key_in(slug: str) -> Any:
    with reading():
        form = _key_in_form(call_queries.call_called(slug))
    if not form.validate_on_submit():
        return _key_in_page(slug, form, 422, form.faults())
    try:
        with unit_of_work():
            calls.key_in(
                current_actor(), call_queries.call_called(slug), form.cle.data or "",
                given_channel(form.canal.data or ""), form.choice, form.mots.data or "", form.source.data or "",
            )  # fmt: skip
    except (Invalid, MovedOn) as error:
        faults = form.faults_of(error, choice="choix", words="mots", source="source")
        return _key_in_page(slug, form, error.status, faults)
    flash(_("La réponse est enregistrée. Vous pouvez en saisir une autre."))
    return see_other("publish.call_key_in", slug=slug)


def _extract_form(fiche: str, **kwargs: Any) -> ExtractForm:
    found = call_queries.passages_of(fiche) if fiche else None
    return ExtractForm(list((found[1] if found is not None else {}).items())[:MOST_PASSAGES], **kwargs)


def _slug_in(typed: str) -> str:
    """The article of an address that was typed or pasted, whole or not."""
    return typed.strip()[:300].partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]


def extract_page(slug: str) -> Any:
    return _extract_page(slug, request.args.get("fiche", ""))


def _extract_page(
    slug: str, typed: str, form: ExtractForm | None = None, status: int = 200, faults: Faults | None = None
) -> Any:
    with reading():
        call, fiche = call_queries.call_called(slug), _slug_in(typed)
        form = form or _extract_form(fiche, formdata=None, data={"passage": call.block_id})
        if typed and not form.passage.choices:
            faults = [("#fiche", _("Aucune fiche n’est publiée à cette adresse : choisissez-en une autre."))]
        return page(
            "publish/call_extract.html", 422 if faults and status == 200 else status, call=call, typed=typed,
            fiche=fiche, form=form, extract=call_queries.extract_of(call), faults=faults or [],
        )  # fmt: skip


def choose_extract(slug: str) -> Any:
    fiche = _slug_in(request.form.get("fiche", ""))
    with reading():
        form = _extract_form(fiche)
    takes_away = "retirer" in request.form
    if not takes_away and not form.validate_on_submit():
        return _extract_page(slug, fiche, form, 422, form.faults())
    with unit_of_work():
        call = call_queries.call_called(slug)
        found = call_queries.passages_of(fiche) if fiche and not takes_away else None
        if found is None and not takes_away:
            raise Missing(_("Cette fiche n’est plus en ligne."))
        calls.set_extract(
            current_actor(), call, *((found[0], form.passage.data or "") if found is not None else (None,))
        )
    flash(_("L’extrait est retiré.") if takes_away else _("L’extrait est ajouté à l’appel."))
    return see_other("publish.call_results", slug=slug)


def register(blueprint: Blueprint) -> None:
    for path, name, act, view, method in (
        ("/appels", "calls", Act.CALL_SEE, index, "GET"),
        ("/appels/nouveau", "new_call", Act.CALL_EDIT, new, "GET"),
        ("/appels/nouveau", "prepare_call", Act.CALL_EDIT, prepare, "POST"),
        ("/appels/<slug>/modifier", "edit_call", Act.CALL_EDIT, edit, "GET"),
        ("/appels/<slug>/modifier", "change_call", Act.CALL_EDIT, change, "POST"),
        ("/appels/<slug>/resultats", "call_results", Act.CALL_SEE, results, "GET"),
        ("/appels/<slug>/ouvrir", "open_call", Act.CALL_EDIT, put_out, "POST"),
        ("/appels/<slug>/fermer", "close_call", Act.CALL_EDIT, close, "POST"),
        ("/appels/<slug>/bilan", "sum_up_call", Act.CALL_EDIT, sum_up, "POST"),
        ("/appels/<slug>/reponses/<int:number>/souhait", "wish_of_answer", Act.CALL_EDIT, file_wish, "POST"),
        ("/appels/<slug>/saisir", "call_key_in", Act.CALL_KEY_IN, keying_in, "GET"),
        ("/appels/<slug>/saisir", "key_in_answer", Act.CALL_KEY_IN, key_in, "POST"),
        ("/appels/<slug>/extrait", "call_extract", Act.CALL_EDIT, extract_page, "GET"),
        ("/appels/<slug>/extrait", "choose_extract", Act.CALL_EDIT, choose_extract, "POST"),
    ):
        door = call_door if "<slug>" in path else calls_door
        blueprint.add_url_rule(path, name, guarded(act, door)(view), methods=[method])
