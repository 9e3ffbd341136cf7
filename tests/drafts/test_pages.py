"""The pages of the drafts, seen by each kind of person. Success and refusal share their set-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from app import clock
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.policy import Actor, PortalRole
from drafts import list_queries, review, service
from drafts.models import Draft
from drafts.queries import draft_numbered, history
from drafts.stages import Deed, Stage
from labs.roles import Right
from labs.service import add_member
from publish import service as publication
from tests import makers
from tests.clients import PageClient

TITLE = "Déclarer une naissance aux îles"
NOTE = "La liste des pièces est complète."


@dataclass(frozen=True)
class House:
    """A lab of two administrations with one draft, and everybody who may come to its door."""

    draft: int
    lab: str
    south: int
    north: int
    people: dict[str, Actor]

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    @property
    def page(self) -> str:
        return f"/brouillons/{self.draft}"


@pytest.fixture
def house(client: PageClient) -> House:
    with unit_of_work():
        south, north = (
            makers.make_administration("Province du Sud"),
            makers.make_administration("Province du Nord"),
        )
        facilitator, writer, reader, reviewer = (
            makers.make_agent(south, reviewer=last) for last in (0, 0, 0, 1)
        )
        north_reviewer = makers.make_agent(north, reviewer=True)
        lab = makers.make_lab(facilitator, south, writer)
        add_member(facilitator, lab, session().get_one(Person, reader.id), Right.READ)
        draft = makers.make_draft(writer, lab, south, south, north, title=TITLE)
        return House(
            draft=draft.id,
            lab=lab.slug,
            south=south.id,
            north=north.id,
            people={
                "facilitator": facilitator,
                "writer": writer,
                "reader": reader,
                "reviewer": reviewer,
                "north reviewer": north_reviewer,
                "stranger": makers.make_agent(north),
                "editor": makers.make_agent(north, PortalRole.PORTAL_EDITOR),
            },
        )


def submitted(house: House) -> str:
    """Put the draft into review as its writer; the fingerprint that is to be signed."""
    with unit_of_work():
        return review.submit(house["writer"], draft_numbered(house.draft), NOTE).fingerprint


def stage_of(house: House) -> Stage:
    with reading():
        return session().get_one(Draft, house.draft).stage


@pytest.mark.parametrize("name", ["writer", "facilitator", "reader"])
def test_members_read_the_draft_and_writers_can_propose_it(
    client: PageClient, house: House, name: str
) -> None:
    page = client.sign_in(house[name]).get(house.page)
    assert page.heading == TITLE
    assert "Présentez-vous à la mairie." in page.main
    (root,) = [element for element in page.all("div") if element.get("data-editor-root") is not None]
    assert root.get("data-draft") == str(house.draft)
    assert root.get("data-shared-computer") == "0"
    assert (root.get("data-rights") or "").split()[-1] == ("read" if name == "reader" else "write")
    assert page.offers(f"{house.page}/proposer") is (name != "reader")
    (state,) = [element for element in page.all("p", role="status") if element.get("data-save-state")]
    assert state.get("data-save-state") == "readonly"


@pytest.mark.parametrize("suffix", ["", "/champs", "/historique", "/relecture"])
@pytest.mark.parametrize("name", ["stranger", "reviewer", "north reviewer", "editor"])
def test_a_draft_being_written_does_not_exist_for_others(
    client: PageClient, house: House, name: str, suffix: str
) -> None:
    page = client.sign_in(house[name]).get(house.page + suffix, 404)
    assert TITLE not in page.source
    # An address that never existed looks exactly the same.
    assert client.get(f"/brouillons/999999{suffix}", 404).main == page.main


@pytest.mark.parametrize("suffix", ["", "/champs", "/historique", "/relecture"])
def test_who_is_not_signed_in_is_sent_to_the_door_and_learns_nothing(
    client: PageClient, house: House, suffix: str
) -> None:
    for number in (house.draft, 999999):
        path = f"/brouillons/{number}{suffix}"
        page = client.get(path, 302)
        assert page.location == f"/connexion?next={path}"
        assert TITLE not in page.source


def test_a_draft_is_made_in_a_lab(client: PageClient, house: House) -> None:
    client.sign_in(house["writer"])
    path = f"/labs/{house.lab}/brouillons/nouveau"
    page = client.get(path)
    assert page.form(path).values["competentes"] == [str(house.south)]
    page = client.send(path, 422, titre="  ")
    assert "Donnez un titre" in page.main
    page = client.send(path, 422, titre="Inscrire son enfant", competentes=None)
    assert page.form(path).values["titre"] == "Inscrire son enfant"
    assert "#competentes" in page.links()
    client.send(
        path,
        titre="Inscrire son enfant",
        competentes=[str(house.south), str(house.north)],
        themes=["famille"],
    )
    page = client.follow()
    assert page.heading == "Inscrire son enfant"
    assert "Le brouillon est créé." in page.main
    assert "Province du Nord" in page.main and "Famille" in page.main
    # What was done is said once.
    assert "Le brouillon est créé." not in client.get(page.path).main


@pytest.mark.parametrize(("name", "status"), [("reader", 403), ("stranger", 403), ("editor", 403)])
def test_only_who_writes_in_a_lab_makes_drafts(
    client: PageClient, house: House, name: str, status: int
) -> None:
    client.sign_in(house[name]).get(f"/labs/{house.lab}/brouillons/nouveau", status)


def test_a_text_is_proposed_from_its_page_and_nobody_proposes_it_twice(
    client: PageClient, house: House
) -> None:
    client.sign_in(house["writer"]).get(house.page)
    client.send(f"{house.page}/proposer", 422, note="x" * 501)
    assert "trop longue" in client.page.main and stage_of(house) is Stage.WRITING
    client.send(f"{house.page}/proposer", note=NOTE)
    page = client.follow()
    assert page.path == f"{house.page}/relecture"
    assert stage_of(house) is Stage.IN_REVIEW
    assert NOTE in page.main and "Présentez-vous à la mairie." in page.main
    # The form of the page opened before is out of date, and says so without blaming anybody.
    page = client.get(house.page)
    assert not page.offers(f"{house.page}/proposer")
    token = page.form("/deconnexion").values["csrf_token"]
    page = client.post(f"{house.page}/proposer", {"csrf_token": token, "note": ""}, 409)
    assert page.heading == "La situation a changé"


def test_what_keeps_a_text_from_being_proposed_is_a_click_away(client: PageClient, house: House) -> None:
    words = [{"type": "text", "text": "Les pièces"}]
    tree = [
        {"type": "heading", "attrs": {"id": "h1", "level": 4}, "content": words},
        {"type": "heading", "attrs": {"id": "h2", "level": 2}},
        makers.LEAD[1],
    ]
    with unit_of_work():
        service.replace_text(house["writer"], draft_numbered(house.draft), tree)
    client.sign_in(house["writer"]).get(house.page)
    page = client.send(f"{house.page}/proposer", 422, note=NOTE)
    assert "Le texte n’est pas encore prêt à être proposé" in page.main
    assert "Le texte n’a pas d’introduction" in page.main
    # The heading of a wrong level is a click away; an empty one is not written, so the click leads to the text.
    assert "#h1" in page.links() and "#texte" in page.links()
    assert page.form(f"{house.page}/proposer").values["note"] == NOTE
    assert stage_of(house) is Stage.WRITING


def test_the_review_page_says_who_is_expected_and_what_each_person_may_do(
    client: PageClient, house: House
) -> None:
    fingerprint = submitted(house)
    path = f"{house.page}/relecture"
    for name, signs, retracts in (
        ("writer", False, True),
        ("facilitator", False, True),
        ("reader", False, False),
        ("reviewer", True, False),
        ("north reviewer", True, False),
        ("editor", False, False),
    ):
        page = client.sign_out().sign_in(house[name]).get(path)
        assert page.offers(f"{path}/signer") is signs, name
        assert page.offers(f"{house.page}/retirer") is retracts, name
        assert "Province du Sud n’a pas encore répondu." in page.main
        assert fingerprint[:12] in page.main and fingerprint in page.main
        if not signs:
            assert "Ce que vous ne pouvez pas faire maintenant" in page.main
    client.sign_out().sign_in(house["stranger"]).get(path, 404)


def test_the_short_way_stays_short(client: PageClient, house: House) -> None:
    """Where one administration alone is competent, abstentions and objections stay out of sight."""
    with unit_of_work():
        lab = session().get_one(Draft, house.draft).lab
        south = session().get_one(Draft, house.draft).article.lead
        draft = makers.make_draft(house["writer"], lab, south, south, title="Refaire sa carte")
        review.submit(house["writer"], draft, "")
        path = f"/brouillons/{draft.id}/relecture"
    page = client.sign_in(house["reviewer"]).get(path)
    assert page.offers(f"{path}/signer") and page.offers(f"{path}/changements")
    assert not page.offers(f"{path}/abstenir") and not page.offers(f"{path}/opposition")
    assert "Opposition" not in page.main and "Abstention" not in page.main
    # The north is not concerned and is told nothing.
    client.sign_out().sign_in(house["north reviewer"]).get(path, 404)


def test_a_signature_is_asked_for_twice_and_given_once(client: PageClient, house: House) -> None:
    fingerprint = submitted(house)
    path = f"{house.page}/relecture"
    page = client.sign_in(house["reviewer"]).get(path)
    assert page.form(f"{path}/signer").values["empreinte"] == fingerprint
    page = client.send(f"{path}/signer", 422)  # the box is not ticked
    assert f"#relu-{house.south}" in page.links()
    client.send(f"{path}/signer", relu="y", motif="Rien à redire.")
    page = client.follow()
    assert "Votre visa est enregistré." in page.main
    assert "Visa, comme second regard" in page.main and "Rien à redire." in page.main
    assert not page.offers(f"{path}/signer")
    assert "Province du Sud n’a pas encore répondu." not in page.main
    client.sign_out().sign_in(house["north reviewer"]).get(path)
    client.send(f"{path}/signer", relu="y")
    assert stage_of(house) is Stage.APPROVED
    assert "Approuvé" in client.follow().main


def test_what_was_signed_is_what_was_read(client: PageClient, house: House) -> None:
    submitted(house)
    path = f"{house.page}/relecture"
    client.sign_in(house["reviewer"]).get(path)
    page = client.send(f"{path}/signer", 409, relu="y", empreinte="0" * 64)
    assert page.heading == "La situation a changé"
    client.get(path)
    page = client.send(f"{path}/signer", 403, relu="y", administration=str(house.north))
    assert "Vous n’êtes pas référent de cette administration." in page.main
    assert stage_of(house) is Stage.IN_REVIEW


def test_changes_are_asked_for_with_a_reason_that_the_writers_read(client: PageClient, house: House) -> None:
    submitted(house)
    path = f"{house.page}/relecture"
    client.sign_in(house["north reviewer"]).get(path)
    page = client.send(f"{path}/changements", 422, motif=" ")
    assert "#motif-changements" in page.links()
    client.send(f"{path}/changements", motif="Le délai n’est plus de deux mois.")
    assert stage_of(house) is Stage.CHANGES_REQUESTED
    page = client.sign_out().sign_in(house["writer"]).get(house.page)
    assert page.offers(f"{house.page}/proposer") and "Le délai n’est plus de deux mois." in page.main
    assert "Le délai n’est plus de deux mois." in client.get(f"{house.page}/historique").main


def test_an_objection_and_its_end_go_through_the_page(client: PageClient, house: House) -> None:
    submitted(house)
    path = f"{house.page}/relecture"
    client.sign_in(house["north reviewer"]).get(path)
    client.send(f"{path}/opposition", motif="La loi change en janvier.")
    page = client.follow()
    assert "Opposition de Province du Nord" in page.main and "La loi change en janvier." in page.main
    client.send(f"{path}/lever", motif="")
    assert "Opposition de Province du Nord" not in client.follow().main


def test_two_people_arbitrate_on_the_page(client: PageClient, house: House) -> None:
    with unit_of_work():
        review.submit(house["writer"], draft_numbered(house.draft), NOTE)
        review.object_to(house["north reviewer"], draft_numbered(house.draft), "La loi change en janvier.")
        elsewhere = makers.make_agent(makers.make_administration("Le portail"), PortalRole.PORTAL_EDITOR)
    path = f"{house.page}/relecture"
    client.sign_in(house["editor"])
    assert not client.get(path).offers(f"{path}/arbitrer"), "the portal editor works for who objects"
    client.sign_out().sign_in(house["north reviewer"])
    assert not client.get(path).offers(f"{path}/arbitrer"), "who objects does not arbitrate"
    client.sign_out().sign_in(elsewhere).get(path)
    page = client.send(f"{path}/arbitrer", 422, motif=" ")
    assert f"#motif-arbitrer-{house.north}" in page.links()
    client.send(f"{path}/arbitrer", motif="La loi ne change qu’en juin.")
    page = client.follow()
    assert "Une deuxième personne doit en décider." in page.main and not page.offers(f"{path}/arbitrer")
    client.sign_out().sign_in(house["reviewer"]).get(path)
    client.send(f"{path}/arbitrer", motif="Vérifié au Journal officiel.")
    assert "Opposition de Province du Nord" not in client.follow().main
    history = client.get(f"{house.page}/historique").main
    assert "La loi ne change qu’en juin." in history and "Vérifié au Journal officiel." in history


@pytest.mark.parametrize("act", ["arbitrer", "passer-outre"])
@pytest.mark.parametrize("name", ["writer", "reader", "stranger"])
def test_a_handmade_post_of_who_may_not_changes_nothing(
    client: PageClient, house: House, act: str, name: str
) -> None:
    with unit_of_work():
        review.submit(house["writer"], draft_numbered(house.draft), NOTE)
        review.object_to(house["north reviewer"], draft_numbered(house.draft), "La loi change en janvier.")
    status = 404 if name == "stranger" else 403
    with clock.shifted(timedelta(days=13)):
        token = client.sign_in(house[name]).get("/espace").form("/deconnexion").values["csrf_token"]
        given = {"csrf_token": token, "administration": house.north, "motif": "Parce que."}
        client.post(f"{house.page}/relecture/{act}", given, status)
    with reading():
        assert [act.deed for act in history(draft_numbered(house.draft)).acts][0] is Deed.OBJECT


def test_the_deadline_is_said_and_passed_over_on_the_page(client: PageClient, house: House) -> None:
    submitted(house)
    path = f"{house.page}/relecture"
    page = client.sign_in(house["reviewer"]).get(path)
    assert "Réponses attendues jusqu’au" in page.main and not page.offers(f"{path}/passer-outre")
    assert "Les administrations ont jusqu’au" in page.main
    with clock.shifted(timedelta(days=13)):
        client.sign_out().sign_in(house["editor"]).get(path)
        client.send(f"{path}/passer-outre", administration=str(house.north), motif="Sans nouvelles.")
        page = client.follow()
    assert "la relecture continue sans elle" in page.main and "Sans nouvelles." in page.main
    assert "Province du Nord n’a pas encore répondu." not in page.main


def test_an_abstention_answers_for_the_administration(client: PageClient, house: House) -> None:
    submitted(house)
    path = f"{house.page}/relecture"
    client.sign_in(house["north reviewer"]).get(path)
    client.send(f"{path}/abstenir", motif="Hors de notre domaine.")
    page = client.follow()
    assert "Province du Nord n’a pas encore répondu." not in page.main
    assert "Abstention" in page.main


def test_who_proposed_takes_the_text_back(client: PageClient, house: House) -> None:
    submitted(house)
    client.sign_in(house["writer"]).get(f"{house.page}/relecture")
    client.send(f"{house.page}/retirer", motif="J’ai oublié les îles.")
    page = client.follow()
    assert page.path == house.page and "Rien n’est perdu" in page.main
    assert stage_of(house) is Stage.WRITING
    page = client.get(f"{house.page}/historique")
    assert "Retrait de la proposition" in page.main and "J’ai oublié les îles." in page.main
    assert "Version 1" in page.main


def test_the_difference_with_the_published_text_stands_before_the_text(
    client: PageClient, house: House
) -> None:
    fingerprint = submitted(house)
    with unit_of_work():
        draft = draft_numbered(house.draft)
        review.sign_off(house["reviewer"], draft, house.south, fingerprint)
        review.sign_off(house["north reviewer"], draft, house.north, fingerprint)
        publication.publish(house["editor"], draft, fingerprint)
    path = f"{house.page}/relecture"
    # There is nothing to compare what is published with.
    assert "Différence" not in client.sign_in(house["reviewer"]).get(path).main
    with unit_of_work():
        tree = [
            makers.LEAD[0],
            {**makers.LEAD[1], "content": [{"type": "text", "text": "Écrivez à la mairie."}]},
        ]
        service.replace_text(house["writer"], draft_numbered(house.draft), tree)
        service.set_fields(house["writer"], draft_numbered(house.draft), title="Déclarer une naissance")
    submitted(house)
    page = client.get(path)
    assert "Différence avec la version publiée" in page.main and "1 bloc inchangé" in page.main
    removed = [" ".join("".join(element.itertext()).split()) for element in page.all("del")]
    assert removed[0] == f"supprimé : {TITLE}" and any("Présentez-vous" in words for words in removed)


def test_a_review_goes_on_while_the_draft_is_written(client: PageClient, house: House) -> None:
    submitted(house)
    with unit_of_work():
        tree = [
            *makers.LEAD,
            {"type": "paragraph", "content": [{"type": "text", "text": "Un ajout tardif."}]},
        ]
        service.replace_text(house["writer"], draft_numbered(house.draft), tree)
    page = client.sign_in(house["reviewer"]).get(f"{house.page}/relecture")
    assert "Le brouillon a changé depuis cette version." in page.main
    assert "Un ajout tardif." not in page.main
    assert "Un ajout tardif." in client.get(house.page).main


def test_fields_are_changed_by_who_writes_and_kept_when_refused(client: PageClient, house: House) -> None:
    path = f"{house.page}/champs"
    client.sign_in(house["writer"]).get(path)
    page = client.send(path, 422, titre="", verifier_avant="demain", themes=["famille"])
    assert {"#titre", "#verifier_avant"} <= set(page.links())
    assert page.form(path).values["themes"] == ["famille"]
    client.send(path, titre="Déclarer une naissance", verifier_avant="2027-12-31", themes=["famille"])
    page = client.follow()
    assert page.heading == "Déclarer une naissance"
    assert "31 décembre 2027" in page.main and "Famille" in page.main
    client.get(path)
    client.send(path)
    assert "Rien n’a changé." in client.follow().main
    client.sign_out().sign_in(house["reader"]).get(path, 403)


def test_history_numbers_what_was_done(client: PageClient, house: House) -> None:
    fingerprint = submitted(house)
    page = client.sign_in(house["reader"]).get(f"{house.page}/historique")
    assert [row[0].text for row in page.all("tr") if row[0].tag == "td"] == ["2", "1"]
    assert "Proposition à la relecture" in page.main and "Création du brouillon" in page.main
    assert fingerprint[:12] in page.main


def test_a_form_sent_from_elsewhere_is_refused_in_words(client: PageClient, house: House) -> None:
    client.sign_in(house["writer"]).get(house.page)
    page = client.send(f"{house.page}/proposer", 400, csrf_token=None)
    assert page.heading == "Formulaire expiré"
    assert "votre texte y est encore" in page.main
    assert stage_of(house) is Stage.WRITING


def test_programs_find_their_drafts_and_read_them(client: PageClient, house: House) -> None:
    client.sign_in(house["writer"])
    listed = client.get("/api/v1/drafts").json
    assert listed["next"] is None
    (item,) = listed["items"]
    assert item == {
        "id": house.draft,
        "title": TITLE,
        "lab": house.lab,
        "stage": "writing",
        "seq": 1,
        "url": f"http://127.0.0.1:8000{house.page}",
        "rights": ["read", "remark", "suggest", "write"],
        "can_write": True,
    }
    data = client.get(f"/api/v1/drafts/{house.draft}").json
    assert data["seq"] == 1 and data["schema"] == 3 and data["title"] == TITLE
    assert [block["type"] for block in data["blocks"]] == ["lead", "paragraph"]
    # What a program reads is what would be signed.
    assert data["fingerprint"] == submitted(house)


def test_programs_read_a_long_list_page_by_page(
    client: PageClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_queries, "PAGE", 2)
    with unit_of_work():
        first = session().get_one(Draft, house.draft)
        made = [
            makers.make_draft(house["writer"], first.lab, first.article.lead, title=f"Fiche {n}", tree=[]).id
            for n in range(3)
        ]
    client.sign_in(house["writer"])
    found, address = [], "/api/v1/drafts"
    while address:
        answer = client.get(address.removeprefix("http://127.0.0.1:8000")).json
        assert len(answer["items"]) <= 2
        found += [item["id"] for item in answer["items"]]
        address = answer["next"]
    assert found == [*reversed(made), house.draft]


@pytest.mark.parametrize("name", ["stranger", "editor", "reviewer"])
def test_programs_of_others_find_nothing(client: PageClient, house: House, name: str) -> None:
    client.sign_in(house[name])
    assert client.get("/api/v1/drafts").json == {"items": [], "next": None}
    answer = client.get(f"/api/v1/drafts/{house.draft}", 404)
    assert answer.json["code"] == "not_found" and TITLE not in answer.source


def test_programs_without_a_session_are_told_so(client: PageClient, house: House) -> None:
    for path in ("/api/v1/drafts", f"/api/v1/drafts/{house.draft}", "/api/v1/drafts/999999"):
        answer = client.get(path, 401)
        assert answer.json["code"] == "unauthenticated" and answer.json["status"] == 401
        assert "error" not in answer.json and TITLE not in answer.source


def test_the_space_shows_what_waits(client: PageClient, house: House) -> None:
    page = client.sign_in(house["writer"]).get("/espace")
    assert house.page in page.links() and "Rien ne vous attend." in page.main
    page = client.sign_out().sign_in(house["reviewer"]).get("/espace")
    assert "Aucun texte n’attend votre signature." in page.main and TITLE not in page.source
    submitted(house)
    page = client.get("/espace")
    assert f"{house.page}/relecture#visa-{house.south}" in page.links()
    page = client.sign_out().sign_in(house["stranger"]).get("/espace")
    assert TITLE not in page.source


def test_the_lab_shows_its_drafts_by_stage_to_its_members(client: PageClient, house: House) -> None:
    path = f"/labs/{house.lab}"
    page = client.sign_in(house["reader"]).get(path)
    assert "En écriture" in page.main and house.page in page.links()
    assert f"{path}/brouillons/nouveau" not in page.links()
    assert f"{path}/brouillons/nouveau" in client.sign_out().sign_in(house["writer"]).get(path).links()
    submitted(house)
    assert "En relecture" in client.get(path).main
    assert TITLE not in client.sign_out().sign_in(house["stranger"]).get(path).source
