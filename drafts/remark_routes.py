"""Remarks: a page that works without JavaScript, and the same as JSON for the editor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import flash, jsonify, request

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act, acts_for
from app.web import current_actor, guarded, page, see_other, speaks_json
from drafts import following, log, notice_queries, queries, remark_queries, remarks
from drafts.anchors import Passage, anchored_in
from drafts.doors import blueprint, draft_door
from drafts.findings import quoted
from drafts.forms import RemarkForm, ReplyForm
from drafts.grammar import passages
from drafts.models import Draft
from drafts.remark_models import LONGEST_QUOTE
from drafts.remark_queries import RemarkRow, Which

# Resolved threads that the editor is told of, beside all that are open.
MOST_RESOLVED = 50
# A body of JSON: a text of 4,000 characters, a passage of 2,000, and what stands around them.
LONGEST_BODY = 64 * 1024


@blueprint.get("/brouillons/<int:draft_id>/remarques", endpoint="remarks")
@guarded(Act.DRAFT_READ, draft_door)
def remarks_page(draft_id: int) -> Any:
    return _shown(draft_id)


def _shown(
    draft_id: int,
    status: int = 200,
    form: RemarkForm | None = None,
    faults: Faults | None = None,
    thread: str = "",
    typed: str = "",
) -> Any:
    """The page; after a refused form with what was typed in it: `thread` says in which one."""
    with reading():
        actor, draft = current_actor(), queries.draft_numbered(draft_id)
        # A refused answer is shown in its thread, whatever the filter was.
        which = Which.ALL if thread else _filter()
        tree = log.text(draft.id).tree
        return page(
            "drafts/remarks.html",
            status,
            draft=draft,
            which=which,
            filters=_filters(draft),
            rows=remark_queries.remarks_of(actor, draft, which),
            anchored=anchored_in(tree),
            may_remark=Act.DRAFT_REMARK in acts_for(actor, draft),
            form=form or _form(draft_id, formdata=None),
            faults=faults or [],
            thread=thread,
            typed=typed,
        )


def _filter() -> Which:
    try:
        return Which(request.args.get("filtre", Which.OPEN))
    except ValueError:
        return Which.OPEN


def _filters(draft: Draft) -> list[tuple[Which, str]]:
    found = remark_queries.counts(draft)
    return [
        (Which.OPEN, _("Ouvertes (%(num)d)", num=found.open)),
        (Which.BLOCKING, _("Bloquantes (%(num)d)", num=found.blocking)),
        (Which.MINE, _("Où j’ai écrit")),
        (Which.MENTIONS, _("Qui me mentionnent")),
        (Which.RESOLVED, _("Résolues (%(num)d)", num=found.resolved)),
        (Which.ALL, _("Toutes")),
    ]


def _form(draft_id: int, **kwargs: Any) -> RemarkForm:
    with reading():
        draft = queries.draft_numbered(draft_id)
        people = [
            (person.id, f"{person.name} – {person.administration}" if person.administration else person.name)
            for person in remark_queries.mentionable(draft)
            if person.id != current_actor().id
        ]
        choices = [("", _("Le texte entier"))]
        choices += [(block, quoted(words)) for block, words in passages(log.text(draft.id).tree).items()]
        return RemarkForm(choices, people, **kwargs)


@blueprint.post("/brouillons/<int:draft_id>/remarques")
@guarded(Act.DRAFT_REMARK, draft_door)
def add_remark(draft_id: int) -> Any:
    form = _form(draft_id)
    if not form.validate_on_submit():
        return _shown(draft_id, 422, form, form.faults())
    chosen = form.passage.data or ""
    with reading():
        words = passages(log.text(queries.draft_numbered(draft_id).id).tree).get(chosen, "")
    try:
        with unit_of_work():
            draft = queries.draft_numbered(draft_id)
            typed = form.texte.data or ""
            made = remarks.open_remark(
                current_actor(),
                draft,
                typed,
                passages=[Passage(chosen, 0, words[:LONGEST_QUOTE])] if words else [],
                blocking=bool(form.bloquante.data),
                mentions=[
                    *(form.prevenir.data or []),
                    *remark_queries.mentioned_in(current_actor(), draft, typed),
                ],
            )
            public_id = made.public_id
    except Invalid as error:
        return _shown(draft_id, 422, form, form.faults_of(error, text="texte", mentions="prevenir"))
    flash(_("Votre remarque est enregistrée."))
    return see_other("drafts.remarks", draft_id=draft_id, _anchor=f"r-{public_id}")


@blueprint.post("/brouillons/<int:draft_id>/remarques/<remark_id>/reponse")
@guarded(Act.DRAFT_REMARK, draft_door)
def answer_remark(draft_id: int, remark_id: str) -> Any:
    form = ReplyForm()
    typed = form.texte.data or ""
    if not form.validate_on_submit():
        return _shown_all(draft_id, [(f"#reponse-{remark_id}", form.words()["texte"])], remark_id, typed)
    try:
        with unit_of_work():
            draft = queries.draft_numbered(draft_id)
            named = remark_queries.mentioned_in(current_actor(), draft, typed)
            remarks.answer(current_actor(), draft, remark_id, typed, mentions=named)
    except Invalid as error:
        return _shown_all(draft_id, [(f"#reponse-{remark_id}", error.message)], remark_id, typed)
    return _done(draft_id, remark_id, _("Votre réponse est enregistrée."))


def _shown_all(draft_id: int, faults: Faults, thread: str = "", typed: str = "") -> Any:
    return _shown(draft_id, 422, None, faults, thread, typed)


def _done(draft_id: int, remark_id: str, said: str) -> Any:
    flash(said)
    return see_other("drafts.remarks", draft_id=draft_id, filtre=Which.ALL.value, _anchor=f"r-{remark_id}")


@blueprint.post("/brouillons/<int:draft_id>/remarques/<remark_id>/resoudre")
@guarded(Act.DRAFT_REMARK, draft_door)
def resolve_remark(draft_id: int, remark_id: str) -> Any:
    with unit_of_work():
        remarks.resolve(current_actor(), queries.draft_numbered(draft_id), remark_id)
    return _done(draft_id, remark_id, _("La remarque est résolue."))


@blueprint.post("/brouillons/<int:draft_id>/remarques/<remark_id>/rouvrir")
@guarded(Act.DRAFT_REMARK, draft_door)
def reopen_remark(draft_id: int, remark_id: str) -> Any:
    with unit_of_work():
        remarks.reopen(current_actor(), queries.draft_numbered(draft_id), remark_id)
    return _done(draft_id, remark_id, _("La remarque est de nouveau ouverte."))


@blueprint.post("/brouillons/<int:draft_id>/remarques/<remark_id>/bloquante")
@guarded(Act.DRAFT_REMARK, draft_door)
def block_remark(draft_id: int, remark_id: str) -> Any:
    blocking = request.form.get("bloquante") == "1"
    with unit_of_work():
        remarks.set_blocking(current_actor(), queries.draft_numbered(draft_id), remark_id, blocking)
    said = (
        _("La remarque bloque la publication.")
        if blocking
        else _("La remarque ne bloque plus la publication.")
    )
    return _done(draft_id, remark_id, said)


@blueprint.post("/brouillons/<int:draft_id>/suivre")
@guarded(Act.DRAFT_READ, draft_door)
def follow(draft_id: int) -> Any:
    wanted = request.form.get("suivre") == "1"
    with unit_of_work():
        verb = following.follow if wanted else following.unfollow
        verb(current_actor(), queries.draft_numbered(draft_id))
    flash(
        _("Vous serez prévenu quand ce texte aura changé.") if wanted else _("Vous ne suivez plus ce texte.")
    )
    return see_other("drafts.show", draft_id=draft_id)


# The same for the editor


@blueprint.get("/brouillons/<int:draft_id>/remarques.json")
@speaks_json
@guarded(Act.DRAFT_READ, draft_door)
def remarks_data(draft_id: int) -> Any:
    """Every open thread and the last resolved ones, the newest first. With `ancres=1` whether the words still stand
    in the stored text, which the editor sees for itself."""
    actor, draft = current_actor(), queries.draft_numbered(draft_id)
    found = remark_queries.remarks_of(actor, draft, Which.OPEN, remarks.MOST_THREADS)
    found += remark_queries.remarks_of(actor, draft, Which.RESOLVED, MOST_RESOLVED)
    anchored = anchored_in(log.text(draft.id).tree) if request.args.get("ancres") == "1" else None
    return jsonify(
        {
            "remarks": [_described(row, anchored) for row in found],
            "resolved": remark_queries.counts(draft).resolved,
            "notices": notice_queries.unread(actor),
        }
    )


def _described(row: RemarkRow, anchored: dict[str, str] | None = None) -> dict[str, Any]:
    described = {
        "id": row.public_id,
        "block": row.block_id,
        "quote": row.quote,
        "blocking": row.blocking,
        "open": row.is_open,
        "resolved_by": row.resolved_by,
        "resolved_at": row.resolved_at.isoformat() if row.resolved_at else None,
        "messages": [{**asdict(message), "at": message.at.isoformat()} for message in row.messages],
        "may_settle": row.may_settle,
        "may_block": row.may_block,
    }
    return described if anchored is None else {**described, "anchored": row.public_id in anchored}


@blueprint.get("/brouillons/<int:draft_id>/remarques/personnes.json")
@speaks_json
@guarded(Act.DRAFT_READ, draft_door)
def remark_people(draft_id: int) -> Any:
    """Whom a remark on this draft can mention."""
    people = remark_queries.mentionable(queries.draft_numbered(draft_id))
    own = current_actor().id
    return jsonify({"people": [asdict(person) for person in people if person.id != own]})


@blueprint.post("/brouillons/<int:draft_id>/remarques.json")
@speaks_json
@guarded(Act.DRAFT_REMARK, draft_door)
def add_remark_data(draft_id: int) -> Any:
    """`{text, passages?: [{block, start, quote, before?}], blocking?, mentions?: [person]}` → 201 and the thread."""
    given = _body()
    chosen = [_passage(part) for part in _listed(given, "passages", remarks.MOST_PASSAGES)]
    with unit_of_work():
        made = remarks.open_remark(
            current_actor(),
            queries.draft_numbered(draft_id),
            _text(given),
            passages=chosen,
            blocking=given.get("blocking") is True,
            mentions=_people(given),
        )
        public_id = made.public_id
    return _thread(draft_id, public_id, 201)


@blueprint.post("/brouillons/<int:draft_id>/remarques/<remark_id>.json")
@speaks_json
@guarded(Act.DRAFT_REMARK, draft_door)
def change_remark_data(draft_id: int, remark_id: str) -> Any:
    """`{do: answer|resolve|reopen|block|unblock, text?, mentions?}` → the thread as it is now."""
    given = _body()
    verbs: dict[str, Callable[[Draft], object]] = {
        "answer": lambda draft: remarks.answer(
            current_actor(), draft, remark_id, _text(given), mentions=_people(given)
        ),
        "resolve": lambda draft: remarks.resolve(current_actor(), draft, remark_id),
        "reopen": lambda draft: remarks.reopen(current_actor(), draft, remark_id),
        "block": lambda draft: remarks.set_blocking(current_actor(), draft, remark_id, True),
        "unblock": lambda draft: remarks.set_blocking(current_actor(), draft, remark_id, False),
    }
    verb = verbs.get(str(given.get("do")))
    if verb is None:
        raise Invalid(_("Cette demande n’a pas été comprise."), field="do")
    with unit_of_work():
        verb(queries.draft_numbered(draft_id))
    return _thread(draft_id, remark_id)


def _thread(draft_id: int, public_id: str, status: int = 200) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        row = remark_queries.remark_row(current_actor(), draft, public_id)
        return jsonify(_described(row)), status


def _body() -> dict[str, Any]:
    request.max_content_length = LONGEST_BODY
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise Invalid(_("Cette demande n’a pas été comprise."))
    return given


def _text(given: dict[str, Any]) -> str:
    text = given.get("text")
    if not isinstance(text, str):
        raise Invalid(_("Écrivez votre remarque."), field="text")
    return text


def _listed(given: dict[str, Any], name: str, most: int) -> list[Any]:
    found = given.get(name) or []
    if not isinstance(found, list) or len(found) > most:
        raise Invalid(_("Cette demande n’a pas été comprise."), field=name)
    return found


def _people(given: dict[str, Any]) -> list[int]:
    people = _listed(given, "mentions", remarks.MOST_MENTIONS)
    if not all(type(person) is int for person in people):
        raise Invalid(_("Cette demande n’a pas été comprise."), field="mentions")
    return people


def _passage(part: Any) -> Passage:
    if not isinstance(part, dict):
        raise Invalid(_("Ce passage n’a pas été compris."), field="passages")
    block, start, quote, before = (part.get(name) for name in ("block", "start", "quote", "before"))
    if not (
        isinstance(block, str | None)
        and type(start) is int
        and 0 <= start < 2**31
        and isinstance(quote, str)
        and isinstance(before, str | None)
    ):
        raise Invalid(_("Ce passage n’a pas été compris."), field="passages")
    return Passage(block or "", start, quote, (before or "")[-200:])
