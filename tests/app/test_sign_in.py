"""Signing in and out by the form, as a person does it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.accounts import service as accounts
from app.accounts.models import Person, SignIn
from app.db import reading, session, unit_of_work
from app.policy import Actor, PortalRole
from tests import makers
from tests.clients import PageClient


@pytest.fixture
def agent(client: PageClient) -> Actor:
    with unit_of_work():
        place = makers.make_administration("Province du Sud")
        person = accounts.create_person("eloise@test.example", "Éloïse Martinelle", place, makers.PASSWORD)
        return accounts.actor_for_person(person.id)


def sign_ins(agent: Actor) -> list[tuple[bool, bool]]:
    """(shared computer, revoked) of each sign-in of a person, the oldest first."""
    with reading():
        rows = session().query(SignIn).filter_by(person_id=agent.id).order_by(SignIn.id)
        return [(row.shared_computer, row.revoked_at is not None) for row in rows]


def cookie_of(client: PageClient) -> str:
    assert client.page is not None
    found = [
        line for line in client.page.response.headers.getlist("Set-Cookie") if line.startswith("openlab=")
    ]
    return found[0] if found else ""


def test_an_agent_signs_in_and_out(client: PageClient, agent: Actor) -> None:
    client.get("/connexion")
    client.send("/connexion", email="  Eloise@TEST.example ", password=makers.PASSWORD)
    assert "HttpOnly" in cookie_of(client) and "SameSite=Lax" in cookie_of(client)
    page = client.follow()
    assert page.path == "/espace" and "Éloïse Martinelle" in page.text and "Province du Sud" in page.text
    client.send("/deconnexion")
    assert '"storage"' in client.page.response.headers["Clear-Site-Data"]  # type: ignore[union-attr]
    assert sign_ins(agent) == [(False, True)]
    client.get("/espace", 302)


@pytest.mark.parametrize(
    ("email", "password"),
    [("eloise@test.example", "un autre mot de passe"), ("inconnue@test.example", makers.PASSWORD)],
)
def test_a_wrong_pair_is_refused_in_one_sentence_for_every_cause(
    client: PageClient, agent: Actor, email: str, password: str
) -> None:
    client.get("/connexion")
    page = client.send("/connexion", 422, email=email, password=password)
    assert "L’adresse ou le mot de passe ne correspond pas." in page.main
    form = page.form("/connexion")
    assert form.values["email"] == email and not form.values["password"]
    assert "#email" in page.links()
    assert sign_ins(agent) == [] and password not in page.source


def test_what_is_missing_is_said_at_its_field(client: PageClient, agent: Actor) -> None:
    client.get("/connexion")
    page = client.send("/connexion", 422, email="", password="")
    assert {"#email", "#password"} <= set(page.links())
    (email,) = page.all("input", id="email")
    assert email.get("aria-invalid") == "true" and email.get("aria-describedby") == "email-error"


def test_a_shared_computer_keeps_nothing(client: PageClient, agent: Actor) -> None:
    client.get("/connexion")
    client.send("/connexion", email="eloise@test.example", password=makers.PASSWORD, poste_partage="y")
    assert "Max-Age" not in cookie_of(client) and "Expires" not in cookie_of(client)
    assert sign_ins(agent) == [(True, False)]
    page = client.follow()
    assert "Quitter ce poste" in page.text
    assert page.response.headers["Cache-Control"] == "no-store"


def test_in_a_declared_space_every_computer_is_shared(client: PageClient, agent: Actor) -> None:
    client.app.config["SETTINGS"] = replace(client.app.config["SETTINGS"], shared_computers=("10.1.2.0/24",))
    for address, shared in (("10.1.2.7", True), ("10.1.3.7", False), ("no address", False)):
        there = {"environ_overrides": {"REMOTE_ADDR": address}}
        page = client.sign_out().get("/connexion", **there)
        assert ("poste_partage" in page.form("/connexion").values) is shared
        # Whoever takes the tick away sits there all the same.
        sent = {**page.form("/connexion").values, "email": "eloise@test.example", "password": makers.PASSWORD}
        client.post(
            "/connexion", {name: value for name, value in sent.items() if name != "poste_partage"}, **there
        )
        assert sign_ins(agent)[-1] == (shared, False) and ("Max-Age" in cookie_of(client)) is not shared
    # A link to the door may tick the box.
    assert "poste_partage" in client.sign_out().get("/connexion?poste_partage=y").form("/connexion").values


def test_after_the_door_one_is_where_one_wanted_to_be(client: PageClient, agent: Actor) -> None:
    page = client.get("/labs", 302)
    client.get(page.location)
    client.send("/connexion", 422, password="faux mot de passe")  # the wish outlives a mistake
    client.send("/connexion", email="eloise@test.example", password=makers.PASSWORD)
    assert client.page is not None and client.page.location == "/labs"
    # Who is in already is not asked again.
    assert client.get("/connexion?next=/labs", 302).location == "/labs"


ELSEWHERE = [
    "https://mechant.example/",
    "//mechant.example/",
    "///mechant.example/",
    "/\\mechant.example/",
    "/\\/mechant.example/",
    "\\\\mechant.example/",
    "\t//mechant.example/",
    "/\t/mechant.example/",
    "/\n/mechant.example/",
    " //mechant.example/",
    "javascript:alert(1)",
    "http:mechant.example",
    "mechant.example",
    "/ok\\..\\mechant",
    "/%0a" + "x" * 600,
    "",
]


def test_who_belongs_to_no_administration_begins_where_there_is_something_to_do(client: PageClient) -> None:
    with unit_of_work():
        admin = accounts.create_person("ada@test.example", "Ada", None, makers.PASSWORD, is_demo=True)
        accounts.give_role(admin, PortalRole.ADMINISTRATOR)
        accounts.create_person("nina@test.example", "Nina", None, makers.PASSWORD)
    for who, there in (("ada@test.example", "/admin"), ("nina@test.example", "/espace/compte")):
        client.get("/connexion")
        client.send("/connexion", email=who, password=makers.PASSWORD)
        assert client.page is not None and client.page.location == there
        client.follow()
        assert client.get("/connexion", 302).location == there
        client.sign_out()


@pytest.mark.parametrize("target", ELSEWHERE[:4])
def test_a_wish_never_leads_to_another_site(client: PageClient, agent: Actor, target: str) -> None:
    client.get("/connexion")
    assert client.page is not None
    token = client.page.form("/connexion").values["csrf_token"]
    data = {"csrf_token": token, "email": "eloise@test.example", "password": makers.PASSWORD, "next": target}
    assert client.post("/connexion", data).location == "/espace"


def test_no_spelling_of_a_wish_leads_to_another_site(client: PageClient, agent: Actor) -> None:
    client.sign_in(agent)
    found = {
        target: client.get("/connexion", 302, query_string={"next": target}).location for target in ELSEWHERE
    }
    assert found == dict.fromkeys(ELSEWHERE, "/espace")


def test_a_form_without_its_token_is_refused_in_words(client: PageClient, agent: Actor) -> None:
    client.get("/connexion")
    page = client.send(
        "/connexion", 400, email="eloise@test.example", password=makers.PASSWORD, csrf_token=None
    )
    assert page.heading == "Formulaire expiré" and sign_ins(agent) == []


def test_each_sign_in_is_a_new_one(client: PageClient, agent: Actor) -> None:
    """A token put into somebody's browser beforehand is worth nothing after they sign in."""
    client.http.set_cookie("openlab", "planted")
    client.get("/connexion")
    client.send("/connexion", email="eloise@test.example", password=makers.PASSWORD)
    first = cookie_of(client)
    assert "planted" not in first
    client.get("/espace")
    client.http.delete_cookie("openlab")
    client.get("/connexion")
    client.send("/connexion", email="eloise@test.example", password=makers.PASSWORD)
    assert cookie_of(client) != first


def test_after_many_failures_one_waits(client: PageClient, agent: Actor) -> None:
    client.get("/connexion")
    for _attempt in range(accounts.FREE_TRIES):
        client.send("/connexion", 422, email="eloise@test.example", password="faux mot de passe")
    page = client.send("/connexion", 429, email="eloise@test.example", password=makers.PASSWORD)
    assert "Trop d’essais." in page.main and sign_ins(agent) == []


def test_a_suspended_person_is_out_at_once(client: PageClient, agent: Actor) -> None:
    client.sign_in(agent).get("/espace")
    with unit_of_work():
        administrator = makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)
        accounts.suspend(administrator, session().get_one(Person, agent.id))
    client.get("/espace", 302)
    client.get("/connexion")
    client.send("/connexion", 422, email="eloise@test.example", password=makers.PASSWORD)


def test_reading_the_sign_in_page_gives_no_sign_in_cookie(client: PageClient) -> None:
    client.get("/connexion")
    assert cookie_of(client) == ""
