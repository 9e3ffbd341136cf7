"""Calls to the public: from the draft to what became of the answers; each reader once, each channel apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import audit, clock
from app.db import reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, Refused
from app.policy import Act, PortalRole, acts_for
from app.typed_words import readable
from drafts.models import Article
from labs.models import Lab
from labs.wish_models import Channel as WishChannel
from labs.wish_models import Standing, Wish
from publish import call_queries, calls, fates
from publish.call_models import Call, CallAnswer, CallState, Channel
from publish.call_words import CODES, LONGEST, posts
from tests.clients import PageClient, parsed
from tests.makers import make_agent
from tests.publish.callers import CHOICES, LATER, again, called, make_call, of_role, sent, stranger
from tests.publish.press import Press
from tests.publish.test_hostile import STRINGS
from tests.publish.test_hostile import judge as stays_words

WORDS = "Le samedi, oui\u202f: je travaille\nla semaine."


def answers(slug: str) -> list[CallAnswer]:
    with reading():
        call = call_queries.call_called(slug)
        return list(
            session().scalars(
                sa.select(CallAnswer).where(CallAnswer.call_id == call.id).order_by(CallAnswer.id)
            )
        )


def channels(slug: str) -> dict[str, tuple[int, int]]:
    with reading():
        found = call_queries.results(call_queries.call_called(slug))
    return {row.label: (row.openings, row.answers) for row in found.channels}


def test_a_call_from_its_draft_to_its_summary(client: PageClient, press: Press) -> None:
    client.sign_in(press.writer).get("/appels")
    assert "/appels/nouveau" in client.page.links()
    client.get(f"/appels/nouveau?lab={press.lab_id}")
    today = clock.local(clock.now()).date()
    client.send(
        "/appels/nouveau",
        titre="Le guichet du samedi", question="Viendriez-vous le samedi\u202f?", choix="Oui\n\nNon\n", lab=str(press.lab_id),
        debut=str(today), fin=str(today + timedelta(days=7)),
    )  # fmt: skip
    page = client.follow()
    assert page.path == "/appels/le-guichet-du-samedi/resultats" and "En préparation" in page.main
    # Nobody else sees a draft; who prepares it sees it as it will be, without a form.
    assert "Aperçu" in client.get("/appels/le-guichet-du-samedi").main
    assert not client.page.offers("/appels/le-guichet-du-samedi")
    stranger(client).get("/appels/le-guichet-du-samedi", 404)
    client.get("/appels/le-guichet-du-samedi/resultats")
    client.send("/appels/le-guichet-du-samedi/ouvrir")
    page = client.follow()
    assert "Diffuser l’appel" in page.main and "QR" not in page.main
    reader = stranger(client)
    sent(reader, "/appels/le-guichet-du-samedi", "/appels/le-guichet-du-samedi", choix="1", mots=WORDS)
    page = reader.follow()
    assert page.heading == "Merci de votre réponse" and "Vous n’êtes" not in page.main
    page = client.get("/appels/le-guichet-du-samedi/resultats")
    assert "je travaille" in page.main and "1 réponse" in page.main.replace("\u00a0", " ")
    client.send("/appels/le-guichet-du-samedi/fermer")
    client.follow()
    client.send("/appels/le-guichet-du-samedi/bilan", 422, bilan=" ")
    client.send("/appels/le-guichet-du-samedi/bilan", bilan="Le guichet ouvre le samedi dès mars.")
    page = stranger(client).get("/appels/le-guichet-du-samedi")
    assert "Ce que nous en avons fait" in page.main and "dès mars" in page.main
    assert not page.offers("/appels/le-guichet-du-samedi") and "je travaille" not in page.source
    client.get("/appels")
    with reading():
        acts = list(
            session().scalars(
                sa.select(audit.AuditEntry.act)
                .where(audit.AuditEntry.object_kind == "call")
                .order_by(audit.AuditEntry.id)
            )
        )
    assert acts == ["prepare_call", "open_call", "close_call", "sum_up_call"]


def test_a_card_for_the_networks_and_nothing_to_keep(client: PageClient, press: Press) -> None:
    slug = make_call(press)
    page = client.get(f"/appels/{slug}")
    cards = {one.get("property"): one.get("content") for one in page.all("meta") if one.get("property")}
    assert cards["og:title"] == "Le guichet du samedi" and cards["og:url"].endswith(f"/appels/{slug}")
    assert "Set-Cookie" not in page.response.headers and page.response.headers["Cache-Control"] == "no-store"
    assert not page.all("script")


def test_one_reader_has_one_answer(client: PageClient, press: Press) -> None:
    slug = make_call(press)
    path = f"/appels/{slug}"
    data = sent(client, path, path, choix="0", mots="Une première fois.")
    with clock.shifted(LATER):
        for _double in range(3):
            again(client, path, data)
    (row,) = answers(slug)
    assert (row.choice, row.words, row.channel, row.entered_by) == (
        0,
        "Une première fois.",
        Channel.SITE,
        None,
    )
    # The page knows it again, and a new form changes the answer.
    page = client.get(path)
    assert "Vous avez déjà répondu" in page.main and page.form(path).values["choix"] == ["0"]
    sent(client, path, path, choix="2", mots="")
    (row,) = answers(slug)
    assert (row.choice, row.words) == (2, "")
    # Without cookies the form is what counts once; another person is another answer.
    other = stranger(client)
    page = other.get(path)
    data = {**page.form(path).values, "choix": "1"}
    with clock.shifted(LATER):
        for _double in range(2):
            other.sign_out()
            again(other, path, data)
    assert [row.choice for row in answers(slug)] == [2, 1]


def test_what_is_refused_is_shown_again(client: PageClient, press: Press) -> None:
    slug = make_call(press)
    path = f"/appels/{slug}"
    page = client.get(path + "?par=fb", 302)
    page = client.follow()
    values = page.form(path).values
    sent_once = {**values, "mots": "Mes mots."}
    again(client, path, sent_once, 422)
    assert "très vite" in client.page.main and "Mes mots." in client.page.main
    assert client.page.form(path).values["canal"] == "fb"
    with clock.shifted(timedelta(hours=30)):
        again(client, path, {**client.page.form(path).values}, 422)
    assert "longtemps" in client.page.main and "Mes mots." in client.page.main
    for wrong, said in (
        ({"mots": "", "choix": ""}, "Choisissez une réponse, ou écrivez quelques mots."),
        ({"mots": "x" * 1001, "choix": "0"}, "caractères au plus"),
        ({"mots": "Mes mots.", "choix": "5"}, "Choisissez une des réponses proposées."),
    ):
        sent(client, path, path, 422, **wrong)
        assert said in client.page.main.replace("\u202f", " ")
        assert client.page.form(path).values["mots"] == wrong["mots"]
    assert answers(slug) == []
    sent(client, path, path, mots="Achetez", site="http://evil.example")
    assert answers(slug) == [], "a program is thanked and not kept"
    assert client.http.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_each_channel_is_counted_apart(client: PageClient, press: Press) -> None:
    slug = make_call(press)
    path = f"/appels/{slug}"
    for code in ("fb", "fb", "aff", "rien"):
        client.get(f"{path}?par={code}", 302)
        assert client.page.location.endswith("vu=" + (code if code != "rien" else "site"))
        # Read again, it is not opened again.
        client.follow(), client.get(client.page.path)
    client.get(path)
    for headers in ({"User-Agent": "facebookexternalhit/1.1"}, {"Sec-Purpose": "prefetch"}):
        client.http.get(f"{path}?par=fb", headers=headers)
    client.http.head(f"{path}?par=fb")
    for choice in ("0", "0", "1"):
        sent(stranger(client), f"{path}?vu=fb", path, choix=choice)
    sent(stranger(client), path, path, choix="2")
    assert channels(slug) == {"Site": (3, 1), "Facebook": (2, 3), "Affiche": (1, 0)}
    page = client.sign_in(press.writer).get(f"{path}/resultats")
    assert "Facebook 2 3 75 %" in page.main.replace("\u00a0", " ")


def test_ready_texts_keep_to_their_networks(press: Press) -> None:
    slug = make_call(press, question="Qu’est-ce qui vous gêne le plus, « chez vous », à l’œuvre\u202f? " * 7)
    call = called(slug)
    for post in posts("https://portail.example.nc", slug, call.title, call.question, call.closes_at):
        assert post.text.endswith(post.link) and f"par={CODES[post.channel]}" in post.link
        assert len(post.text) <= LONGEST.get(post.channel, 1000)
    sms = next(
        post
        for post in posts("https://p.nc", slug, "T", call.question, call.closes_at)
        if post.channel is Channel.SMS
    )
    assert (
        sms.text.startswith("Qu'est-ce qui vous gene le plus, \"chez vous\", à l'oeuvre?")
        and "..." in sms.text
    )


def test_results_are_shown_from_five_answers(client: PageClient, press: Press) -> None:
    slug = make_call(press)
    path = f"/appels/{slug}"
    for number in range(5):
        reader = stranger(client)
        sent(reader, path, path, choix=str(number % 2))
        shown = reader.follow()
        assert ("Les réponses jusqu’ici" in shown.main) is (number == 4)
    assert "Oui 3 60 %" in shown.main.replace("\u00a0", " ")
    with unit_of_work():
        call = call_queries.call_called(slug)
        call.show_results = False
    assert "Les réponses jusqu’ici" not in reader.get(f"{path}/merci").main


def test_an_answer_becomes_a_wish_once(client: PageClient, press: Press) -> None:
    slug = make_call(press)
    sent(stranger(client), f"/appels/{slug}", f"/appels/{slug}", choix="1", mots=WORDS)
    [answer] = answers(slug)
    results, file = f"/appels/{slug}/resultats", f"/appels/{slug}/reponses/{answer.id}/souhait"
    page = client.sign_in(press.writer).get(results)
    assert page.offers(file)
    client.send(file, 422, titre=" ", besoin="Que le guichet ouvre le samedi.")
    assert "Que le guichet ouvre le samedi." in client.page.main
    client.send(file, titre="Un guichet le samedi", besoin="Je travaille : appelez le 26 54 12.")
    assert "Un souhait en a été fait" in client.follow().main and not client.page.offers(file)
    with reading():
        [wish] = session().scalars(sa.select(Wish))
        assert (wish.channel, wish.standing, wish.held) == (WishChannel.CALL, Standing.WAITING, True)
        assert "Le guichet du samedi" in wish.note
    # Sent again, it is the same one; and nobody else makes one.
    client.get(results)
    again_sent = {"csrf_token": client.page.forms[0].values["csrf_token"], "titre": "Un guichet le samedi"}
    client.post(file, {**again_sent, "besoin": "Je travaille : appelez le 26 54 12."}, 303)
    client.post(f"/appels/{slug}/reponses/{answer.id + 1}/souhait", {**again_sent, "besoin": "x"}, 404)
    stranger(client).http.post(file, data=again_sent)
    with reading():
        assert len(session().scalars(sa.select(Wish)).all()) == 1


def test_its_clock_opens_and_closes_it(client: PageClient, press: Press) -> None:
    now = clock.now()
    slug = make_call(press, opens_at=now + timedelta(days=1), closes_at=now + timedelta(days=3))
    path = f"/appels/{slug}"
    assert "Vous pourrez répondre à partir du" in client.get(path).main and not client.page.offers(path)
    with clock.shifted(timedelta(days=2)):
        page = client.get(path)
        data = {**page.form(path).values, "mots": "Trop tard\u202f?"}
        assert called(slug).state_now is CallState.OPEN
    with clock.shifted(timedelta(days=2, hours=23, minutes=59, seconds=59)):
        client.get(path)
    with clock.shifted(timedelta(days=3)):
        assert called(slug).state_now is CallState.CLOSED
        again(client, path, {**data}, 409)
        assert "ne prend plus de réponses" in client.page.main and "Trop tard" in client.page.main
        assert not client.page.offers(path)
        with pytest.raises(MovedOn), unit_of_work():
            calls.close(press.writer, call_queries.call_called(slug))
        with unit_of_work():
            calls.sum_up(press.writer, call_queries.call_called(slug), "Entendu.")
        assert "Entendu." in client.get(path).main
    assert answers(slug) == []


def test_a_call_that_is_closed_before_it_began_was_never_open(client: PageClient, press: Press) -> None:
    now = clock.now()
    slug = make_call(press, opens_at=now + timedelta(days=1), closes_at=now + timedelta(days=3))
    with unit_of_work():
        calls.close(press.writer, call_queries.call_called(slug))
    with clock.shifted(timedelta(days=2)):
        assert "Cet appel est fermé" in client.get(f"/appels/{slug}").main
        assert called(slug).state_now is CallState.CLOSED and called(slug).closes_at < clock.now()


def test_an_open_call_keeps_its_question(press: Press) -> None:
    slug = make_call(press)
    now = clock.now()
    with unit_of_work():
        call = call_queries.call_called(slug)
        calls.change(
            press.writer, call, title="Autre", question="Autre chose\u202f?", choices=("A", "B"), opens_at=now,
            closes_at=now + timedelta(days=30), show_results=False,
        )  # fmt: skip
    call = called(slug)
    assert (call.title, call.choices, call.show_results) == ("Le guichet du samedi", list(CHOICES), False)
    assert call.closes_at > now + timedelta(days=29)
    for verb in (calls.put_out, lambda a, c: calls.sum_up(a, c, "Tôt.")):
        with pytest.raises(MovedOn), unit_of_work():
            verb(press.writer, call_queries.call_called(slug))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 151}, "title"),
        ({"question": "x" * 501}, "question"),
        ({"choices": ["seule"]}, "choices"),
        ({"choices": [str(number) for number in range(7)]}, "choices"),
        ({"choices": ["Oui", " Oui "]}, "choices"),
        ({"choices": ["x" * 121, "y"]}, "choices"),
        ({"closes_at": clock.now() - timedelta(days=1)}, "closes_at"),
        ({"closes_at": clock.now() + timedelta(days=400)}, "closes_at"),
    ],
)
def test_what_a_call_may_be(press: Press, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        make_call(press, **wrong)
    assert refused.value.detail["field"] == field


def test_who_may_do_what(press: Press, client: PageClient) -> None:
    slug = make_call(press, out=False)
    communication, mediator = of_role(press, PortalRole.COMMUNICATION), of_role(press, PortalRole.MEDIATOR)
    with unit_of_work():
        elsewhere = make_agent(session().get_one(Lab, press.lab_id).administration)
        call = call_queries.call_called(slug)
        everything = {Act.CALL_SEE, Act.CALL_EDIT, Act.CALL_KEY_IN}
        assert acts_for(press.writer, call) == acts_for(communication, call) == everything
        assert acts_for(mediator, call) == acts_for(elsewhere, call) == frozenset()
        calls.put_out(communication, call)
        assert acts_for(mediator, call) == {Act.CALL_KEY_IN}
    now = clock.now()
    for who, lab_id in ((elsewhere, press.lab_id), (press.writer, None)):
        with pytest.raises(Refused), unit_of_work():
            lab = session().get_one(Lab, lab_id) if lab_id else None
            calls.prepare(
                who, title="T", question="Q", choices=(), opens_at=now, closes_at=now + timedelta(days=1), lab=lab
            )  # fmt: skip
    with unit_of_work():
        calls.prepare(
            communication, title="Nouveau", question="Q", choices=(), opens_at=now, closes_at=now + timedelta(days=1)
        )  # fmt: skip
    # Its address is not that of the form by which one is prepared.
    assert called("nouveau-2").lab_id is None
    client.sign_in(elsewhere).get(f"/appels/{slug}/resultats", 404)
    assert "Aucun appel ne vous concerne" in client.get("/appels").main
    client.sign_out().get("/appels", 302)


def test_answers_are_keyed_in_once_by_whom_they_came(client: PageClient, press: Press) -> None:
    slug = make_call(press)
    path = f"/appels/{slug}/saisir"
    client.sign_in(press.writer).get(path)
    link = "https://www.facebook.example/groupe/123"
    client.send(path, canal="fb", choix="0", mots="Lu sur la page de la ville.", source=link)
    data = {
        "canal": "fb",
        "choix": "1",
        "mots": "Le même envoi.",
        "cle": client.follow().form(path).values["cle"],
    }
    token = client.page.form(path).values["csrf_token"]
    for _double in range(2):
        client.post(path, {**data, "csrf_token": token})
    client.get(path)
    client.send(path, 422, canal="gui", mots="")
    mediator = of_role(press, PortalRole.MEDIATOR)
    client.sign_out().sign_in(mediator).get(path)
    assert "avec l’aide d’un médiateur" in client.page.main
    client.send(path, mots="Avec Marie au guichet.")
    rows = answers(slug)
    assert [(row.channel, row.entered_by) for row in rows] == [
        (Channel.FACEBOOK, press.writer.id), (Channel.FACEBOOK, press.writer.id), (Channel.MEDIATOR, mediator.id),
    ]  # fmt: skip
    page = client.sign_out().sign_in(press.writer).get(f"/appels/{slug}/resultats")
    assert link in page.links() and "saisi par un agent" in page.main
    assert "saisi avec l’aide d’un médiateur" in page.main


def test_an_extract_of_a_page_stands_above_the_question(client: PageClient, press: Press) -> None:
    draft_id, fiche = press.published()
    slug = make_call(press, out=False)
    path = f"/appels/{slug}/extrait"
    client.sign_in(press.writer).get(path)
    client.get(f"{path}?fiche=/fiches/inconnue", 422)
    client.get(f"{path}?fiche=http://127.0.0.1:8000/fiches/{fiche}%23b3")
    token = next(form for form in client.page.forms if "passage" in form.names).values["csrf_token"]
    client.post(path, {"fiche": fiche, "passage": "b3", "csrf_token": token})
    page = client.get(f"/appels/{slug}")
    assert "Gardez tous les papiers" in page.main and f"/fiches/{fiche}#b3" in page.links()
    client.get(path)
    client.post(path, {"fiche": fiche, "passage": "b999", "csrf_token": token}, 422)
    client.post(path, {"retirer": "1", "csrf_token": token})
    with unit_of_work():
        call = call_queries.call_called(slug)
        assert call.edition_id is None
        edition = call_queries.passages_of(fiche)
        assert edition is not None
        with pytest.raises(Invalid):
            calls.set_extract(press.writer, call, edition[0], "b999")
        calls.set_extract(press.writer, call, edition[0], "b12")
        calls.put_out(press.writer, call)
    # A page that is not read any more is not quoted either.
    with unit_of_work():
        fates.mask(press.editor, session().scalars(sa.select(Article)).one(), "Une erreur grave.")
    assert "Présentez-vous au guichet" not in stranger(client).get(f"/appels/{slug}").main


@pytest.mark.parametrize("hostile", STRINGS)
def test_hostile_words_stay_words(client: PageClient, press: Press, hostile: str) -> None:
    # A form takes no NUL; what deceives the eye goes where it is kept.
    words = readable(hostile.replace("\u0000", "")).strip()
    slug = make_call(press, title=words, question=words, choices=(words, words + "2"))
    path = f"/appels/{slug}"
    reader = stranger(client)
    for action in (path, path + "?par=" + words.replace("&", "").replace("#", "")):
        answer = reader.http.get(action)
        if answer.status_code == 200:
            stays_words(answer.text, action)
    page = reader.http.get(path)
    with clock.shifted(LATER):
        from tests.publish.callers import fresh

        with clock.shifted(-LATER):
            data = {"jeton": fresh(client, path), "canal": words, "choix": words, "mots": words}
        first = reader.http.post(path, data=data)
        thanks = reader.http.post(first.headers["Location"], data=data)
        assert thanks.status_code == 303, thanks.text
        refused = reader.http.post(path, data={**data, "mots": words * 200})
        assert refused.status_code == 422
    stays_words(refused.text, path)
    for where in (path, f"{path}/merci"):
        stays_words(reader.http.get(where).text, where)
    assert answers(slug)[0].words == words and answers(slug)[0].channel is Channel.SITE
    with unit_of_work():
        calls.key_in(press.writer, call_queries.call_called(slug), "f" * 32, Channel.MAIL, None, words, words)
    page = client.sign_in(press.writer).http.get(f"{path}/resultats")
    # Its own script of the agents' frame is the only one.
    assert page.text.count("<script") == page.text.count("nonce=") and "49{%" not in page.text
    home = parsed(client.http.get(f"/labs/{lab_slug(press)}").text)
    assert not [link for link in home.iter("a") if (link.get("href") or "").startswith("javascript:")]
    assert " ".join(words.split()) in " ".join("".join(home.itertext()).split())


def lab_slug(press: Press) -> str:
    with reading():
        return session().get_one(Lab, press.lab_id).slug


def test_personal_data_is_marked_for_who_reads_and_published_to_nobody(
    client: PageClient, press: Press
) -> None:
    slug = make_call(press)
    path = f"/appels/{slug}"
    sent(client, path, path, mots="Appelez-moi au 77 12 34 <b>vite</b>.")
    assert "77 12 34" not in stranger(client).get(path).source
    page = client.sign_in(press.writer).get(f"{path}/resultats")
    assert [one.text for one in page.all("mark")] == ["77 12 34"]
    assert "&lt;b&gt;vite" in page.source and "données personnelles" in page.main
    labs = client.get(f"/labs/{lab_slug(press)}")
    assert f"{path}/resultats" in labs.links() and "1 réponse" in labs.main.replace("\u00a0", " ")


def test_words_go_after_a_year_and_counts_stay(client: PageClient, press: Press) -> None:
    slug = make_call(press)
    path = f"/appels/{slug}"
    sent(client, path, path, choix="0", mots="Des mots.")
    for days, left in ((360, True), (370, False)):
        with clock.shifted(timedelta(days=days)), unit_of_work():
            calls.forget_words()
        (row,) = answers(slug)
        assert bool(row.words) is left and row.choice == 0


def test_nobody_is_known_by_what_is_kept(client: PageClient, press: Press) -> None:
    first, second = make_call(press), make_call(press, title="Un autre appel")
    sent(client, f"/appels/{first}", f"/appels/{first}", choix="0")
    sent(client, f"/appels/{second}", f"/appels/{second}", choix="0")
    (one,), (other,) = answers(first), answers(second)
    assert one.mark and other.mark and one.mark != other.mark
    with reading():
        for table in ("call_answer", "call_opening"):
            for row in session().execute(sa.text(f"SELECT * FROM {table}")):
                assert "127.0.0.1" not in str(row)
        with pytest.raises(Missing):
            call_queries.call_called("inconnu")
        assert session().scalar(sa.select(sa.func.count()).select_from(Call)) == 2
