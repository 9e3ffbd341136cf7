"""What signs nobody in. Each refusal stands beside the success it differs from in one thing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from joserfc import jwk

from app import clock
from app.accounts import erasing
from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import session, unit_of_work
from app.policy import PortalRole
from tests import makers
from tests.app.hostile_provider import HostileProvider
from tests.app.oidc_world import World, audited, link, linked_people, people
from tests.app.test_sign_in import ELSEWHERE
from tests.clients import PageClient

Bend = Callable[[HostileProvider], None]


@pytest.fixture
def world(world: World) -> World:
    """The agent is linked: whatever is refused would have signed them in."""
    link(world)
    return world


def test_a_good_answer_signs_in(world: World) -> None:
    state = world.begin(query="?next=/labs")
    assert world.come_back(303, state=state, iss=world.provider.issuer).location == "/labs"
    assert world.is_in() and world.client.get("/espace").status == 200
    ((person, detail),) = audited("oidc_sign_in")
    assert person == world.agent.id and detail == {"provider": "agents"}
    ((_path, form),) = [asked for asked in world.provider.asked if asked[0] == "/token"]
    assert len(form["code_verifier"][0]) == 43 and form["client_id"] == ["open-lab"]


def change(**claims: object) -> Bend:
    return lambda provider: provider.changes.update(claims)


def sign(how: Callable[[HostileProvider], Callable[[dict[str, object]], str]]) -> Bend:
    return lambda provider: setattr(provider, "sign", how(provider))


def foreign_key(provider: HostileProvider) -> None:
    provider.key = jwk.ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})


def secret_key_published(provider: HostileProvider) -> None:
    provider.key, provider.alg = jwk.OctKey.import_key("k" * 40, {"kid": "k1"}), "HS256"
    provider.published = [provider.key]


def short_key(provider: HostileProvider) -> None:
    provider.key, provider.alg = jwk.RSAKey.generate_key(1024, {"kid": "k1"}), "RS256"
    provider.published = [provider.key]


def other_subject(provider: HostileProvider) -> None:
    provider.userinfo = {"sub": "sujet-2"}


def other_subject_signed(provider: HostileProvider) -> None:
    provider.userinfo = lambda claims: provider.signed({**claims, "sub": "sujet-2"}).encode()


def userinfo_for_another(provider: HostileProvider) -> None:
    provider.userinfo = lambda claims: provider.signed({**claims, "aud": "another"}).encode()


def userinfo_unsigned(provider: HostileProvider) -> None:
    provider.userinfo = lambda claims: provider.unsigned(claims).encode()


NOW = int(time.time())
BAD: dict[str, tuple[Bend, str, str]] = {
    "another audience": (change(aud="another"), "token", "aud"),
    "no audience": (change(aud=None), "token", "aud"),
    "an audience of another shape": (change(aud={"open-lab": True}), "token", "aud"),
    "several audiences, given to another": (change(aud=["open-lab", "another"], azp="another"), "token", "azp"),
    "several audiences, given to nobody": (change(aud=["open-lab", "another"]), "token", "azp"),
    "another authorised party": (change(azp="another"), "token", "azp"),
    "another issuer": (change(iss="https://mechant.example"), "token", "iss"),
    "the issuer with a slash": (lambda it: it.changes.update(iss=it.issuer + "/"), "token", "iss"),
    "expired": (change(exp=NOW - 3600), "token", "exp"),
    "without an end": (change(exp=None), "token", "exp"),
    "an end in words": (change(exp="demain"), "token", "exp"),
    "an end that is true": (change(exp=True), "token", "exp"),
    "issued tomorrow": (change(iat=NOW + 86400), "token", "iat"),
    "not good yet": (change(nbf=NOW + 86400), "token", "nbf"),
    "a foreign nonce": (change(nonce="another"), "nonce", ""),
    "no nonce": (change(nonce=None), "nonce", ""),
    "a nonce of another shape": (lambda it: it.changes.update(nonce=[it.nonce]), "nonce", ""),
    "the hash of another access token": (change(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), "token", "at_hash"),
    "a hash that is whole": (
        lambda it: it.changes.update(at_hash=hashlib.sha256(it.access_token.encode()).hexdigest()),
        "token", "at_hash",
    ),
    "no level": (change(acr=None), "acr", ""),
    "a lower level": (change(acr="eidas0"), "acr", ""),
    "levels in a list": (change(acr=["eidas1"]), "acr", ""),
    "no subject": (change(sub=None), "token", "sub"),
    "a number as subject": (change(sub=1), "token", "sub"),
    "an endless subject": (change(sub="x" * 256), "token", "sub"),
    "alg none": (sign(lambda it: it.unsigned), "token", "alg"),
    "alg None": (sign(lambda it: lambda claims: it.with_algorithm("None")(claims)), "token", "alg"),
    "HS256 with the public key": (sign(lambda it: it.with_public_key_as_secret), "token", "alg"),
    "HS256 with a published secret": (secret_key_published, "token", "alg"),
    "an unknown algorithm": (sign(lambda it: it.with_algorithm("ES9000")), "token", "alg"),
    "an algorithm that does not go with the key": (sign(lambda it: it.with_algorithm("RS256")), "token", "key"),
    "an algorithm that is not asked for": (sign(lambda it: it.with_algorithm("ES384")), "token", "alg"),
    "signed by a key of the same name": (foreign_key, "token", "signature"),
    "a key that is too short": (short_key, "token", "key"),
    "no token at all": (sign(lambda it: lambda _claims: ""), "token", "shape"),
    "a token that is none": (sign(lambda it: lambda _claims: "a.b.c"), "token", "shape"),
    "a token without end": (sign(lambda it: lambda _claims: "x" * 40_000), "token", "shape"),
    "userinfo of somebody else": (other_subject, "userinfo", "sub"),
    "signed userinfo of somebody else": (other_subject_signed, "userinfo", "sub"),
    "signed userinfo for somebody else": (userinfo_for_another, "userinfo", "aud"),
    "unsigned userinfo that says it is signed": (userinfo_unsigned, "userinfo", "alg"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_signs_nobody_in(world: World, name: str) -> None:
    bend, reason, why = BAD[name]
    state = world.begin()
    bend(world.provider)
    world.refused(403 if reason == "acr" else 502, reason, state=state)
    ((_person, detail),) = audited("oidc_refused")
    assert detail == {"reason": reason, "why": why}


def test_what_is_good_in_other_shapes_is_taken(world: World) -> None:
    """Several audiences when the token was given to us, a clock that goes ahead, RS256, no at_hash, signed userinfo."""
    provider = world.provider
    provider.key, provider.alg = jwk.RSAKey.generate_key(2048, {"kid": "k1"}), "RS256"
    provider.published = [provider.key]
    provider.userinfo = lambda claims: provider.signed(
        {**claims, "aud": "open-lab", "iss": provider.issuer}
    ).encode()
    provider.changes.update(
        aud=["open-lab", "another"], azp="open-lab", at_hash=None, iat=int(time.time()) + 30
    )
    world.come_back(303, state=world.begin())
    assert world.is_in()


def test_a_new_key_is_fetched_once_when_a_token_names_it(world: World) -> None:
    provider = world.provider
    world.come_back(303, state=world.begin())
    looked = [path for path, _form in provider.asked].count("/keys")
    provider.key = jwk.ECKey.generate_key("P-256", {"kid": "k2"})
    provider.published = [provider.key]
    provider.sign = lambda claims: provider.signed(claims, kid="k2")
    world.client.sign_out()
    world.come_back(502, state=world.begin())  # looked a moment ago: no second look for whoever names a key
    with clock.shifted(timedelta(minutes=2)):
        provider.changes.update(exp=int(time.time()) + 3600)
        world.come_back(303, state=world.begin())
    assert [path for path, _form in provider.asked].count("/keys") == looked + 1


def test_an_answer_without_its_attempt_signs_nobody_in(world: World) -> None:
    state = world.begin()
    for wrong in (None, "", "x" * 43, state[:-1], state + "x", "x" * 5000):
        world.refused(400, "state", state=wrong)
    world.client.get(f"/connexion/oidc/agents/retour?code=a&state={state}&state={state}", 400)
    assert not world.is_in() and not audited("oidc_refused"), (
        "anybody may send these: they fill no log for ever"
    )
    world.come_back(303, state=state)
    assert world.is_in()


def test_an_answer_is_good_once(world: World) -> None:
    state = world.begin()
    world.come_back(303, state=state)
    world.client.get("/espace")
    world.client.send("/deconnexion", 200)
    world.refused(400, "state", state=state)


def test_an_answer_that_was_refused_is_used_up(world: World) -> None:
    """The nonce goes with its state: neither is good a second time."""
    state = world.begin()
    world.refused(403, "denied", state=state, error="access_denied", code=None)
    world.refused(400, "state", state=state)


def test_a_token_of_another_attempt_signs_nobody_in(world: World) -> None:
    first = world.begin()
    nonce = world.provider.nonce
    second = world.begin()
    world.provider.nonce = nonce
    world.refused(502, "nonce", state=second)
    world.come_back(303, state=first)


def test_an_answer_is_good_in_the_browser_that_asked(world: World) -> None:
    """Somebody else's answer put into my browser would sign me in as them."""
    state = world.begin()
    mine = world.client.http
    world.client.sign_out()
    world.refused(400, "state", state=state)
    world.begin()
    world.refused(400, "state", state=state)
    world.client.http = mine
    world.come_back(303, state=world.begin())


def test_an_answer_is_good_for_ten_minutes(world: World) -> None:
    late = world.begin()
    world.provider.changes["exp"] = int(time.time()) + 3600
    with clock.shifted(timedelta(minutes=11)):
        world.refused(400, "state", state=late)
    with clock.shifted(timedelta(minutes=9)):
        world.come_back(303, state=world.begin())


def test_two_providers_are_not_mixed_up(world: World) -> None:
    """What was begun at one and is answered by another (RFC 9207) is refused, wherever it arrives."""
    agents, others = world.begin("agents"), world.begin("others")
    world.refused(400, "mix_up", "others", state=agents)
    world.refused(400, "mix_up", "agents", state=others, iss=world.provider.issuer)
    world.refused(400, "mix_up", state=world.begin(), iss=world.providers["others"].issuer)
    assert not [path for path, _form in world.provider.asked if path == "/token"], "the code went nowhere"
    world.come_back(303, state=world.begin(), iss=world.provider.issuer)


def test_a_provider_that_says_so_must_name_itself(world: World) -> None:
    world.provider.document = {"authorization_response_iss_parameter_supported": True}
    world.refused(400, "mix_up", state=world.begin())
    world.come_back(303, state=world.begin(), iss=world.provider.issuer)


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({"error": "access_denied", "error_description": "<script>alert(1)</script>"}, 403, "denied"),
        ({"error": "server_error"}, 502, "provider_error"),
        ({}, 502, "provider_error"),
    ],
)
def test_an_error_of_the_provider_becomes_a_page(
    world: World, answer: dict[str, str], status: int, reason: str
) -> None:
    page = world.refused(status, reason, state=world.begin(query="?next=/labs"), code=None, **answer)
    assert "<script>alert" not in page.source and "/connexion?next=/labs" in page.links()


def test_no_spelling_of_a_wish_leads_to_another_site(world: World) -> None:
    found = {}
    for target in ELSEWHERE:
        asked = world.client.get("/connexion/oidc/agents", 302, query_string={"next": target}).location
        state = dict(pair.split("=", 1) for pair in asked.split("?", 1)[1].split("&"))
        world.provider.nonce = state["nonce"]
        found[target] = world.come_back(303, state=state["state"]).location
        world.client.sign_out()
    assert found == dict.fromkeys(ELSEWHERE, "/espace")


def suspend(world: World) -> None:
    with unit_of_work():
        administrator = makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)
        accounts.suspend(administrator, session().get_one(Person, world.agent.id))


def test_who_is_deactivated_here_stays_out(world: World) -> None:
    state = world.begin()
    suspend(world)
    page = world.refused(403, "closed", state=state)
    assert "Ce compte n’est pas ouvert." in page.main
    ((person, detail),) = audited("oidc_refused")
    assert person == world.agent.id and detail["reason"] == "closed"


def test_who_is_erased_is_known_to_no_provider(world: World) -> None:
    state = world.begin()
    with unit_of_work():
        erasing.erase(None, world.agent.id)
    world.refused(403, "unknown", state=state)
    assert linked_people() == []


@pytest.mark.parametrize("verified", [True, False, "true", None])
@pytest.mark.parametrize("name", ["others", "citizens"])
def test_an_address_never_leads_to_somebody_s_account(world: World, name: str, verified: object) -> None:
    """Beside it: the same stranger with an address that nobody has gets an account of their own."""
    provider = world.providers[name]
    provider.subject, before = "mechant", len(people())
    provider.userinfo = {"email": world.agent.email.upper(), "email_verified": verified}
    page = world.refused(409, "email", name, state=world.begin(name))
    assert "connectez-vous d’abord avec votre mot de passe" in page.main and len(people()) == before
    provider.userinfo = {"email": "autre@test.example", "email_verified": verified}
    world.come_back(303, name, state=world.begin(name))
    assert len(people()) == before + 1


def test_a_guest_s_address_is_theirs_too(world: World) -> None:
    with unit_of_work():
        guest = accounts.guest_called("invitee@test.example", "Une invitée")
    world.providers["others"].userinfo = {"email": guest.email, "email_verified": True}
    world.refused(409, "email", "others", state=world.begin("others"))


def test_a_provider_that_is_down_is_said(world: World) -> None:
    state = world.begin()
    world.provider.close()
    page = world.refused(503, "down", state=state)
    assert "/connexion" in page.links()
    with clock.shifted(timedelta(hours=2)):
        page = world.client.get("/connexion/oidc/agents?next=/labs", 503)
        assert "ne répond pas en ce moment" in page.main and "/connexion?next=/labs" in page.links()
    assert PageClient(world.app).get("/connexion").offers("/connexion")


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://mechant.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://mechant.example/"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"token_endpoint": ["https://mechant.example/"]},
    ],
)
def test_what_a_provider_says_of_itself_is_looked_at(world: World, document: dict[str, object]) -> None:
    world.provider.document = document
    page = world.client.get("/connexion/oidc/agents", 502)
    assert page.main.split()[-1] == "metadata"
    world.provider.document = {}
    world.client.get("/connexion/oidc/agents", 302)


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/keys"])
def test_no_redirect_is_followed(world: World, path: str) -> None:
    state = world.begin()
    world.provider.redirect = path
    assert world.come_back({"/token": 502, "/userinfo": 502, "/keys": 503}[path], state=state)
    assert "/elsewhere" not in [asked for asked, _form in world.provider.asked] and not world.is_in()
    world.provider.redirect = None
    world.come_back(303, state=world.begin())
