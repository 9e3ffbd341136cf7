"""What the public side puts into « Ce qui m’attend »: for whom, until when, with a link to the very act, once."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from app import clock, jobs, working_days
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.policy import Actor
from app.waiting import Waiting, waiting_for
from drafts import review
from publish import fates, schedule, verifying
from publish import service as publishing
from publish.fate_stages import Fate
from tests.clients import PageClient
from tests.drafts.test_waiting import counted
from tests.publish.fates_world import Life, make_life
from tests.publish.press import Press, draft_called
from tests.publish.test_urgent import hurry

LIFE = "/fiches/changer-d-adresse/vie"


@pytest.fixture
def life(press: Press) -> Life:
    return make_life(press)


def told(actor: Actor) -> list[Waiting]:
    with reading():
        return list(waiting_for(actor))


def hrefs(actor: Actor) -> list[str]:
    return [item.href for item in told(actor)]


def test_a_proposal_waits_for_the_second_person_and_for_nobody_else(
    life: Life, press: Press, client: PageClient
) -> None:
    for fate in (Fate.WITHDRAW, Fate.RESTORE, Fate.REMOVE):
        number = life.propose(fate, press.sud_reviewer)
        for editor in (press.editor, life.second_editor):
            (item,) = told(editor)
            assert item.href == f"{LIFE}#en-attente" and not item.is_news
            assert press.sud_reviewer.name in item.why and item.about == "Changer d’adresse"
        for other in (press.sud_reviewer, life.second_reviewer, press.nord_reviewer, press.writer):
            assert told(other) == [], "who proposed it, acts in the same capacity, or has no say"
        life.confirm(number)
        assert told(press.editor) == told(life.second_editor) == []
    number = life.propose(Fate.RESTORE, press.editor)
    assert hrefs(press.sud_reviewer) == hrefs(life.second_reviewer) == [f"{LIFE}#en-attente"]
    assert told(press.editor) == []
    page = client.sign_in(press.sud_reviewer).get("/espace")
    assert "Confirmer ou écarter" in page.main and "À faire (1" in page.text
    assert client.get(LIFE).offers(f"{LIFE}/confirmer")
    with unit_of_work():
        fates.decline(press.sud_reviewer, life.article, number)
    assert told(press.sud_reviewer) == []


def test_a_redirection_waits_too(life: Life, press: Press) -> None:
    press.published("Une autre fiche")
    life.propose(Fate.REDIRECT, press.editor, target="une-autre-fiche")
    assert "rediriger la fiche" in told(press.sud_reviewer)[0].what


def test_a_masked_page_waits_until_its_hours_end(life: Life, press: Press) -> None:
    life.mask(press.sud_reviewer)
    end = clock.local(clock.now() + fates.MASKED_FOR).date()
    for person in (press.editor, press.sud_reviewer, life.second_reviewer):
        (item,) = told(person)
        assert (item.href, item.until, item.is_news) == (f"{LIFE}#decider", end, False)
        assert "redevient lisible" in item.why
    assert told(press.nord_reviewer) == []
    life.propose(Fate.WITHDRAW, press.sud_reviewer)
    (item,) = told(press.editor)
    assert item.href == f"{LIFE}#en-attente" and item.until == end, (
        "one line, with the hour at which it is too late"
    )
    (item,) = told(press.sud_reviewer)
    assert item.is_news and "deuxième personne" in item.what
    with clock.shifted(fates.MASKED_FOR + timedelta(minutes=1)):
        jobs.sweep()
        (item,) = told(press.editor)
        assert item.until is None and "redevient" not in item.why, "it came back; the proposal still stands"


def test_what_was_published_urgently_waits_for_the_others(press: Press, client: PageClient) -> None:
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    (before,) = told(press.sud_reviewer)
    hurry(press, draft_id, fingerprint)
    page = f"/brouillons/{draft_id}/relecture"
    last = working_days.last_day(clock.now(), 5)
    (item,) = told(press.sud_reviewer)
    assert item.href == before.href == f"{page}#visa-{press.sud}", "the same act, said once"
    assert item.what != before.what and (item.until, item.is_late) == (last, False)
    assert f'id="visa-{press.sud}"' in client.sign_in(press.sud_reviewer).get(page).source
    for person in (press.editor, press.writer):
        (item,) = told(person)
        assert item.is_news and item.until == last and item.href == f"{page}#ou-en-est-on"
    late = working_days.start_of(last + timedelta(days=1)) + timedelta(hours=9) - clock.now()
    with clock.shifted(late):
        assert told(press.nord_reviewer)[0].is_late
        assert [
            (item.is_late, item.is_news) for item in told(press.editor) if "ou-en-est-on" in item.href
        ] == [(True, False)]
    with unit_of_work():
        review.sign_off(press.sud_reviewer, draft_called(draft_id), press.sud, fingerprint)
    assert told(press.sud_reviewer) == []
    with unit_of_work():
        review.sign_off(press.nord_reviewer, draft_called(draft_id), press.nord, fingerprint)
    jobs.deliver_outbox(), jobs.deliver_outbox()
    for person in (press.editor, press.writer, press.nord_reviewer):
        assert told(person) == []


def test_who_objects_is_not_asked_to_approve(press: Press) -> None:
    draft_id = press.draft()
    hurry(press, draft_id, press.submit(draft_id))
    with unit_of_work():
        review.object_to(press.nord_reviewer, draft_called(draft_id), "Le délai est faux.")
    assert hrefs(press.nord_reviewer) == [f"/brouillons/{draft_id}/relecture#autres-reponses"]
    with unit_of_work():
        review.request_changes(press.sud_reviewer, draft_called(draft_id), "Le délai est faux.")
    # The version that is out was never approved, and its review has ended: somebody has to write the next one.
    assert [item.href for item in told(press.editor) if item.is_news] == [f"/brouillons/{draft_id}"]


def test_a_page_that_is_late_waits_for_its_office_then_for_the_editors(
    press: Press, client: PageClient
) -> None:
    press.published(review_date="2027-03-31")
    until = date(2027, 3, 31)

    def on(day: date) -> timedelta:
        return datetime.combine(day, time(10), tzinfo=clock.NOUMEA) - clock.now()

    with clock.shifted(on(until)):
        jobs.sweep()
        assert told(press.sud_reviewer) == [], "the day itself is still good"
    with clock.shifted(on(until + timedelta(days=1))):
        jobs.sweep()
        (item,) = told(press.sud_reviewer)
        assert (item.href, item.until, item.is_late) == (f"{LIFE}#verification", until, True)
        assert told(press.editor) == told(press.nord_reviewer) == told(press.writer) == []
        client.sign_in(press.sud_reviewer).get(LIFE)
    with clock.shifted(on(until + timedelta(days=20))):
        jobs.sweep()
        (item,) = told(press.editor)
        assert item.is_late and item.what == "Faire vérifier une page"
        with unit_of_work():
            article = fates.article_at("changer-d-adresse")
            assert article is not None
            verifying.still_exact(press.sud_reviewer, article, date(2028, 3, 31))
        assert told(press.editor) == told(press.sud_reviewer) == []
    with clock.shifted(on(date(2028, 4, 1))):
        jobs.sweep()
        assert told(press.sud_reviewer)[0].until == date(2028, 3, 31)


def test_a_publication_that_failed_waits_for_those_who_publish(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id, fingerprint = press.approved(both=False)
    with unit_of_work():
        schedule.schedule(
            press.editor, draft_called(draft_id), fingerprint, clock.now() + timedelta(hours=1), "Note."
        )

    def breaks(*_args: Any, **_options: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(publishing, "make_edition", breaks)
    page = f"/brouillons/{draft_id}/relecture#publier"
    with clock.shifted(timedelta(hours=1, minutes=1)):
        jobs.sweep()
    (item,) = told(press.editor)
    assert (item.href, item.is_news) == (page, True) and "Nouvel essai automatique" in item.why
    assert "disk" not in item.why and told(press.sud_reviewer) == []
    with unit_of_work():
        session().get_one(Administration, press.sud).may_publish_own = True
    assert len(told(press.sud_reviewer)) == 1
    for minutes in range(2, 300, 3):
        with clock.shifted(timedelta(hours=1, minutes=minutes)):
            jobs.sweep()
    (item,) = told(press.editor)
    assert (item.href, item.is_late, item.is_news) == (page, True, False), (
        "one line, not « Publier » beside it"
    )
    monkeypatch.undo()
    press.publish(draft_id, fingerprint)
    assert told(press.editor) == []


def test_it_costs_the_same_however_many_pages_wait(press: Press) -> None:
    costs = []
    for more in (1, 4):
        for number in range(more):
            life = make_life(press, f"Fiche {more} {number}")
            life.mask(press.sud_reviewer)
            life.propose(Fate.WITHDRAW, press.sud_reviewer)
            draft_id = press.draft(f"Urgence {more} {number}")
            hurry(press, draft_id, press.submit(draft_id))
        for person in (press.editor, press.sud_reviewer, press.writer):
            with reading(), counted() as statements:
                waiting_for(person)
            costs.append(len(statements))
    assert costs[:3] == costs[3:] and max(costs) <= 24, costs
