"""The easy-to-read twin of a draft: one page that needs no JavaScript, the versions of its parts, who has read it."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app import clock
from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.extensions import ngettext
from app.forms import Explained, Faults
from app.policy import Act, acts_for
from app.web import current_actor, guarded, page, see_other
from drafts import easy, easy_queries, queries
from drafts.doors import blueprint, draft_door
from drafts.easy_models import LONGEST_CHANGE, LONGEST_NAME, LONGEST_PLACE, EasyReaders
from drafts.models import Draft


class ReadingForm(Explained):
    """Who has read the twin."""

    lecteurs = SelectField()
    combien = IntegerField(validators=[InputRequired()])
    quand = DateField(validators=[InputRequired()])
    lieu = StringField(validators=[Length(max=LONGEST_PLACE)])
    qui = StringField(validators=[Length(max=LONGEST_NAME)])
    nommer = BooleanField()
    change = TextAreaField(validators=[Length(max=LONGEST_CHANGE)])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lecteurs.choices = [(str(kind), easy_queries.readers_word(kind)) for kind in EasyReaders]

    def words(self) -> dict[str, str]:
        return {
            "lecteurs": _("Dites qui a lu."),
            "combien": _("Dites combien de personnes ont lu (de 1 à 500)."),
            "quand": _("Donnez une date, par exemple 31/12/2026."),
            "lieu": _("C’est trop long (%(most)d caractères au plus).", most=LONGEST_PLACE),
            "qui": _("C’est trop long (%(most)d caractères au plus).", most=LONGEST_NAME),
            "change": _("C’est trop long (%(most)d caractères au plus).", most=LONGEST_CHANGE),
        }


@blueprint.get("/brouillons/<int:draft_id>/facile", endpoint="easy")
@guarded(Act.DRAFT_READ, draft_door)
def easy_page(draft_id: int) -> Any:
    return _shown(draft_id)


def _shown(
    draft_id: int,
    status: int = 200,
    faults: Faults | None = None,
    typed: tuple[easy.Typed, ...] = (),
    conflicts: tuple[easy.Conflict, ...] = (),
    form: ReadingForm | None = None,
) -> Any:
    """The page; after a refused form, with what was typed in it."""
    number = request.values.get("page", 1, type=int) or 1
    with reading():
        draft = queries.draft_numbered(draft_id)
        return page(
            "drafts/easy.html",
            status,
            draft=draft,
            found=easy_queries.easy_page(draft, number, typed, conflicts),
            acts=acts_for(current_actor(), draft),
            form=form or ReadingForm(formdata=None),
            today=clock.local(clock.now()).date(),
            faults=faults or [],
        )


def _typed() -> tuple[easy.Typed, ...]:
    """The parts in the form. More of them than a page has were not typed on it."""
    idents = [name.removeprefix("version-") for name in request.form if name.startswith("version-")]
    if len(idents) > easy_queries.ON_A_PAGE:
        raise Invalid(_("Ce formulaire n’est pas celui de la page : rechargez-la."))
    return tuple(
        easy.Typed(
            ident,
            request.form.get(f"version-{ident}", 0, type=int),
            request.form.get(f"texte-{ident}", ""),
            request.form.get(f"hors-{ident}") == "y",
        )
        for ident in idents
    )


@blueprint.post("/brouillons/<int:draft_id>/facile")
@guarded(Act.DRAFT_WRITE, draft_door)
def save_easy(draft_id: int) -> Any:
    """Everything that was typed is kept first; then what the button says is done: `faire` is `confirmer:<block>`,
    `deplacer:<block>`, `ranger:<block>` or nothing more."""
    typed = _typed()
    deed, _colon, ident = request.form.get("faire", "").partition(":")
    try:
        with unit_of_work():
            draft = queries.draft_numbered(draft_id)
            saved = easy.save(current_actor(), draft, typed, _seq())
            if not saved.conflicts:
                _done(draft, deed, ident, saved.blocks)
    except Invalid as error:
        field = str(error.detail.get("field") or "")
        return _shown(draft_id, 422, [(f"#{field}" if field else "", error.message)], typed)
    if saved.conflicts:
        return _conflicted(draft_id, saved.conflicts)
    flash(_said(len(saved.blocks), deed))
    number = request.form.get("page", 1, type=int)
    return see_other(
        "drafts.easy",
        draft_id=draft_id,
        page=number if number > 1 else None,
        _anchor=f"b-{ident}" if deed == "confirmer" else None,
    )


def _seq() -> int:
    return request.form.get("numero", -1, type=int)


def _done(draft: Draft, deed: str, ident: str, written: tuple[str, ...]) -> None:
    actor = current_actor()
    if deed == "confirmer" and ident not in written:
        easy.confirm(actor, draft, ident, request.form.get(f"version-{ident}", 0, type=int), _seq())
    elif deed == "deplacer":
        easy.move(actor, draft, ident, request.form.get(f"vers-{ident}", ""), _seq())
    elif deed == "ranger":
        easy.put_away(actor, draft, ident)


def _said(count: int, deed: str) -> str:
    done = {
        "confirmer": _("Ce passage facile est dit toujours juste."),
        "deplacer": _("Le texte facile est déplacé."),
        "ranger": _("Le texte facile est rangé. Ses versions sont gardées."),
    }.get(deed)
    if done is not None:
        return done
    if not count:
        return _("Rien n’a changé.")
    return ngettext("%(num)d passage est enregistré.", "%(num)d passages sont enregistrés.", count)


def _conflicted(draft_id: int, conflicts: tuple[easy.Conflict, ...]) -> Any:
    faults = [
        (
            f"#texte-{one.typed.block_id}",
            _("Quelqu’un a enregistré ce passage avant vous : comparez les deux textes, puis enregistrez."),
        )
        for one in conflicts
    ]
    return _shown(draft_id, 409, faults, tuple(one.typed for one in conflicts), conflicts)


@blueprint.post("/brouillons/<int:draft_id>/facile/joindre")
@guarded(Act.DRAFT_WRITE, draft_door)
def join_easy(draft_id: int) -> Any:
    """Whether the twin goes with the next proposal."""
    joins = request.form.get("joindre") == "1"
    with unit_of_work():
        easy.join(current_actor(), queries.draft_numbered(draft_id), joins=joins)
    flash(
        _("La version facile sera proposée avec le texte, quand elle est prête.")
        if joins
        else _("Le texte sera proposé sans sa version facile. Elle reste ici.")
    )
    return see_other("drafts.easy", draft_id=draft_id)


@blueprint.get("/brouillons/<int:draft_id>/facile/versions")
@guarded(Act.DRAFT_HISTORY, draft_door)
def easy_versions(draft_id: int) -> Any:
    with reading():
        draft = queries.draft_numbered(draft_id)
        found = easy_queries.versions_page(draft, request.args.get("bloc", "")[:32])
        if found is None:
            # Nothing was ever written for this block: its page says what there is to do.
            return see_other("drafts.easy", draft_id=draft_id)
        return page("drafts/easy_versions.html", draft=draft, found=found)


@blueprint.post("/brouillons/<int:draft_id>/facile/versions")
@guarded(Act.DRAFT_HISTORY, draft_door)
def bring_easy_back(draft_id: int) -> Any:
    ident = request.form.get("bloc", "")[:32]
    number = request.form.get("version", 0, type=int)
    with unit_of_work():
        easy.bring_back(current_actor(), queries.draft_numbered(draft_id), ident, number)
    flash(_("Cette version compte de nouveau. Les autres sont gardées."))
    return see_other("drafts.easy", draft_id=draft_id, _anchor=f"b-{ident}")


@blueprint.post("/brouillons/<int:draft_id>/facile/lectures")
@guarded(Act.DRAFT_WRITE, draft_door)
def record_easy_reading(draft_id: int) -> Any:
    form = ReadingForm()
    if not form.validate_on_submit():
        return _shown(draft_id, 422, form.faults(), form=form)
    try:
        with unit_of_work():
            easy.record_reading(
                current_actor(),
                queries.draft_numbered(draft_id),
                EasyReaders(form.lecteurs.data),
                count=form.combien.data or 0,
                read_on=form.quand.data,
                who=form.qui.data or "",
                may_name=bool(form.nommer.data),
                place=form.lieu.data or "",
                changed_after=form.change.data or "",
            )
    except Invalid as error:
        names = {"count": "combien", "read_on": "quand", "who": "qui", "place": "lieu"}
        return _shown(draft_id, 422, form.faults_of(error, changed_after="change", **names), form=form)
    flash(_("Cette lecture est enregistrée. Merci aux personnes qui ont lu."))
    return see_other("drafts.easy", draft_id=draft_id, _anchor="lectures")


@blueprint.post("/brouillons/<int:draft_id>/facile/lectures/retirer")
@guarded(Act.DRAFT_WRITE, draft_door)
def remove_easy_reading(draft_id: int) -> Any:
    with unit_of_work():
        easy.remove_reading(
            current_actor(), queries.draft_numbered(draft_id), request.form.get("lecture", 0, type=int)
        )
    flash(_("Cette lecture est retirée, avec les noms qu’elle portait."))
    return see_other("drafts.easy", draft_id=draft_id, _anchor="lectures")
