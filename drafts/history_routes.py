"""The past of a draft: its time line, any moment, named versions, differences, and the way back."""

from __future__ import annotations

from typing import Any

from flask import flash, g, request

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act
from app.web import current_actor, guarded, page, see_other
from drafts import card_queries, history_queries, moments, queries, restoring, versions
from drafts.compare import BlockChange, Change
from drafts.compare_page import render_changes
from drafts.doors import blueprint, draft_door, history_door
from drafts.forms import MomentForm, VersionForm
from drafts.grammar import Tree
from drafts.history_queries import words_for
from drafts.models import Draft
from drafts.moments import NOW, Kind, Moment, Ref, ref_of
from drafts.render import render_blocks

# Blocks of a difference that a page shows; two texts that differ in more are two texts.
MOST_BLOCKS = 300


@blueprint.get("/brouillons/<int:draft_id>/historique")
@guarded(Act.DRAFT_READ, draft_door)
def history(draft_id: int) -> Any:
    return _history_page(draft_id, VersionForm(formdata=None))


def _history_page(draft_id: int, form: VersionForm, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        actor, draft = current_actor(), queries.draft_numbered(draft_id)
        person = request.args.get("personne", type=int)
        done = timeline = None
        named: list[history_queries.VersionRow] = []
        if Act.DRAFT_HISTORY in g.acts:
            timeline = history_queries.timeline_page(draft, request.args.get("avant", type=int), person)
            named = history_queries.versions_of(actor, draft)
            done = history_queries.restoration_shown(draft, request.args.get("restauration", type=int))
        return page(
            "drafts/history.html",
            status,
            draft=draft,
            history=queries.history(draft),
            acts=g.acts,
            timeline=timeline,
            person=person,
            is_older=request.args.get("avant", type=int) is not None,
            named=named,
            choices=history_queries.choices_of(actor, draft, named),
            done=done,
            done_words=history_queries.restored_words(draft, done) if done is not None else "",
            form=form,
            faults=faults or [],
        )


@blueprint.get("/brouillons/<int:draft_id>/historique/<moment>")
@guarded(Act.DRAFT_READ, draft_door)
def moment(draft_id: int, moment: str) -> Any:
    return _moment_page(draft_id, _allowed(moment), VersionForm(formdata=None))


def _allowed(*given: str) -> Ref:
    """The last of the moments named, when all may be read. Whoever may not read the past learns nothing of it."""
    refs = [ref_of(text) for text in given]
    if Act.DRAFT_HISTORY not in g.acts and not history_queries.is_all_frozen(refs):
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return refs[-1]


def _moment_page(
    draft_id: int, ref: Ref, form: VersionForm, status: int = 200, faults: Faults | None = None
) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        found = moments.moment(draft, ref)
        return page(
            "drafts/moment.html",
            status,
            draft=draft,
            found=found,
            words=words_for(found),
            text=_shown(draft, found.tree),
            acts=g.acts,
            may_name=ref.kind in (Kind.STROKE, Kind.NOW),
            form=form,
            faults=faults or [],
        )


def _shown(draft: Draft, tree: Tree) -> Any:
    return render_blocks(tree, references=card_queries.references_in(draft, tree), says_missing=True)


@blueprint.get("/brouillons/<int:draft_id>/historique/comparer")
@guarded(Act.DRAFT_READ, draft_door)
def compare(draft_id: int) -> Any:
    given = request.args.get("de", ""), request.args.get("a", "")
    _allowed(*given)
    with reading():
        draft = queries.draft_numbered(draft_id)
        before, after = (moments.moment(draft, ref_of(text)) for text in given)
        changes = moments.between(before.tree, after.tree)
        everything = request.args.get("tout") == "1"
        titles = [one.title if one.ref != NOW else draft.title for one in (before, after)]
        return page(
            "drafts/compare.html",
            draft=draft,
            before=before,
            after=after,
            words=(words_for(before), words_for(after)),
            titles=titles if None not in titles and titles[0] != titles[1] else None,
            difference=_difference(draft, changes, before, after, everything),
            count=len(_differing(changes)),
            is_cut=len(changes if everything else _differing(changes)) > MOST_BLOCKS,
            everything=everything,
            acts=g.acts,
        )


def _differing(changes: list[BlockChange]) -> list[BlockChange]:
    return [one for one in changes if one.change is not Change.SAME or one.moved]


def _difference(
    draft: Draft, changes: list[BlockChange], before: Moment, after: Moment, everything: bool
) -> Any:
    known = card_queries.references_in(draft, before.tree, after.tree)
    left = MOST_BLOCKS
    kept = []
    for one in changes:
        counts = everything or one.change is not Change.SAME or one.moved
        if counts and not left:
            break
        left -= counts
        kept.append(one)
    return render_changes(kept, known, collapse=not everything)


@blueprint.post("/brouillons/<int:draft_id>/historique/nommer")
@guarded(Act.DRAFT_HISTORY, history_door)
def name_moment(draft_id: int) -> Any:
    form = MomentForm()
    ref = ref_of(form.moment.data or str(NOW))
    refused = _history_page if ref == NOW else lambda *more: _moment_page(more[0], ref, *more[1:])
    if not form.validate_on_submit():
        return refused(draft_id, form, 422, form.faults())
    try:
        with reading():
            found = moments.moment(queries.draft_numbered(draft_id), ref, authors=True)
        with unit_of_work():
            draft = queries.draft_numbered(draft_id)
            versions.name_moment(current_actor(), draft, found, form.nom.data or "")
    except Invalid as error:
        return refused(draft_id, form, 422, form.faults_of(error, name="nom"))
    flash(_("La version est nommée. Vous la retrouverez dans l’historique."))
    return see_other("drafts.history", draft_id=draft_id)


def _version(draft: Draft, moment: str) -> Any:
    ref = ref_of(moment)
    if ref.kind is not Kind.VERSION:
        raise Missing(_("Cette version n’existe pas, ou vous n’y avez pas accès."))
    return versions.version_of(draft, ref.number)


@blueprint.get("/brouillons/<int:draft_id>/historique/<moment>/nom")
@guarded(Act.DRAFT_HISTORY, history_door)
def ask_name(draft_id: int, moment: str) -> Any:
    version = _version(queries.draft_numbered(draft_id), moment)
    return _name_page(draft_id, moment, VersionForm(formdata=None, nom=version.name))


def _name_page(
    draft_id: int, moment: str, form: VersionForm, status: int = 200, faults: Faults | None = None
) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        version = _version(draft, moment)
        return page(
            "drafts/version_name.html", status, draft=draft, version=version, form=form, faults=faults or []
        )


@blueprint.post("/brouillons/<int:draft_id>/historique/<moment>/nom")
@guarded(Act.DRAFT_HISTORY, history_door)
def rename(draft_id: int, moment: str) -> Any:
    form = VersionForm()
    if not form.validate_on_submit():
        return _name_page(draft_id, moment, form, 422, form.faults())
    try:
        with unit_of_work():
            draft = queries.draft_numbered(draft_id)
            versions.rename(current_actor(), draft, _version(draft, moment), form.nom.data or "")
    except Invalid as error:
        return _name_page(draft_id, moment, form, 422, form.faults_of(error, name="nom"))
    flash(_("Le nom de la version est changé."))
    return see_other("drafts.history", draft_id=draft_id)


@blueprint.get("/brouillons/<int:draft_id>/historique/<moment>/supprimer")
@guarded(Act.DRAFT_HISTORY, history_door)
def ask_before_removal(draft_id: int, moment: str) -> Any:
    draft = queries.draft_numbered(draft_id)
    version = _version(draft, moment)
    return page(
        "drafts/version_gone.html",
        draft=draft,
        version=version,
        is_mine=version.made_by == current_actor().id,
    )


@blueprint.post("/brouillons/<int:draft_id>/historique/<moment>/supprimer")
@guarded(Act.DRAFT_HISTORY, history_door)
def remove_version(draft_id: int, moment: str) -> Any:
    with unit_of_work():
        draft = queries.draft_numbered(draft_id)
        versions.remove(current_actor(), draft, _version(draft, moment))
    flash(_("La version nommée est supprimée. Le texte et ses autres moments restent."))
    return see_other("drafts.history", draft_id=draft_id)


@blueprint.get("/brouillons/<int:draft_id>/historique/<moment>/restaurer")
@guarded(Act.DRAFT_HISTORY, history_door)
def ask_before_restoring(draft_id: int, moment: str) -> Any:
    draft, ref = queries.draft_numbered(draft_id), ref_of(moment)
    now, then = moments.moment(draft, NOW), moments.moment(draft, ref)
    changes = moments.between(now.tree, then.tree)
    return page(
        "drafts/restore.html",
        draft=draft,
        then=then,
        words=words_for(then),
        count=len(_differing(changes)),
        difference=_difference(draft, changes, now, then, False),
        is_cut=len(_differing(changes)) > MOST_BLOCKS,
        has_fields=history_queries.fields_differ(draft, then),
    )


@blueprint.post("/brouillons/<int:draft_id>/historique/<moment>/restaurer")
@guarded(Act.DRAFT_HISTORY, history_door)
def restore_moment(draft_id: int, moment: str) -> Any:
    with reading():
        back = restoring.way_back(current_actor(), queries.draft_numbered(draft_id), ref_of(moment))
    with unit_of_work():
        draft = queries.draft_numbered(draft_id)
        done = restoring.restore(current_actor(), draft, back, with_fields=request.form.get("champs") == "y")
        done_id = done.id if done is not None else None
    if done_id is None:
        flash(_("Le texte était déjà ainsi : rien n’a changé."))
    return see_other("drafts.history", draft_id=draft_id, restauration=done_id)
