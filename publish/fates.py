"""What is done to an article that is public: masked at once by one person, everything else decided by two.

Verbs take the article's row under lock and record one numbered act, from which the state follows (`publish.fate_acts`).
`seen` is the number of the last act the person saw: what was decided meanwhile is told, not overrun.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app import jobs
from app.db import session
from app.errors import Invalid, MovedOn, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts import naming, review
from drafts.models import Article, ArticleState
from publish import fate_mail
from publish.fate_acts import (
    acts_of,
    capacity_of,
    last_of,
    lock,
    moved_on,
    open_proposal,
    record,
    refuse_unseen,
)
from publish.fate_models import ArticleAct
from publish.fate_stages import BY_TWO, Capacity, Fate, possible
from publish.models import Address

MASKED_FOR = timedelta(hours=72)
UNMASK = "publish.unmask"


def mask(actor: Actor, article: Article, reason: str, *, seen: int | None = None) -> ArticleAct:
    """Hide an article at once, by one person, for three days: then two people have decided, or it comes back.

    Raises Refused for who has masked this very edition before: three days more are for somebody else to ask.
    """
    (article,) = lock(article.id)
    require(actor, Act.ARTICLE_MASK, article)
    refuse_unseen(article, seen)
    reason = _said(reason, required=True)
    if _has_masked(actor, article):
        raise Refused(
            _(
                "Vous avez déjà masqué cette version : une autre personne peut le faire, ou décidez à deux de son sort."
            )
        )
    act = record(article, Fate.MASK, actor, reason=reason)
    jobs.plan(UNMASK, str(article.id), act.at + MASKED_FOR, number=act.number)
    fate_mail.masked(article, actor, reason, act.at + MASKED_FOR)
    return act


def _said(reason: str, *, required: bool = False) -> str:
    """Acts are never changed, so that a name in them would stay when the person is erased."""
    reason = review.said(reason, required=required)
    naming.refuse_names(reason, field="reason")
    return reason


def _has_masked(actor: Actor, article: Article) -> bool:
    """Whether this person has masked what the public reads now, since it was published."""
    since: list[ArticleAct] = []
    for act in acts_of(article.id):
        since = [] if act.deed in (Fate.PUBLISH, Fate.PUBLISH_URGENTLY) else [*since, act]
    return any(act.deed is Fate.MASK and act.person_id == actor.id for act in since)


@jobs.due(UNMASK)
def _unmask(key: str, payload: dict[str, Any]) -> None:
    (article,) = lock(int(key))
    last = last_of(article.id, Fate.MASK)
    if article.state is not ArticleState.MASKED or last is None or last.number != payload["number"]:
        return
    record(article, Fate.UNMASK, None)
    fate_mail.came_back(article)


def propose(
    actor: Actor,
    article: Article,
    fate: Fate,
    explanation: str,
    target: Article | None = None,
    *,
    seen: int | None = None,
) -> ArticleAct:
    """The first of two people: what should become of an article, and why, in words for the public.

    Raises Invalid without an explanation or with a target that is not live, MovedOn while another proposal waits.
    """
    (article,) = lock(article.id)
    require(actor, Act.ARTICLE_DECIDE, article)
    refuse_unseen(article, seen)
    if fate not in BY_TWO:
        raise Invalid(_("Choisissez ce que la fiche doit devenir."), field="fate")
    if not possible(article.state, fate):
        raise moved_on()
    if open_proposal(article) is not None:
        raise MovedOn(_("Une proposition attend déjà une réponse pour cette fiche : rechargez la page."))
    explanation = _said(explanation, required=True)
    _refuse_target(article, fate, target)
    act = record(
        article,
        Fate.PROPOSE,
        actor,
        reason=explanation,
        proposed=fate,
        target_id=target.id if target is not None else None,
    )
    fate_mail.proposed(article, actor, fate, explanation, as_editor=act.capacity is not Capacity.LEAD_REVIEWER,
                       as_reviewer=act.capacity is not Capacity.EDITOR)  # fmt: skip
    return act


def _refuse_target(article: Article, fate: Fate, target: Article | None) -> None:
    """Raises Invalid for a redirection to nowhere, to itself, or to what the public does not read.

    A page that sends on is not live, so it can be nobody's target: no ring of redirections can come about.
    """
    if target is None:
        if fate is Fate.REDIRECT:
            raise Invalid(
                _("Dites vers quelle fiche les lecteurs doivent être envoyés : une fiche en ligne."),
                field="target",
            )
        return
    if fate not in (Fate.REDIRECT, Fate.REMOVE):
        raise Invalid(
            _("Seules une redirection et une suppression mènent à une autre fiche."), field="target"
        )
    if target.id == article.id:
        raise Invalid(_("Une fiche ne peut pas mener à elle-même : choisissez-en une autre."), field="target")
    if target.state is not ArticleState.LIVE:
        raise Invalid(_("Cette fiche n’est pas en ligne : choisissez-en une autre."), field="target")


def confirm(actor: Actor, article: Article, number: int, *, seen: int | None = None) -> ArticleAct:
    """The second of two people, in the other capacity: what was proposed under `number` takes effect.

    Raises Refused for who proposed it or acts in the same capacity, MovedOn when it does not wait any more.
    """
    proposed = _proposal(article, number)
    ids = [article.id, *([proposed.target_article_id] if proposed.target_article_id is not None else [])]
    article, *targets = lock(*ids)
    require(actor, Act.ARTICLE_DECIDE, article)
    refuse_unseen(article, seen)
    waiting = open_proposal(article)
    if waiting is None or waiting.id != proposed.id or waiting.proposed is None:
        raise moved_on()
    if (why_not := may_not_confirm(actor, article, waiting)) is not None:
        raise Refused(why_not)
    _refuse_target(article, waiting.proposed, targets[0] if targets else None)
    act = record(
        article,
        waiting.proposed,
        actor,
        reason=waiting.reason,
        proposal=waiting,
        target_id=waiting.target_article_id,
    )
    fate_mail.decided(article, actor, waiting)
    return act


def may_not_confirm(actor: Actor, article: Article, proposal: ArticleAct) -> str | None:
    """Why this person cannot be the second one; None when they can."""
    mine = capacity_of(actor, article)
    if mine is None:
        return _("Un référent de l’administration responsable et un éditeur du portail en décident.")
    if proposal.person_id == actor.id:
        return _("Vous l’avez proposé : une autre personne doit le confirmer.")
    if proposal.capacity is Capacity.EDITOR and mine is Capacity.EDITOR:
        return _("Un éditeur du portail l’a proposé : un référent de l’administration responsable en décide.")
    if proposal.capacity is Capacity.LEAD_REVIEWER and mine is Capacity.LEAD_REVIEWER:
        return _("Un référent de l’administration responsable l’a proposé : un éditeur du portail en décide.")
    return None


def decline(
    actor: Actor, article: Article, number: int, reason: str = "", *, seen: int | None = None
) -> ArticleAct:
    """Leave the article as it is: by who could have confirmed, or by who proposed it and thinks better of it."""
    proposed = _proposal(article, number)
    (article,) = lock(article.id)
    require(actor, Act.ARTICLE_DECIDE, article)
    refuse_unseen(article, seen)
    waiting = open_proposal(article)
    if waiting is None or waiting.id != proposed.id:
        raise moved_on()
    if waiting.person_id != actor.id and (why_not := may_not_confirm(actor, article, waiting)) is not None:
        raise Refused(why_not)
    reason = _said(reason)
    act = record(article, Fate.DECLINE, actor, reason=reason, proposal=waiting)
    fate_mail.declined(article, actor, waiting, reason)
    return act


def _proposal(article: Article, number: int) -> ArticleAct:
    found = session().scalars(
        sa.select(ArticleAct).where(
            ArticleAct.article_id == article.id, ArticleAct.number == number, ArticleAct.deed == Fate.PROPOSE
        )
    ).first()  # fmt: skip
    if found is None:
        raise moved_on()
    return found


def article_at(slug: str) -> Article | None:
    """The article that has, or once had, this public address."""
    address = session().get(Address, slug)
    return session().get_one(Article, address.article_id) if address is not None else None
