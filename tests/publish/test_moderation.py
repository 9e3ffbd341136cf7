"""The moderators' desk: what waits in its turn, one decision each, which two cannot both take and one can take back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts import erasing
from app.accounts.models import Person
from app.accounts.service import actor_for_person
from app.audit import AuditEntry
from app.db import database, reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Invalid, MovedOn, Refused
from app.waiting import waiting_for
from publish import comments, moderation, moderation_queries
from publish.comment_models import Comment, CommentDecision, Deed, Reason, Standing
from tests.clients import PageClient
from tests.drafts.test_erasing import traces
from tests.makers import make_agent
from tests.publish.commenting import (
    all_comments,
    card_of,
    decided,
    filed,
    fresh,
    key_of,
    moderator,
    the_comment,
    written,
)
from tests.publish.press import Press


@pytest.fixture
def slug(press: Press) -> str:
    fresh()
    return press.published()[1]


def version_of(number: int) -> int:
    with reading():
        return session().get_one(Comment, number).version


def test_two_moderators_at_one_moment(client: PageClient, press: Press, slug: str) -> None:
    first, second = moderator(press), moderator(press)
    number = filed(slug, "a", "Appelez le 26 54 12.")
    here, there = PageClient(client.app).sign_in(first), PageClient(client.app).sign_in(second)
    action = f"/moderation/commentaires/{number}"
    page = here.get("/moderation")
    assert "<mark>26 54 12</mark>" in page.source and "donnée personnelle possible" in page.main
    there.get("/moderation")
    here.send(action, decision="publier")
    assert "Le commentaire est publié" in here.follow().main
    page = there.post(
        action, {**there.page.form(action).values, "decision": "refuser", "motif": "insult"}, 409
    )
    assert f"{first.name} vient de publier ce commentaire." in page.main.replace("\u00a0", " ")
    assert the_comment().standing is Standing.SHOWN
    with reading():
        assert [row.person_id for row in session().scalars(sa.select(CommentDecision))] == [first.id]
        acts = list(session().scalars(sa.select(AuditEntry.act).where(AuditEntry.object_kind == "comment")))
        assert acts == ["show_comment"]
    # The database takes one number once, whoever asks.
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().add(
            CommentDecision(comment_id=number, number=1, deed=Deed.HIDE, before=Standing.SHOWN,
                            standing=Standing.HIDDEN, reason=Reason.OTHER, words="x", person_id=second.id, at=clock.now())
        )  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().add(
            CommentDecision(comment_id=number, number=2, deed=Deed.REFUSE, before=Standing.WAITING,
                            standing=Standing.REFUSED, words="", person_id=second.id, at=clock.now())
        )  # fmt: skip


def test_a_refusal_says_why_and_can_be_taken_back(client: PageClient, press: Press, slug: str) -> None:
    who = moderator(press)
    written(client, slug)
    own, number = client.page.location.partition("?")[0], the_comment().id
    desk, action = PageClient(client.app).sign_in(who), f"/moderation/commentaires/{number}"
    desk.get("/moderation")
    values = {**desk.page.form(action).values, "decision": "refuser"}
    assert "Choisissez pourquoi." in desk.post(action, values, 422).main
    page = desk.post(action, {**values, "motif": "other"}, 422)
    assert "Dites la raison" in page.main
    page = desk.post(action, {**values, "motif": "other", "mots": "x" * 501}, 422)
    assert "500 caractères" in page.main.replace("\u00a0", " ") and "x" * 501 in page.source
    desk.post(action, {**values, "motif": "other", "mots": "Écrivez sans crier."})
    page = client.get(own)
    assert "Il n’est pas publié." in page.main and "Écrivez sans crier." in page.main
    desk.get("/moderation")
    desk.post(action, {**desk.page.form(action).values, "decision": "annuler"})
    assert the_comment().standing is Standing.WAITING and the_comment().turn is not None
    assert "Un modérateur va le lire." in client.get(own).main
    # The same button again, from a page that is old by now.
    with pytest.raises(MovedOn), unit_of_work():
        moderation.undo(who, number, 1)
    with reading():
        assert [row.deed for row in moderation_queries.decided_last()] == [Deed.UNDO, Deed.REFUSE]
    # Once the words have gone there is nothing to come back to.
    decided(who, number, Deed.REFUSE, Reason.INSULT)
    with clock.shifted(timedelta(days=31)), unit_of_work():
        comments.forget_old()
    with pytest.raises(MovedOn, match="effacés"), unit_of_work():
        moderation.undo(who, number, 3)


def test_what_its_author_does_meanwhile_is_told(press: Press, slug: str) -> None:
    who, number = moderator(press), filed(slug, "a")
    seen = version_of(number)
    with unit_of_work():
        comments.correct(comments.locked(number), seen, "Léa", "Tout autre chose.")
    with pytest.raises(MovedOn, match="relisez"), unit_of_work():
        moderation.decide(who, number, seen, Deed.SHOW)
    with unit_of_work():
        comments.withdraw(comments.locked(number))
    with pytest.raises(MovedOn, match="auteur a retiré"), unit_of_work():
        moderation.decide(who, number, version_of(number), Deed.SHOW)


def test_only_moderators_decide(client: PageClient, press: Press, slug: str) -> None:
    who, number = moderator(press), filed(slug, "a")
    for actor in (press.writer, press.sud_reviewer, press.editor):
        client.sign_in(actor).get("/moderation", 403)
        with pytest.raises(Refused), unit_of_work():
            moderation.decide(actor, number, 1, Deed.SHOW)
        with reading():
            assert not [one for one in waiting_for(actor) if one.href == "/moderation"]
    with reading():
        (line,) = [one for one in waiting_for(who) if one.href == "/moderation"]
    assert line.what == "1 commentaire à lire"


def test_the_queue_in_its_turn_and_by_administration(client: PageClient, press: Press, slug: str) -> None:
    who = moderator(press)
    _draft, alone = press.published("Une fiche du Sud", both=False)
    plain, held, reported = filed(slug, "a"), filed(alone, "b", "Le 26 54 12."), filed(slug, "c")
    decided(who, reported, Deed.SHOW)
    with unit_of_work():
        comments.report("m" * 32, comments.locked(reported))
    with reading():
        assert [item.id for item in moderation_queries.queue(1).items] == [reported, held, plain]
        assert [item.id for item in moderation_queries.queue(1, "kone").items] == [reported, plain]
        assert moderation_queries.offices_waiting() == [
            ("kone", "Mairie de Koné", 2),
            ("province-du-sud", "Province du Sud", 3),
        ]
    page = client.sign_in(who).get("/moderation?administration=kone")
    assert "signalé par 1 lecteur" in page.main.replace("\u00a0", " ")
    client.post(
        f"/moderation/commentaires/{plain}",
        {**page.form(f"/moderation/commentaires/{plain}").values, "decision": "publier"},
    )
    assert client.page.location == "/moderation?administration=kone"
    client.get("/moderation?administration=inconnue&page=99")


def test_a_thousand_from_fifty_places_are_looked_at_in_a_few_questions(
    client: PageClient, press: Press, slug: str
) -> None:
    """What the desk asks the database does not grow with what waits."""
    who = moderator(press)

    def questions() -> int:
        asked = 0

        def count(*_args: Any) -> None:
            nonlocal asked
            asked += 1

        engine = database().engine
        sa.event.listen(engine, "before_cursor_execute", count)
        try:
            client.get("/moderation?page=1")
        finally:
            sa.event.remove(engine, "before_cursor_execute", count)
        return asked

    client.sign_in(who)
    filed(slug, "first")
    client.get("/moderation")
    few = questions()
    card = card_of(slug)
    with unit_of_work():
        for number in range(1_000):
            session().add(
                Comment(
                    article_id=card.article_id, edition_id=card.edition_id, name=f"Lecteur {number % 50}", text="Merci.",
                    key=key_of(f"{number}"), filed_at=clock.now() + timedelta(seconds=number), standing=Standing.WAITING, turn=2,
                )
            )  # fmt: skip
    assert questions() <= few
    with reading():
        desk = moderation_queries.queue(51)
        assert (desk.total, desk.pages, len(desk.items)) == (1_001, 51, 1)


def test_a_crowd_on_one_fiche_keeps_nobody_waiting_and_is_decided_together(
    client: PageClient, press: Press, slug: str
) -> None:
    who = moderator(press)
    crowd = [filed(slug, f"crowd {number}", "Achetez ici.") for number in range(25)]
    quiet = press.published(title="Le marché du samedi")[1]
    alone = filed(quiet, "alone")
    desk = client.sign_in(who)
    page = desk.get("/moderation")
    # Who wrote last, on another fiche, stands behind five and not behind twenty-five.
    assert [item.id for item in on_desk()][:7] == [*crowd[:5], alone, crowd[5]]
    assert "25 commentaires attendent sur une seule fiche" in page.main.replace("\u00a0", " ")
    page = desk.get(f"/moderation?fiche={slug}")
    assert [item.id for item in on_desk(slug)] == crowd and f"n° {alone}" not in page.main.replace(
        "\u00a0", " "
    )
    form = page.form("/moderation/commentaires")
    boxes = [f"{number}:{version_of(number)}" for number in crowd]
    assert all(f'form="ensemble" name="choix" value="{pair}"' in page.source for pair in boxes)
    filled = {**form.values, "choix": boxes, "decision": "refuser"}
    for wrong in ({"choix": []}, {"motif": ""}, {"motif": "other"}, {"decision": "?"}, {"choix": [",".join(f"{n}:1" for n in range(101))]}):  # fmt: skip
        again = desk.post(
            "/moderation/commentaires", {**filled, "motif": "advertising", "mots": "", **wrong}, 422
        )
        assert again.source.count(" checked") == (0 if wrong == {"choix": []} else 25)
    # One was published meanwhile, one was corrected by its author, one is of no queue at all.
    decided(moderator(press), crowd[3], Deed.SHOW)
    with unit_of_work():
        session().get_one(Comment, crowd[4]).version += 1
    desk.post(
        "/moderation/commentaires", {**filled, "choix": [*boxes, "x", "999999:1"], "motif": "advertising"}
    )
    assert desk.page.location == f"/moderation?fiche={slug}"
    assert "23 commentaires sont refusés. 4 autres ont changé" in desk.follow().main.replace("\u00a0", " ")
    standings = [session_standing(number) for number in crowd]
    assert standings.count(Standing.REFUSED) == 23 and standings[3] is Standing.SHOWN
    assert standings[4] is Standing.WAITING is session_standing(alone)
    # Each can be taken back alone.
    with unit_of_work():
        moderation.undo(who, crowd[0], 1)
    assert session_standing(crowd[0]) is Standing.WAITING
    PageClient(client.app).sign_in(press.writer).post("/moderation/commentaires", {"choix": boxes}, 400)


def on_desk(slug: str = "") -> tuple[moderation_queries.Item, ...]:
    with reading():
        return moderation_queries.queue(1, slug=slug).items


def test_known_authors_are_read_afterwards_where_it_is_allowed(
    client: PageClient, press: Press, slug: str
) -> None:
    who = moderator(press)
    for number in range(3):
        decided(who, filed(slug, f"k{number}", author=press.writer), Deed.SHOW)
    assert session_standing(filed(slug, "k3", author=press.writer)) is Standing.WAITING
    desk = client.sign_in(who)
    for place in ("province-du-sud", "kone"):
        desk.get("/moderation")
        form = [one for one in desk.page.forms if one.action == "/moderation/administrations"][-1]
        desk.post("/moderation/administrations", {**form.values, "choix": place, "permettre": "1"})
    known = filed(slug, "k4", author=press.writer)
    assert session_standing(known) is Standing.SHOWN
    assert session_standing(filed(slug, "k5", "Le 26 54 12.", author=press.writer)) is Standing.WAITING
    assert session_standing(filed(slug, "k6")) is Standing.WAITING, "without an account nobody is known"
    with reading():
        assert known in [item.id for item in moderation_queries.queue(1).items if item.is_shown]
    decided(who, known, Deed.KEEP)
    desk.get("/moderation")
    desk.post("/moderation/administrations", {**form.values, "choix": "kone", "permettre": "0"})
    assert session_standing(filed(slug, "k7", author=press.writer)) is Standing.WAITING
    desk.post("/moderation/administrations", {**form.values, "choix": "inconnue", "permettre": "1"}, 422)


def session_standing(number: int) -> Standing:
    with reading():
        return session().get_one(Comment, number).standing


def test_an_agent_signs_with_their_name_and_is_erased(client: PageClient, press: Press, slug: str) -> None:
    with unit_of_work():
        agent = make_agent(session().get_one(Administration, press.sud))
        person = session().get_one(Person, agent.id)
        person.name = "Éloïse Ômura"
        agent = actor_for_person(agent.id)
    client.sign_in(agent)
    written(client, slug, nom="", compte="1", courriel=agent.email)
    row = the_comment()
    assert (row.name, row.person_id) == (agent.name, agent.id)
    filed(slug, "c", "Moi aussi.")
    with unit_of_work():
        comments.correct(comments.locked(all_comments()[1].id), 1, agent.name, "Sans compte, sous mon nom.")
    filed(slug, "b", f"Merci à {agent.name}.", email=agent.email)
    assert "comment.email" in traces(agent.email)
    with unit_of_work():
        erasing.erase(None, agent.id)
    assert traces(agent.name, agent.email) == []
    assert [row.name for row in all_comments()] == [erasing.ERASED, erasing.ERASED, "Léa"]
    assert all_comments()[2].text == f"Merci à {erasing.ERASED}."


def test_decisions_that_no_standing_knows(press: Press, slug: str) -> None:
    who, number = moderator(press), filed(slug, "a")
    for deed in (Deed.HIDE, Deed.KEEP):
        with pytest.raises(MovedOn), unit_of_work():
            moderation.decide(who, number, version_of(number), deed, Reason.INSULT)
    with pytest.raises(Invalid), unit_of_work():
        moderation.decide(who, number, version_of(number), Deed.REFUSE)
    decided(who, number, Deed.SHOW)
    decided(who, number, Deed.HIDE, Reason.PERSONAL)
    assert decided(who, number, Deed.SHOW) is Standing.SHOWN
