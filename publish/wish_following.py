"""The secret page on which its author follows a wish: what becomes of it, how to correct it, take it back, and be told."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app import mail
from app.db import reading, unit_of_work
from app.errors import Invalid, MovedOn, RateLimited
from app.extensions import gettext as _
from labs import wish_addresses, wish_queries, wish_words, wishes
from labs.wish_models import LONGEST_NEED, LONGEST_TITLE, Standing, Wish
from publish import addresses, following, pages, personal, visitors, wish_answers

KIND, CONFIRM = "souhait", "souhaitmail"
# A link that confirms an address names the wish and which of its addresses: see `labs.wish_addresses.MOST_ADDRESSES`.
_ADDRESSES = wish_addresses.MOST_ADDRESSES + 1


def take_address(wish: Wish, email: str) -> None:
    """Keep whom to tell, if anybody, and mail the link that confirms the address: once, however often it is sent."""
    if not email.strip() or not wish_addresses.give(wish, email) or not wish_addresses.is_to_be_mailed(wish):
        return
    link = following.path(CONFIRM, wish.id * _ADDRESSES + wish.email_number)
    mail.write(
        wish.email,
        _("Confirmez votre adresse pour suivre votre souhait"),
        _("Quelqu’un a donné cette adresse pour savoir ce que devient un souhait fait sur l’Open Lab.")
        + "\n\n"
        + _("Si c’est vous, confirmez-la ici :")
        + f"\n\n{mail.address(link)}\n\n"
        + _("Si ce n’est pas vous, ne faites rien : elle sera effacée dans sept jours.")
        + "\n",
        secret=True,
    )


@following.answers(KIND)
def follow(number: int) -> Any:
    if request.method == "POST":
        return _act(number)
    return _page(number)


def _page(number: int, status: int = 200, wrong: str = "", **typed: str) -> Response:
    with reading():
        wish = wish_queries.wish_numbered(number)
        found = personal.findings(f"{wish.title}\n{wish.need}") if wish.held else []
        text = f"{wish.title}\n{wish.need}"
        return pages.framed(
            "wish_follow.html", request.path, status=status, wish=wish, it=wish_queries.view(wish), wrong=wrong,
            said=wish_words.standing_word(wish.standing), places=[text[one.start : one.end] for one in found],
            article=wish_answers.article_of(wish), corrects=_is_open(wish), typed=typed,
            public=addresses.wish(wish.merged_into or wish.id) if wish.standing is Standing.SHOWN else "",
            merged=wish.merged_into is not None, thanked=bool(request.args.get("merci")),
            link=mail.address(following.path(KIND, wish.id)),
        )  # fmt: skip


def _is_open(wish: Wish) -> bool:
    return wish.standing is Standing.WAITING and wish.merged_into is None


def _act(number: int) -> Any:
    form = request.form
    try:
        visitors.allow(f"souhait{number}")
        with unit_of_work():
            wish = wish_queries.wish_numbered(number)
            match form.get("acte"):
                case "corriger":
                    title, need = form.get("titre", ""), form.get("besoin", "")
                    held = bool(personal.findings(f"{title}\n{need}"))
                    wishes.correct(wish, form.get("vu", -1, type=int), title, need, held=held)
                case "retirer":
                    wishes.withdraw(wish)
                case "courriel":
                    take_address(wish, form.get("courriel", ""))
                case "oublier":
                    wish_addresses.forget(wish)
                case _:
                    raise Invalid(_("Choisissez ce que vous voulez faire."))
    except (Invalid, MovedOn, RateLimited) as error:
        return _page(
            number, error.status, error.message, titre=form.get("titre", "")[: LONGEST_TITLE * 10],
            besoin=form.get("besoin", "")[: LONGEST_NEED * 10], courriel=form.get("courriel", "")[:400],
        )  # fmt: skip
    return redirect(request.path, code=303)


@following.answers(CONFIRM)
def confirm(number: int) -> Any:
    """A page with a button: programs that look at the links of mails press none."""
    wish_id, address = divmod(number, _ADDRESSES)
    wrong = ""
    if request.method == "POST":
        try:
            with unit_of_work():
                wish_addresses.confirm(wish_queries.wish_numbered(wish_id), address)
            return redirect(request.path, code=303)
        except MovedOn as error:
            wrong = error.message
    with reading():
        wish = wish_queries.wish_numbered(wish_id)
        good = bool(wish.email) and wish.email_number == address
        return pages.framed(
            "wish_confirm.html", request.path, status=409 if wrong else 200, wrong=wrong, good=good,
            done=good and wish.confirmed_at is not None,
        )  # fmt: skip
