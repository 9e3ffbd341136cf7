"""Published before its review came out: by whom, marked until when, approved by others, and never by fewer than two."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from babel.dates import format_date

from app import clock, events, jobs, working_days
from app.accounts.models import Person, PersonStatus
from app.accounts.service import give_role
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.policy import Actor
from drafts import review, service, substituting, withdrawing
from drafts.models import Article, ArticleState
from drafts.review_models import RevisionPart
from drafts.scopes import proposed_for
from drafts.stages import Stage
from publish import pages, urgent
from publish import service as publishing
from publish.fate_models import UrgentPublication
from publish.models import Edition
from tests.clients import PageClient
from tests.drafts.review_world import refused_by_database
from tests.makers import actor as actor_of
from tests.publish.fates_world import told
from tests.publish.press import RICH, Press, block, draft_called
from tests.publish.test_publication import edition_of

WHY = "Le cyclone arrive cette nuit."
PAGE = "/fiches/changer-d-adresse"


def hurry(
    press: Press, draft_id: int, fingerprint: str, actor: Actor | None = None, reason: str = WHY
) -> None:
    with unit_of_work():
        urgent.publish_urgently(actor or press.editor, draft_called(draft_id), fingerprint, reason)


def stage_of(draft_id: int) -> Stage:
    with reading():
        return draft_called(draft_id).stage


@pytest.fixture
def hurried(press: Press) -> tuple[int, str]:
    """(draft, fingerprint) of a text that is out while its review goes on."""
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    hurry(press, draft_id, fingerprint)
    return draft_id, fingerprint


def test_it_is_out_at_once_and_says_until_when(
    press: Press, client: PageClient, hurried: tuple[int, str]
) -> None:
    page = client.get(PAGE)
    last = working_days.last_day(clock.now(), 5)
    assert "En cours de relecture" in page.main and str(last.day) in page.main
    assert "Vérifié le" not in page.main, "nobody else has read it yet"
    assert stage_of(hurried[0]) is Stage.IN_REVIEW, "the review goes on"
    everybody = {press.sud_reviewer.email, press.nord_reviewer.email, press.writer.email}
    assert everybody <= set(told("Publié en urgence"))
    with reading():
        told_programs = client.http.get("/api/v1/articles/changer-d-adresse").json
        assert told_programs["in_review_until"] == last.isoformat() and told_programs["verified_at"] is None


def test_approved_by_the_others_the_mention_goes(
    press: Press, client: PageClient, hurried: tuple[int, str]
) -> None:
    press.sign(*hurried)
    jobs.deliver_outbox(), jobs.deliver_outbox()
    assert stage_of(hurried[0]) is Stage.PUBLISHED
    page = client.get(PAGE)
    assert "En cours de relecture" not in page.main and "Vérifié le" in page.main
    with reading() as current:
        article = current.scalars(sa.select(Article)).one()
        assert article.urgent_revision_id is None and article.live_revision_id is not None
        assert current.scalar(sa.select(sa.func.count()).select_from(Edition)) == 1
    with clock.shifted(timedelta(days=20)):
        jobs.sweep()
    assert told("Toujours pas relu") == []


def test_the_page_says_who_has_signed_by_now(
    press: Press, client: PageClient, hurried: tuple[int, str]
) -> None:
    """What stands in the frame of every page holds for this one too: nobody is said to have signed who has not."""
    draft_id, fingerprint = hurried
    out_on = today()
    for path in (PAGE, f"{PAGE}/historique", "/"):
        frame = client.get(path).text
        assert "signées par chacune" not in frame and "relue et signée par chacun" not in frame, path
        assert "avant d’être publiée" not in frame and "telle qu’elle a été signée" not in frame, path
        assert "qui l’a signée" in frame, path
    assert signed_on(client) == {
        "Pas encore signé par": "Mairie de Koné et Province du Sud",
        "Publié en urgence le": out_on,
    }
    assert "avant la fin de sa relecture" in client.get(PAGE).main
    assert "avant la fin de sa relecture" in client.get(f"{PAGE}/historique").main
    with unit_of_work():
        review.sign_off(press.nord_reviewer, draft_called(draft_id), press.nord, fingerprint)
    jobs.deliver_outbox()
    look()
    assert signed_on(client) == {
        "Signé par": "Mairie de Koné",
        "Pas encore signé par": "Province du Sud",
        "Publié en urgence le": out_on,
    }
    with clock.shifted(timedelta(days=3)):
        with unit_of_work():
            review.sign_off(press.sud_reviewer, draft_called(draft_id), press.sud, fingerprint)
        jobs.deliver_outbox(), jobs.deliver_outbox()
        approved_on = today()
    look()
    assert signed_on(client) == {
        "Signé par": "Mairie de Koné et Province du Sud",
        "Publié en urgence le": out_on,
        "Vérifié le": approved_on,
    }
    assert f"puis approuvée le {approved_on}" in client.get(f"{PAGE}/historique").main


def test_a_signature_that_is_taken_back_leaves_the_page(press: Press, client: PageClient) -> None:
    """Carried into the version that is published urgently, then withdrawn by its signer."""
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    with unit_of_work():
        review.sign_off(press.nord_reviewer, draft_called(draft_id), press.nord, fingerprint)
        review.retract(press.writer, draft_called(draft_id))
    assert press.submit(draft_id) == fingerprint
    hurry(press, draft_id, fingerprint)
    assert signed_on(client)["Signé par"] == "Mairie de Koné"
    with unit_of_work():
        withdrawing.withdraw_sign_off(press.nord_reviewer, draft_called(draft_id), None, "Signé trop vite.")
    jobs.deliver_outbox()
    look()
    assert "Signé par" not in signed_on(client)
    assert "Mairie de Koné" in signed_on(client)["Pas encore signé par"]


def test_who_read_a_part_and_who_stood_in_is_said(press: Press, client: PageClient) -> None:
    with unit_of_work():
        session().get_one(Person, press.nord_reviewer.id).status = PersonStatus.SUSPENDED
    draft_id = press.draft()
    with unit_of_work():
        draft = draft_called(draft_id)
        revision = review.submit(press.writer, draft, scopes={press.nord: ["b3"]})
        fingerprint, part = revision.fingerprint, proposed_for(revision.id)[press.nord].fingerprint
    hurry(press, draft_id, fingerprint)
    with unit_of_work():
        session().get_one(Person, press.nord_reviewer.id).status = PersonStatus.ACTIVE
        review.sign_off(press.nord_reviewer, draft_called(draft_id), press.nord, part)
    jobs.deliver_outbox()
    look()
    assert signed_on(client)["Signé, pour une partie du texte, par"] == "Mairie de Koné"

    with unit_of_work():
        session().get_one(Person, press.nord_reviewer.id).status = PersonStatus.SUSPENDED
    other = press.draft("Changer de nom")
    fingerprint = press.submit(other)
    hurry(press, other, fingerprint)
    with unit_of_work():
        substituting.name_substitute(press.sud_reviewer, draft_called(other), press.nord, "Vu avec le maire.")
        review.sign_off(press.sud_reviewer, draft_called(other), press.nord, fingerprint)
    jobs.deliver_outbox()
    look()
    said = signed_on(client, "/fiches/changer-de-nom")
    assert said["Signé par un suppléant pour"] == "Mairie de Koné" and "Signé par" not in said


def signed_on(client: PageClient, path: str = PAGE) -> dict[str, str]:
    """What stands under an article, without who wrote it and when it is to be verified: {term: words}."""
    (footer,) = client.get(path).all("footer", class_="signed")
    terms = [(term.text or "").strip() for term in footer.iter("dt")]
    words = [" ".join("".join(node.itertext()).split()) for node in footer.iter("dd")]
    said = dict(zip(terms, words, strict=True))
    del said["Rédigé par"], said["À vérifier avant le"]
    return said


def today() -> str:
    return str(format_date(clock.local(clock.now()).date(), "d MMMM y", locale="fr"))


def look() -> None:
    """Each process looks once a second whether pages are to be made again."""
    pages.look_now(events.Event())


def test_everybody_is_told_daily_until_it_is_approved(press: Press, hurried: tuple[int, str]) -> None:
    last = working_days.last_day(clock.now(), 5)
    start = working_days.start_of(last) - clock.now() + timedelta(hours=9)
    with clock.shifted(start):
        jobs.sweep()
        assert told("Toujours pas relu") == []
    for number in (1, 2, 3):
        with clock.shifted(start + timedelta(days=number)):
            jobs.sweep(), jobs.sweep()
        assert told("Toujours pas relu").count(press.sud_reviewer.email) == number


@pytest.mark.parametrize("who", ["writer", "sud_reviewer", "nord_reviewer"])
def test_only_a_portal_editor_with_a_reason(press: Press, client: PageClient, who: str) -> None:
    draft_id = press.draft()
    with pytest.raises(DomainError):
        hurry(press, draft_id, "0" * 64)
    fingerprint = press.submit(draft_id)
    for actor, seen, reason, error in (
        (getattr(press, who), fingerprint, WHY, Refused),
        (press.editor, "0" * 64, WHY, MovedOn),
        (press.editor, fingerprint, " ", Invalid),
    ):
        with pytest.raises(error):
            hurry(press, draft_id, seen, actor, reason)
    client.get(PAGE, 404)
    hurry(press, draft_id, fingerprint)
    with pytest.raises(MovedOn):
        hurry(press, draft_id, fingerprint)


def test_who_published_alone_is_not_the_second_pair_of_eyes(press: Press) -> None:
    """An editor who is a reviewer as well: by the verb and by the database, before and after."""
    with unit_of_work():
        person = session().get_one(Person, press.editor.id)
        give_role_of(person, press.nord)
        both = actor_of(person)
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    hurry(press, draft_id, fingerprint, both)
    with pytest.raises(DomainError), unit_of_work():
        review.sign_off(both, draft_called(draft_id), press.nord, fingerprint)
    with reading():
        revision_id = session().scalars(sa.select(UrgentPublication.revision_id)).one()
    part = sa.insert(RevisionPart).values(
        revision_id=revision_id,
        person_id=both.id,
        part="second_eyes",
        inserted=0,
        deleted=0,
        attributes=0,
        fields=0,
    )
    assert "approved by others" in refused_by_database(part)
    press.sign(draft_id, fingerprint)
    jobs.deliver_outbox()
    assert stage_of(draft_id) is Stage.PUBLISHED


def test_alone_competent_another_person_has_to_read_it(press: Press, client: PageClient) -> None:
    """Where the publisher may be the second pair of eyes, it is not the one who has published urgently."""
    draft_id = press.draft(both=False)
    fingerprint = press.submit(draft_id)
    hurry(press, draft_id, fingerprint)
    with pytest.raises(Refused), unit_of_work():
        publishing.sign_and_publish(press.editor, draft_called(draft_id), fingerprint)
    page = client.sign_in(press.editor).get(f"/brouillons/{draft_id}/relecture")
    assert "une autre personne doit l’approuver" in page.main
    with unit_of_work():
        session().get_one(Administration, press.sud).may_publish_own = True
    with unit_of_work():
        # The short way of another person: signs, and what is out already is approved by it.
        edition = publishing.sign_and_publish(press.sud_reviewer, draft_called(draft_id), fingerprint)
        assert edition.number == 1
    assert stage_of(draft_id) is Stage.PUBLISHED


def give_role_of(person: Person, place_id: int) -> None:
    from app.policy import PortalRole

    give_role(person, PortalRole.REVIEWER, session().get_one(Administration, place_id))


def test_words_that_nobody_read_stay_their_authors(
    press: Press, client: PageClient, hurried: tuple[int, str]
) -> None:
    """After a request for changes the next version is read whole: who wrote it is nobody's second pair of eyes."""
    draft_id = hurried[0]
    with unit_of_work():
        review.request_changes(press.sud_reviewer, draft_called(draft_id), "Le délai est faux.")
    assert "En cours de relecture" in client.get(PAGE).main
    press.rewrite(draft_id, [*RICH, block("paragraph", "Un mot.", id="b99")])
    fingerprint = press.submit(draft_id, "Corrigée.")
    with reading():
        revision = review.open_revision(draft_called(draft_id))
        assert revision is not None
        made = review.contributions(revision).people_since
        assert sum(line.inserted for line in made) > 100
    press.sign(draft_id, fingerprint)
    press.publish(draft_id, fingerprint)
    assert "En cours de relecture" not in client.get(PAGE).main and "Un mot." in client.get(PAGE).main


def test_the_database_wants_an_outcome_or_an_urgency(press: Press) -> None:
    draft_id = press.draft()
    press.submit(draft_id)
    with reading():
        revision = review.open_revision(draft_called(draft_id))
        assert revision is not None
        row = edition_of(revision, press.editor)
        values = {
            column.name: getattr(row, column.key)
            for column in Edition.__mapper__.columns
            if column.key != "id"
        }
    values["change_note"] = ""
    assert "approved, or published urgently" in refused_by_database(sa.insert(Edition).values(**values))
    alone = sa.update(Article).values(urgent_revision_id=revision.id)
    assert "edition of its own" in refused_by_database(alone)
    hurry(press, draft_id, revision.fingerprint)
    for statement in (sa.update(UrgentPublication).values(reason="Non."), sa.delete(UrgentPublication)):
        assert "append-only" in refused_by_database(statement)


def test_on_the_page_of_the_review(press: Press, client: PageClient) -> None:
    draft_id = press.draft()
    press.submit(draft_id)
    base = f"/brouillons/{draft_id}"
    client.sign_in(press.editor).get(f"{base}/relecture")
    refused = client.send(f"{base}/publication/urgence", 422, motif="")
    assert "pourquoi" in refused.main
    client.get(f"{base}/relecture")
    client.send(f"{base}/publication/urgence", motif=WHY)
    assert "déjà en ligne" in client.follow().main
    with reading():
        assert draft_called(draft_id).article.state is ArticleState.LIVE
    client.sign_in(press.sud_reviewer).get(f"{base}/relecture")
    assert client.page is not None and not client.page.offers(f"{base}/publication/urgence")
    client.app.config["WTF_CSRF_ENABLED"] = client.app.testing = False
    data = {"motif": WHY, "empreinte": "0" * 64}
    assert client.http.post(f"{base}/publication/urgence", data=data).status_code == 403


def test_who_writes_on_writes_for_the_next_version(
    press: Press, hurried: tuple[int, str], client: PageClient
) -> None:
    with unit_of_work():
        service.set_fields(press.writer, draft_called(hurried[0]), title="Un autre titre")
    assert client.get(PAGE).heading == "Changer d’adresse"
