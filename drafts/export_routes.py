"""A text leaves the workshop as a file: of now, of a frozen or named version, or of any moment of its past."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, g, request

from app.db import reading, unit_of_work
from app.errors import Missing
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page
from drafts import exports, history_queries, moments, queries
from drafts.doors import blueprint, draft_door
from drafts.exchange import formats, setting
from drafts.moments import NOW, Ref, ref_of

# A file is something to keep; a browser that shows it all the same lets it do nothing.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _allowed(moment: str) -> Ref:
    """The moment named, when it may be read: whoever reads a draft reads what it says now and what was frozen."""
    ref = ref_of(moment)
    known = ref == NOW or history_queries.is_all_frozen([ref])
    if not known and Act.DRAFT_HISTORY not in g.acts:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return ref


@blueprint.get("/brouillons/<int:draft_id>/exporter")
@guarded(Act.DRAFT_READ, draft_door)
def export(draft_id: int) -> Any:
    """`?moment=` as in the addresses of the history; without it the text of now."""
    actor, draft = current_actor(), queries.draft_numbered(draft_id)
    ref = _allowed(request.args.get("moment", "") or str(NOW))
    named = history_queries.versions_of(actor, draft) if Act.DRAFT_HISTORY in g.acts else []
    now = (str(NOW), _("le texte de maintenant"))
    choices = list(dict([now, *history_queries.choices_of(actor, draft, named)]).items())
    words = dict(choices).get(str(ref))
    return page(
        "drafts/export.html",
        draft=draft,
        ref=ref,
        words=words or history_queries.words_for(moments.moment(draft, ref)),
        choices=choices,
        offers=formats.offers(),
    )


@blueprint.get("/brouillons/<int:draft_id>/exporter.<form>")
@guarded(Act.DRAFT_READ, draft_door)
def export_now(draft_id: int, form: str) -> Any:
    return _file(draft_id, NOW, form)


@blueprint.get("/brouillons/<int:draft_id>/historique/<moment>/exporter.<form>")
@guarded(Act.DRAFT_READ, draft_door)
def export_moment(draft_id: int, moment: str, form: str) -> Any:
    return _file(draft_id, _allowed(moment), form)


def _file(draft_id: int, ref: Ref, word: str) -> Response:
    form, actor = formats.named(word), current_actor()
    with reading():
        draft = queries.draft_numbered(draft_id)
        found = moments.moment(draft, ref)
        paper = exports.paper_of(actor, draft, found, current_app.config["SETTINGS"].public_url)
    tag = exports.tag_of(paper, form)
    headers = {
        # Nothing of a person's stays on a computer that others use; elsewhere rights are asked for at each look.
        "Cache-Control": "no-store" if actor.shared_computer else "private, no-cache",
        "ETag": f'"{tag}"',
        "Content-Disposition": formats.disposition(exports.name_of(paper, found), form),
        "Content-Security-Policy": SANDBOX,
    }
    if tag in request.if_none_match:
        return Response(status=304, headers=headers)
    content = setting.made(form, paper)
    with unit_of_work():
        exports.note(actor, queries.draft_numbered(draft_id), ref, form)
    return Response(content, content_type=formats.WRITERS[form].media, headers=headers)
