"""Twelve weeks of readers for the demonstration: what they read, open, say and look for, day by day, by the clock of each day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random

import sqlalchemy as sa

from app import clock
from app.accounts import passwords
from app.db import reading, session, unit_of_work
from app.directory.models import OnlineService
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
        # Those written with care were published first, and are read most.
        cards = list(reversed(queries.live_cards()))
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
