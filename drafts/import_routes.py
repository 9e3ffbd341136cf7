"""A document is imported into a draft: sent, read by the worker, looked at, and taken or left."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, request, url_for

from app.db import reading, unit_of_work
from app.errors import Invalid, RateLimited
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act
from app.web import current_actor, guarded, later, page, see_other
from drafts import bringing, brought_queries, brought_reading, queries, taking
from drafts.brought_models import BroughtFile, BroughtState
from drafts.doors import blueprint, draft_door
from drafts.models import Draft
from drafts.taking import Where

# The form around the file: the token, and the lines that part it (RFC 7578).
_FORM = 64 * 1024


@blueprint.url_value_preprocessor
def _let_files_in(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """More than others may send, and only from who is signed in: the form is read before the guard is asked.

    What says that it is larger is refused before any of it is read; what does not say, as soon as it is larger.
    """
    if endpoint == "drafts.bring" and current_actor().is_authenticated:
        request.max_content_length = bringing.LONGEST + _FORM
        if (request.content_length or 0) > request.max_content_length:
            raise bringing.too_large()


def file_door(draft_id: int, file_id: int, **_rest: object) -> Draft:
    """The draft, for who brought this file to it; for all others there is no such file."""
    draft = draft_door(draft_id)
    bringing.file_of(current_actor(), draft, file_id)
    return draft


@blueprint.get("/brouillons/<int:draft_id>/importer")
@guarded(Act.DRAFT_WRITE, draft_door)
def ask_for_file(draft_id: int) -> Any:
    return _form_page(draft_id)


def _form_page(draft_id: int, status: int = 200, faults: Faults | None = None) -> Response:
    with reading():
        draft = queries.draft_numbered(draft_id)
        waiting = brought_queries.undecided(current_actor(), draft)
        return page("drafts/import.html", status, draft=draft, waiting=waiting, faults=faults or [])


@blueprint.post("/brouillons/<int:draft_id>/importer")
@guarded(Act.DRAFT_WRITE, draft_door)
def bring(draft_id: int) -> Any:
    given = request.files.get("fichier")
    if given is None or not given.filename:
        return _form_page(draft_id, 422, [("#fichier", _("Choisissez un fichier à importer."))])
    try:
        with unit_of_work():
            draft = queries.draft_numbered(draft_id)
            # What is longer than some kilobytes was put into a file on its way in (werkzeug).
            file_id = bringing.bring(current_actor(), draft, given.filename, given.stream).id
    except (Invalid, RateLimited) as error:
        return later(_form_page(draft_id, error.status, [("#fichier", error.message)]), error)
    return see_other("drafts.brought", draft_id=draft_id, file_id=file_id)


def _file(draft_id: int, file_id: int) -> tuple[Draft, BroughtFile]:
    draft = queries.draft_numbered(draft_id)
    return draft, bringing.file_of(current_actor(), draft, file_id)


@blueprint.get("/brouillons/<int:draft_id>/importer/<int:file_id>")
@guarded(Act.DRAFT_WRITE, file_door)
def brought(draft_id: int, file_id: int) -> Any:
    return _file_page(draft_id, file_id)


def _file_page(draft_id: int, file_id: int, status: int = 200, faults: Faults | None = None) -> Response:
    with reading():
        draft, file = _file(draft_id, file_id)
        address = url_for("drafts.brought_picture", draft_id=draft_id, file_id=file_id, key="KEY")
        found = brought_queries.file_page(draft, file, address)
        answer = page("drafts/imported.html", status, draft=draft, found=found, faults=faults or [])
    if found.state is BroughtState.WAITING:
        # By a header and not in the page: it is the same to a browser, and no element that others would have to read.
        answer.headers["Refresh"] = str(int(brought_reading.ROUND_SECONDS))
    return answer


@blueprint.get("/brouillons/<int:draft_id>/importer/<int:file_id>/images/<key>")
@guarded(Act.DRAFT_WRITE, file_door)
def brought_picture(draft_id: int, file_id: int, key: str) -> Any:
    """A picture of the file, made anew, for the preview."""
    _draft, file = _file(draft_id, file_id)
    return Response(brought_queries.picture(file, key), mimetype="image/webp")


@blueprint.post("/brouillons/<int:draft_id>/importer/<int:file_id>")
@guarded(Act.DRAFT_WRITE, file_door)
def decide(draft_id: int, file_id: int) -> Any:
    """`choix`: remplacer, ajouter, version or abandonner; `titre=y` takes the title of the document too."""
    choice = request.form.get("choix", "")
    if choice == "abandonner":
        with unit_of_work():
            draft, file = _file(draft_id, file_id)
            bringing.drop(current_actor(), draft, file)
        flash(_("Le fichier est abandonné. Le texte n’a pas changé."))
        return see_other("drafts.show", draft_id=draft_id)
    if choice == "version":
        return _kept_as_version(draft_id, file_id)
    if choice not in tuple(Where):
        return _file_page(draft_id, file_id, 422, [("#choix", _("Choisissez ce que devient le document."))])
    try:
        _taken(draft_id, file_id, Where(choice), with_title=request.form.get("titre") == "y")
    except (Invalid, RateLimited) as error:
        return later(_file_page(draft_id, file_id, error.status, [("#choix", error.message)]), error)
    flash(
        _(
            "Le document est dans le texte. Pour l’en retirer, revenez dans l’historique à la version nommée avant."
        )
        if Act.DRAFT_HISTORY in g.acts
        else _("Le document est dans le texte.")
    )
    return see_other("drafts.show", draft_id=draft_id)


def _kept_as_version(draft_id: int, file_id: int) -> Any:
    try:
        with unit_of_work():
            version_id = taking.keep_as_version(current_actor(), *_file(draft_id, file_id)).id
    except (Invalid, RateLimited) as error:
        return later(_file_page(draft_id, file_id, error.status, [("#choix", error.message)]), error)
    flash(_("Le document est gardé comme version, sous votre nom. Le texte n’a pas changé."))
    return see_other("drafts.history", draft_id=draft_id, _anchor=f"v{version_id}")


def _taken(draft_id: int, file_id: int, where: Where, *, with_title: bool) -> None:
    with reading():
        ready = taking.ready_to_take(current_actor(), *_file(draft_id, file_id), where)
    with unit_of_work():
        taking.take(current_actor(), *_file(draft_id, file_id), ready, with_title=with_title)
