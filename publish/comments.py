"""Verbs of those who comment on an article: file, correct, withdraw, follow by mail, report.

Who writes has no account, or writes as an agent under their own name. A secret link leads back to what one wrote: whoever
has it is its author, so these verbs take the comment and no actor.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import timedelta

import sqlalchemy as sa

from app import clock, mail, typed_words
from app.accounts import erasing
from app.accounts.models import Person
from app.db import insert, session
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.policy import Actor
from drafts.models import Article
from publish import addresses, comment_queries, personal, secret_links, store, voice
from publish.comment_models import (
    HELD,
    HIGHEST,
    LONGEST_EMAIL,
    LONGEST_NAME,
    LONGEST_TEXT,
    ORDINARY,
    REPORTED,
    Comment,
    CommentAnswer,
    CommentDecision,
    CommentReport,
    ReadAfterwards,
    Standing,
)
from publish.models import Address
from publish.queries import Card

# The links of what was written, and of the mail that confirms an address (`publish.following`).
KIND, CONFIRMING = "commentaire", "adresse"
# What was refused or hidden is kept so long for whoever complains; an address that nobody confirmed, or whose comment
# nothing more happened to, goes as well. The privacy page says so.
WORDS_KEPT, UNCONFIRMED_KEPT, ADDRESS_KEPT = timedelta(days=30), timedelta(days=7), timedelta(days=365)
# To one address in a day: nobody is flooded by somebody who types their address.
MOST_ASKED_A_DAY = 3
# Accepted so many times, an author is known.
KNOWN_AFTER = 3
_EMAIL = re.compile(
    r"[^\s@<>\"',;:\\()\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,24}"
)
erasing.searched(Comment.text, CommentAnswer.text, longest=LONGEST_TEXT)
erasing.searched(CommentDecision.words)


def name_of(typed: str) -> str:
    name = " ".join(typed_words.readable(typed).split())
    if not name:
        raise Invalid(_("Écrivez un prénom ou un pseudonyme."), field="nom")
    if len(name) > LONGEST_NAME:
        raise Invalid(_("Ce nom est trop long : 60 caractères au plus."), field="nom")
    return name


def words_of(typed: str) -> str:
    text = typed_words.readable(typed)
    if not text:
        raise Invalid(_("Écrivez votre commentaire."), field="texte")
    if len(text) > LONGEST_TEXT:
        raise Invalid(
            _(
                "Ce commentaire est trop long : 2 000 caractères au plus, et il en a %(count)s.",
                count=len(text),
            ),
            field="texte",
        )
    return text


def email_of(typed: str) -> str:
    email = typed.strip()
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email) or ".." in email:
        raise Invalid(
            _("Cette adresse électronique n’est pas complète. Exemple : prenom@exemple.nc"), field="courriel"
        )
    return email.lower()


def file_comment(
    key: str,
    card: Card,
    name: str,
    text: str,
    *,
    block: str = "",
    email: str = "",
    author: Actor | None = None,
) -> Comment:
    """What was written on the form of that `key`. Sent again it is the same one, corrected where it says something else.

    `author`: an agent who writes under their own name. Raises MovedOn where no comments are taken.
    """
    name = author.name[:LONGEST_NAME] if author is not None else name_of(name)
    text = words_of(text)
    given = email_of(email) if email.strip() else ""
    known = session().scalars(sa.select(Comment).filter_by(key=key)).first()
    if known is not None:
        if known.standing is Standing.WAITING and (known.name, known.text) != (name, text):
            correct(known, known.version, name, text)
        return known
    refuse_where_closed(card.article_id)
    held = _holds(name, text)
    at_once = author is not None and not held and is_known(author, card.article_id)
    now = clock.now()
    filed = session().execute(
        insert(Comment)
        .values(
            article_id=card.article_id, edition_id=card.edition_id,
            block_id=block if block in comment_queries.places_of(card.edition_id) else None,
            name=name, text=text, key=key, held=held, filed_at=now, version=1, reports=0,
            standing=Standing.SHOWN if at_once else Standing.WAITING, turn=HELD if held else ORDINARY,
            email=given, email_given_at=now if given else None, person_id=author.id if author is not None else None,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Comment.id)
    ).first()  # fmt: skip
    comment = session().scalars(sa.select(Comment).filter_by(key=key)).one()
    if given and filed is not None:
        _ask_to_confirm(comment)
    if at_once:
        voice.counts_moved(card.article_id)
    return comment


def _holds(name: str, text: str) -> bool:
    return bool(personal.findings(text) or personal.findings(name))


def refuse_where_closed(article_id: int) -> None:
    why = comment_queries.why_closed(article_id)
    if why:
        raise MovedOn(why)


def is_known(author: Actor, article_id: int) -> bool:
    """Whether a person's comments on an article are read after they are shown: known here, and every competent
    administration allows it."""
    article = session().get_one(Article, article_id)
    competent = {place.id for place in article.competent}
    allowed = set(session().scalars(sa.select(ReadAfterwards.administration_id)))
    accepted = session().scalar(
        sa.select(sa.func.count()).where(
            Comment.person_id == author.id, Comment.standing == Standing.SHOWN, Comment.turn.is_(None)
        )
    )
    return bool(competent) and competent <= allowed and (accepted or 0) >= KNOWN_AFTER


def locked(comment_id: int) -> Comment:
    """A comment, its own alone until the transaction ends. Raises Missing."""
    comment = (
        session().get(Comment, comment_id, with_for_update=True, populate_existing=True)
        if comment_id < HIGHEST
        else None
    )
    if comment is None:
        raise Missing(_("Ce commentaire n’existe pas."))
    return comment


def correct(comment: Comment, version: int, name: str, text: str) -> None:
    """By its author, as long as no moderator has read it. `version`: as the author saw it. Raises MovedOn."""
    if comment.standing is not Standing.WAITING or comment.version != version:
        raise MovedOn(
            _("Votre commentaire a changé entre-temps. Relisez ce qu’il est devenu, puis recommencez.")
        )
    comment.name = comment.name if comment.person_id is not None else name_of(name)
    comment.text = words_of(text)
    comment.held = _holds(comment.name, comment.text)
    comment.turn = HELD if comment.held else ORDINARY
    comment.version += 1
    session().flush()


def withdraw(comment: Comment) -> None:
    """By its author, at any time and for good: the words and the address go at once. Again, it stays withdrawn."""
    if comment.standing is Standing.WITHDRAWN:
        return
    was_shown = comment.standing is Standing.SHOWN
    comment.standing, comment.turn, comment.version = Standing.WITHDRAWN, None, comment.version + 1
    comment.name = comment.text = ""
    comment.held = False
    forget_email(comment)
    comment.reports = 0
    for table in (CommentAnswer, CommentReport):
        session().execute(sa.delete(table).filter_by(comment_id=comment.id))
    session().flush()
    if was_shown:
        disappear(comment.article_id)


def disappear(article_id: int) -> None:
    """What the article's page says of a comment goes now, not with the next count."""
    voice.counts_moved(article_id)
    slug = session().scalar(
        sa.select(Address.slug).where(Address.article_id == article_id, Address.is_current)
    )
    if slug is not None:
        store.touch(addresses.article(slug))


def give_email(comment: Comment, typed: str) -> None:
    """Where the author wants to be told; a mail asks whether it is theirs."""
    if comment.standing in (Standing.WITHDRAWN, Standing.REFUSED):
        raise MovedOn(_("Ce commentaire n’est plus suivi : il n’y a rien à vous annoncer."))
    email = email_of(typed)
    if email == comment.email and comment.confirmed_at is not None:
        return
    if email == comment.email and comment.email_given_at is not None:
        if clock.now() - comment.email_given_at < timedelta(minutes=2):
            return  # A second press; the mail is under way.
    comment.email, comment.email_given_at, comment.confirmed_at = email, clock.now(), None
    session().flush()
    _ask_to_confirm(comment)


def forget_email(comment: Comment) -> None:
    comment.confirmed_at = comment.email_given_at = None
    comment.email = ""
    session().flush()


def proof(comment: Comment) -> str:
    """What only a mail to the address holds, so that nobody confirms another one: 32 hexadecimal digits."""
    said = f"{secret_links.token(CONFIRMING, comment.id)}\x00{comment.email}"
    return hmac.new(said.encode(), b"openlab.address", hashlib.sha256).hexdigest()[:32]


def refuse_wrong_proof(comment: Comment, given: str) -> None:
    """Raises Missing for the proof of another address than the one of today."""
    if not comment.email or not hmac.compare_digest(proof(comment).encode(), given.encode()):
        raise Missing(_("Ce lien n’est plus bon : l’adresse a changé ou a été effacée."))


def confirm_email(comment: Comment, given: str) -> None:
    """By the link of the mail; again, it is confirmed still. Raises Missing."""
    refuse_wrong_proof(comment, given)
    comment.confirmed_at = comment.confirmed_at or clock.now()
    session().flush()


def _ask_to_confirm(comment: Comment) -> None:
    subject = _("Confirmez votre adresse pour suivre votre commentaire")
    asked = session().scalar(
        sa.select(sa.func.count()).where(
            mail.Mail.recipient == comment.email,
            mail.Mail.subject == subject,
            mail.Mail.noted_at > clock.now() - timedelta(days=1),
        )
    )
    if (asked or 0) >= MOST_ASKED_A_DAY:
        return
    link = mail.address(f"{secret_links.path(CONFIRMING, comment.id)}?preuve={proof(comment)}")
    mail.write(
        comment.email,
        subject,
        _(
            "Quelqu’un a écrit un commentaire sur une fiche d’Open Lab et a donné cette adresse pour en avoir des nouvelles. "
            "Si c’est vous, confirmez-la par ce lien :\n\n%(link)s\n\nSinon, ne faites rien : sans confirmation, l’adresse est "
            "effacée après sept jours et rien d’autre ne vous est envoyé.",
            link=link,
        ),
        secret=True,
    )


def tell(comment: Comment, subject: str, body: str) -> None:
    """Write to its author, if they gave an address that is theirs."""
    if not comment.email or comment.confirmed_at is None:
        return
    leave = mail.address(secret_links.path(KIND, comment.id, secret_links.LEAVE))
    mail.write(
        comment.email,
        subject,
        _(
            "%(body)s\n\nVotre commentaire et ce qu’il devient :\n\n%(link)s\n\nNe plus recevoir de message et effacer votre "
            "adresse :\n\n%(leave)s",
            body=body,
            link=mail.address(secret_links.path(KIND, comment.id)),
            leave=leave,
        ),
        secret=True,
    )


def report(mark: str, comment: Comment) -> None:
    """A reader finds that it should not stand there. Once for each reader; a moderator reads it again."""
    if comment.standing is not Standing.SHOWN:
        return
    added = session().execute(
        insert(CommentReport)
        .values(comment_id=comment.id, mark=mark)
        .on_conflict_do_nothing()
        .returning(CommentReport.mark)
    )
    if added.first() is not None:
        comment.reports += 1
        comment.turn = REPORTED
        session().flush()


@erasing.erases
def _forget_person(person_id: int) -> None:
    """Their name above what they wrote, and the address they gave; the words stay, as those of remarks do."""
    name, email = session().execute(sa.select(Person.name, Person.email).where(Person.id == person_id)).one()
    own = Comment.person_id == person_id
    session().execute(
        sa.update(Comment)
        .where(
            # SQLite folds the case of plain letters alone.
            sa.or_(own, Comment.name == name, sa.func.lower(Comment.name) == name.lower()),
            Comment.name != "",
        )
        .values(name=erasing.ERASED)
    )
    session().execute(
        sa.update(Comment)
        .where(own | (Comment.email == email.lower()))
        .values(email="", email_given_at=None, confirmed_at=None)
    )
    for article_id in session().scalars(sa.select(Comment.article_id).where(own).distinct()):
        disappear(article_id)


def forget_old() -> int:
    """For the worker: words that were refused or hidden, addresses that are of no use any more. How many comments."""
    now = clock.now()
    put_away = Comment.standing.in_([Standing.REFUSED, Standing.HIDDEN])
    words = session().execute(
        sa.update(Comment)
        .where(put_away, Comment.decided_at < now - WORDS_KEPT, Comment.text != "")
        .values(text="", name="", held=False, email="", email_given_at=None, confirmed_at=None,
                version=Comment.version + 1)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    addresses_gone = session().execute(
        sa.update(Comment)
        .where(
            Comment.email != "",
            sa.or_(
                Comment.answered_in_edition_id.is_not(None),
                sa.and_(Comment.confirmed_at.is_(None), Comment.email_given_at < now - UNCONFIRMED_KEPT),
                Comment.email_given_at < now - ADDRESS_KEPT,
            ),
        )
        .values(email="", email_given_at=None, confirmed_at=None)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(words, "rowcount", 0)) + int(getattr(addresses_gone, "rowcount", 0))
