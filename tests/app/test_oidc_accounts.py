"""Whom a provider lets in: links made by their owner, accounts that wait, citizens; and the way out again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from app import clock, db, jobs
from app.accounts import second_factor
from app.accounts import service as accounts
from app.accounts.models import Person, PersonKind, SignIn
from app.db import reading, session, unit_of_work
from app.errors import Invalid
from app.oidc import attempts, wire
from app.oidc.models import OidcAttempt, OidcSignIn
from app.oidc.refusing import TurnedAway
from app.policy import PORTAL, Act, PortalRole, acts_for
from tests import makers
from tests.app.oidc_world import World, asked_of, audited, link, linked_people, people
from tests.clients import PageClient


def test_what_goes_to_the_provider(world: World) -> None:
    page = world.client.get("/connexion/oidc/agents", 302)
    asked = asked_of(page.location)
    assert page.location.startswith(f"{world.provider.issuer}/authorize?")
    assert {name: asked[name] for name in ("response_type", "client_id", "code_challenge_method", "acr_values")} == {
        "response_type": "code", "client_id": "open-lab", "code_challenge_method": "S256", "acr_values": "eidas1",
    }  # fmt: skip
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/connexion/oidc/agents/retour"
    (cookie,) = [
        line for line in page.response.headers.getlist("Set-Cookie") if line.startswith("openlab_oidc=")
    ]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=600" in cookie
    assert asked["state"] not in cookie and asked["nonce"] not in cookie
    with reading():
        row = session().scalars(sa.select(OidcAttempt)).one()
        assert asked["state"] not in row.state_digest and asked["nonce"] not in row.nonce_digest


def test_over_https_the_cookie_belongs_to_this_host(world: World) -> None:
    world.app.config["SETTINGS"] = replace(world.app.config["SETTINGS"], public_url="https://openlab.example")
    page = world.client.get("/connexion/oidc/agents", 302)
    (cookie,) = [line for line in page.response.headers.getlist("Set-Cookie") if "oidc=" in line]
    assert cookie.startswith("__Host-openlab_oidc=") and "Secure" in cookie and "Path=/" in cookie
    assert asked_of(page.location)["redirect_uri"].startswith("https://openlab.example/")


def test_the_sign_in_page_has_a_button_for_each(world: World) -> None:
    page = world.client.get("/connexion?next=/labs")
    assert {f"/connexion/oidc/{name}?next=/labs" for name in ("agents", "citizens", "others")} <= set(
        page.links()
    )
    assert page.offers("/connexion")


def test_attempts_are_bounded_and_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def waiting() -> int:
        with reading():
            return int(session().scalar(sa.select(sa.func.count()).select_from(OidcAttempt)) or 0)

    states = [world.begin() for _each in range(attempts.MOST_IN_A_BROWSER + 3)]
    assert waiting() == attempts.MOST_IN_A_BROWSER
    world.refused(400, "state", state=states[0])  # the oldest gave way
    monkeypatch.setattr(attempts, "MOST", 4)
    for _each in range(6):
        PageClient(world.app).get("/connexion/oidc/agents", 302)
    assert waiting() == 4
    with clock.shifted(timedelta(minutes=11)), unit_of_work():
        attempts.forget_over()
    assert waiting() == 0


def test_the_signed_in_person_links_and_nobody_else(world: World) -> None:
    world.client.sign_in(world.agent)
    world.come_back(303, state=world.link_page())
    assert "ouvre désormais votre compte" in world.client.follow().text
    assert linked_people() == [("sujet-1", world.agent.id)]
    ((person, _detail),) = audited("oidc_link")
    assert person == world.agent.id
    world.client.sign_out()
    assert world.come_back(303, state=world.begin()).location == "/espace"


def test_a_link_is_not_made_for_whoever_sits_there_now(world: World) -> None:
    """Begun by one, answered when somebody else, or nobody, is signed in: nothing is linked."""
    with unit_of_work():
        other = makers.make_agent(makers.make_administration())
    world.client.sign_in(world.agent)
    state = world.link_page()
    world.client.sign_in(other)
    page = world.come_back(403, state=state)
    assert page.main.split()[-1] == "not_signed_in" and linked_people() == []
    world.client.sign_in(world.agent)
    state = world.link_page()
    world.client.http.delete_cookie("openlab")
    world.come_back(403, state=state)
    assert linked_people() == []


def test_what_is_somebody_else_s_cannot_be_linked(world: World) -> None:
    with unit_of_work():
        owner = makers.make_agent(makers.make_administration())
    link(world, person=owner)
    world.client.sign_in(world.agent)
    page = world.come_back(409, state=world.link_page())
    assert page.main.split()[-1] == "taken" and linked_people() == [("sujet-1", owner.id)]
    # A second one of the same provider neither, until the first is taken away.
    world.provider.subject = "sujet-2"
    world.come_back(303, state=world.link_page())
    world.provider.subject = "sujet-3"
    with pytest.raises(TurnedAway, match="another"):
        link(world)
    assert [subject for subject, _person in linked_people()] == ["sujet-1", "sujet-2"]


def test_a_link_is_asked_for_by_a_form_with_its_token(world: World) -> None:
    """A foreign page that could begin a link would give its own identity the keys of my account."""
    world.client.sign_in(world.agent).get("/espace/compte/connexions")
    world.client.send("/espace/compte/connexions/agents", 400, csrf_token=None)
    world.client.get("/espace/compte/connexions")
    world.client.send("/espace/compte/connexions/agents", 200)


def test_an_agent_does_not_link_what_vouches_for_citizens(world: World) -> None:
    page = world.client.sign_in(world.agent).get("/espace/compte/connexions")
    assert page.offers("/espace/compte/connexions/agents") and not page.offers(
        "/espace/compte/connexions/citizens"
    )
    token = page.form("/espace/compte/connexions/agents").values["csrf_token"]
    world.client.post("/espace/compte/connexions/citizens", {"csrf_token": token}, 403)
    world.client.post("/espace/compte/connexions/agents", {"csrf_token": token}, 200)


def test_unlinking_asks_and_keeps_the_last_way_in(world: World) -> None:
    link(world)
    world.client.sign_in(world.agent)
    page = world.client.get("/espace/compte/connexions")
    (leave,) = [href for href in page.links() if href.endswith("/retirer")]
    page = world.client.get(leave)
    assert "Retirer agents de votre compte" in page.heading
    page = world.client.send(leave, 422)
    assert "C’est votre seul moyen d’entrer." in page.main and linked_people()
    link(world, "others")
    world.client.get(leave)
    world.client.send(leave)
    assert len(linked_people()) == 1 and audited("oidc_unlink")[0][0] == world.agent.id
    with unit_of_work():
        other = makers.make_agent(makers.make_administration())
    (theirs,) = [
        href for href in world.client.get("/espace/compte/connexions").links() if href.endswith("/retirer")
    ]
    world.client.sign_in(other).get(theirs, 404)


def test_a_new_agent_waits_for_an_administrator(world: World) -> None:
    provider = world.providers["others"]
    provider.userinfo = {
        "name": "Éloïse \u202eMartinelle\x00\n", "email": "Eloise@Agents.example", "email_verified": True,
        "role": "administrator", "roles": ["administrator"], "administration_id": world.agent.administration_id,
        "groups": ["portal_editor"], "is_admin": True,
    }  # fmt: skip
    assert (
        world.come_back(303, "others", state=world.begin("others", "?next=/labs")).location
        == "/espace/compte/connexions"
    )
    page = world.client.follow()
    assert "Votre compte attend un administrateur du portail." in page.main
    world.client.get("/labs", 403)
    world.client.get("/espace", 403)
    person = people()[-1]
    assert (person.name, person.email, person.kind) == (
        "Éloïse Martinelle",
        "eloise@agents.example",
        PersonKind.AGENT,
    )
    with reading():
        acts = acts_for(accounts.actor_for_person(person.id), PORTAL)
    # Their own account, and nothing of anybody else.
    assert acts == {Act.PORTAL_READ, Act.PORTAL_SIGN_IN, Act.ACCOUNT_LINK, Act.ACCOUNT_KEEP}
    # They come back to the same account, and their claims change nothing of it.
    provider.userinfo = {"name": "Quelqu’un d’autre", "email": "autre@agents.example", "email_verified": True}
    world.client.sign_out()
    world.come_back(303, "others", state=world.begin("others"))
    assert people()[-1].name == "Éloïse Martinelle" and people()[-1].id == person.id


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "x" * 1_000_000}, "x" * 128),
        ({"given_name": "Ana", "family_name": "Poady"}, "Ana Poady"),
        ({"name": ["administrator"]}, "Agent sans nom"),
        ({"name": {"a": 1}, "given_name": 3, "family_name": None}, "Agent sans nom"),
        ({"name": " \u200b\u2066\ud800 "}, "Agent sans nom"),
        (
            {"name": "<script>alert(1)</script>", "email": "<b>@x", "email_verified": True},
            "<script>alert(1)</script>",
        ),
        ({"email": ["a@b.example"], "email_verified": True}, "Agent sans nom"),
        ({"email": "a@b.example", "email_verified": "false"}, "Agent sans nom"),
    ],
)
def test_claims_of_every_shape_make_a_harmless_account(
    world: World, claims: dict[str, object], name: str
) -> None:
    world.providers["others"].userinfo = claims
    if len(str(claims)) > 300_000:
        world.refused(
            503, "down", "others", state=world.begin("others")
        )  # an answer of that size is not read
        world.providers["others"].userinfo = {"name": "x" * 100_000}
    world.come_back(303, "others", state=world.begin("others"))
    page = world.client.follow()
    person = people()[-1]
    assert person.name == name and person.email.endswith("@sans-adresse.invalid")
    assert "<script>alert" not in page.source


def test_a_citizen_has_no_place_in_the_house(world: World) -> None:
    world.providers["citizens"].userinfo = {
        "name": "Léa Wamytan",
        "email": "lea@home.example",
        "email_verified": True,
    }
    world.come_back(303, "citizens", state=world.begin("citizens", "?next=/labs"))
    page = world.client.follow()
    assert "Vous êtes connecté comme usager." in page.main and "usager" in page.text
    for path in (
        "/espace",
        "/labs",
        "/moderation",
        "/tableau-de-bord",
        "/labs/nouveau",
        "/api/v1/labs",
        "/api/v1/drafts",
    ):
        assert world.client.http.get(path).status_code in (403, 404), path
    person = people()[-1]
    assert person.kind is PersonKind.CITIZEN and "lea@" not in person.email, "nothing is ever mailed to them"


def test_the_database_gives_a_citizen_nothing(world: World) -> None:
    world.come_back(303, "citizens", state=world.begin("citizens"))
    citizen, agent = people()[-1].id, world.agent.id
    with unit_of_work():
        lab = makers.make_lab(world.agent, session().get_one(Person, agent).administration)  # type: ignore[arg-type]
        accounts.give_role(session().get_one(Person, agent), PortalRole.MODERATOR)
    statements = (
        f"INSERT INTO role (person_id, role) VALUES ({citizen}, 'administrator')",
        f"UPDATE role SET person_id = {citizen}",
        f"UPDATE membership SET person_id = {citizen} WHERE lab_id = {lab.id}",
        f"UPDATE person SET administration_id = {world.agent.administration_id} WHERE id = {citizen}",
        f"UPDATE person SET password_hash = 'x' WHERE id = {citizen}",
        f"UPDATE person SET kind = 'citizen' WHERE id = {agent}",
    )
    for statement in statements:
        with pytest.raises(sa.exc.DBAPIError), unit_of_work():
            session().execute(sa.text(statement))
    with unit_of_work():
        person = session().get_one(Person, citizen)
        with pytest.raises(Invalid):
            accounts.create_person(person.email, "Quelqu’un", None)


def test_a_citizen_s_identity_opens_nothing_when_it_comes_to_vouch_for_agents(world: World) -> None:
    world.come_back(303, "citizens", state=world.begin("citizens"))
    world.client.get("/espace/compte/connexions")
    world.client.send("/deconnexion", 200)
    known = world.app.extensions["oidc"]["citizens"]
    known.provider = replace(
        known.provider, audience=world.app.extensions["oidc"]["agents"].provider.audience
    )
    world.refused(403, "audience", "citizens", state=world.begin("citizens"))


def test_who_has_no_desk_sees_what_is_kept_of_them(world: World) -> None:
    world.come_back(303, "citizens", state=world.begin("citizens"))
    assert "/espace/compte/mes-donnees" in world.client.get("/espace/compte/connexions").links()
    world.client.get("/espace/compte/mes-donnees")
    told = world.client.http.get("/espace/compte/mes-donnees.json").json
    assert world.providers["citizens"].subject in str(told) and "id_token" not in str(told)
    world.client.get("/espace/compte", 403)
    world.client.sign_out().sign_in(world.agent)
    assert {"/espace/compte/mes-donnees", "/espace/compte/connexions"} <= set(
        world.client.get("/espace/compte").links()
    )


def leave(world: World) -> str:
    world.client.get("/espace")
    return world.client.send("/deconnexion", 200).main


def tokens_kept() -> int:
    with reading():
        return int(session().scalar(sa.select(sa.func.count()).select_from(OidcSignIn)) or 0)


def test_leaving_goes_on_to_the_provider_and_comes_back_once(world: World) -> None:
    link(world)
    world.provider.document = {"end_session_endpoint": f"{world.provider.issuer}/end?theme=nc"}
    world.come_back(303, state=world.begin(query="?poste_partage=y"))
    assert tokens_kept() == 1
    page = world.client.get("/espace")
    assert "Quitter ce poste" in page.text
    leave(world)
    page = world.client.page
    assert page is not None and not world.is_in() and tokens_kept() == 0
    (href,) = [link for link in page.links() if link.startswith(world.provider.issuer)]
    asked = asked_of(href)
    assert asked["post_logout_redirect_uri"] == "http://127.0.0.1:8000/connexion/oidc/agents/sortie"
    assert asked["id_token_hint"].count(".") == 2 and asked["theme"] == "nc"
    assert page.all("meta", http_equiv="refresh")[0].get("content") == f"0; url={href}"
    assert '"storage"' in page.response.headers["Clear-Site-Data"]
    world.client.get("/connexion/oidc/agents/sortie?state=" + "x" * 43, 422)
    world.client.get("/connexion/oidc/others/sortie?state=" + asked["state"], 422)
    assert (
        "Vous êtes déconnecté"
        in world.client.get("/connexion/oidc/agents/sortie?state=" + asked["state"]).heading
    )
    world.client.get("/connexion/oidc/agents/sortie?state=" + asked["state"], 422)
    world.client.get("/connexion/oidc/agents/sortie", 422)


@pytest.mark.parametrize("why", ["no end_session", "local", "down"])
def test_where_it_cannot_be_ended_there_the_page_says_so(world: World, why: str) -> None:
    link(world)
    known = world.app.extensions["oidc"]["agents"]
    if why != "no end_session":
        world.provider.document = {"end_session_endpoint": f"{world.provider.issuer}/end"}
    if why == "local":
        known.provider = replace(known.provider, logout="local")
    world.come_back(303, state=world.begin())
    if why == "down":
        world.provider.close()
        known._addresses = None
    assert "Votre session chez agents est encore ouverte." in leave(world) and not world.is_in()


def test_who_came_by_a_password_leaves_as_before(world: World) -> None:
    link(world)
    world.client.sign_in(world.agent).get("/espace")
    assert world.client.send("/deconnexion").location == "/connexion"


def test_a_token_is_kept_no_longer_than_its_sign_in(world: World) -> None:
    link(world)
    world.come_back(303, state=world.begin())
    with unit_of_work():
        attempts.forget_over()
    assert tokens_kept() == 1
    with unit_of_work():
        accounts.end_all(world.agent.id)
    jobs.deliver_outbox()
    assert tokens_kept() == 0
    world.come_back(303, state=world.begin())
    with unit_of_work():
        session().execute(sa.update(SignIn).values(expires_at=clock.now() - timedelta(minutes=1)))
        attempts.forget_over()
    assert tokens_kept() == 0


def test_no_transaction_is_held_while_a_provider_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one writer, PostgreSQL a bounded number of connections: a slow provider must hold neither."""
    held, really = [], wire.call

    def watched(*given: Any, **more: Any) -> wire.Answer:
        held.append(db._current.get())
        return really(*given, **more)

    monkeypatch.setattr(wire, "call", watched)
    known = world.app.extensions["oidc"]["agents"]

    def forgets() -> None:
        known._addresses = known._keys = None

    world.client.sign_in(world.agent).get("/espace/compte/connexions")
    world.come_back(303, state=world.link_page())
    forgets()
    world.come_back(303, state=world.begin())
    forgets()
    leave(world)
    assert len(held) >= 9 and held == [None] * len(held)
    with unit_of_work(), pytest.raises(RuntimeError):
        really(world.provider.issuer)


def test_a_second_factor_is_asked_for_after_the_provider_too_and_one_still_leaves_it(world: World) -> None:
    link(world)
    with unit_of_work():
        second_factor.begin(world.agent)
    with reading():
        secret = second_factor.standing(world.agent.id).secret or ""
    code = pyotp.TOTP(secret).at(clock.now())
    with unit_of_work():
        second_factor.confirm(world.agent, code)
    world.provider.document = {"end_session_endpoint": f"{world.provider.issuer}/end"}
    page = world.come_back(303, state=world.begin(query="?next=/labs"))
    assert page.location == "/connexion/code" and not world.is_in() and tokens_kept() == 0
    world.client.get("/connexion/code")
    world.client.send("/connexion/code", 422, code="000000" if code != "000000" else "000001")
    assert not world.is_in()
    with clock.shifted(timedelta(seconds=second_factor.STEP_SECONDS)):
        world.client.send("/connexion/code", code=pyotp.TOTP(secret).at(clock.now()))
        assert world.client.page is not None and world.client.page.location == "/labs"
        assert world.is_in() and tokens_kept() == 1
        assert "Se déconnecter aussi" in leave(world)
    assert tokens_kept() == 0
