"""What stands under the secret links of a comment: what became of it, and what its author may still do."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.utils import redirect

from app.db import reading, unit_of_work
from app.errors import DomainError, Invalid, Missing, MovedOn, RateLimited
from app.extensions import gettext as _
from publish import addresses, comment_queries, comments, following, pages, personal, visitors
from publish.comment_models import LONGEST_EMAIL, LONGEST_NAME, LONGEST_TEXT, Comment
from publish.forms import number_in

# A mail goes out for it.
WEIGHT_OF_A_MAIL = 5


def _own(number: int) -> comment_queries.Own:
    found = comment_queries.own(number)
    if found is None:
        raise Missing(_("Ce commentaire n’existe pas."))
    return found


def _seen(number: int, status: int = 200, wrong: DomainError | None = None) -> Any:
    with reading():
        own = _own(number)
        comment = own.comment
        standing_before = comment_queries.newer_than(comment)
        answer = pages.framed(
            "comment_follow.html", request.path, status=status, own=own, comment=comment,
            found=[said[one.start : one.end] for said in (comment.name, comment.text) for one in personal.findings(said)],
            all_of_them=addresses.comments(own.slug), page=standing_before // comment_queries.ON_A_PAGE + 1, wrong=wrong,
            field=wrong.detail.get("field") if wrong else None, typed=request.form, thanked=bool(request.args.get("merci")),
            done=request.args.get("fait", ""), longest=(LONGEST_NAME, LONGEST_TEXT, LONGEST_EMAIL),
        )  # fmt: skip
    return visitors.later(answer, wrong)


def _do(comment: Comment, deed: str) -> None:
    form = request.form
    match deed:
        case "corriger":
            comments.correct(
                comment,
                number_in(form.get("version", "")[:9]) or 0,
                form.get("nom", ""),
                form.get("texte", ""),
            )
        case "retirer":
            comments.withdraw(comment)
        case "courriel":
            comments.give_email(comment, form.get("courriel", ""))
        case "oublier":
            comments.forget_email(comment)
        case _other:
            raise Invalid(_("Choisissez ce que vous voulez faire."))


@following.answers(comments.KIND)
def follow(number: int) -> Any:
    if request.method != "POST":
        return _seen(number)
    deed = request.form.get("geste", "")
    try:
        visitors.allow(f"comment {number}", WEIGHT_OF_A_MAIL if deed == "courriel" else 1)
        with unit_of_work():
            _do(comments.locked(number), deed)
    except (Invalid, MovedOn, RateLimited) as error:
        return _seen(number, error.status, error)
    return redirect(f"{request.path}?fait={deed}", code=303)


@following.answers(comments.KIND, following.LEAVE)
def leave(number: int) -> Any:
    """A page with a button: programs that look at the links of mails press none."""
    if request.method == "POST":
        with unit_of_work():
            comments.forget_email(comments.locked(number))
        return redirect(request.path, code=303)
    with reading():
        return pages.framed(
            "comment_email.html", request.path, own=_own(number), leaving=True, action=request.path
        )


@following.answers(comments.CONFIRMING)
def confirm(number: int) -> Any:
    """From the mail to an address that somebody gave: it is theirs."""
    proof = request.args.get("preuve", "")[:64]
    action = f"{request.path}?preuve={proof}"
    if request.method == "POST":
        with unit_of_work():
            comments.confirm_email(comments.locked(number), proof)
        return redirect(action, code=303)
    with reading():
        own = _own(number)
        comments.refuse_wrong_proof(own.comment, proof)
        return pages.framed("comment_email.html", request.path, own=own, leaving=False, action=action)
