"""The page of a call, where anybody answers: a plain form that needs no script and no account.

It is made for who asks and stored by nobody, since it carries a signed word and the way by which somebody came. That way
travels in the form, not in a cookie.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from flask import Blueprint, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, MovedOn, RateLimited, Unavailable
from app.extensions import csrf
from app.policy import Act, acts_for
from app.web import current_actor, guarded
from publish import call_queries, calls, pages, reads, sheets, visitors
from publish.call_models import Call, CallState, Channel
from publish.call_words import CAME, CODES, COMES, address, given_channel, state_word
from publish.opening_routes import COUNTING_PATIENCE, FORETOLD

log = logging.getLogger(__name__)
# Numbers of choices in a form, as its radio buttons have them.
_NUMBER = re.compile(r"[0-9]")


def _call(slug: str) -> Call:
    """A call that is out; one that is prepared is there for who prepares it, to be looked at."""
    call = call_queries.call_called(slug)
    if call.state is CallState.DRAFT and Act.CALL_SEE not in acts_for(current_actor(), call):
        raise Missing()
    return call


def _mark(who: str | None, call: Call) -> str | None:
    return visitors.mark(who, f"call:{call.id}") if who else None


def _shown(
    slug: str,
    channel: Channel,
    status: int = 200,
    template: str = "call.html",
    typed: dict[str, str] | None = None,
    wrong: str = "",
) -> Response:
    path = address(slug)
    with reading():
        try:
            call = _call(slug)
        except Missing:
            return pages.framed("not_found.html", path, status=404)
        return pages.framed(
            template,
            path,
            status=status,
            call=call,
            state=call.state_now,
            state_word=state_word(call),
            extract=call_queries.extract_of(call),
            own=call_queries.own(call, _mark(visitors.number(), call)),
            results=call_queries.shown_results(call),
            channel=CODES[channel],
            came=CAME,
            sheet=sheets.fresh(path, sheets.key_in(request.form, path)),
            typed=typed,
            wrong=wrong,
        )


def show(slug: str) -> Any:
    """By a link that is counted one is sent on once, so that the page can be read again without counting again."""
    channel = given_channel(request.args.get(COMES) or request.args.get(CAME) or "")
    if CAME not in request.args:
        with reading():
            try:
                call = _call(slug)
            except Missing:
                return _shown(slug, channel)
            call_id, is_out = call.id, call.state is not CallState.DRAFT
        if is_out and _is_a_reader():
            _count(call_id, channel)
    if COMES in request.args:
        answer = redirect(f"{address(slug)}?{CAME}={CODES[channel]}", code=302)
        answer.headers["Cache-Control"] = "no-store"
        return answer
    return _shown(slug, channel)


def _is_a_reader() -> bool:
    foretold = any("prefetch" in request.headers.get(one, "") for one in FORETOLD)
    return (
        request.method == "GET"
        and not foretold
        and reads.is_person(request.headers.get("User-Agent", "")[: reads.LONGEST_NAME])
    )


def _count(call_id: int, channel: Channel) -> None:
    try:
        with unit_of_work(patience=COUNTING_PATIENCE):
            calls.note_opening(call_id, channel)
    except Unavailable:
        log.warning("an opening of call %s could not be counted", call_id)


def answer(slug: str) -> Any:
    channel = given_channel(request.form.get("canal", "")[:10])
    typed = {"choix": request.form.get("choix", ""), "mots": request.form.get("mots", "")}
    try:
        visitors.from_here(request)
        with reading():
            try:
                # Said before anything else, since no other form helps then.
                calls.must_be_open(_call(slug))
            except Missing:
                return _shown(slug, channel)
        who = visitors.number()
        if who is None:
            return visitors.introduced()
        visitors.allow(who)
        sheet = sheets.read(request.form, address(slug))
        if not sheet.by_program:
            choice = int(typed["choix"]) if _NUMBER.fullmatch(typed["choix"]) else None
            with unit_of_work():
                call = _call(slug)
                mark = _mark(who, call)
                assert mark is not None
                calls.answer(mark, call, sheet.key, channel, choice, typed["mots"])
    except (Invalid, MovedOn, RateLimited) as error:
        return visitors.later(_shown(slug, channel, error.status, typed=typed, wrong=error.message), error)
    return redirect(f"{address(slug)}/merci?{CAME}={CODES[channel]}", code=303)


def thanks(slug: str) -> Any:
    return _shown(slug, given_channel(request.args.get(CAME, "")), template="call_thanks.html")


def register(blueprint: Blueprint) -> None:
    for path, name, view, methods in (
        ("/appels/<slug>", "call", show, ["GET"]),
        ("/appels/<slug>", "answer_call", answer, ["POST"]),
        ("/appels/<slug>/merci", "call_thanks", thanks, ["GET"]),
    ):
        guard = guarded(Act.PORTAL_READ)(view)
        if methods == ["POST"]:
            # No session stands behind this form that a token could protect: a signed word of its own does.
            csrf.exempt(guard)
        blueprint.add_url_rule(path, name, guard, methods=methods)
