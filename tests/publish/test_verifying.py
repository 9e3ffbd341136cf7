"""A page is looked at again before its date: reminders, each once, by one process or two; the page says how it stands."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.db import reading, unit_of_work
from app.errors import Invalid, MovedOn, Refused
from drafts.models import ArticleState
from publish import shown, verifying
from publish.fate_stages import Fate
from tests.clients import PageClient
from tests.publish.fates_world import Life, make_life, told
from tests.publish.press import Press

SUBJECTS = ("À vérifier bientôt", "À vérifier aujourd", "Vérification en retard")


def day(days: int) -> date:
    return clock.local(clock.now()).date() + timedelta(days=days)


@pytest.fixture
def life(press: Press) -> Life:
    return make_life(press, review_date=day(60).isoformat())


def at(moment: str, until: date) -> timedelta:
    """How far away a moment of a review date is, and a minute more."""
    return verifying.moments(until)[moment] - clock.now() + timedelta(minutes=1)


def test_reminders_come_each_once_and_climb(life: Life) -> None:
    press, until = life.press, day(60)
    office = sorted({press.sud_reviewer.email, life.second_reviewer.email})
    jobs.sweep()
    assert [told(subject) for subject in SUBJECTS] == [[], [], []]
    everybody = sorted([*office, press.writer.email])
    for kind, subject, people in (
        (verifying.SOON, SUBJECTS[0], everybody),
        (verifying.TODAY, SUBJECTS[1], everybody),
        (verifying.LATE, SUBJECTS[2], office),
        (verifying.VERY_LATE, SUBJECTS[2], sorted([*office, press.editor.email, life.second_editor.email])),
    ):
        with clock.shifted(at(kind, until)):
            jobs.sweep(), jobs.sweep()
        assert told(subject) == people, kind


def test_still_exact_moves_the_date_and_nobody_is_reminded_of_the_old_one(
    life: Life, client: PageClient
) -> None:
    with unit_of_work():
        verifying.still_exact(life.press.sud_reviewer, life.article, day(400))
    with clock.shifted(at(verifying.VERY_LATE, day(60))):
        jobs.sweep()
    assert [told(subject) for subject in SUBJECTS] == [[], [], []]
    assert life.deeds() == [Fate.PUBLISH, Fate.STILL_EXACT] and life.audited() == ["still_exact"]
    page = client.get(f"/fiches/{life.slug}").main
    assert str(day(400).year) in page
    with clock.shifted(at(verifying.SOON, day(400))):
        jobs.sweep()
    assert told(SUBJECTS[0])


def test_who_may_not_say_so_and_which_days_will_not_do(life: Life) -> None:
    for somebody in (life.press.writer, life.press.nord_reviewer, life.press.editor):
        with pytest.raises(Refused), unit_of_work():
            verifying.still_exact(somebody, life.article, day(100))
    for until in (day(0), day(-1), day(3 * 366 + 1)):
        with pytest.raises(Invalid), unit_of_work():
            verifying.still_exact(life.press.sud_reviewer, life.article, until)
    life.mask()
    with pytest.raises(MovedOn), unit_of_work():
        verifying.still_exact(life.press.sud_reviewer, life.article, day(100))
    assert life.deeds() == [Fate.PUBLISH, Fate.MASK]


def test_a_page_that_is_away_waits_for_nobody_and_is_looked_at_when_it_is_back(life: Life) -> None:
    life.decide(Fate.WITHDRAW)
    with clock.shifted(at(verifying.LATE, day(60))):
        jobs.sweep()
        assert [told(subject) for subject in SUBJECTS] == [[], [], []]
        life.decide(Fate.RESTORE)
        assert life.state is ArticleState.LIVE
        jobs.deliver_outbox(), jobs.deliver_outbox()
        jobs.sweep(), jobs.sweep()
        assert told(SUBJECTS[2]) == sorted([life.press.sud_reviewer.email, life.second_reviewer.email])


def test_a_new_edition_has_a_date_of_its_own(press: Press, life: Life) -> None:
    with unit_of_work():
        verifying.still_exact(press.sud_reviewer, life.article, day(400))
    press.again(1)
    with reading():
        assert shown.exact_until(life.article) == day(60)


def test_pages_from_before_there_were_reminders_get_theirs_once(life: Life) -> None:
    with unit_of_work() as current:
        current.execute(sa.delete(jobs.DueRow))
    with unit_of_work():
        assert verifying.take_stock() == 1
    with clock.shifted(at(verifying.LATE, day(60))):
        jobs.sweep()
        with unit_of_work():
            assert verifying.take_stock() == 0
        jobs.sweep()
    assert told(SUBJECTS[2]) == sorted([life.press.sud_reviewer.email, life.second_reviewer.email])


def test_the_list_of_what_is_late(press: Press, life: Life, client: PageClient) -> None:
    make_life(press, "Une autre fiche", review_date=day(2000).isoformat())
    with clock.shifted(timedelta(days=70)):
        for somebody in (press.editor, press.sud_reviewer):
            page = client.sign_in(somebody).get("/verifications")
            assert "Changer d’adresse" in page.main and "En retard" in page.main
            assert "Une autre fiche" not in page.main
        assert "Changer d’adresse" not in client.sign_in(press.nord_reviewer).get("/verifications").main
        client.app.testing = False
        client.sign_in(press.writer).get("/verifications", 403)
