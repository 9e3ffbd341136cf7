"""Where people ask for something: the list, a wish, the form, and the support of others; plain forms without script or account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, MovedOn, RateLimited
from app.extensions import csrf
from app.extensions import gettext as _
from app.policy import Act
from app.web import guarded
from labs import wish_queries, wish_words, wishes
from labs.wish_models import LONGEST_NEED, LONGEST_TITLE, Standing, Wish, WishStatus
from publish import (
    addresses,
    following,
    pages,
    personal,
    sheets,
    visitors,
    wish_answers,
    wish_following,
    wish_likeness,
)

LIST = addresses.WISHES
PAGE = 15
LONGEST_QUERY = 200
# What the address calls the statuses.
STATUSES = {
    "recus": WishStatus.RECEIVED,
    "a-l-etude": WishStatus.UNDER_STUDY,
    "prevus": WishStatus.PLANNED,
    "publies": WishStatus.PUBLISHED,
    "sans-suite": WishStatus.REFUSED,
}
# How much longer than what is kept a page sends back, so that who wrote too much loses nothing of it.
ROOM = 10


@dataclass(frozen=True)
class Typed:
    """What somebody wrote on the form, as it was sent."""

    titre: str = ""
    besoin: str = ""
    courriel: str = ""
    faults: dict[str, str] = field(default_factory=dict)


def marks(who: str) -> Callable[[int], str]:
    """Of a reader, for each wish another one: nothing joins what somebody supports."""
    return lambda number: visitors.mark(who, f"wish:{number}")


def _typed(given: Any, faults: dict[str, str] | None = None) -> Typed:
    return Typed(
        given.get("titre", "")[: LONGEST_TITLE * ROOM],
        given.get("besoin", "")[: LONGEST_NEED * ROOM],
        given.get("courriel", "")[:400],
        faults or {},
    )


def listed() -> Response:
    asked = request.args.get
    status = STATUSES.get(asked("etat", ""))
    query = asked("q", "")[:LONGEST_QUERY].strip()
    newest = asked("ordre", "") == "recents"
    number = max(1, min(asked("page", 1, type=int) or 1, 10_000))
    if query:
        found = wish_likeness.with_words(query, wish_queries.cards(status=status, newest=newest))
        total, shown = len(found), found[(number - 1) * PAGE : number * PAGE]
    else:
        total = wish_queries.count(status)
        shown = wish_queries.cards(status=status, newest=newest, limit=PAGE, offset=(number - 1) * PAGE)
    kept = {"q": query, "etat": asked("etat", "") if status else "", "ordre": "recents" if newest else ""}

    def leading(number: int) -> str:
        return (
            f"{LIST}?{urlencode({name: value for name, value in {**kept, 'page': number}.items() if value})}"
        )

    return pages.framed(
        "wishes.html", LIST, cards=shown, total=total, page=number, pages=-(-total // PAGE), query=query,
        chosen=kept["etat"], newest=newest, leading=leading,
        states=[(slug, wish_words.status_word(one)) for slug, one in STATUSES.items()],
        thanked=bool(asked("merci")),
    )  # fmt: skip


def new() -> Response:
    """`?besoin=`: what somebody has looked for in vain."""
    return _form(_typed(request.args))


def _form(typed: Typed, status: int = 200, wrong: str = "", key: str | None = None, **more: Any) -> Response:
    return pages.framed(
        "wish_new.html", f"{LIST}/nouveau", status=status, typed=typed, wrong=wrong,
        word=sheets.fresh(LIST, key), **more,
    )  # fmt: skip


def file() -> Any:
    visitors.from_here(request)
    form = request.form
    typed, key = _typed(form), sheets.key_in(form, LIST)
    who = visitors.number()
    if who is None:
        return visitors.introduced()
    try:
        visitors.allow(who)
        sheet = sheets.read(form, LIST)
        if sheet.by_program:
            return redirect(f"{LIST}?merci=1", code=303)
        title, need = wishes.words_of(form.get("titre", ""), form.get("besoin", ""))
        if "autre" not in form and (near := _near(title, need)):
            return _between(typed, near, form[sheets.FIELD])
        with unit_of_work():
            wish = wishes.file_wish(
                None, title, need, key=sheet.key, held=bool(personal.findings(f"{title}\n{need}"))
            )
            wish_following.take_address(wish, form.get("courriel", ""))
            there = following.path(wish_following.KIND, wish.id)
    except RateLimited as error:
        return visitors.later(_form(typed, error.status, error.message, key), error)
    except MovedOn as error:
        # Under a new key: what was typed is another wish.
        return _form(typed, error.status, error.message)
    except Invalid as error:
        name = {"title": "titre", "need": "besoin", "email": "courriel"}.get(
            str(error.detail.get("field")), ""
        )
        faults = {name: error.message} if name else {}
        return _form(_typed(form, faults), 422, "" if faults else error.message, key)
    return redirect(f"{there}?merci=1", code=303)


def _near(title: str, need: str) -> list[wish_queries.WishCard]:
    with reading():
        found = wish_likeness.like(title, need, wish_queries.cards())
    return [card for card in found if card.status is not WishStatus.REFUSED]


def _between(typed: Typed, near: list[wish_queries.WishCard], word: str) -> Response:
    """Before one more is filed: the same word again, so that who says that theirs is another need not wait."""
    return pages.framed("wish_near.html", LIST, typed=typed, near=near, word=word)


def _living(number: int) -> Wish | Response:
    """The wish that the public reads there; or the way to the one it was merged into. Raises Missing."""
    with reading():
        wish = wish_queries.wish_numbered(number)
        if wish.merged_into is not None:
            there = request.path.replace(addresses.wish(number), addresses.wish(wish.merged_into), 1)
            return redirect(there, code=301 if request.method in ("GET", "HEAD") else 308)
        if wish.standing is not Standing.SHOWN:
            raise Missing(_("Ce souhait n’est pas en ligne : il attend d’être lu, ou n’y est plus."))
        return wish


def shown(wish_id: int) -> Any:
    return _page(wish_id)


def _page(wish_id: int, status: int = 200, **more: Any) -> Any:
    wish = _living(wish_id)
    if isinstance(wish, Response):
        return wish
    who = visitors.number()
    with reading():
        return pages.framed(
            "wish.html", addresses.wish(wish.id), status=status, it=wish_queries.view(wish),
            article=wish_answers.article_of(wish),
            supports=who is not None and wish_queries.is_supported(wish, marks(who)), **more,
        )  # fmt: skip


def support(wish_id: int) -> Any:
    """Take it back with `retirer`."""
    visitors.from_here(request)
    wish = _living(wish_id)
    if isinstance(wish, Response):
        return wish
    who = visitors.number()
    if who is None:
        return visitors.introduced()
    try:
        visitors.allow(who)
    except RateLimited as error:
        return visitors.later(_page(wish_id, error.status, wrong=error.message), error)
    with unit_of_work():
        verb = wishes.take_back if request.form.get("retirer") else wishes.support
        verb(marks(who), wish_queries.wish_numbered(wish_id))
    return redirect(addresses.wish(wish_id) + "#soutenir", code=303)


def supported(wish_id: int) -> Response:
    """Who comes to the address of the form reads the wish."""
    return redirect(addresses.wish(wish_id), code=301)


def register(blueprint: Blueprint) -> None:
    for path, name, view, method in (
        (LIST, "wishes", listed, "GET"),
        (LIST, "file_wish", file, "POST"),
        (f"{LIST}/nouveau", "new_wish", new, "GET"),
        (f"{LIST}/<int:wish_id>", "wish", shown, "GET"),
        (f"{LIST}/<int:wish_id>/soutenir", "support_wish", support, "POST"),
        (f"{LIST}/<int:wish_id>/soutenir", "supported_wish", supported, "GET"),
    ):
        guard = guarded(Act.PORTAL_READ)(view)
        if method == "POST":
            # No session stands behind these forms that a token could protect.
            csrf.exempt(guard)
        blueprint.add_url_rule(path, name, guard, methods=[method])
