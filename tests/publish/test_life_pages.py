"""The pages of those who decide: each act by each role, over HTTP, without JavaScript."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import clock
from app.db import reading
from app.policy import Actor
from drafts.models import ArticleState
from publish.fate_stages import Fate
from tests.clients import PageClient
from tests.publish.fates_world import Life, make_life
from tests.publish.press import RICH, Press, block, run

ACTS = ("masquer", "proposer", "confirmer", "ecarter", "exacte")


@pytest.fixture
def life(press: Press) -> Life:
    return make_life(press)


def test_propose_and_confirm_on_the_page(press: Press, life: Life, client: PageClient) -> None:
    elsewhere = f"http://127.0.0.1:8000/fiches/{life.slug}"
    press.published("Déménager", [*RICH, block("paragraph", run("Voir ici", href=elsewhere), id="b77")])
    base = f"/fiches/{life.slug}/vie"
    client.sign_in(press.sud_reviewer)
    page = client.get(base)
    # Who leads here is said before anything is decided.
    assert "/fiches/demenager" in page.links() and "En ligne" in page.main
    refused = client.send(f"{base}/proposer", 422, sort="remove", explication="")
    assert "Expliquez-le" in refused.main
    refused = client.send(
        f"{base}/proposer", 422, sort="redirect", explication="Réunies.", cible="/fiches/nulle-part"
    )
    assert "Aucune fiche" in refused.main and "Réunies." in refused.source
    client.send(f"{base}/proposer", sort="redirect", cible="/fiches/demenager")
    page = client.follow()
    assert "une autre personne doit le confirmer" in page.main and not page.offers(f"{base}/confirmer")
    client.sign_out().sign_in(press.editor)
    client.get(base)
    client.send(f"{base}/confirmer")
    assert "Redirigée" in client.follow().main
    assert client.sign_out().get(f"/fiches/{life.slug}", 301).location == "/fiches/demenager"


def test_what_was_done_meanwhile_is_told(press: Press, life: Life, client: PageClient) -> None:
    base = f"/fiches/{life.slug}/vie"
    client.sign_in(press.editor).get(base)
    life.decide(Fate.WITHDRAW)
    client.send(f"{base}/masquer", 409, motif="Un numéro faux.")
    assert life.state is ArticleState.WITHDRAWN


def test_masked_on_the_page_and_asked_for_a_reason(press: Press, life: Life, client: PageClient) -> None:
    base = f"/fiches/{life.slug}/vie"
    client.sign_in(press.editor).get(base)
    assert "Dites pourquoi" in client.send(f"{base}/masquer", 422, motif="").main
    client.send(f"{base}/masquer", motif="Un numéro faux.")
    assert "Masquée" in client.follow().main
    client.sign_out().get(f"/fiches/{life.slug}", 410)


def test_each_act_by_each_wrong_role(press: Press, life: Life, client: PageClient) -> None:
    client.app.config["WTF_CSRF_ENABLED"] = False
    client.app.testing = False
    number = life.propose(Fate.WITHDRAW, press.editor)
    data = {
        "motif": "Parce que.", "sort": "remove", "explication": "Parce que.", "numero": str(number),
        "prochaine": "2031-05-31",
    }  # fmt: skip
    before = life.deeds()
    roles: list[tuple[Actor | None, dict[str, int]]] = [
        (None, dict.fromkeys(ACTS, 401)),
        (press.writer, dict.fromkeys(ACTS, 403)),
        (press.nord_reviewer, dict.fromkeys(ACTS, 403)),
        # The editor proposed it and is no reviewer of the lead administration.
        (press.editor, {"confirmer": 403, "exacte": 403}),
        (life.second_editor, {"confirmer": 403, "exacte": 403, "ecarter": 403}),
    ]
    for somebody, meant in roles:
        client.sign_out()
        if somebody is not None:
            client.sign_in(somebody)
        for act, status in meant.items():
            answer = client.http.post(f"/fiches/{life.slug}/vie/{act}", data=data)
            assert answer.status_code == status, (somebody, act, answer.status_code)
    assert life.deeds() == before and life.state is ArticleState.LIVE


def test_a_page_is_revised_from_a_link_on_it(press: Press, life: Life, client: PageClient) -> None:
    address = f"/fiches/{life.slug}/corriger"
    assert address in client.get(f"/fiches/{life.slug}").links()
    assert client.http.get(address).status_code == 302, "who is not signed in is asked to"
    client.sign_in(press.writer).get(address)
    client.send(address)
    draft = client.follow()
    assert draft.heading == "Changer d’adresse"
    with reading():
        from drafts import review
        from tests.publish.press import draft_called

        made = draft_called(int(draft.path.rsplit("/", 1)[1]))
        # The permanent lab of their own administration, which was made for it.
        assert made.lab.administration_id == press.sud and made.lab.id != press.lab_id
        # Its words stay their authors': the draft itself brings nobody's.
        assert [line for line in review.contributions(made).people_since if line.inserted] == []
    page = client.get(address)
    assert "Quelqu’un y travaille déjà" in page.main
    assert "inventé" not in page.main and client.send(address, 422, lab="inventé").main


def test_who_writes_nowhere_near_does_not_revise(press: Press, life: Life, client: PageClient) -> None:
    from app.db import unit_of_work
    from tests.makers import make_administration, make_agent

    with unit_of_work():
        stranger = make_agent(make_administration("Ailleurs"))
    client.sign_in(stranger).get(f"/fiches/{life.slug}/corriger", 404)
    client.get(f"/fiches/{life.slug}/vie", 404)


def test_still_exact_is_one_click_away(press: Press, life: Life, client: PageClient) -> None:
    base = f"/fiches/{life.slug}/vie"
    client.sign_in(press.sud_reviewer).get(base)
    client.send(f"{base}/exacte")
    year = clock.local(clock.now()).date() + timedelta(days=365)
    assert str(year.year) in client.follow().main
    assert "toujours exacte" in client.get(f"/fiches/{life.slug}/historique").main
    client.get(base)
    assert "à venir" in client.send(f"{base}/exacte", 422, prochaine="2020-01-01").main
    assert "Aucune page" in client.get("/verifications").main
