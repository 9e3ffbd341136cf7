"""What administrations do with comments: official answers, the way into the lab and into the next version, the closing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Missing, MovedOn, Refused
from app.mail import Mail
from app.policy import PORTAL, Act, acts_for
from drafts import remarks
from drafts.models import Article
from drafts.remark_models import Remark
from labs.models import Lab
from publish import comment_answers, comments, revising
from publish.comment_models import Comment, CommentAnswer, Deed, Reason
from tests.clients import PageClient
from tests.makers import make_administration, make_agent
from tests.publish.commenting import (
    ANCHOR,
    card_of,
    decided,
    filed,
    fresh,
    moderator,
    path_of,
    written,
)
from tests.publish.press import RICH, Press, block, draft_called


def article_of(slug: str) -> Article:
    return session().get_one(Article, card_of(slug).article_id)


def shown(press: Press, slug: str, key: str = "a", **more: str) -> int:
    """A comment that everybody reads, whose author gave an address that is theirs."""
    number = filed(slug, key, email="lea@exemple.nc", **more)
    decided(moderator(press), number, Deed.SHOW)
    with unit_of_work():
        comment = comments.locked(number)
        comments.confirm_email(comment, comments.proof(comment))
    return number


def next_version(press: Press, slug: str, more: str) -> int:
    """The draft of the next version, with a sentence more."""
    with unit_of_work():
        lab = session().get_one(Lab, press.lab_id)
        draft_id = revising.revise(press.writer, article_of(slug), lab.slug).id
    press.rewrite(draft_id, [*RICH, block("paragraph", more, id="n1")])
    return draft_id


def told(subject: str) -> list[str]:
    with reading():
        return list(
            session().scalars(
                sa.select(Mail.body).where(Mail.recipient == "lea@exemple.nc", Mail.subject.contains(subject))
            )
        )


def test_an_official_answer(client: PageClient, press: Press) -> None:
    fresh()
    _draft, slug = press.published()
    number = shown(press, slug)
    with unit_of_work():
        stranger = make_agent(make_administration("Une autre"))
    page, action = f"/fiches/{slug}/vie/commentaires", f"/fiches/{slug}/vie/commentaires/{number}"
    client.sign_in(stranger).get(page, 404)
    client.sign_in(press.editor).get(page)
    client.sign_in(press.writer).get(f"/fiches/{slug}/vie")
    assert page in client.page.links()
    client.get(page)
    values = client.page.form(action).values
    assert (
        "Écrivez votre réponse."
        in client.post(action, {**values, "geste": "repondre", "reponse": " "}, 422).main
    )
    client.post(action, {**values, "geste": "repondre", "reponse": "Un mois.\n<b>Pas plus</b>."})
    client.post(action, {**values, "geste": "repondre", "reponse": "Un mois.\n<b>Pas plus</b>."})
    assert len(told("Une réponse à votre commentaire")) == 1, "the same answer again is told to nobody"
    public = client.sign_out().get(path_of(slug))
    assert "Réponse de Province du Sud" in public.main and "&lt;b&gt;Pas plus" in public.source
    client.sign_in(press.writer).get(page)
    values = client.page.form(action).values
    client.post(action, {**values, "geste": "repondre", "reponse": "Deux mois."})
    with reading():
        assert [row.text for row in session().scalars(sa.select(CommentAnswer))] == ["Deux mois."]
        acts = list(session().scalars(sa.select(AuditEntry.act).where(AuditEntry.object_id == str(number))))
        assert acts.count("answer_comment") == 2
    # In the name of another administration, of another article, to a comment that was hidden.
    with pytest.raises(Refused), unit_of_work():
        comment_answers.answer_officially(press.writer, article_of(slug), number, press.nord, "Non.")
    _draft, other = press.published("Une autre fiche")
    client.post(
        f"/fiches/{other}/vie/commentaires/{number}", {**values, "geste": "repondre", "reponse": "x"}, 404
    )
    decided(moderator(press), number, Deed.HIDE, Reason.INSULT)
    client.post(action, {**values, "geste": "repondre", "reponse": "Trop tard."}, 409)


def test_through_the_lab_into_the_next_version(client: PageClient, press: Press) -> None:
    fresh()
    _draft, slug = press.published()
    number = shown(press, slug, block="b3")
    other = filed(slug, "b", email="autre@exemple.nc")
    page, action = f"/fiches/{slug}/vie/commentaires", f"/fiches/{slug}/vie/commentaires/{number}"
    client.sign_in(press.writer).get(page)
    assert "Aucun brouillon de la prochaine version" in client.page.main and not client.page.offers("Envoyer")
    values = client.page.form(action).values
    client.post(action, {**values, "geste": "lab"}, 422)
    draft_id = next_version(press, slug, "Comptez un mois.")
    page_with = client.get(page)
    assert "Envoyer au lab" in page_with.main
    client.post(action, {**values, "geste": "lab"})
    assert "Remarque dans « Changer d’adresse »".replace(" ", "") in client.follow().main.replace(
        "\u00a0", ""
    ).replace(" ", "")
    client.post(action, {**values, "geste": "lab"}, 409)
    with reading():
        (remark,) = session().scalars(sa.select(Remark))
        assert remark.block_id == "b3" and remark.quote.startswith("Gardez tous les papiers")
        assert f"commentaire {number}" in remark.messages[0].text and "Très clair." in remark.messages[0].text
    with unit_of_work():
        remarks.resolve(press.writer, draft_called(draft_id), remark.public_id)
    press.again(draft_id, "Le délai est dit.")
    jobs.deliver_outbox()
    jobs.deliver_outbox()
    assert (
        len(told("pris en compte")) == 1
        and f"http://127.0.0.1:8000/fiches/{slug}" in told("pris en compte")[0]
    )
    public = client.sign_out().get(path_of(slug))
    assert "Pris en compte dans la version du" in public.main
    with reading():
        mine, theirs = session().get_one(Comment, number), session().get_one(Comment, other)
        assert mine.answered_in_edition_id == card_of(slug).edition_id and mine.email == ""
        assert theirs.answered_in_edition_id is None and theirs.email
    press.again(next_version(press, slug, "Comptez deux mois."), "Le délai a changé.")
    jobs.deliver_outbox()
    assert len(told("pris en compte")) == 1


def test_a_remark_that_stays_open_takes_nothing_into_account(press: Press) -> None:
    _draft, slug = press.published()
    number = shown(press, slug)
    draft_id = next_version(press, slug, "Comptez un mois.")
    with unit_of_work():
        comment_answers.send_to_lab(press.writer, article_of(slug), number)
    press.again(draft_id, "Le délai est dit.")
    jobs.deliver_outbox()
    with reading():
        assert session().get_one(Comment, number).answered_in_edition_id is None
    assert told("pris en compte") == []


def test_comments_are_closed_from_a_day_on(client: PageClient, press: Press) -> None:
    fresh()
    _draft, slug = press.published()
    shown(press, slug)
    page, action = f"/fiches/{slug}/vie/commentaires", f"/fiches/{slug}/vie/commentaires/fermer"
    client.sign_in(press.sud_reviewer).get(page)
    day = clock.local(clock.now()).date() + timedelta(days=3)
    client.send(action, jour=day.isoformat(), geste="fermer")
    client.follow()
    client.post(action, {**client.page.form(action).values, "jour": "2026-99-99", "geste": "fermer"}, 422)
    citizen = PageClient(client.app)
    assert "On peut commenter cette fiche jusqu’au" in citizen.get(path_of(slug)).main
    form = citizen.page.form(path_of(slug) + ANCHOR).values
    with clock.shifted(timedelta(days=3, seconds=20)):
        shut = citizen.get(path_of(slug))
        assert "sont fermés" in shut.main and "Très clair." in shut.main
        assert not shut.offers(path_of(slug) + ANCHOR)
    # Whoever was writing when they closed is shown what they had written.
    client.get(page)
    client.send(action, jour=clock.local(clock.now()).date().isoformat(), geste="fermer")
    with clock.shifted(timedelta(seconds=20)):
        late = citizen.post(path_of(slug), {**form, "nom": "Léa", "texte": "Mes mots."}, 409)
    assert "sont fermés" in late.main and "Mes mots." in late.main
    client.get(page)
    client.post(action, {**client.page.form(action).values, "geste": "ouvrir"})
    written(citizen, slug, texte="De nouveau.")


def test_guests_and_strangers_answer_nothing(press: Press) -> None:
    _draft, slug = press.published()
    with unit_of_work():
        agent = make_agent(session().get_one(Administration, press.sud))
        stranger = make_agent(make_administration("Une autre"))
    with reading():
        article = article_of(slug)
        assert Act.ARTICLE_ANSWER in acts_for(agent, article)
        assert acts_for(stranger, article) == frozenset() and Act.PORTAL_WORK in acts_for(stranger, PORTAL)
    number = shown(press, slug)
    with unit_of_work():
        comments.withdraw(comments.locked(number))
    with pytest.raises(MovedOn), unit_of_work():
        comment_answers.answer_officially(agent, article_of(slug), number, press.sud, "Trop tard.")
    with pytest.raises(Missing), unit_of_work():
        comment_answers.close_comments(stranger, article_of(slug), None)
