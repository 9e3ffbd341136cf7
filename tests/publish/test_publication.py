"""From an approved revision to an edition: who may, what it holds, what the database refuses."""

from __future__ import annotations

from datetime import timedelta
from xml.etree.ElementTree import Element

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.audit import AuditEntry
from app.db import OutboxRow, reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Invalid, Missing, MovedOn, Refused
from app.policy import ANONYMOUS, Actor
from drafts import canonical, review, service
from drafts.models import Article, ArticleState, DraftUpdate
from drafts.render import plain_text
from drafts.review_models import DraftAct, OpenReview, Revision
from drafts.stages import Deed, Stage
from publish import schedule
from publish import service as publishing
from publish.models import Address, Edition
from tests.clients import PageClient
from tests.makers import make_agent
from tests.publish.press import RICH, Press, block, draft_called, run

# What the page adds inside a note to say which kind it is.
LABELS = ("À noter", "Attention")


def words_of(element: Element) -> str:
    """The words of the signed text in an article's page: without its title, list of parts and foot."""
    out: list[str] = []

    def walk(node: Element) -> None:
        if node.tag in ("h1", "nav", "footer") or (node.text in LABELS and node.get("class") == "note-label"):
            out.append(node.tail or "")
            return
        out.append(node.text or "")
        for child in node:
            if child.tag in ("p", "li", "h2", "h3", "h4", "td", "th", "br"):
                out.append(" ")
            walk(child)
        out.append((" " if node.tag in ("p", "li", "h2", "h3", "h4", "td", "th") else "") + (node.tail or ""))

    walk(element)
    return " ".join("".join(out).split())


def test_the_page_shows_exactly_what_was_signed(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    page = client.get(f"/fiches/{slug}")
    with reading():
        revision = session().scalars(sa.select(Revision)).one()
        tree, fields = canonical.parse(revision.canonical)
    assert words_of(page.all("article")[0]) == " ".join(plain_text(tree).split())
    assert page.heading == fields["title"] == "Changer d’adresse"
    assert page.all("a", href="https://www.mairie.example/f")
    assert [item.text for item in page.all("strong")] == ["tous les papiers"]
    assert page.all("aside", class_="note note-warning") and page.all("th", scope="col")
    for words in (
        "Rédigé par",
        "Province du Sud",
        "Signé par",
        "Mairie de Koné",
        "31 mai 2030",
        "20 00 30",
        "Avec un compte NC Connect",
    ):
        assert words in page.main, words


def test_the_draft_goes_on_and_the_page_stays(press: Press, client: PageClient) -> None:
    draft_id, slug = press.published()
    before = client.get(f"/fiches/{slug}").response
    press.rewrite(draft_id, [*RICH, block("paragraph", "Une phrase encore secrète.", id="b99")])
    with unit_of_work():
        service.set_fields(press.writer, draft_called(draft_id), title="Un tout autre titre")
    press.submit(draft_id, "Une note encore secrète.")
    after = client.get(f"/fiches/{slug}").response
    assert after.data == before.data and after.headers["ETag"] == before.headers["ETag"]


def test_an_edition_is_numbered_credited_and_told(press: Press) -> None:
    draft_id, fingerprint = press.approved()
    with unit_of_work():
        edition = publishing.publish(press.editor, draft_called(draft_id), fingerprint)
    with reading() as current:
        draft, article = draft_called(draft_id), current.scalars(sa.select(Article)).one()
        assert draft.stage is Stage.PUBLISHED and article.state is ArticleState.LIVE
        assert article.live_revision_id == edition.revision_id
        assert current.scalars(sa.select(OpenReview)).all() == []
        assert edition.number == 1 and edition.credits == [
            {"administration": press.sud, "name": "Province du Sud"}
        ]
        assert edition.change_note == "Première publication." and edition.fingerprint == fingerprint
        assert edition.lead == "Vous déménagez ? Prévenez la mairie, puis la province."
        acts = current.scalars(sa.select(DraftAct).order_by(DraftAct.number)).all()
        assert acts[-1].deed is Deed.PUBLISH and acts[-1].person_id == press.editor.id
        audited = current.scalars(sa.select(AuditEntry).where(AuditEntry.act == "publish")).all()
        assert len(audited) == 1 and audited[0].person_id == press.editor.id
        told = current.scalars(
            sa.select(OutboxRow).where(OutboxRow.name == "publish.edition_published")
        ).one()
        assert told.payload == {"edition_id": edition.id, "article_id": article.id, "slug": edition.slug}


def test_who_may_publish(press: Press) -> None:
    draft_id, fingerprint = press.approved(both=False)
    for somebody in (press.writer, press.sud_reviewer):
        with pytest.raises(Refused), unit_of_work():
            publishing.publish(somebody, draft_called(draft_id), fingerprint)
    with pytest.raises(Missing), unit_of_work():
        publishing.publish(ANONYMOUS, draft_called(draft_id), fingerprint)
    # An administration that may publish its own articles does so by its reviewers.
    with unit_of_work():
        session().get_one(Administration, press.sud).may_publish_own = True
    with unit_of_work():
        assert publishing.publish(press.sud_reviewer, draft_called(draft_id), fingerprint).number == 1


def test_an_article_of_two_administrations_is_nobodys_own(press: Press) -> None:
    draft_id, fingerprint = press.approved()
    with unit_of_work():
        session().get_one(Administration, press.sud).may_publish_own = True
    with pytest.raises(Refused), unit_of_work():
        publishing.publish(press.sud_reviewer, draft_called(draft_id), fingerprint)


def test_not_before_it_is_approved_nor_under_another_fingerprint(press: Press) -> None:
    draft_id = press.draft()
    with pytest.raises((Refused, Missing, MovedOn)), unit_of_work():
        publishing.publish(press.editor, draft_called(draft_id), "0" * 64)
    fingerprint = press.submit(draft_id)
    with pytest.raises(Refused), unit_of_work():
        publishing.publish(press.editor, draft_called(draft_id), fingerprint)
    press.sign(draft_id, fingerprint)
    with pytest.raises(MovedOn), unit_of_work():
        publishing.publish(press.editor, draft_called(draft_id), "0" * 64)
    press.publish(draft_id, fingerprint)
    with pytest.raises(MovedOn), unit_of_work():
        publishing.publish(press.editor, draft_called(draft_id), fingerprint)


def edition_of(revision: Revision, person: Actor, **changes: object) -> Edition:
    values = {
        "article_id": revision.article_id, "revision_id": revision.id, "fingerprint": revision.fingerprint, "number": 1,
        "slug": "changer-d-adresse", "title": revision.title, "lead": "", "body": "", "plain": "", "fields": {}, "credits": [],
        "published_by": person.id, "published_at": clock.now(),
    }  # fmt: skip
    return Edition(**{**values, **changes})


def test_the_database_refuses_an_edition_without_an_outcome(press: Press) -> None:
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work() as current:
        current.add(edition_of(current.scalars(sa.select(Revision)).one(), press.editor))
    press.sign(draft_id, fingerprint)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work() as current:
        current.add(
            edition_of(current.scalars(sa.select(Revision)).one(), press.editor, fingerprint="0" * 64)
        )
    with unit_of_work() as current:
        current.add(edition_of(current.scalars(sa.select(Revision)).one(), press.editor))


def test_the_database_refuses_to_change_or_erase_an_edition(press: Press) -> None:
    press.published()
    for statement in (sa.update(Edition).values(body="<p>autre</p>"), sa.delete(Edition)):
        with pytest.raises(sa.exc.DBAPIError), unit_of_work() as current:
            current.execute(statement)


def test_the_next_edition_replaces_the_page_and_keeps_the_history(press: Press, client: PageClient) -> None:
    draft_id, slug = press.published()
    assert "dix jours" not in client.get(f"/fiches/{slug}").main
    press.rewrite(draft_id, [*RICH, block("paragraph", "Vous avez dix jours.", id="b99")])
    press.again(draft_id, "Le délai est précisé.")
    assert "Vous avez dix jours." in client.get(f"/fiches/{slug}").main
    history = client.get(f"/fiches/{slug}/historique").main
    assert history.index("Version 2") < history.index("Le délai est précisé.") < history.index("Version 1")


def test_a_renamed_article_keeps_its_old_addresses(press: Press, client: PageClient) -> None:
    draft_id, slug = press.published()
    with unit_of_work() as current:
        current.scalars(sa.select(Article)).one().slug = "demenager-pas-a-pas"
    # Not before the edition that carries the new address.
    client.get(f"/fiches/{slug}")
    client.get("/fiches/demenager-pas-a-pas", 404)
    press.rewrite(draft_id, RICH[:-1])
    assert press.again(draft_id) == "demenager-pas-a-pas"
    for old, new in (("", ""), ("/historique", "/historique")):
        answer = client.get(f"/fiches/{slug}{old}", 301)
        assert answer.location == f"/fiches/demenager-pas-a-pas{new}"
    client.get("/fiches/demenager-pas-a-pas")
    with unit_of_work() as current:
        current.scalars(sa.select(Article)).one().slug = slug
    press.rewrite(draft_id, RICH)
    assert press.again(draft_id) == slug
    assert client.get("/fiches/demenager-pas-a-pas", 301).location == f"/fiches/{slug}"
    with reading() as current:
        assert sorted(current.execute(sa.select(Address.slug, Address.is_current)).all()) == [
            (slug, True), ("demenager-pas-a-pas", False)
        ]  # fmt: skip


def test_a_dangerous_link_does_not_even_get_into_a_draft(press: Press) -> None:
    """The gate judges what the server writes as well. What the renderer does with one is tested in tests/drafts."""
    with pytest.raises(Invalid):
        press.draft(tree=[RICH[0], block("paragraph", run("ici", href="javascript:alert(1)"), id="b2")])
    with reading() as current:
        assert current.scalar(sa.select(sa.func.count()).select_from(DraftUpdate)) == 0


def test_the_short_way_takes_three_acts_by_two_people(press: Press, client: PageClient) -> None:
    with unit_of_work():
        session().get_one(Administration, press.sud).may_publish_own = True
    draft_id = press.draft(both=False)  # written
    fingerprint = press.submit(draft_id)  # proposed
    with unit_of_work():  # read, signed and published, by another person
        edition = publishing.sign_and_publish(press.sud_reviewer, draft_called(draft_id), fingerprint)
    assert client.get(f"/fiches/{edition.slug}").heading == "Changer d’adresse"
    with reading() as current:
        people = set(current.scalars(sa.select(DraftAct.person_id).where(DraftAct.person_id.is_not(None))))
    assert people == {press.writer.id, press.sud_reviewer.id}


def test_the_publisher_is_the_second_pair_of_eyes_of_one_administration(press: Press) -> None:
    """The one reviewer wrote the text and signs for the competence; the editor reads and publishes."""
    with unit_of_work():
        writing_reviewer = make_agent(session().get_one(Administration, press.sud), reviewer=True)
        from app.accounts.models import Person
        from labs.models import Lab
        from labs.roles import Right
        from labs.service import add_member

        add_member(
            press.writer,
            session().get_one(Lab, press.lab_id),
            session().get_one(Person, writing_reviewer.id),
            Right.WRITE,
        )
    draft_id = press.draft(both=False)
    with unit_of_work():
        service.replace_text(
            writing_reviewer, draft_called(draft_id), [*RICH, block("paragraph", "De ma main.", id="b98")]
        )
    fingerprint = press.submit(draft_id)
    with unit_of_work():
        review.sign_off(writing_reviewer, draft_called(draft_id), press.sud, fingerprint)
    with unit_of_work():
        assert publishing.sign_and_publish(press.editor, draft_called(draft_id), fingerprint).number == 1


def test_the_short_way_does_nothing_where_somebody_else_is_needed(press: Press) -> None:
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    for somebody in (press.editor, press.sud_reviewer, press.writer):
        with pytest.raises(Refused), unit_of_work():
            publishing.sign_and_publish(somebody, draft_called(draft_id), fingerprint)
    with reading() as current:
        assert draft_called(draft_id).stage is Stage.IN_REVIEW
        assert current.scalars(sa.select(Edition)).all() == []
        assert [act.deed for act in current.scalars(sa.select(DraftAct))] == [Deed.CREATE, Deed.SUBMIT]


def test_a_planned_publication_comes_at_its_moment(press: Press, client: PageClient) -> None:
    draft_id, fingerprint = press.approved()
    with pytest.raises(Invalid), unit_of_work():
        schedule.schedule(
            press.editor, draft_called(draft_id), fingerprint, clock.now() - timedelta(minutes=1)
        )
    with unit_of_work():
        schedule.schedule(press.editor, draft_called(draft_id), fingerprint, clock.now() + timedelta(hours=1))
    jobs.sweep()
    client.get("/fiches/changer-d-adresse", 404)
    with reading():
        assert draft_called(draft_id).stage is Stage.SCHEDULED
        assert schedule.scheduled_for(draft_called(draft_id)) is not None
    with clock.shifted(timedelta(hours=2)):
        jobs.sweep()
        client.get("/fiches/changer-d-adresse")


def test_a_planned_publication_can_be_called_off(press: Press, client: PageClient) -> None:
    draft_id, fingerprint = press.approved()
    with unit_of_work():
        schedule.schedule(press.editor, draft_called(draft_id), fingerprint, clock.now() + timedelta(hours=1))
    with unit_of_work():
        schedule.cancel(press.editor, draft_called(draft_id))
    with clock.shifted(timedelta(hours=2)):
        jobs.sweep()
        client.get("/fiches/changer-d-adresse", 404)
    press.publish(draft_id, fingerprint)


def test_the_page_says_that_its_review_date_has_passed(press: Press, client: PageClient) -> None:
    _draft, slug = press.published(
        review_date=(clock.local(clock.now()).date() + timedelta(days=3)).isoformat()
    )
    assert "Cette date est passée" not in client.get(f"/fiches/{slug}").main
    with clock.shifted(timedelta(days=5)):
        jobs.sweep()
        client.app.extensions["openlab_shelf"].look()
        assert "Cette date est passée" in client.get(f"/fiches/{slug}").main
