"""The second factor: set up, asked for, used once, lost, taken away; and the roles that wait for it."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from app import clock, mail
from app.accounts import own, seals, second_factor
from app.accounts import service as accounts
from app.accounts.key_models import HalfOpen, RecoveryCode, SecondFactor
from app.accounts.models import Person, SignIn
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.errors import Invalid, RateLimited, Refused
from app.policy import Actor, PortalRole
from tests import makers
from tests.clients import PageClient

EMAIL = "eloise@test.example"
PATH = "/espace/compte/second-facteur"
A_STEP = timedelta(seconds=second_factor.STEP_SECONDS)


def somebody(*roles: PortalRole, is_demo: bool = False) -> Actor:
    with unit_of_work():
        place = makers.make_administration()
        person = accounts.create_person(EMAIL, "Éloïse Martinelle", place, makers.PASSWORD, is_demo=is_demo)
        for role in roles:
            accounts.give_role(person, role)
        return accounts.actor_for_person(person.id)


@pytest.fixture
def agent(client: PageClient) -> Actor:
    return somebody()


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).at(clock.now())


def set_up(client: PageClient) -> tuple[str, list[str]]:
    """Set it up as the page says: (the secret, the codes on paper)."""
    page = client.get(PATH)
    if page.offers(PATH):  # else it was begun already
        client.send(PATH)
        page = client.follow()
    secret = "".join(next(element.text or "" for element in page.all("code")).split())
    page = client.send(f"{PATH}/confirmer", 200, code=code_of(secret))
    return secret, [element.text or "" for element in page.all("code")]


def signed_in_here(client: PageClient) -> PageClient:
    client.get("/connexion")
    client.send("/connexion", email=EMAIL, password=makers.PASSWORD)
    return client


def at_the_code(client: PageClient) -> PageClient:
    """Past the password, in a browser that knows nobody."""
    signed_in_here(client.sign_out())
    assert client.page is not None and client.page.location == "/connexion/code"
    client.follow()
    return client


def test_one_sets_it_up_and_is_asked_for_it(client: PageClient, agent: Actor) -> None:
    with unit_of_work():
        elsewhere = accounts.sign_in(agent.id)
    signed_in_here(client)
    client.get(PATH)
    client.send(PATH)
    page = client.follow()
    assert page.response.headers["Cache-Control"] == "no-store"
    shown = next(element.text or "" for element in page.all("code"))
    assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", shown)
    (drawing,) = page.all("{http://www.w3.org/2000/svg}svg", role="img")
    assert drawing.get("aria-label") and all(not element.get("style") for element in drawing.iter())
    page = client.send(f"{PATH}/confirmer", 422, code="000000")
    assert "Ce code n’est pas le bon" in page.main
    secret, paper = set_up(client)
    assert len(set(paper)) == 10 and all(
        re.fullmatch(r"([A-Z2-7]{4} ){3}[A-Z2-7]{4}", code) for code in paper
    )
    assert "10 codes de secours" in client.get("/espace/compte").main
    with reading():
        assert accounts.actor_for_token(elsewhere.token).is_anonymous
        assert session().scalars(sa.select(mail.Mail.subject)).all() == ["Double vérification activée"]
    at_the_code(client)
    client.get("/espace", 302)  # the password alone opened nothing
    client.get("/connexion/code")
    with clock.shifted(A_STEP):
        client.send("/connexion/code", code=code_of(secret))
        assert client.follow().path == "/espace"
    with reading():
        assert session().scalars(sa.select(HalfOpen)).all() == []


def test_a_code_serves_once_and_a_step_early_or_late(client: PageClient, agent: Actor) -> None:
    secret, _paper = set_up(signed_in_here(client))
    used = code_of(secret)
    at_the_code(client)
    client.send("/connexion/code", 422, code=used)  # the one it was set up with
    now = clock.now()
    for steps, status in ((3, 422), (-3, 422), (2, 303)):
        # A clock two steps ahead of the secret's last code, and a code one step off in either direction at the most.
        with clock.shifted(A_STEP * 3):
            code = pyotp.TOTP(secret).at(now + A_STEP * (3 + (steps if status == 422 else 1)))
            at_the_code(client).send("/connexion/code", status, code=code)
    with clock.shifted(A_STEP * 3):
        at_the_code(client).send("/connexion/code", 422, code=code)


def test_two_at_one_moment_cannot_use_one_code(client: PageClient, agent: Actor) -> None:
    secret, _paper = set_up(signed_in_here(client))
    with clock.shifted(A_STEP):
        with unit_of_work():
            tokens = [second_factor.half_open(agent.id, "", shared_computer=False) for _time in range(2)]
        found = []
        for token in tokens:
            with unit_of_work():
                found.append(second_factor.finish(token, code_of(secret)))
    assert found[0] is not None and found[1] is None


def test_after_five_wrong_codes_the_password_is_asked_for_again_and_then_one_waits(
    client: PageClient, agent: Actor
) -> None:
    secret, paper = set_up(signed_in_here(client))
    with clock.shifted(A_STEP):
        at_the_code(client)
        for _time in range(4):
            client.send("/connexion/code", 422, code="000000")
        client.send("/connexion/code", code="000000")
        assert "Donnez de nouveau votre mot de passe." in client.follow().main
        client.get("/connexion/code", 303)
        # The right one and one on paper wait as long: nobody goes round the delay.
        for code in (code_of(secret), paper[0]):
            page = at_the_code(client).send("/connexion/code", 429, code=code)
            assert 1 <= int(page.response.headers["Retry-After"]) <= 61
    with clock.shifted(A_STEP + timedelta(minutes=1, seconds=1)):
        at_the_code(client).send("/connexion/code", code=code_of(secret))


def test_the_wait_is_never_for_ever(client: PageClient, agent: Actor) -> None:
    secret, _paper = set_up(signed_in_here(client))
    after = timedelta(0)
    for _time in range(30):
        after += timedelta(minutes=15, seconds=1)
        with clock.shifted(after), unit_of_work():
            token = second_factor.half_open(agent.id, "", shared_computer=False)
            assert second_factor.finish(token, "000000") is None
    with clock.shifted(after + timedelta(minutes=15, seconds=1)), unit_of_work():
        token = second_factor.half_open(agent.id, "", shared_computer=False)
        assert second_factor.finish(token, code_of(secret)) is not None


def test_a_half_open_sign_in_is_short_and_serves_once(client: PageClient, agent: Actor) -> None:
    secret, _paper = set_up(signed_in_here(client))
    with clock.shifted(A_STEP):
        at_the_code(client)
    with clock.shifted(second_factor.HALF_OPEN_LASTS + A_STEP):
        client.send("/connexion/code", code=code_of(secret))
        assert "a expiré" in client.follow().main
        with unit_of_work():
            own.purge()
            assert session().scalars(sa.select(HalfOpen)).all() == []


def test_paper_serves_once_however_it_is_typed(client: PageClient, agent: Actor) -> None:
    _secret, paper = set_up(signed_in_here(client))
    at_the_code(client).send("/connexion/code", code=paper[0].lower().replace(" ", "-").replace("o", "0"))
    assert "Il vous en reste 9." in client.follow().text
    at_the_code(client).send("/connexion/code", 422, code=paper[0])
    with reading():
        kept = session().scalars(sa.select(RecoveryCode.digest)).all()
        sealed = session().get_one(SecondFactor, agent.id).sealed
        acts = session().scalars(sa.select(AuditEntry.act)).all()
    assert len(kept) == 9 and not any("".join(code.split()) in str([kept, sealed]) for code in paper)
    assert acts.count("use_recovery_code") == 1 and "set_second_factor" in acts


def test_new_paper_and_taking_it_away_ask_for_a_code(client: PageClient, agent: Actor) -> None:
    secret, paper = set_up(signed_in_here(client))
    form = client.get(PATH).form(f"{PATH}/codes")
    for action in ("codes", "retirer"):
        client.post(f"{PATH}/{action}", {**form.values, "code": "000000"}, 422)
    page = client.post(f"{PATH}/codes", {**form.values, "code": paper[0]}, 200)
    fresh = [element.text or "" for element in page.all("code")]
    assert len(fresh) == 10 and not set(fresh) & set(paper)
    client.post(f"{PATH}/retirer", {**form.values, "code": paper[1]}, 422)
    with clock.shifted(A_STEP):
        client.post(f"{PATH}/retirer", {**form.values, "code": code_of(secret)})
    client.follow()
    signed_in_here(client.sign_out())
    assert client.page is not None and client.page.location == "/espace"


def test_the_secret_lies_sealed_and_another_key_leaves_the_paper(client: PageClient, agent: Actor) -> None:
    secret, paper = set_up(signed_in_here(client))
    with reading():
        sealed = session().get_one(SecondFactor, agent.id).sealed
    assert secret not in sealed and seals.opened("second factor", sealed, str(agent.id)) == secret
    assert seals.opened("second factor", sealed, str(agent.id + 1)) is None
    seals.configure("another key, of thirty-two bytes and more")
    with clock.shifted(A_STEP):
        at_the_code(client).send("/connexion/code", 422, code=code_of(secret))
        client.send("/connexion/code", code=paper[0])


OBLIGED = [(PortalRole.ADMINISTRATOR, "/tableau-de-bord"), (PortalRole.PORTAL_EDITOR, "/recherche/synonymes")]


@pytest.mark.parametrize(("role", "_page"), OBLIGED)
def test_a_role_that_publishes_or_administers_waits_for_it(
    client: PageClient, role: PortalRole, _page: str
) -> None:
    actor = somebody(role, PortalRole.MODERATOR)
    assert role in actor.roles  # a job that acts in their name has no sign-in to doubt
    signed_in_here(client)
    assert client.page is not None and client.page.location == PATH
    assert "ni publier ni administrer" in client.follow().main
    assert "ni publier ni administrer" in client.get("/espace").main
    token = client.http.get_cookie("openlab").value  # type: ignore[union-attr]
    with reading():
        waiting = accounts.actor_for_token(token)
    assert waiting.roles == {PortalRole.MODERATOR} and waiting.held_back == {role}
    if role is PortalRole.PORTAL_EDITOR:
        client.get("/recherche/synonymes", 403)
    else:
        with pytest.raises(Refused), unit_of_work():
            accounts.suspend(waiting, session().get_one(Person, actor.id))
    set_up(client)
    with reading():
        assert accounts.actor_for_token(token).roles == {role, PortalRole.MODERATOR}
    assert "ni publier ni administrer" not in client.get("/espace").main


def test_a_role_that_comes_during_a_session_waits_too(client: PageClient, agent: Actor) -> None:
    signed_in_here(client)
    with unit_of_work():
        accounts.give_role(session().get_one(Person, agent.id), PortalRole.PORTAL_EDITOR)
    client.get("/recherche/synonymes", 403)


@pytest.mark.parametrize("role", [role for role, _page in OBLIGED])
def test_a_person_of_the_demonstration_is_in_at_once(client: PageClient, role: PortalRole) -> None:
    somebody(role, is_demo=True)
    signed_in_here(client)
    assert client.page is not None and client.page.location == "/espace"
    token = client.http.get_cookie("openlab").value  # type: ignore[union-attr]
    with reading():
        assert accounts.actor_for_token(token).roles == {role}
    set_up(client)  # offered to them as to everybody
    at_the_code(client)


def test_an_administrator_takes_away_one_that_was_lost(client: PageClient, agent: Actor) -> None:
    set_up(signed_in_here(client))
    with unit_of_work():
        administrator = makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)
        other = makers.make_agent(makers.make_administration(), PortalRole.PORTAL_EDITOR)
        person = session().get_one(Person, agent.id)
        with pytest.raises(Refused):
            second_factor.forget_second_factor(other, person)
        with pytest.raises(Invalid):
            second_factor.forget_second_factor(administrator, session().get_one(Person, administrator.id))
        second_factor.forget_second_factor(administrator, person)
        with pytest.raises(Invalid):
            second_factor.forget_second_factor(administrator, person)
    with reading():
        entry = session().scalars(sa.select(AuditEntry).filter_by(act="forget_second_factor")).one()
        assert (entry.person_id, entry.object_id) == (administrator.id, str(agent.id))
        told = session().scalars(sa.select(mail.Mail.recipient).order_by(mail.Mail.id.desc())).first()
        assert told == EMAIL
        assert session().scalars(sa.select(RecoveryCode)).all() == []
        assert session().scalars(
            sa.select(SignIn).where(SignIn.person_id == agent.id, SignIn.revoked_at.is_(None))
        ).all() == []  # fmt: skip
    signed_in_here(client.sign_out())
    assert client.page is not None and client.page.location == "/espace"


def test_who_proved_it_twice_elsewhere_is_not_asked_and_who_did_not_is(
    client: PageClient, agent: Actor
) -> None:
    from app.accounts.entering import entered

    set_up(signed_in_here(client))
    for twice, place in ((True, "/labs"), (False, "/connexion/code")):
        with client.app.test_request_context("/connexion"):
            answer = entered(agent.id, "/labs", shared_computer=False, proved_twice=twice)
        assert answer.headers["Location"] == place
        set_cookies = " ".join(answer.headers.getlist("Set-Cookie"))
        assert ("openlab=;" in set_cookies) is not twice


def test_guessing_with_a_stolen_session_is_delayed_too(client: PageClient, agent: Actor) -> None:
    set_up(signed_in_here(client))
    with unit_of_work():
        here = accounts.sign_in(agent.id, second_factor=True).actor
    for _time in range(5):
        with unit_of_work():
            assert second_factor.renew_paper(here, "000000") is None
    with pytest.raises(RateLimited), unit_of_work():
        second_factor.put_down(here, "000000")
