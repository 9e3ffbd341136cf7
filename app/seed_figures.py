"""Twelve weeks of readers for the demonstration: what they read, open, say and look for, day by day, by the clock of each day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random

import sqlalchemy as sa

from app import clock
from app.accounts import passwords
from app.accounts import service as accounts
from app.db import reading, session, unit_of_work
from app.directory.models import OnlineService
from drafts import log, plain_exceptions, plain_frozen
from drafts.models import Draft
from drafts.plain_french import asking
from drafts.plain_models import PlainException, PlainOverride
from drafts.review_models import OpenReview, Revision
from drafts.stages import Stage
from publish import misses, openings, queries, reads, subscription_queries, subscriptions, voice
from publish.figure_models import ArticleRead
from publish.queries import Card
from publish.subscription_models import Pace, Subscriber, Subscription
from publish.voice_models import Clarity

DAYS = 84
# Of the articles the first ones are read most, by the law that holds of most collections (Zipf, 1949).
READS_A_DAY, OPENINGS_A_DAY, ANSWERS_A_DAY = 90, 8, 6
WEEKEND = 0.4
# What people look for, and no article of the demonstration tells.
IN_VAIN = ("patinoire", "chasse au cerf", "drone permis", "halte garderie", "recyclage batterie")
# Who follows what: an address, the way to find it, how soon they hear.
FOLLOWERS = (
    ("lectrice@lecteurs.example", "theme", "logement", Pace.WEEKLY),
    ("lectrice@lecteurs.example", "administration", "province-sud", Pace.DAILY),
    ("parent@lecteurs.example", "theme", "education-formation", Pace.AT_ONCE),
)
BROWSER = {"user-agent": "Mozilla/5.0 (demonstration)"}


def add_figures(progress: Callable[[str, int, int], None]) -> None:
    """Each day in two transactions; a day that has its reads was made before."""
    with reading():
        # Those written with care were made first, and are read most.
        cards = sorted(queries.live_cards(), key=lambda card: card.article_id)
        services = list(session().scalars(sa.select(OnlineService.slug).order_by(OnlineService.slug)))
    dice = Random(20270310)  # nosec B311 # invented figures, the same at each start
    for back in range(DAYS, 0, -1):
        with clock.shifted(-timedelta(days=back)):
            day = clock.local(clock.now()).date()
            busy = WEEKEND if day.weekday() >= 5 else 1.0
            # Grows a little from week to week, as a portal does that is new.
            much = busy * (1.3 - 0.6 * back / DAYS)
            with reading():
                is_there = session().scalar(sa.select(ArticleRead.day).where(ArticleRead.day == day).limit(1))
            if is_there is None and cards:
                with unit_of_work():
                    _say_and_seek(dice, cards, services, back, much)
                _read(dice, cards, round(READS_A_DAY * much * dice.uniform(0.8, 1.2)))
        progress("Readers", DAYS - back + 1, DAYS)
    with unit_of_work():
        for email, kind, slug, pace in FOLLOWERS:
            _follow(email, kind, slug, pace)


def _read(dice: Random, cards: Sequence[Card], times: int) -> None:
    weights = [1 / (place + 3) for place in range(len(cards))]
    for card in dice.choices(cards, weights, k=times):
        reads.note(card.slug, BROWSER.get)
    reads.write()


def _say_and_seek(
    dice: Random, cards: Sequence[Card], services: Sequence[str], back: int, much: float
) -> None:
    for slug in dice.choices(services, k=round(OPENINGS_A_DAY * much)) if services else ():
        openings.note_opening(slug)
    for number in range(round(ANSWERS_A_DAY * much)):
        place = min(int(dice.expovariate(0.15)), len(cards) - 1)
        mark = f"{back:016x}{number:016x}"
        # Some texts help less than others, so that somebody looks into them.
        helped = dice.random() < (0.45 if place % 4 == 3 else 0.82)
        clarity = dice.choice([None, Clarity.CLEAR, Clarity.CLEAR if helped else Clarity.HARD])
        voice.say_helped(mark, cards[place], helped, clarity)
        if helped and dice.random() < 0.5:
            voice.like(mark, cards[place])
    if dice.random() < 0.4:
        misses.count(dice.choice(IN_VAIN))


def _follow(email: str, kind: str, slug: str, pace: Pace) -> None:
    found = (
        subscription_queries.theme_followed(slug)
        if kind == "theme"
        else subscription_queries.office_followed(slug)
    )
    if found is None:
        return
    subscriptions.ask(email, found, pace, key=passwords.digest(f"{kind}:{slug}")[:32])
    for row in session().scalars(sa.select(Subscription).join(Subscriber).where(Subscriber.email == email)):
        if row.confirmed_at is None:
            subscriptions.confirm(row)


# Why the texts under review were proposed with findings left, and why a writer leaves one as it is.
PROPOSED_SO = "Les mots de la délibération sont repris tels quels, à la demande du service juridique."
LEFT_SO = "C’est le nom officiel de la démarche."


def add_scores(progress: Callable[[str, int, int], None]) -> None:
    """What the rules of plain French say of every frozen version; reasons of those who proposed, and of one who writes."""
    with reading():
        total = plain_frozen.waiting()
    done = 0
    while (read := plain_frozen.read_waiting(1.0)) and total:
        done += read
        progress("Frozen versions read", done, total)
    with reading():
        proposed = session().scalars(
            sa.select(OpenReview.revision_id)
            .outerjoin(PlainOverride, PlainOverride.revision_id == OpenReview.revision_id)
            .where(PlainOverride.revision_id.is_(None))
        )
        waiting = [(one.id, one.tree) for one in map(_revision, proposed)]
        is_left = session().scalar(sa.select(PlainException.id).limit(1)) is not None
        written = session().scalars(
            sa.select(Draft.id)
            .where(Draft.stage == Stage.WRITING, Draft.trashed_at.is_(None))
            .order_by(Draft.id)
        )
        drafts = [] if is_left else list(written)
    for revision_id, tree in waiting:
        seen = plain_frozen.Look(tree, asking.text_read(tree))
        with unit_of_work():
            revision = _revision(revision_id)
            plain_frozen.keep(accounts.actor_for_person(revision.created_by), revision, seen, PROPOSED_SO)
    for draft_id in drafts:
        with reading():
            tree = log.text(draft_id).tree
        found = [one for one in asking.text_read(tree).findings if one.rule.value == "formula"]
        if found:
            with unit_of_work():
                draft = session().get_one(Draft, draft_id)
                writer = accounts.actor_for_person(draft.created_by)
                one = found[0]
                plain_exceptions.leave(writer, draft, one.block_id or "", one.rule.value, one.words, LEFT_SO)
            return


def _revision(revision_id: int) -> Revision:
    return session().get_one(Revision, revision_id)
