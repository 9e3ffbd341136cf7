"""Until when a page was found exact: reminders to the office that answers for it, and its word that nothing changed.

Each reminder is a due row of its own, so that it goes out once whatever the number of processes. What is due asks
again how the page stands: nothing is said of one that was verified or is no longer live.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app import clock, events, jobs, working_days
from app.db import session
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act, Actor, PortalRole, require
from drafts.models import Article, ArticleState
from drafts.review_mail import holding
from publish import fate_mail, shown, store
from publish.events import ArticleChanged
from publish.fate_acts import lock, record, refuse_unseen
from publish.fate_models import ArticleAct
from publish.fate_stages import Fate

SOON = "publish.review_soon"
TODAY = "publish.review_today"
PASSED = "publish.review_date_passed"
LATE = "publish.review_late"
VERY_LATE = "publish.review_very_late"
EVERY = (SOON, TODAY, PASSED, LATE, VERY_LATE)
# Days before, and working days after: time to ask a colleague, then the ladder upward (editorial model, section 4).
BEFORE = timedelta(days=30)
LATE_AFTER, VERY_LATE_AFTER = 5, 10
MORNING = time(8)
# A page nobody looks at for three years is not being looked after.
LONGEST = timedelta(days=3 * 366)


def moments(until: date) -> dict[str, datetime]:
    """When what is said about a review date, in Nouméa."""
    day = datetime.combine(until, MORNING, tzinfo=clock.NOUMEA)
    return {
        SOON: day - BEFORE,
        TODAY: day,
        # The day after, the page itself says that its date has passed.
        PASSED: working_days.start_of(until + timedelta(days=1)),
        LATE: working_days.start_of(working_days.last_day(day, LATE_AFTER), MORNING),
        VERY_LATE: working_days.start_of(working_days.last_day(day, VERY_LATE_AFTER), MORNING),
    }


def plan(article_id: int, until: date | None) -> None:
    """Plan what is to come about a review date, in the place of what was planned before.

    What lies in the past is not said any more, except, at once, that the page is late.
    """
    key, now = str(article_id), clock.now()
    if until is None:
        for kind in EVERY:
            jobs.cancel(kind, key)
        return
    for kind, at in moments(until).items():
        if at > now or kind in (PASSED, LATE):
            jobs.plan(kind, key, max(at, now), until=until.isoformat())
        else:
            jobs.cancel(kind, key)


def take_stock() -> int:
    """Plan what is to come about live pages of which nothing is planned: those that were published before there were
    reminders. Returns how many there were."""
    planned = sa.select(jobs.DueRow.key).where(jobs.DueRow.kind == LATE)
    found = [
        article
        for article in session().scalars(
            sa.select(Article).where(
                Article.state == ArticleState.LIVE, sa.cast(Article.id, sa.String).not_in(planned)
            )
        )
        if shown.exact_until(article) is not None
    ]
    for article in found:
        plan(article.id, shown.exact_until(article))
    return len(found)


def still_exact(actor: Actor, article: Article, until: date, *, seen: int | None = None) -> ArticleAct:
    """A reviewer of the lead administration has read the page, and nothing is to be changed: the next date moves.

    Raises Invalid for a day that is not to come or too far away, MovedOn when the page is not live.
    """
    (article,) = lock(article.id)
    require(actor, Act.ARTICLE_CONFIRM, article)
    refuse_unseen(article, seen)
    today = clock.local(clock.now()).date()
    if until <= today:
        raise Invalid(_("Choisissez un jour à venir pour la prochaine vérification."), field="until")
    if until > today + LONGEST:
        raise Invalid(_("Choisissez un jour d’ici à trois ans."), field="until")
    edition = shown.edition_shown(article)
    plan(article.id, until)
    return record(article, Fate.STILL_EXACT, actor, edition_id=edition.id, review_date=until)


@jobs.due(PASSED)
def _passed(_key: str, _payload: dict[str, Any]) -> None:
    store.invalidate()


def _due_article(key: str, payload: dict[str, Any]) -> tuple[Article, date] | None:
    """The article and its date, while it is live and that is still its date."""
    article = session().get(Article, int(key))
    if article is None or article.state is not ArticleState.LIVE:
        return None
    until = shown.exact_until(article)
    return (article, until) if until is not None and until.isoformat() == payload["until"] else None


def _office(article: Article) -> set[int]:
    """The people of the office that owns the page: the reviewers of the lead administration."""
    return set(holding(PortalRole.REVIEWER, [article.lead_administration_id]))


@jobs.due(SOON)
def _soon(key: str, payload: dict[str, Any]) -> None:
    if found := _due_article(key, payload):
        article, until = found
        people = _office(article) | fate_mail.writers(article)
        fate_mail.to_verify(article, people, until, is_late=False, is_today=False)


@jobs.due(TODAY)
def _today(key: str, payload: dict[str, Any]) -> None:
    if found := _due_article(key, payload):
        article, until = found
        people = _office(article) | fate_mail.writers(article)
        fate_mail.to_verify(article, people, until, is_late=False, is_today=True)


@jobs.due(LATE)
def _late(key: str, payload: dict[str, Any]) -> None:
    if found := _due_article(key, payload):
        article, until = found
        # Where the lead administration has no reviewer, nobody would hear of it.
        people = _office(article) or set(holding(PortalRole.PORTAL_EDITOR))
        fate_mail.to_verify(article, people, until, is_late=True, is_today=False)


@jobs.due(VERY_LATE)
def _very_late(key: str, payload: dict[str, Any]) -> None:
    if found := _due_article(key, payload):
        article, until = found
        fate_mail.to_verify(article, holding(PortalRole.PORTAL_EDITOR), until, is_late=True, is_today=False)


@events.on(ArticleChanged, "publish.plan_review_again")
def _live_again(news: ArticleChanged) -> None:
    """What was not said while the page was away is planned again when it is back."""
    if news.deed in (Fate.RESTORE, Fate.UNMASK):
        plan(news.article_id, shown.exact_until(session().get_one(Article, news.article_id)))
