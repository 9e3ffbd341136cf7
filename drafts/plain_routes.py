"""Plain French for who writes: asked by the editor while somebody types, and a page that needs no JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, jsonify, request

from app.buckets import Buckets
from app.db import reading, unit_of_work
from app.errors import Invalid, RateLimited, TooLarge, Unavailable
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act, acts_for
from app.web import (
    asks_for_json,
    current_actor,
    guarded,
    later,
    page,
    see_other,
    speaks_both,
    speaks_json,
)
from drafts import log, plain_exceptions, plain_queries, queries
from drafts.doors import blueprint, draft_door
from drafts.plain_french import asking
from drafts.plain_queries import ExceptionRow

# What a person may have read in a minute, in pieces of 16 KiB: a paragraph is one, and an editor asks about it when
# the fingers rest; the longest call is thirty-two, and opening a long text a dozen.
A_MINUTE, PIECE = 240, 16 * 1024
# A whole text is read for the page.
A_PAGE = 12
# A finding's words and a reason, each sign in up to six bytes of JSON.
LONGEST_LEFT = 160 * 1024
_read = Buckets()


def _allow(pieces: int) -> None:
    wait = _read.take(f"p{current_actor().id}", A_MINUTE, pieces)
    if wait:
        raise RateLimited(
            _("Vous faites relire beaucoup de texte à la fois : attendez un instant, puis continuez."),
            retry_after=wait,
        )


@blueprint.post("/brouillons/<int:draft_id>/francais-simple", endpoint="read_plain_french")
@speaks_json
@guarded(Act.DRAFT_READ, draft_door)
def read_blocks(draft_id: int) -> Any:
    """`{"blocks": [node, …]}`, as the editor holds them → what is found in each (docs/plain-french.md)."""
    body = _bounded(asking.LONGEST_BODY)
    _allow(1 + len(body) // PIECE)
    return Response(asking.blocks_read(body), mimetype="application/json")


@blueprint.get("/brouillons/<int:draft_id>/francais-simple", endpoint="plain_french")
@speaks_both
@guarded(Act.DRAFT_READ, draft_door, waits=True)
def plain_french(draft_id: int) -> Any:
    """What is left as it is, for the editor; for a person the whole text as the rules read it."""
    if not asks_for_json():
        _allow(A_PAGE)
        return _shown(draft_id)
    with reading():
        rows = plain_queries.exceptions_of(queries.draft_numbered(draft_id))
    return jsonify({"passed_over": [_described(row) for row in rows]})


def _described(row: ExceptionRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "block": row.block_id,
        "rule": row.rule,
        "words": row.words,
        "reason": row.reason,
        "by": row.person,
        "at": row.at.isoformat(),
    }


def _shown(
    draft_id: int, status: int = 200, typed: dict[str, str] | None = None, faults: Faults | None = None
) -> Any:
    """The page; after a refused form with what was typed in it, in its place."""
    with reading():
        draft = queries.draft_numbered(draft_id)
        tree, exceptions = log.text(draft.id).tree, plain_queries.exceptions_of(draft)
    away: Unavailable | None = None
    try:
        found = plain_queries.text_page(tree, asking.text_read(tree), exceptions)
    except Unavailable as error:
        away, found = error, None
    with reading():
        draft = queries.draft_numbered(draft_id)
        shown = page(
            "drafts/plain_french.html",
            status if away is None else away.status,
            draft=draft,
            found=found,
            exceptions=exceptions if found is None else found.exceptions,
            may_leave=Act.DRAFT_WRITE in acts_for(current_actor(), draft),
            typed=typed or {},
            faults=faults or [],
        )
    return shown if away is None else later(shown, away)


@blueprint.post("/brouillons/<int:draft_id>/francais-simple/laisser")
@speaks_both
@guarded(Act.DRAFT_WRITE, draft_door)
def leave_finding(draft_id: int) -> Any:
    """`{block, rule, words, reason}`, as JSON or as a form: a finding stays as it is."""
    given = {name: _text(name) for name in ("block", "rule", "words", "reason")}
    try:
        with unit_of_work():
            draft = queries.draft_numbered(draft_id)
            kept = plain_exceptions.leave(current_actor(), draft, **given).id
    except Invalid as error:
        if request.is_json:
            raise
        _allow(A_PAGE)
        return _shown(draft_id, 422, given, [("#motif", error.message)])
    if request.is_json:
        with reading():
            rows = plain_queries.exceptions_of(queries.draft_numbered(draft_id))
        return jsonify(next(_described(row) for row in rows if row.id == kept)), 201
    flash(_("Ce passage reste comme il est. Il sera signalé de nouveau si ses mots changent."))
    return see_other("drafts.plain_french", draft_id=draft_id, _anchor="exceptions")


@blueprint.post("/brouillons/<int:draft_id>/francais-simple/reprendre")
@speaks_both
@guarded(Act.DRAFT_WRITE, draft_door)
def take_up_finding(draft_id: int) -> Any:
    """`{id}`, as JSON or as a form: an exception ends."""
    with unit_of_work():
        plain_exceptions.take_back(current_actor(), queries.draft_numbered(draft_id), _number("id"))
    if request.is_json:
        return jsonify({})
    flash(_("L’exception est retirée : le passage est signalé de nouveau."))
    return see_other("drafts.plain_french", draft_id=draft_id, _anchor="exceptions")


def _body() -> dict[str, Any]:
    if not request.is_json:
        return request.form.to_dict()
    _bounded(LONGEST_LEFT)
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise Invalid(_("Cette demande n’a pas été comprise."))
    return given


def _bounded(longest: int) -> bytes:
    """The body, when it is not longer than that; what every request may have is bounded before."""
    if (request.content_length or 0) > longest or len(body := request.get_data()) > longest:
        raise TooLarge(_("Cette demande est trop longue : envoyez-la en plusieurs fois."))
    return body


def _text(name: str) -> str:
    given = _body().get(name)
    if not isinstance(given, str) or "\x00" in given:
        raise Invalid(_("Cette demande n’a pas été comprise."), field=name)
    # A form sends a forced line break as two signs (HTML, 4.10.22.4).
    return given.replace("\r\n", "\n")


def _number(name: str) -> int:
    given = str(_body().get(name, ""))
    if not given.isascii() or not given.isdecimal() or len(given) > 18:
        raise Invalid(_("Cette demande n’a pas été comprise."), field=name)
    return int(given)
