"""Reading tests: readers judge a frozen text part by part, and the lab finds each verdict on its block."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from app.errors import Invalid, MovedOn, Refused
from app.typed_words import readable
from drafts import log
from drafts.anchors import anchored_in
from drafts.grammar import passages
from drafts.models import Draft
from drafts.remark_models import Remark
from drafts.review_models import Revision
from labs.models import Lab
from publish import reading_test_queries, reading_tests
from publish.reading_test_models import MOST_PARTS, ReadingAnswer, ReadingRemark, ReadingTest, ReadingVerdict
from publish.reading_tests import parted
from tests.clients import PageClient, parsed
from tests.makers import make_agent
from tests.publish.callers import LATER, again, fresh, sent, stranger
from tests.publish.press import RICH, Press, block
from tests.publish.test_hostile import STRINGS
from tests.publish.test_hostile import judge as stays_words

MOVED = [
    block("lead", "Une autre phrase.", id="b1"),
    block("paragraph", "Un ajout au début.", id="n1"),
    block("heading", "Le jour du départ", id="b9"),
    block("paragraph", "Encore un ajout.", id="n2"),
]


def frozen(press: Press) -> tuple[int, int]:
    """(draft, its frozen revision) of a text under review."""
    draft_id = press.draft()
    press.submit(draft_id)
    with reading():
        return draft_id, session().scalars(sa.select(Revision.id).filter_by(draft_id=draft_id)).one()


def begun(press: Press, revision_id: int, **values: Any) -> str:
    with unit_of_work():
        lab = session().get_one(Lab, press.lab_id)
        closes_at = clock.now() + timedelta(days=7)
        return reading_tests.begin(press.writer, lab, revision_id, **{"closes_at": closes_at, **values}).token


def verdicts() -> dict[str, tuple[str, str]]:
    with reading():
        rows = session().scalars(sa.select(ReadingVerdict).order_by(ReadingVerdict.block_id))
        return {row.block_id: (str(row.understood or ""), row.words) for row in rows}


def count(table: type) -> int:
    with reading():
        return session().scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_text_is_read_in_few_parts() -> None:
    assert [name for name, _piece in parted(RICH)] == ["b1", "b2", "b9", "b15", "b28"]
    # Where hardly any heading stands, each block is a part; what has no words goes with its neighbour.
    flat = [block("paragraph", f"Le paragraphe {number}.", id=f"p{number}") for number in range(4)]
    picture = block("image", id="i1", image="0a1b2c", alt="Un plan")
    assert [len(piece) for _name, piece in parted([picture, flat[0], picture, *flat[1:]])] == [3, 1, 1, 1]
    long = [
        piece
        for number in range(40)
        for piece in (
            block("heading", f"Titre {number}", id=f"h{number}"),
            block("paragraph", f"Texte {number}. " * (number + 1), id=f"t{number}"),
        )
    ]
    parts = parted(long)
    assert len(parts) == MOST_PARTS and [node for _name, piece in parts for node in piece] == long
    assert parted([]) == [] and parted([picture]) == []


def test_a_reader_answers_in_part_and_once(client: PageClient, press: Press) -> None:
    _draft, revision_id = frozen(press)
    path = f"/lectures/{begun(press, revision_id, intro='Vous partez à Koné.')}"
    page = client.get(path)
    assert "Vous partez à Koné." in page.main and "n’est pas encore publié" in page.main
    assert "noindex" in page.response.headers["X-Robots-Tag"] and not page.all("script")
    assert len(page.all("fieldset")) == 5 and "Set-Cookie" not in page.response.headers
    data = sent(client, path, path, **{"v-b2": "partie", "m-b2": "Je garderais le bail.", "v-b9": "oui"})
    page = client.follow()
    assert "Merci" in page.main and page.form(path).values["v-b2"] == ["partie"]
    with clock.shifted(LATER):
        for _double in range(2):
            again(client, path, data)
    assert verdicts() == {"b2": ("partly", "Je garderais le bail."), "b9": ("yes", "")}
    # A new form changes what was said, and takes back what is emptied.
    sent(client, path, path, **{"v-b2": "oui", "m-b2": "", "v-b9": "non"})
    assert verdicts() == {"b2": ("yes", ""), "b9": ("no", "")}
    sent(stranger(client), path, path, **{"m-b1": "Rien."})
    assert count(ReadingAnswer) == 2


def test_what_is_refused_is_shown_again(client: PageClient, press: Press) -> None:
    _draft, revision_id = frozen(press)
    path = f"/lectures/{begun(press, revision_id)}"
    values = client.get(path).form(path).values
    again(client, path, {**values, "v-b2": "non", "m-b2": "Mes mots."}, 422)
    form = client.page.form(path).values
    assert "très vite" in client.page.main and form["m-b2"] == "Mes mots." and form["v-b2"] == ["non"]
    sent(client, path, path, 422, **{"m-b1": "Gardé.", "m-b9": "x" * 501})
    assert client.page.form(path).values["m-b1"] == "Gardé."
    assert any(link.endswith("-b9") for link in client.page.links())
    sent(client, path, path, 422)
    assert "Répondez pour une partie au moins" in client.page.main
    # What names no part of the text is left out.
    data = {"jeton": fresh(client, path), "v-zzz": "oui", "m-../x": "y", "v-b1": "peut-être", "m-b1": "Oui."}
    with clock.shifted(LATER):
        again(client, path, data)
    assert verdicts() == {"b1": ("", "Oui.")}
    sent(stranger(client), path, path, site="x", **{"m-b1": "Achetez"})
    assert count(ReadingAnswer) == 1
    assert client.http.post(path, headers={"Origin": "https://evil.example"}).status_code == 403


def test_the_link_ends_and_is_told_to_nobody(client: PageClient, press: Press) -> None:
    _draft, revision_id = frozen(press)
    token = begun(press, revision_id)
    path = f"/lectures/{token}"
    assert len(token) == 22
    for wrong in (f"{path}x", f"{path[:-1]}", "/lectures/1"):
        client.get(wrong, 404)
        client.post(wrong, {"m-b1": "x"}, 404)
    data = {**client.get(path).form(path).values, "m-b1": "Trop tard."}
    for listing in ("/sitemap.xml", "/plan-du-site", "/"):
        assert token not in client.http.get(listing).text
    with clock.shifted(timedelta(days=8)):
        assert "Ce test est fini" in client.get(path).main and not client.page.offers(path)
        data["jeton"] = fresh(client, path)
        with clock.shifted(LATER):
            again(client, path, data, 409)
        assert "Trop tard." in client.page.main
        with pytest.raises(MovedOn), unit_of_work():
            reading_tests.end(press.writer, reading_test_queries.test_called(token))
    client.sign_in(press.writer).get(f"{path}/resultats")
    client.send(f"{path}/finir")
    assert "Ce test est fini" in stranger(client).get(path).main and count(ReadingAnswer) == 0


def test_verdicts_land_on_the_right_block_after_the_draft_has_moved_on(
    client: PageClient, press: Press
) -> None:
    draft_id, revision_id = frozen(press)
    token = begun(press, revision_id)
    path = f"/lectures/{token}"
    sent(client, path, path, **{"v-b9": "non", "m-b9": "J’appellerais le 26 54 12."})
    sent(stranger(client), path, path, **{"v-b9": "partie", "m-b28": "Une partie qui va partir."})
    press.rewrite(draft_id, MOVED)
    agents = stranger(client).sign_in(press.writer)
    page = agents.get(f"{path}/resultats")
    # The lab reads what readers read, not what the draft says by now.
    assert (
        "À la mairie 0 1 1 0 %" in page.main.replace("\u00a0", " ") and "Le jour du départ" not in page.main
    )
    assert [mark.text for mark in page.all("mark")] == ["26 54 12"]
    with reading():
        answer_id, other = session().scalars(sa.select(ReadingAnswer.id).order_by(ReadingAnswer.id))
    for _double, status in ((1, 303), (2, 409)):
        token_of_form = page.form(f"{path}/remarque").values["csrf_token"]
        data = {"reponse": str(answer_id), "partie": "b9", "csrf_token": token_of_form}
        agents.post(f"{path}/remarque", data, status)
    with unit_of_work():
        gone = reading_tests.send_as_remark(
            press.writer, reading_test_queries.test_called(token), other, "b28"
        )
        assert gone.quote == "Un détail" and gone.block_id == "b28"
    with reading():
        first = session().scalars(sa.select(Remark).order_by(Remark.id)).first()
        assert first is not None and (first.block_id, first.quote) == ("b9", "À la mairie")
        assert first.messages[0].text == (
            "Test de lecture, un lecteur n’a pas compris cette partie. Ce qu’il ferait\u00a0: «\u00a0J’appellerais le […].\u00a0»"
        )
        # Its anchor is on the block of that id in the living draft, whatever its words are by now.
        tree = log.text(draft_id).tree
        assert passages(tree)["b9"] == "Le jour du départ"
        assert anchored_in(tree) == {first.public_id: "b9"}
        link = f"/brouillons/{draft_id}/remarques#r-{first.public_id}"
    assert link in agents.get(f"{path}/resultats").links() and count(ReadingRemark) == 2
    assert "Envoyé au lab" in agents.page.main


def test_the_live_page_can_be_read_as_well(client: PageClient, press: Press) -> None:
    draft_id, slug = press.published()
    with unit_of_work():
        lab_slug = session().get_one(Lab, press.lab_id).slug
    form = f"/labs/{lab_slug}/lectures/nouvelle"
    page = client.sign_in(press.writer).get(form)
    assert "page en ligne, édition 1" in page.main
    client.send(form, 422, fin="2020-01-01")
    client.send(form, fin=str(clock.local(clock.now()).date() + timedelta(days=7)))
    results = client.follow()
    path = results.path.removesuffix("/resultats")
    assert "pas encore publié" not in client.get(path).main
    with reading():
        test = session().scalars(sa.select(ReadingTest)).one()
        assert test.edition_id is not None and test.parts[0] == "b1"
    home = client.get(f"/labs/{lab_slug}")
    assert f"{path}/resultats" in home.links() and "test de lecture" in home.main
    # The next edition does not change what is being read.
    press.rewrite(draft_id, MOVED)
    assert "Présentez-vous au guichet" in client.get(path).main
    assert slug in str(client.get(f"/fiches/{slug}").path)


def test_who_may_do_what(client: PageClient, press: Press) -> None:
    draft_id, revision_id = frozen(press)
    token = begun(press, revision_id)
    with unit_of_work():
        lab = session().get_one(Lab, press.lab_id)
        elsewhere = make_agent(lab.administration)
        for wrong, field in (
            ({"revision_id": 999}, "text"),
            ({"closes_at": clock.now()}, "closes_at"),
            ({"closes_at": clock.now() + timedelta(days=100)}, "closes_at"),
            ({"intro": "x" * 501}, "intro"),
        ):
            given = {"revision_id": revision_id, "closes_at": clock.now() + timedelta(days=1), **wrong}
            with pytest.raises(Invalid) as refused:
                reading_tests.begin(press.writer, lab, **given)
            assert refused.value.detail["field"] == field
        with pytest.raises(Refused):
            reading_tests.begin(elsewhere, lab, revision_id, clock.now() + timedelta(days=1))
    assert client.sign_in(elsewhere).http.get(f"/lectures/{token}/resultats").status_code in (403, 404)
    client.sign_out().get(f"/lectures/{token}/resultats", 302)
    sent(client, f"/lectures/{token}", f"/lectures/{token}", **{"m-b2": "Des mots."})
    with unit_of_work():
        session().get_one(Draft, draft_id).trashed_at = clock.now()
    with unit_of_work():
        test = reading_test_queries.test_called(token)
        answer_id = session().scalars(sa.select(ReadingAnswer.id)).one()
        with pytest.raises(Invalid, match="Aucun brouillon"):
            reading_tests.send_as_remark(press.writer, test, answer_id, "b2")


@pytest.mark.parametrize("hostile", STRINGS)
def test_hostile_words_stay_words(client: PageClient, press: Press, hostile: str) -> None:
    # A form takes no NUL; what deceives the eye goes where it is kept.
    words = readable(hostile.replace("\u0000", "")).strip()
    tree = [
        block("lead", words, id="b1"),
        block("heading", words, id="b2"),
        block("paragraph", words, id="b3"),
        block("heading", words, id="b4"),
        block("paragraph", words, id="b5"),
    ]
    draft_id = press.draft(words, tree)
    press.submit(draft_id)
    with reading():
        revision_id = session().scalars(sa.select(Revision.id)).one()
    path = f"/lectures/{begun(press, revision_id, intro=words)}"
    reader = stranger(client)
    stays_words(reader.http.get(path).text, path)
    data = {"jeton": fresh(client, path), "m-b2": words, "m-b4": words * 100, "v-b2": words}
    with clock.shifted(LATER):
        keyed = reader.http.post(path, data=data).headers["Location"]
        refused = reader.http.post(keyed, data=data)
        assert refused.status_code == 422
        stays_words(refused.text, path)
        assert reader.http.post(path, data={**data, "m-b4": ""}).status_code == 303
    stays_words(reader.http.get(path).text, path)
    assert verdicts() == {"b2": ("", words)}
    agents = client.sign_in(press.writer)
    page = agents.http.get(f"{path}/resultats")
    assert page.text.count("<script") == page.text.count("nonce=") and "49{%" not in page.text
    assert " ".join(words.split()) in " ".join("".join(parsed(page.text).itertext()).split())


def test_words_go_after_a_year_and_counts_stay(client: PageClient, press: Press) -> None:
    _draft, revision_id = frozen(press)
    path = f"/lectures/{begun(press, revision_id)}"
    sent(client, path, path, **{"v-b2": "non", "m-b2": "Des mots."})
    for days, left in ((360, "Des mots."), (370, "")):
        with clock.shifted(timedelta(days=days)), unit_of_work():
            reading_tests.forget_words()
        assert verdicts() == {"b2": ("no", left)}
