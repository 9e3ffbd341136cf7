"""/admin/journal: what was done, by whom; its export; whether the chain holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, flash, request

from app.administration import chain, journal_queries
from app.administration.doors import attempt, begin_of, blueprint, day_asked, end_of, number, words_asked
from app.administration.forms import Button
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, page, see_other

# The parameters of the address, for the links to the next page and to the files.
GIVEN = ("personne", "acte", "sorte", "objet", "du", "au")


def _asked() -> journal_queries.Asked:
    begins, ends = day_asked("du"), day_asked("au")
    return journal_queries.Asked(
        person=journal_queries.person_called(words_asked("personne", 320)),
        act=words_asked("acte", 80),
        kind=words_asked("sorte", 40),
        thing=words_asked("objet", 80),
        begins=begin_of(begins) if begins else None,
        ends=end_of(ends) if ends else None,
    )


def _given() -> dict[str, str]:
    return {name: words for name in GIVEN if (words := words_asked(name, 320))}


@blueprint.get("/journal", endpoint="journal")
@guarded(Act.PORTAL_ADMINISTER)
def show() -> Any:
    return page(
        "administration/journal.html",
        found=journal_queries.listing(_asked(), number(request.args.get("avant"))),
        given=_given(),
        acts=journal_queries.acts(),
        chain=journal_queries.chain(),
        most=journal_queries.MOST_ROWS,
    )


def _file(lines: Iterator[str], kind: str, name: str) -> Response:
    """Sent as it is read: a long log never lies in memory as a whole."""
    answer = Response(lines, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@blueprint.get("/journal.csv", endpoint="journal_csv")
@guarded(Act.PORTAL_ADMINISTER)
def table() -> Any:
    return _file(journal_queries.as_csv(_asked()), "text/csv; charset=utf-8", "journal.csv")


@blueprint.get("/journal.jsonl", endpoint="journal_jsonl")
@guarded(Act.PORTAL_ADMINISTER)
def json_lines() -> Any:
    return _file(journal_queries.as_json_lines(_asked()), "application/jsonl; charset=utf-8", "journal.jsonl")


@blueprint.post("/journal/verifier", endpoint="check_chain")
@guarded(Act.PORTAL_ADMINISTER)
def check() -> Any:
    attempt(Button(), lambda: chain.ask_for_check(current_actor()))
    flash(_("La chaîne va être recomptée. Rechargez la page dans un instant."))
    return see_other("administration.journal", _anchor="chaine")
