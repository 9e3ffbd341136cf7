"""What waits for a person about public pages: decisions by two, masked pages whose time runs out, verifications."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from app import clock, jobs
from app.accounts.service import names_of
from app.db import session
from app.extensions import gettext as _
from app.policy import Actor, PortalRole
from app.waiting import Waiting, source
from drafts.models import Article, ArticleState
from publish import addresses, fates, shown, verifying
from publish.fate_mail import in_words
from publish.fate_models import ArticleAct
from publish.fate_stages import BESIDE, Fate, possible
from publish.fate_words import proposal_word
from publish.models import Edition

# Lines of one kind; who has more sees the next ones when these are done.
MOST = 50


def _decides(actor: Actor) -> sa.ColumnElement[bool] | None:
    """Articles about which a person decides; None for who decides about none."""
    if PortalRole.PORTAL_EDITOR in actor.roles:
        return sa.true()
    return Article.lead_administration_id.in_(actor.reviewer_of) if actor.reviewer_of else None


@source("fates")
def decisions(actor: Actor) -> Iterator[Waiting]:
    """Proposals that this person can confirm, and masked pages that nobody has decided about."""
    mine = _decides(actor)
    if mine is None:
        return
    mask, later = sa.orm.aliased(ArticleAct), sa.orm.aliased(ArticleAct)
    masked_at = (
        sa.select(sa.func.max(mask.at))
        .where(mask.article_id == Article.id, mask.deed == Fate.MASK)
        .scalar_subquery()
    )
    decided = sa.exists().where(
        later.article_id == Article.id, later.number > ArticleAct.number, later.deed.not_in(BESIDE)
    )
    rows = session().execute(
        sa.select(Article, Edition.slug, Edition.title, ArticleAct, masked_at)
        .join(Edition, Edition.revision_id == Article.shown_revision_id)
        .outerjoin(
            ArticleAct,
            (ArticleAct.article_id == Article.id) & (ArticleAct.deed == Fate.PROPOSE) & ~decided,
        )
        .where(mine, ArticleAct.id.is_not(None) | (Article.state == ArticleState.MASKED))
        .order_by(Article.id)
        .limit(MOST)
    ).all()  # fmt: skip
    names = names_of(act.person_id for _article, _slug, _title, act, _at in rows if act is not None)
    for article, slug, title, act, at in rows:
        back = at + fates.MASKED_FOR if article.state is ArticleState.MASKED else None
        ends = (
            _("Sans décision de deux personnes, elle redevient lisible le %(moment)s.", moment=in_words(back))
            if back is not None
            else ""
        )
        until = clock.local(back).date() if back is not None else None
        proposed = act.proposed if act is not None else None
        waits = proposed is not None and possible(article.state, proposed)
        if proposed is not None and waits and fates.may_not_confirm(actor, article, act) is None:
            who = _(
                "%(name)s le propose ; vous pouvez être la deuxième personne.",
                name=names.get(act.person_id or 0, ""),
            )
            yield Waiting(
                title,
                _("Confirmer ou écarter : %(what)s", what=proposal_word(proposed)),
                f"{who} {ends}".rstrip(),
                f"{addresses.life(slug)}#en-attente",
                until=until,
            )
        elif back is not None:
            yield Waiting(
                title,
                _("Page masquée : une deuxième personne doit confirmer")
                if waits
                else _("Décider du sort d’une page masquée"),
                ends,
                f"{addresses.life(slug)}{'#en-attente' if waits else '#decider'}",
                until=until,
                is_news=waits,
            )


@source("verifications")
def verifications(actor: Actor) -> Iterator[Waiting]:
    """Pages whose date has passed: for the reviewers of the office at once, for the portal editors ten working days
    later, as the mails go (`publish.verifying`)."""
    mine = _decides(actor)
    if mine is None:
        return
    # What is due was planned for the day after: few rows, whatever the number of pages.
    rows = session().execute(
        sa.select(Article.lead_administration_id, Edition.id, Edition.slug, Edition.title, Edition.fields)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .join(jobs.DueRow, jobs.DueRow.key == sa.cast(Article.id, sa.String))
        .where(
            mine,
            Article.state == ArticleState.LIVE,
            jobs.DueRow.kind == verifying.PASSED,
            jobs.DueRow.due_at <= clock.now(),
        )
        .order_by(jobs.DueRow.due_at)
        .limit(MOST)
    ).all()  # fmt: skip
    said = shown.said_exact([edition_id for _lead, edition_id, *_rest in rows])
    now = clock.now()
    for lead, edition_id, slug, title, fields in rows:
        until = said.get(edition_id) or shown.review_date(fields)
        if until is None or until >= clock.local(now).date():
            continue
        if lead not in actor.reviewer_of and verifying.moments(until)[verifying.VERY_LATE] > now:
            continue
        yield Waiting(
            title,
            _("Vérifier que la page est toujours exacte")
            if lead in actor.reviewer_of
            else _("Faire vérifier une page"),
            _("Sa date est passée, et la page le dit à ses lecteurs."),
            f"{addresses.life(slug)}#verification",
            until=until,
            is_late=True,
        )
