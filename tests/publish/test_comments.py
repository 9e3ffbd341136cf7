"""A citizen comments on an article, without a script, an account or a cookie: nothing is lost, nothing counts twice."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock, typed_words
from app.db import reading, session, unit_of_work
from app.mail import Mail
from publish import comments, following, moderation, visitors
from publish.comment_models import Comment, CommentReport, Deed, Reason, Standing
from publish.fate_stages import Fate
from publish.pages import shelf
from tests.clients import PageClient
from tests.publish.commenting import (
    A_MOMENT,
    ANCHOR,
    WORDS,
    all_comments,
    decided,
    filed,
    fresh,
    moderator,
    path_of,
    the_comment,
    written,
)
from tests.publish.fates_world import Life
from tests.publish.press import Press
from tests.publish.test_hostile import STRINGS, judge
from tests.publish.test_voice import refreshed


@pytest.fixture
def slug(press: Press) -> str:
    fresh()
    return press.published()[1]


def mails() -> list[Mail]:
    with reading():
        return list(
            session().scalars(sa.select(Mail).where(Mail.recipient == "lea@exemple.nc").order_by(Mail.id))
        )


def test_a_comment_is_read_before_it_shows(client: PageClient, press: Press, slug: str) -> None:
    who = moderator(press)
    article = client.get(f"/fiches/{slug}")
    assert path_of(slug) in article.links() and "Commenter cette fiche" in article.main
    sent = written(client, slug, bloc="b2")
    assert "Set-Cookie" not in sent.response.headers
    own = client.follow()
    assert "nous avons reçu votre commentaire" in own.main and "<b>combien de jours</b>" in own.main
    assert (
        own.response.headers["Cache-Control"] == "no-store"
        and f"http://127.0.0.1:8000{own.path.partition('?')[0]}" in own.main
    )
    assert "combien de jours" not in client.get(path_of(slug)).main
    row = the_comment()
    assert (row.standing, row.block_id, row.name, row.text) == (Standing.WAITING, "b2", "Léa", WORDS)
    assert decided(who, row.id, Deed.SHOW) is Standing.SHOWN
    page = client.get(path_of(slug))
    assert "Sur le passage « Avant de partir »".replace(" ", "") in page.main.replace("\u00a0", "").replace(
        " ", ""
    )
    assert "&lt;b&gt;combien de jours&lt;/b&gt;" in page.source and f"/fiches/{slug}#b2" in page.links()
    assert "1 commentaire publié" in page.main and "Il est publié." in client.get(own.path).main
    assert refreshed(client) == 1
    article = client.get(f"/fiches/{slug}")
    assert "1 commentaire" in article.main and "Il manque le délai" in article.main
    # What is hidden goes from the article at once, and not with the next count.
    assert decided(who, row.id, Deed.HIDE, Reason.OFF_TOPIC) is Standing.HIDDEN
    shelf(client.app).look()
    assert "Il manque le délai" not in client.get(f"/fiches/{slug}").main
    assert (
        "Il n’est plus publié." in client.get(own.path).main
        and "Il ne parle pas de cette fiche" in client.page.main
    )


def test_sent_twice_late_or_again_it_is_one(client: PageClient, slug: str) -> None:
    client.get(path_of(slug))
    form = {**client.page.form(path_of(slug) + ANCHOR).values, "nom": "Léa", "texte": WORDS}
    # Three seconds is what a person needs; a busy machine may take one of the two that are left here.
    with clock.shifted(timedelta(seconds=1)):
        page = client.post(path_of(slug), form, 422)
    assert "très vite" in page.main and "combien de jours" in page.main
    again = page.form(path_of(slug) + ANCHOR).values
    assert again["jeton"] != form["jeton"] and again["texte"] == WORDS and again["nom"] == "Léa"
    with clock.shifted(timedelta(hours=25)):
        page = client.post(path_of(slug), form, 422)
        assert "longtemps" in page.main
        late = page.form(path_of(slug) + ANCHOR).values
    with clock.shifted(timedelta(hours=25) + A_MOMENT):
        first = client.post(path_of(slug), late).location
        assert client.post(path_of(slug), late).location == first
    with clock.shifted(A_MOMENT):
        assert client.post(path_of(slug), form).location == first
        # Back in the browser, a word changed, and sent once more: it is that letter, corrected.
        client.post(path_of(slug), {**form, "texte": "Il manque le prix."})
    assert the_comment().text == "Il manque le prix."


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"nom": "  "}, "prénom ou un pseudonyme"),
        ({"nom": "x" * 61}, "60 caractères"),
        ({"texte": " \n "}, "Écrivez votre commentaire"),
        ({"texte": "x" * 2001}, "2001"),
        ({"courriel": "lea@"}, "n’est pas complète"),
        ({"courriel": "lea@exemple.nc\nBcc: x@y.nc"}, "n’est pas complète"),
    ],
)
def test_what_is_refused_is_shown_again(
    client: PageClient, slug: str, fields: dict[str, str], says: str
) -> None:
    page = written(client, slug, 422, **fields)
    assert says in page.main.replace("\u00a0", " ")
    kept = page.form(path_of(slug) + ANCHOR).values
    for name, value in {"nom": "Léa", "texte": WORDS, **fields}.items():
        assert " ".join(kept[name].split()) == " ".join(value.split())
    assert all_comments() == []


def test_programs_and_other_sites_write_nothing(client: PageClient, slug: str) -> None:
    assert written(client, slug, site="http://spam.example").location.endswith("?merci=1")
    assert "Merci." in client.follow().main
    client.post(path_of(slug), {"nom": "Léa", "texte": "Sans jeton."}, 422)
    client.post(path_of(slug), {"nom": "Léa", "texte": WORDS}, 403, headers={"Sec-Fetch-Site": "cross-site"})
    assert all_comments() == []


def test_personal_data_hold_it_and_are_quoted(client: PageClient, slug: str) -> None:
    written(client, slug, texte="Appelez-moi au 77.12.34, merci.")
    assert the_comment().held and the_comment().turn == 1
    page = client.follow()
    assert "contient peut-être une donnée personnelle" in page.main and "77.12.34" in page.main
    action = page.path.partition("?")[0]
    client.send(action, texte="Appelez-moi, merci.")
    assert "C’est corrigé." in client.follow().main and not the_comment().held
    # Two windows of the same page: the second is told, and keeps its words.
    page = client.post(
        action, {"geste": "corriger", "version": "1", "nom": "Léa", "texte": "Autre chose."}, 409
    )
    assert "a changé entre-temps" in page.main and "Autre chose." in page.source


def test_fourteen_people_behind_one_address(client: PageClient, slug: str) -> None:
    for number in range(14):
        written(client.sign_out(), slug, texte=f"Commentaire {number}.")
    assert len(all_comments()) == 14
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visitors, "OF_AN_ADDRESS", 5)
        fresh()
        written(client, slug, texte="Un de plus.")
        page = written(client, slug, 429, texte="Et un autre.")
    assert "Et un autre." in page.source and int(page.response.headers["Retry-After"]) >= 1


def test_withdrawn_it_is_gone(client: PageClient, press: Press, slug: str) -> None:
    written(client, slug, courriel="Lea@exemple.nc")
    own = client.page.location.partition("?")[0]
    decided(moderator(press), the_comment().id, Deed.SHOW)
    refreshed(client)
    assert "Il manque" in client.get(f"/fiches/{slug}").main
    client.post(own, {"geste": "retirer"})
    shelf(client.app).look()
    row = the_comment()
    assert (row.standing, row.text, row.name, row.email) == (Standing.WITHDRAWN, "", "", "")
    assert "Vous l’avez retiré." in client.follow().main
    assert "Il manque" not in client.get(f"/fiches/{slug}").main
    client.post(own, {"geste": "retirer"})
    client.post(own, {"geste": "corriger", "version": "9", "nom": "Léa", "texte": "De retour."}, 409)
    client.post(own, {"geste": "courriel", "courriel": "lea@exemple.nc"}, 409)
    assert the_comment().text == ""


def test_an_address_is_confirmed_by_its_owner_and_forgotten_when_asked(client: PageClient, slug: str) -> None:
    written(client, slug, courriel="Lea@exemple.nc")
    own = client.page.location.partition("?")[0]
    (mail,) = mails()
    link = re.search(r"http://127.0.0.1:8000(/suivi/\S+)", mail.body)
    assert link and own not in mail.body, "whoever gets a mistyped address is not given the comment"
    # A program that opens the links of mails confirms nothing.
    page = client.get(link[1])
    assert the_comment().confirmed_at is None
    client.send(page.forms[-1].action)
    assert "Votre adresse est confirmée" in client.follow().main and the_comment().confirmed_at
    client.get(link[1].replace("?preuve=", "?preuve=0"), 404)
    client.post(own, {"geste": "courriel", "courriel": "autre@exemple.nc"})
    assert the_comment().confirmed_at is None
    client.post(link[1], {}, 404)
    leave = following.path(comments.KIND, the_comment().id, following.LEAVE)
    client.get(leave)
    client.send(leave)
    assert the_comment().email == "" and "Votre adresse est effacée" in client.follow().main


def test_nobody_is_flooded_with_mails(client: PageClient, slug: str) -> None:
    for number in range(6):
        filed(slug, f"k{number}", email="lea@exemple.nc")
    assert len(mails()) == comments.MOST_ASKED_A_DAY


def test_a_report_brings_it_before_a_moderator_again(client: PageClient, press: Press, slug: str) -> None:
    who, number = moderator(press), filed(slug, "a")
    decided(who, number, Deed.SHOW)
    page = client.get(path_of(slug))
    action = f"{path_of(slug)}/{number}/signaler"
    assert page.offers(action)
    client.post(action, {}, 307)
    client.post(client.page.location, {})
    assert "Un modérateur va relire" in client.follow().main
    client.post(action, {})
    with reading():
        marks = list(session().scalars(sa.select(CommentReport.mark)))
    assert the_comment().reports == 1 == len(marks) and the_comment().turn == 0
    other = PageClient(client.app)
    other.post(action, {}, 307)
    other.post(other.page.location, {})
    assert the_comment().reports == 2
    decided(who, number, Deed.KEEP)
    assert (the_comment().reports, the_comment().turn, the_comment().standing) == (0, None, Standing.SHOWN)
    client.post(f"{path_of(slug)}/9999/signaler", {}, 404)
    client.post(f"{path_of(slug)}/{10**30}/signaler", {}, 404)


def test_nothing_is_shared_between_two_pages(client: PageClient, press: Press, slug: str) -> None:
    """One reader who comments on two articles and reports on both: no value of the rows is the same but the words."""
    _draft, other = press.published("Une autre fiche")
    who = moderator(press)
    for one in (slug, other):
        written(client, one, texte=f"Sur {one}.", nom=one)
    for row in all_comments():
        decided(who, row.id, Deed.SHOW)
    client.post(f"{path_of(slug)}/{all_comments()[0].id}/signaler", {}, 307)
    client.post(client.page.location, {})
    client.post(f"{path_of(other)}/{all_comments()[1].id}/signaler", {})
    first, second = all_comments()
    assert first.key != second.key and first.reports == second.reports == 1
    with reading():
        marks = list(session().scalars(sa.select(CommentReport.mark)))
        assert len(set(marks)) == 2
        cookie = client.http.get_cookie(visitors.COOKIE)
        for table in ("comment", "comment_report", "comment_decision"):
            for row in session().execute(sa.text(f"SELECT * FROM {table}")):
                assert (
                    "127.0.0.1" not in str(row) and cookie is not None and cookie.value[:20] not in str(row)
                )
    links = [following.path(comments.KIND, row.id)[-32:] for row in (first, second)]
    assert links[0] != links[1]


def test_articles_that_are_away_take_none(client: PageClient, press: Press, slug: str) -> None:
    client.get(path_of("inconnue"), 404)
    client.post(path_of("inconnue"), {}, 404)
    _draft, target = press.published("Une autre fiche")
    life = Life(press, slug, press.editor, press.sud_reviewer)
    life.mask()
    client.get(path_of(slug), 410)
    client.post(path_of(slug), {"nom": "Léa", "texte": WORDS}, 410)
    life.decide(Fate.WITHDRAW)
    page = client.get(path_of(slug))
    assert "on ne peut plus la commenter" in page.main and not page.offers(path_of(slug) + ANCHOR)
    life.decide(Fate.REDIRECT, target=target)
    assert client.get(path_of(slug) + "?page=2", 308).location.endswith(f"{path_of(target)}?page=2")
    assert client.post(path_of(slug), {}, 308).location.endswith(path_of(target))


@pytest.mark.parametrize("hostile", STRINGS)
def test_hostile_words_stay_words_everywhere(
    client: PageClient, press: Press, slug: str, hostile: str
) -> None:
    words = hostile.replace("\u0000", "")
    who, desk = moderator(press), PageClient(client.app)
    written(client, slug, nom=words[:60], texte=words, bloc=words)
    own = client.page.location

    def at(path: str, seen_by: PageClient = client) -> str:
        answer = seen_by.http.get(path)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    desk.sign_in(who)
    judge(at(own), own)
    judge_desk(at("/moderation", desk))
    row = the_comment()
    assert row.block_id is None and "\u202e" not in row.text and "\u0008" not in row.text
    decided(who, row.id, Deed.REFUSE, Reason.OTHER, words)
    judge(at(own), own)
    judge_desk(at("/moderation", desk))
    with unit_of_work():
        moderation.undo(who, row.id, 1)
    decided(who, row.id, Deed.SHOW)
    refreshed(client)
    for path in (path_of(slug), f"/fiches/{slug}"):
        judge(at(path), path)
    judge_desk(at(f"/fiches/{slug}/vie/commentaires", desk.sign_in(press.sud_reviewer)))


def judge_desk(source: str) -> None:
    """The agents' pages have a script of their own, by its address; nothing of the words is markup."""
    for fault in ("<script>alert", "<img src=x", "<svg/onload", "<x>", "49{%"):
        assert fault not in source


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\u202eb\u2066c\u200bd", "abcd"),
        ("e" + "\u0301" * 40 + "x", "é\u0301\u0301\u0301x"),
        ("a\n\n\n \n\nb\r\nc", "a\n\nb\nc"),
        ("\u0007\u001b[31mrouge", "[31mrouge"),
        ("👩‍👧 et العربية", "👩‍👧 et العربية"),
    ],
)
def test_what_deceives_the_eye_goes(typed: str, kept: str) -> None:
    assert typed_words.readable(typed) == kept


def test_words_and_addresses_go_in_their_time(client: PageClient, press: Press, slug: str) -> None:
    who = moderator(press)
    refused, shown, mailed = (filed(slug, f"p{n}", email=f"p{n}@exemple.nc") for n in range(3))
    decided(who, refused, Deed.REFUSE, Reason.INSULT)
    decided(who, shown, Deed.SHOW)
    with unit_of_work():
        comment = comments.locked(mailed)
        comments.confirm_email(comment, comments.proof(comment))

    def state() -> dict[int, tuple[bool, bool]]:
        return {row.id: (bool(row.text), bool(row.email)) for row in all_comments()}

    for days, expected in (
        (6, {refused: (True, True), shown: (True, True), mailed: (True, True)}),
        (8, {refused: (True, False), shown: (True, False), mailed: (True, True)}),
        (31, {refused: (False, False), shown: (True, False), mailed: (True, True)}),
        (366, {refused: (False, False), shown: (True, False), mailed: (True, False)}),
    ):
        with clock.shifted(timedelta(days=days)), unit_of_work():
            comments.forget_old()
        assert state() == expected, days


def test_the_database_holds_the_rules(press: Press, slug: str) -> None:
    number = filed(slug, "a")
    for values in (
        {"standing": Standing.SHOWN, "turn": 3},
        {"standing": Standing.WAITING, "turn": None},
        {"standing": Standing.REFUSED},
        {"text": ""},
        {"text": "x" * 2001},
        {"confirmed_at": clock.now()},
    ):
        with pytest.raises(sa.exc.IntegrityError), unit_of_work():
            session().execute(sa.update(Comment).where(Comment.id == number).values(**values))


def test_pages_of_many(client: PageClient, press: Press, slug: str) -> None:
    who = moderator(press)
    for number in range(25):
        decided(who, filed(slug, f"n{number}", f"Numéro {number}."), Deed.SHOW)
    page = client.get(path_of(slug))
    assert (
        "25 commentaires publiés" in page.main and "Numéro 24." in page.main and "Numéro 4." not in page.main
    )
    page = client.get(f"{path_of(slug)}?page=2")
    assert "Numéro 4." in page.main and "Numéro 24." not in page.main
    for odd in ("0", "-1", "x", "99999999", "1" * 40):
        client.get(f"{path_of(slug)}?page={odd}")
    own: Any = following.path(comments.KIND, all_comments()[0].id)
    assert (
        f"{path_of(slug)}?page=2#commentaire-{all_comments()[0].id}-de-cette-page-publique"
        in client.get(own).links()
    )
