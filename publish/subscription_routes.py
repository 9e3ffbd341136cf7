"""Where people ask for the news of an article, a theme or an administration by mail, and change their mind.

The form stands on a page that is made for one reader (`publish.sheets`). The link in each mail (`publish.following`) shows what
its address follows; nothing happens by opening it, since programs that look for harm in mails open every link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.utils import redirect

from app.db import reading, unit_of_work
from app.errors import Invalid, Missing, RateLimited
from app.extensions import csrf
from app.extensions import gettext as _
from app.policy import Act
from app.web import discreet, guarded
from publish import addresses, following, pages, sheets, subscription_queries, subscriptions, visitors
from publish.subscription_mail import ALL, ONE
from publish.subscription_models import LONGEST_EMAIL, Pace, Subscription
from publish.subscription_queries import Followed, pace_word

# What the paces are called in the form.
PACES = {"tout-de-suite": Pace.AT_ONCE, "chaque-jour": Pace.DAILY, "chaque-semaine": Pace.WEEKLY}
# What mail programs send when somebody leaves by one click (RFC 8058): they follow no redirection.
ONE_CLICK = ("List-Unsubscribe", "One-Click")
Find = Callable[[str], Followed | str | None]


def _found(find: Find, slug: str) -> Followed | Response:
    """What is followed; where it has moved, the way to it with what was sent (308)."""
    with reading():
        found = find(slug)
    if found is None:
        raise Missing(_("Cette page n’existe pas, ou n’est plus en ligne."))
    if isinstance(found, str):
        return redirect(addresses.following(addresses.article(found)), code=308)  # type: ignore[return-value]
    return found


def _form(followed: Followed, status: int = 200, wrong: str = "", key: str | None = None) -> Response:
    return pages.framed(
        "follow.html",
        request.path,
        status=status,
        it=followed,
        wrong=wrong,
        sent=status == 200 and "envoye" in request.args,
        word=sheets.fresh(request.path, key),
        paces=[(word, pace_word(pace)) for word, pace in PACES.items()],
        chosen=request.form.get("rythme", "chaque-semaine"),
        typed=request.form.get("courriel", "")[:LONGEST_EMAIL],
    )


def _shown(find: Find) -> Callable[[str], Any]:
    def show(slug: str) -> Any:
        followed = _found(find, slug)
        return followed if isinstance(followed, Response) else discreet(_form(followed))

    return show


def _asked(find: Find) -> Callable[[str], Any]:
    def ask(slug: str) -> Any:
        visitors.from_here(request)
        followed = _found(find, slug)
        if isinstance(followed, Response):
            return followed
        key = sheets.key_in(request.form, request.path)
        try:
            sheet = sheets.read(request.form, request.path)
            visitors.allow(sheet.key)
            pace = PACES.get(request.form.get("rythme", ""))
            if pace is None:
                raise Invalid(_("Choisissez quand vous voulez être prévenu."))
            if not sheet.by_program:
                with unit_of_work():
                    subscriptions.ask(request.form.get("courriel", ""), followed, pace, sheet.key)
        except RateLimited as error:
            return visitors.later(_form(followed, error.status, error.message, key), error)
        except Invalid as error:
            return _form(followed, 422, error.message, key)
        return redirect(request.path + "?envoye=1", code=303)

    return ask


@following.answers(ALL)
def _mine(number: int) -> Any:
    """Everything an address follows: confirm, change the pace, leave."""
    if request.method == "POST":
        wanted = request.form.get("abonnement", "")
        with unit_of_work():
            row = (
                subscriptions.subscription_of(number, int(wanted))
                if wanted.isascii() and wanted.isdigit() and len(wanted) < 19
                else None
            )
            if row is not None:
                _do(row)
        return redirect(request.path, code=303)
    with reading():
        found = subscription_queries.mine(number)
    names = {pace: pace_word(pace) for pace in Pace}
    paces = [(word, pace, names[pace]) for word, pace in PACES.items()]
    return pages.framed("followed.html", request.path, it=found, paces=paces, names=names)


def _do(row: Subscription) -> None:
    deed, pace = request.form.get("geste", ""), PACES.get(request.form.get("rythme", ""))
    if deed == "confirmer":
        subscriptions.confirm(row)
    elif deed == "rythme" and pace is not None:
        subscriptions.set_pace(row, pace)
    elif deed == "arreter":
        subscriptions.leave(row.id)


def _leaving(number: int, what: str, leave: Callable[[int], None]) -> Any:
    if request.method == "POST":
        with unit_of_work():
            leave(number)
        if request.form.get(ONE_CLICK[0]) != ONE_CLICK[1]:
            return redirect(request.path, code=303)
    with reading():
        mine, one = _left(number, what)
    return pages.framed("leave.html", request.path, it=mine, one=one)


def _left(number: int, what: str) -> tuple[subscription_queries.Mine | None, Followed | None]:
    """What a link to leave is about: all that an address follows, or one thing; neither when it was left."""
    if what == ALL:
        return subscription_queries.mine(number), None
    return None, subscription_queries.followed_numbered(number)


@following.answers(ONE, following.LEAVE)
def _leave_one(number: int) -> Any:
    return _leaving(number, ONE, subscriptions.leave)


@following.answers(ALL, following.LEAVE)
def _leave_all(number: int) -> Any:
    return _leaving(number, ALL, subscriptions.leave_all)


def register(blueprint: Blueprint) -> None:
    for path, name, find in (
        ("/fiches/<slug>/abonnement", "article", subscription_queries.article_followed),
        ("/themes/<slug>/abonnement", "theme", subscription_queries.theme_followed),
        ("/administrations/<slug>/abonnement", "administration", subscription_queries.office_followed),
    ):
        show, ask = guarded(Act.PORTAL_READ)(_shown(find)), guarded(Act.PORTAL_READ)(_asked(find))
        # No session stands behind this form that a token could protect.
        csrf.exempt(ask)
        blueprint.add_url_rule(path, f"follow_{name}", show, methods=["GET"])
        blueprint.add_url_rule(path, f"ask_to_follow_{name}", ask, methods=["POST"])
