"""Wishes as people meet them, with scripts disabled: doubled, replayed, late, hostile; nothing that was typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.mail import Mail
from app.policy import Actor, PortalRole
from drafts import review, service
from labs import cycles, wish_queries, wish_work, wishes
from labs.models import Lab
from labs.wish_models import Channel, Standing, Wish, WishStatus
from publish import sheets, visitors
from publish.pages import shelf
from tests import makers
from tests.clients import PageClient, parsed
from tests.publish.press import FIELDS, RICH, Press, draft_called
from tests.publish.test_hostile import STRINGS, judge

FORM = "/souhaits"
WORDS = {
    "titre": "Savoir où jeter les batteries",
    "besoin": "J’ai une vieille batterie\u00a0:\n<b>où la porter</b>\u202f?",
}
LATER = timedelta(seconds=10)


@pytest.fixture(autouse=True)
def _fresh_buckets(press: Press) -> None:
    visitors._buckets.clear()


@pytest.fixture
def moderator(press: Press) -> Actor:
    with unit_of_work():
        return makers.make_agent(session().get_one(Administration, press.nord), PortalRole.MODERATOR)


def filed(client: PageClient, **more: str) -> str:
    """A wish through the form, by a browser that comes for the first time. The secret page."""
    client.get("/souhaits/nouveau")
    form = client.page.form(FORM)  # type: ignore[union-attr]
    with clock.shifted(LATER):
        data = {**form.values, **WORDS, **more}
        page = client.post(FORM, data, 307)
        page = client.post(page.location, data)
    assert page.location.startswith("/suivi/souhait")
    return urlsplit(page.location).path


def all_wishes() -> list[Wish]:
    with reading():
        return list(session().scalars(sa.select(Wish).order_by(Wish.id)))


def shown(press: Press, moderator: Actor, title: str = "Une poubelle à piles", need: str = "") -> int:
    with unit_of_work():
        return makers.make_wish(moderator, title, need).id


def show(moderator: Actor, number: int) -> None:
    with unit_of_work():
        wish = wish_queries.wish_numbered(number)
        wishes.show(moderator, wish, wish.version)


def mails() -> list[Mail]:
    with reading():
        return list(session().scalars(sa.select(Mail).order_by(Mail.id)))


def address_in(mail: Mail) -> str:
    found = re.search(r"https?://[^\s]+(/suivi/[^\s]+)", mail.body)
    assert found is not None
    return found.group(1)


def test_from_an_empty_list_to_a_wish_that_others_support(
    press: Press, client: PageClient, moderator: Actor
) -> None:
    assert "Aucun souhait n’est encore en ligne" in client.get(FORM).main
    secret = filed(client)
    page = client.get(secret + "?merci=1")
    assert "bien arrivé" in page.heading and secret in "".join(page.links())
    assert "<b>où la porter</b>" in page.main and page.response.headers["Cache-Control"] == "no-store"
    (wish,) = all_wishes()
    client.get(f"/souhaits/{wish.id}", 404)
    show(moderator, wish.id)
    assert "1 souhait" in client.get(FORM).main
    reader = PageClient(client.app)
    page = reader.get(f"/souhaits/{wish.id}")
    assert "Personne ne le soutient encore" in page.main and "Set-Cookie" not in page.response.headers
    act = f"/souhaits/{wish.id}/soutenir"
    reader.send(act, 307)
    reader.post(reader.page.location)  # type: ignore[union-attr]
    assert "1 personne le soutient" in reader.follow().main
    reader.post(act)
    assert "1 personne le soutient" in reader.follow().main
    reader.send(act, retirer="1")
    assert "Personne ne le soutient encore" in reader.follow().main
    # The address of the form leads to the wish.
    assert reader.get(act, 301).location == f"/souhaits/{wish.id}"


def test_the_same_form_is_one_wish_however_often_and_late_it_comes(press: Press, client: PageClient) -> None:
    client.get("/souhaits/nouveau")
    data = {**client.page.form(FORM).values, **WORDS, "courriel": "jean@mail.nc"}  # type: ignore[union-attr]
    # At once: nobody writes so fast.
    page = client.post(FORM, data, 307)
    page = client.post(page.location, data, 422)
    assert "très vite" in page.main and page.form(FORM).values["besoin"].replace("\r", "") == WORDS["besoin"]
    with clock.shifted(LATER):
        first = client.post(FORM, data).location
        assert client.post(FORM, data).location == first
        stranger = PageClient(client.app)
        again = stranger.post(FORM, data, 307).location
        assert stranger.post(again, data).location == first
    assert len(all_wishes()) == 1 and len(mails()) == 1
    with clock.shifted(timedelta(hours=25)):
        # Open since yesterday: shown again, and still the same letter.
        page = client.post(FORM, data, 422)
        late = {**page.form(FORM).values, **WORDS}
    with clock.shifted(timedelta(hours=25) + LATER):
        assert client.post(FORM, late).location == first
        other = client.post(FORM, {**late, "titre": "Tout autre chose"}, 409)
        assert "d’autres mots" in other.main
        fresh = other.form(FORM).values
        assert fresh["titre"] == "Tout autre chose"
    with clock.shifted(timedelta(hours=25) + 2 * LATER):
        assert client.post(FORM, fresh).location != first
    assert len(all_wishes()) == 2


def test_what_is_wrong_is_said_beside_what_was_typed(press: Press, client: PageClient) -> None:
    client.get("/souhaits/nouveau")
    data = client.page.form(FORM).values  # type: ignore[union-attr]
    with clock.shifted(LATER):
        location = client.post(FORM, data, 307).location
        for wrong, field in (
            ({"titre": " "}, "titre"),
            ({"titre": "é" * 151}, "titre"),
            ({"besoin": ""}, "besoin"),
            ({"besoin": "é" * 3001}, "besoin"),
            ({"courriel": "jean"}, "courriel"),
        ):
            page = client.post(location, {**data, **WORDS, "courriel": "jean@mail.nc", **wrong}, 422)
            kept = page.form(FORM).values
            assert "rien n’est perdu" in page.main
            assert kept[field].strip() == wrong[field].strip()
            assert kept["courriel"] == wrong.get("courriel", "jean@mail.nc")
        with_nothing = client.post(FORM, {}, 422)
        assert "envoyez de nouveau" in with_nothing.main
        assert (
            client.http.post(FORM, data=data, headers={"Origin": "https://ailleurs.example"}).status_code
            == 403
        )
    assert all_wishes() == [] and mails() == []


def test_a_program_that_fills_in_everything_is_thanked(press: Press, client: PageClient) -> None:
    client.get("/souhaits/nouveau")
    data = {**client.page.form(FORM).values, **WORDS, sheets.TRAP: "https://spam.example"}  # type: ignore[union-attr]
    with clock.shifted(LATER):
        location = client.post(FORM, data, 307).location
        assert client.post(location, data).location == "/souhaits?merci=1"
    assert "Merci" in client.follow().main and all_wishes() == []


def test_too_many_at_once_wait_and_lose_nothing(
    press: Press, client: PageClient, moderator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "OF_A_READER", 1)
    number = shown(press, moderator)
    location = client.post(f"/souhaits/{number}/soutenir", {}, 307).location
    client.post(location)
    page = client.post(f"/souhaits/{number}/soutenir", {}, 429)
    assert "Attendez une minute" in page.main and page.response.headers["Retry-After"]
    page = client.post(FORM, WORDS, 429)
    assert page.form(FORM).values["titre"] == WORDS["titre"]


def test_similar_wishes_are_shown_before_one_more_is_filed(
    press: Press, client: PageClient, moderator: Actor
) -> None:
    near = shown(press, moderator, "Où porter une vieille batterie de voiture", "Je ne sais pas où.")
    shown(press, moderator, "Inscrire mon enfant à la cantine", "Quels papiers ?")
    client.get("/souhaits/nouveau")
    data = {**client.page.form(FORM).values, **WORDS, "titre": "Jeter une batterie de voiture"}  # type: ignore[union-attr]
    with clock.shifted(LATER):
        location = client.post(FORM, data, 307).location
        page = client.post(location, data, 200)
        assert "Est-ce l’un de ces souhaits" in page.heading
        assert page.offers(f"/souhaits/{near}/soutenir") and "cantine" not in page.main
        kept = page.form(FORM).values
        assert kept["besoin"].replace("\r", "") == WORDS["besoin"]
        # « Non, envoyer mon souhait », at once.
        client.send(FORM)
    assert len(all_wishes()) == 3
    other = PageClient(client.app)
    other.get("/souhaits/nouveau")
    data |= {"jeton": other.page.form(FORM).values["jeton"]}  # type: ignore[union-attr]
    with clock.shifted(2 * LATER):
        other.post(FORM, data, 307)
        other.post(other.page.location, data, 200)  # type: ignore[union-attr]
        other.send(f"/souhaits/{near}/soutenir")
    assert len(all_wishes()) == 3
    with reading():
        assert wish_queries.supports_of(session().get_one(Wish, near)) == 1


def test_a_possible_number_holds_it_and_its_author_is_told(
    press: Press, client: PageClient, moderator: Actor
) -> None:
    secret = filed(client, besoin="Appelez-moi au 77 12 34.")
    page = client.get(secret)
    assert "peut-être un numéro" in page.main and [mark.text for mark in page.all("mark")] == ["77 12 34"]
    with unit_of_work():
        makers.make_wish(None, "Un souhait plus ancien")
    desk = PageClient(client.app).sign_in(moderator).get("/moderation/souhaits")
    assert [mark.text for mark in desk.all("mark")] == ["77 12 34"]
    assert desk.main.index("batteries") < desk.main.index("plus ancien")
    client.get(secret)
    client.send(secret, titre="Savoir où jeter", besoin="Sans numéro.", acte="corriger")
    assert "peut-être" not in client.follow().main and not all_wishes()[0].held


def test_its_author_withdraws_it(press: Press, client: PageClient, moderator: Actor) -> None:
    secret = filed(client)
    (wish,) = all_wishes()
    show(moderator, wish.id)
    page = client.get(secret)
    assert f"/souhaits/{wish.id}" in page.links() and "corriger" not in page.source
    # Who had opened the page before still sees their correction, and hears why it is too late.
    page = client.post(secret, {"acte": "corriger", "vu": "1", "titre": "Mieux", "besoin": "Mieux dit"}, 409)
    assert "ne se corrige plus" in page.main or "rechargez" in page.main
    for _twice in range(2):
        client.post(secret, {"acte": "retirer"})
    assert "effacés" in client.follow().main
    client.get(f"/souhaits/{wish.id}", 404)
    client.post(secret, {"acte": "autre"}, 422)
    client.post(secret.replace(f"souhait{wish.id}-", f"souhait{wish.id + 1}-"), {"acte": "retirer"}, 404)


def test_an_address_is_confirmed_by_a_button_and_not_by_a_look(press: Press, client: PageClient) -> None:
    secret = filed(client, courriel="Jean@Mail.nc")
    (first,) = mails()
    assert first.recipient == "jean@mail.nc" and first.secret
    confirm = address_in(first)
    other = PageClient(client.app)
    page = other.get(confirm)
    assert secret not in page.links() and all_wishes()[0].confirmed_at is None
    other.send(confirm)
    assert "est confirmée" in other.follow().heading and all_wishes()[0].confirmed_at is not None
    client.get(secret)
    client.send(secret, acte="oublier")
    assert all_wishes()[0].email == ""
    assert "rien à confirmer" in other.get(confirm).heading
    other.post(confirm, {}, 409)
    page = client.follow()
    page = client.post(secret, {"acte": "courriel", "courriel": "jean@"}, 422)
    assert page.form(secret).values.get("courriel", "jean@") and "adresse électronique entière" in page.main
    for _twice in range(2):
        client.post(secret, {"acte": "courriel", "courriel": "jean@mail.nc"})
    assert len(mails()) == 2 and address_in(mails()[1]) != confirm


def test_one_letter_box_gets_three_links_a_day(press: Press, client: PageClient) -> None:
    for number in range(5):
        filed(
            PageClient(client.app),
            titre=f"Un souhait tout à fait différent {'abcde'[number] * 9}",
            autre="1",
            courriel="victime@mail.nc",
        )
    assert len(all_wishes()) == 5 and len(mails()) == 3


def test_a_merged_wish_leads_to_the_other(press: Press, client: PageClient, moderator: Actor) -> None:
    one, other = shown(press, moderator, "Une benne"), shown(press, moderator, "Un bac")
    with unit_of_work():
        first, second = wish_queries.wish_numbered(one), wish_queries.wish_numbered(other)
        wish_work.merge(moderator, first, second, first.version)
    assert client.get(f"/souhaits/{one}", 301).location == f"/souhaits/{other}"
    there = client.post(f"/souhaits/{one}/soutenir", {}, 308).location
    assert there == f"/souhaits/{other}/soutenir"
    client.post(client.post(there, {}, 307).location)
    assert "1 personne" in client.follow().main and "semblable" in client.page.main  # type: ignore[union-attr]


def test_the_list_is_filtered_searched_and_paged(press: Press, client: PageClient, moderator: Actor) -> None:
    numbers = [shown(press, moderator, f"Souhait numéro {letter * 3}") for letter in "abcdefghijklmnopqrstuv"]
    cantine = shown(press, moderator, "Les cantines", "Inscrire un enfant.")
    with unit_of_work():
        wishes.support(lambda number: f"{number:032x}", wish_queries.wish_numbered(numbers[0]))

    def found(address: str) -> list[int]:
        cards = next(each for each in client.get(address).all("ul", class_="cards"))
        return [int(link.get("href", "").rpartition("/")[2]) for link in cards.iter("a")]

    first = found(FORM)
    assert first[:2] == [numbers[0], cantine] and len(first) == 15
    assert set(first + found(FORM + "?page=2")) == {*numbers, cantine}
    assert found(FORM + "?ordre=recents")[0] == cantine
    assert found(FORM + "?q=cantine+enfants") == [cantine]
    assert "Aucun souhait ne correspond" in client.get(FORM + "?etat=publies").main
    for odd in (
        "?page=-1",
        "?page=99999999999999999999",
        "?etat=inconnu",
        "?q=" + "é" * 5000,
        "?q=le",
        "?page=abc",
    ):
        client.get(FORM + odd)
    page = client.get("/souhaits/nouveau?besoin=Un+planeur")
    assert page.form(FORM).values["besoin"].strip() == "Un planeur"
    client.get("/souhaits/999999999999999999999", 404)


def test_programs_read_what_the_public_reads(press: Press, client: PageClient, moderator: Actor) -> None:
    one = shown(press, moderator, "Une benne", "Près de chez moi.")
    two = shown(press, moderator, "Un bac")
    with unit_of_work():
        makers.make_wish(None, "Attend")
    answer = client.http.get("/api/v1/wishes?limit=1")
    (item,) = answer.json["items"]
    assert (item["id"], item["title"], item["status"], item["supports"]) == (one, "Une benne", "received", 0)
    rest = client.http.get(answer.json["next"].partition("127.0.0.1")[2].partition("/")[2].join(["/", ""]))
    assert [each["id"] for each in rest.json["items"]] == [two] and rest.json["next"] is None
    etag = answer.headers["ETag"]
    assert client.http.get("/api/v1/wishes?limit=1", headers={"If-None-Match": etag}).status_code == 304
    assert b"/souhaits" in client.http.get("/sitemap.xml").data


def test_the_home_page_follows(press: Press, client: PageClient, moderator: Actor) -> None:
    assert "Une benne" not in client.get("/").main
    shown(press, moderator, "Une benne")
    jobs.deliver_outbox()
    shelf(client.app).look()
    assert "Une benne" in client.get("/").main
    assert b"/souhaits/" in client.http.get("/sitemap.xml").data


@pytest.mark.parametrize("hostile", STRINGS)
def test_hostile_words_stay_words(press: Press, client: PageClient, moderator: Actor, hostile: str) -> None:
    words = hostile.replace("\u0000", "")
    secret = filed(client, titre=words, besoin=words)
    (wish,) = all_wishes()
    desk = PageClient(client.app).sign_in(moderator)
    sources, desks = [client.http.get(secret).text], [desk.http.get("/moderation/souhaits").text]
    show(moderator, wish.id)
    with unit_of_work():
        entered = wishes.file_wish(
            None,
            "Un autre",
            words,
            key="9" * 32,
            note=words[:300],
            source_url="https://exemple.nc/?a=%3Cx%3E",
        )
        wishes.show(moderator, entered, entered.version)
        wish_work.refuse_with_reason(press.editor, session().get_one(Wish, wish.id), 2, words)
    editor = PageClient(client.app).sign_in(press.editor)
    for path in (FORM, f"/souhaits/{wish.id}", "/souhaits?q=" + "un", "/", secret):
        sources.append(client.http.get(path, query_string={"besoin": words} if path == FORM else None).text)
    sources += [
        client.http.get("/souhaits/nouveau", query_string={"besoin": hostile, "titre": hostile}).text,
        client.http.get(FORM, query_string={"q": hostile, "etat": hostile}).text,
        client.http.post(FORM, data={**WORDS, "titre": words, "besoin": words}).text,
    ]
    for source in sources:
        judge(source, "a page with a hostile wish")
    desks += [editor.http.get(f"/souhaits/{number}/suite").text for number in (wish.id, entered.id)]
    for source in desks:
        parsed(source)
        assert "<script>alert" not in source and "<img src=x" not in source and "<svg/onload" not in source
    assert client.http.get("/api/v1/wishes").is_json


def test_an_agent_keys_in_what_came_another_way(press: Press, client: PageClient, moderator: Actor) -> None:
    client.get("/souhaits/saisie", 302)
    client.sign_in(press.writer).get("/souhaits/saisie", 403)
    with unit_of_work():
        agent = makers.make_agent(session().get_one(Administration, press.sud), PortalRole.COMMUNICATION)
    client.sign_in(agent)
    assert "/souhaits/saisie" in client.get("/espace").links()
    client.get("/souhaits/saisie")
    page = client.send(
        "/souhaits/saisie", 422, titre="Un titre", besoin="Un besoin", lien="javascript:x", canal=None
    )
    assert "comment ce souhait" in page.main
    page = client.send("/souhaits/saisie", 422, canal="facebook")
    kept = page.form("/souhaits/saisie").values
    assert (kept["titre"], kept["lien"], kept["canal"]) == ("Un titre", "javascript:x", ["facebook"])
    data = {
        **kept,
        "lien": "https://www.facebook.com/1",
        "administration": str(press.sud),
        "canal": "mediator",
    }
    for _twice in range(2):
        client.post("/souhaits/saisie", data)
    assert "un modérateur le lira" in client.follow().main
    (wish,) = all_wishes()
    assert (wish.channel, wish.entered_by, wish.administration_id) == (Channel.MEDIATOR, agent.id, press.sud)
    show(moderator, wish.id)
    page = PageClient(client.app).get(f"/souhaits/{wish.id}")
    assert "avec l’aide d’un médiateur" in page.main and "facebook" not in page.source


def test_moderators_decide_once_and_the_second_is_told(
    press: Press, client: PageClient, moderator: Actor
) -> None:
    with unit_of_work():
        other = makers.make_agent(session().get_one(Administration, press.sud), PortalRole.MODERATOR)
    secret = filed(client)
    (wish,) = all_wishes()
    desk, second = PageClient(client.app).sign_in(moderator), PageClient(client.app).sign_in(other)
    act = f"/moderation/souhaits/{wish.id}"
    assert "/moderation/souhaits" in desk.get("/espace").links()
    for each in (desk, second):
        each.get("/moderation/souhaits")
    refusal = next(form for form in desk.page.forms if "motif" in form.names)  # type: ignore[union-attr]
    page = desk.post(act, {**refusal.values, "acte": "refuser", "motif": "é" * 1001}, 422)
    assert "Dites pourquoi" in page.main and "é" * 1001 in page.main
    desk.post(act, {**refusal.values, "acte": "refuser", "motif": "C’est une publicité."})
    assert "refusé" in desk.follow().main
    page = second.send(act, 409, acte="montrer")
    assert "vient d’agir" in page.main
    assert "C’est une publicité." in client.get(secret).main
    # Back to where the queue hangs, and nowhere else.
    data = {"acte": "montrer", "vu": "2", "retour": "//ailleurs.example"}
    data["csrf_token"] = second.page.forms[0].values["csrf_token"]  # type: ignore[union-attr]
    assert second.post(act, data).location == "/moderation/souhaits"
    assert all_wishes()[0].standing is Standing.SHOWN
    PageClient(client.app).sign_in(press.editor).get("/moderation/souhaits", 403)


def test_what_becomes_of_it_is_said_on_one_page(press: Press, client: PageClient, moderator: Actor) -> None:
    number, other = shown(press, moderator, "Une benne"), shown(press, moderator, "Un bac")
    path = f"/souhaits/{number}/suite"
    client.sign_in(press.editor).get(path)
    joining = next(form for form in client.page.forms if "souhait" in form.names)  # type: ignore[union-attr]
    page = client.post(path, {**joining.values, "souhait": "/souhaits/12345"}, 422)
    assert page.all("input", id="souhait")[0].get("value") == "/souhaits/12345"
    page = client.post(
        path, {**client.page.forms[-1].values, "acte": "refuser", "motif": "é" * 1001, "vu": "2"}, 422
    )  # type: ignore[union-attr]
    assert "é" * 1001 in page.source
    client.post(path, {**page.forms[-1].values, "acte": "fiche", "fiche": "/fiches/inconnue", "vu": "2"}, 422)
    _draft, slug = press.published("Trier ses déchets")
    client.get(path)
    with unit_of_work():
        wishes.support(lambda number: f"{number:032x}", wish_queries.wish_numbered(number))
    client.post(
        path, {**client.page.forms[-1].values, "acte": "fiche", "fiche": f"http://x/fiches/{slug}", "vu": "2"}
    )  # type: ignore[union-attr]
    page = PageClient(client.app).get(f"/souhaits/{number}")
    assert "Publié" in page.main and f"/fiches/{slug}" in page.links()
    assert client.post(
        path, {**client.get(path).forms[-1].values, "acte": "joindre", "souhait": str(other), "vu": "1"}, 409
    )


def test_a_failed_search_becomes_a_page_and_its_author_hears_of_it(
    press: Press, client: PageClient, moderator: Actor
) -> None:
    """The loop for which all this is made."""
    with unit_of_work():
        leader = makers.make_agent(session().get_one(Administration, press.nord), PortalRole.ADMINISTRATOR)
        cycles.make_cycle(leader, clock.local(clock.now()).date(), ["Mieux trier"])
    searched = client.get("/recherche?q=batteries+usagées")
    form = next(link for link in searched.links() if link.startswith("/souhaits/nouveau"))
    page = client.get(form)
    assert page.form(FORM).values["besoin"].strip() == "batteries usagées"
    secret = filed(client, courriel="jean@mail.nc")
    citizen = PageClient(client.app)
    citizen.get(address_in(mails()[0]))
    citizen.send(address_in(mails()[0]))
    (wish,) = all_wishes()
    desk = PageClient(client.app).sign_in(moderator)
    desk.get("/moderation/souhaits")
    desk.send(f"/moderation/souhaits/{wish.id}", acte="montrer")
    citizen.get(f"/souhaits/{wish.id}")
    citizen.send(f"/souhaits/{wish.id}/soutenir", 307)
    citizen.post(citizen.page.location)  # type: ignore[union-attr]

    with reading():
        lab = session().get_one(Lab, press.lab_id)
        home, slug = f"/labs/{lab.slug}", lab.slug
    agent = PageClient(client.app).sign_in(press.writer)
    page = agent.get(home)
    assert "1 personne le soutient" in page.main
    agent.send(f"{home}/souhaits/{wish.id}")
    page = agent.follow()
    new = next(link for link in page.links() if "brouillons/nouveau?souhait=" in link)
    agent.get(f"/souhaits/{wish.id}/suite")
    plan = next(one for one in agent.page.forms if one.values.get("acte") == "cycle")  # type: ignore[union-attr]
    agent.post(plan.action, plan.values)
    assert "Prévu dans le cycle de travail 1" in citizen.get(f"/souhaits/{wish.id}").main
    page = agent.get(new)
    assert WORDS["titre"] in page.main
    page = agent.send(f"/labs/{slug}/brouillons/nouveau", 422, titre="")
    made = agent.send(f"/labs/{slug}/brouillons/nouveau", titre="Jeter une batterie")
    draft_id = int(made.location.rpartition("/")[2])
    assert f"/souhaits/{wish.id}" in agent.follow().links()
    assert "Jeter une batterie" in agent.get(home).main
    with unit_of_work():
        service.set_fields(press.writer, draft_called(draft_id), **FIELDS)
        service.replace_text(press.writer, draft_called(draft_id), list(RICH))
    fingerprint = press.submit(draft_id, "Première publication.")
    with unit_of_work():
        review.sign_off(press.sud_reviewer, draft_called(draft_id), press.sud, fingerprint)
    article = press.publish(draft_id, fingerprint)
    for _again in range(2):
        jobs.deliver_outbox()
    page = client.get(f"/souhaits/{wish.id}")
    assert "Publié" in page.main and f"/fiches/{article}" in page.links()
    assert f"/fiches/{article}" in client.get(secret).links()
    told = [
        mail for mail in mails() if f"/fiches/{article}" in mail.body and mail.recipient == "jean@mail.nc"
    ]
    assert len(told) == 1 and WORDS["titre"] in told[0].body
    assert all_wishes()[0].email == "" and all_wishes()[0].status is WishStatus.PUBLISHED
