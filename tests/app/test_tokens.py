"""Personal tokens: made once and shown once, worth what their scope says, and nothing when they are over."""

from __future__ import annotations

import io
import logging
import re
import string
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, interface, logs, openapi
from app.accounts import erasing, exporting, passwords, people, tokens
from app.accounts import service as accounts
from app.accounts.key_models import PersonalToken
from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import Base, reading, session, unit_of_work
from app.errors import Invalid, Refused
from app.mail import Mail
from app.policy import Actor, PortalRole, Scope
from labs.models import Lab
from tests import makers
from tests.clients import PageClient

PAGE = "/espace/compte/jetons"


@dataclass
class World:
    agent: Actor
    administrator: Actor
    draft: int
    place: int


@pytest.fixture
def world(client: PageClient) -> World:
    with unit_of_work():
        place = makers.make_administration()
        agent = makers.make_agent(place)
        lab = makers.make_lab(agent, place)
        draft = makers.make_draft(agent, lab, place)
        administrator = makers.make_agent(place, PortalRole.ADMINISTRATOR)
        return World(agent, administrator, draft.id, place.id)


@pytest.fixture(autouse=True)
def _full_buckets() -> Iterator[None]:
    interface._buckets.clear()
    yield
    interface._buckets.clear()


def made(actor: Actor, *scopes: str, name: str = "Un programme", days: int = 30) -> str:
    with unit_of_work():
        return tokens.make(actor, name, scopes or tuple(Scope), days, proved=True)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def status(app: Flask, path: str, token: str | None, **headers: str) -> tuple[int, str, str]:
    """(status, code of the problem, WWW-Authenticate)."""
    given = {**(bearer(token) if token is not None else {}), **headers}
    answer = app.test_client(use_cookies=False).get(path, headers=given)
    said = answer.get_json()
    return answer.status_code, said.get("code", ""), answer.headers.get("WWW-Authenticate", "")


def personal(world: World, app: Flask) -> dict[str, Scope]:
    """The address of each route that asks for a scope, out of the declarations themselves."""
    return {
        re.sub(r"<[^>]*>", str(world.draft), rule.rule): declared.scope
        for rule, declared in openapi.operations(app)
        if declared.scope is not None
    }


def test_a_token_looks_like_one_and_its_checksum_holds() -> None:
    some = [tokens.new_token() for _ in range(50)]
    assert len(set(some)) == 50 and all(map(tokens.is_whole, some))
    token = some[0]
    assert token.startswith("olp_") and len(token) == 4 + 43 + 6
    other = "a" if token[10] != "a" else "b"
    for wrong in (
        token[:10] + other + token[11:],
        token[:-1],
        token + "0",
        token.upper(),
        "",
        "olp_",
        token + "\n",
    ):
        assert not tokens.is_whole(wrong)
    # The checksum is that of zlib: a scanner may compute it by itself.
    value = 0
    for letter in token[-6:]:
        value = value * 62 + (string.digits + string.ascii_uppercase + string.ascii_lowercase).index(letter)
    assert value == zlib.crc32(token[:-6].encode())


def test_every_token_at_every_route(app: Flask, world: World) -> None:
    """200 with the scope and 403 without it; 401 for none, for garbage, and for all that is over."""
    routes = personal(world, app)
    assert set(routes.values()) == set(Scope) and len(routes) == 4
    mine = {scope: made(world.agent, scope, name=str(scope)) for scope in Scope}
    whole = made(world.agent)
    revoked = made(world.agent)
    old = made(world.agent)
    with unit_of_work():
        tokens.revoke(world.agent, tokens.holder_of(revoked).actor.token_id)
        rows = sa.update(PersonalToken).where(PersonalToken.token_digest == passwords.digest(old))
        ago = clock.now() - timedelta(days=31)
        session().execute(rows.values(made_at=ago, expires_at=ago + timedelta(days=30)))
        other = makers.make_agent(makers.make_administration())
    of_a_suspended = made(other)
    with unit_of_work():
        accounts.suspend(world.administrator, session().get_one(Person, other.id))
    worthless = {
        "garbage": "rien", "well made": tokens.new_token(), "empty": "", "revoked": revoked, "expired": old,
        "suspended": of_a_suspended, "long": "olp_" + "a" * 5000, "not ascii": "olp_é",
    }  # fmt: skip
    for path, wanted in routes.items():
        assert status(app, path, whole)[0] == 200
        assert status(app, path, None) == (401, "unauthenticated", 'Bearer realm="openlab"')
        for scope, token in mine.items():
            found = status(app, path, token)
            if scope is wanted:
                assert found[0] == 200, (path, scope)
            else:
                said = f'Bearer realm="openlab", error="insufficient_scope", scope="{wanted}"'
                assert found == (403, "insufficient_scope", said), (path, scope)
        for name, token in worthless.items():
            found = status(app, path, token.encode().decode("latin-1"))
            assert found == (401, "unauthenticated", 'Bearer realm="openlab", error="invalid_token"'), name


def test_a_token_opens_nothing_else(app: Flask, world: World) -> None:
    token = made(world.agent)
    http = app.test_client(use_cookies=False)
    for path in ("/espace", PAGE, f"/brouillons/{world.draft}", f"/brouillons/{world.draft}/controles"):
        assert http.get(path, headers=bearer(token)).status_code in (302, 401), path
    for path in ("/api/v1/me", "/api/v1/drafts"):
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(http, method)(path, headers=bearer(token))
            assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
            assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
        for name in ("access_token", "token", "Authorization"):
            assert http.get(path, query_string={name: token}).status_code == 401
        assert http.head(path, headers=bearer(token)).status_code == 200
        assert http.get(path, headers={"Authorization": f"Basic {token}"}).status_code == 401
        assert "Access-Control-Allow-Origin" not in http.get(path, headers=bearer(token)).headers
        assert http.get(path, headers=bearer(token)).headers["Cache-Control"] == "no-store"


def test_a_worthless_token_is_not_saved_by_a_session(client: PageClient, world: World) -> None:
    client.sign_in(world.agent)
    assert client.http.get("/api/v1/me").status_code == 200
    assert client.http.get("/api/v1/me", headers=bearer(tokens.new_token())).status_code == 401


def test_the_rights_are_those_of_the_moment(app: Flask, world: World) -> None:
    with unit_of_work():
        editor = makers.make_agent(makers.make_administration(), PortalRole.PORTAL_EDITOR)
    plain, proved = made(editor), made(Actor(**{**vars(editor), "second_factor": True}))
    http = app.test_client(use_cookies=False)
    # As in a session: without a second factor the roles that publish wait.
    assert http.get("/api/v1/me", headers=bearer(plain)).get_json()["roles"] == []
    assert http.get("/api/v1/me", headers=bearer(proved)).get_json()["roles"] == ["portal_editor"]
    stranger = made(editor)
    assert http.get(f"/api/v1/drafts/{world.draft}", headers=bearer(stranger)).status_code == 404
    token = made(world.agent)
    assert http.get(f"/api/v1/drafts/{world.draft}", headers=bearer(token)).status_code == 200
    with unit_of_work():
        session().execute(sa.text("UPDATE membership SET removed_at = :now"), {"now": clock.now()})
        assert session().scalars(sa.select(Lab)).first() is not None
    assert http.get(f"/api/v1/drafts/{world.draft}", headers=bearer(token)).status_code == 404


@pytest.mark.parametrize("how", ["password", "everywhere", "moved", "own hand"])
def test_what_ends_sessions_ends_tokens(app: Flask, world: World, how: str) -> None:
    token = made(world.agent)
    with unit_of_work():
        person = session().get_one(Person, world.agent.id)
        if how == "password":
            accounts.change_password(world.agent, person, "x")
        elif how == "everywhere":
            people.sign_out_everywhere(world.administrator, person.id)
        elif how == "moved":
            accounts.end_all(person.id)
        else:
            assert tokens.revoke_all(world.agent) == 1
    assert status(app, "/api/v1/me", token)[0] == 401


def test_the_page_makes_one_shows_it_once_and_ends_it(client: PageClient, world: World) -> None:
    hashed = passwords.hashed(makers.PASSWORD)
    with unit_of_work():
        session().get_one(Person, world.agent.id).password_hash = hashed
    client.sign_in(world.agent).get(PAGE)
    assert "Vous n’avez pas de jeton." in client.page.main  # type: ignore[union-attr]
    wrong = {"name": "Mon tableur", "scopes": ["read:me"], "days": "30"}
    assert "votre mot de passe actuel" in client.send(PAGE, 422, **wrong, password="un autre").main
    assert "Cochez au moins une portée" in client.send(PAGE, 422, **{**wrong, "scopes": []}).main
    page = client.send(PAGE, 200, **wrong, password=makers.PASSWORD)
    (area,) = page.all("textarea", id="jeton")
    token = area.text or ""
    assert tokens.is_whole(token) and page.response.headers["Cache-Control"] == "no-store"
    assert client.app.test_client().get("/api/v1/me", headers=bearer(token)).status_code == 200
    page = client.get(PAGE)
    assert token not in page.source and token[:10] in page.main and "Mon tableur" in page.main
    with reading():
        row = session().scalars(sa.select(PersonalToken)).one()
        assert row.token_digest == passwords.digest(token) and row.used_on == tokens.today()
        (body,) = session().scalars(
            sa.select(Mail.body).where(Mail.recipient == world.agent.email, Mail.subject.contains("jeton"))
        )
        assert "Mon tableur" in body and "olp_" not in body
        number = row.id
    ends = f"{PAGE}/{number}/revoquer"
    assert "Révoquer le jeton « Mon tableur »" in client.get(ends).heading.replace("\u00a0", " ").replace(
        "\u202f", " "
    )
    client.send(ends)
    assert "Le jeton est révoqué" in client.follow().main
    assert client.app.test_client().get("/api/v1/me", headers=bearer(token)).status_code == 401
    client.get(ends, 404)
    with reading():
        acts = session().scalars(sa.select(AuditEntry.act).where(AuditEntry.act.contains("token"))).all()
        assert acts == ["make_token", "revoke_token"]


def test_others_cannot_end_it_and_all_of_mine_end(client: PageClient, world: World) -> None:
    made(world.agent), made(world.agent)
    foreign = made(world.administrator)
    with reading():
        number = tokens.holder_of(foreign).actor.token_id
    client.sign_in(world.agent).get(f"{PAGE}/{number}/revoquer", 404)
    client.get(f"{PAGE}/revoquer")
    client.send(f"{PAGE}/revoquer")
    assert "2 jetons sont révoqués." in client.follow().main
    with reading():
        assert tokens.tokens_of(world.agent) == () and tokens.holder_of(foreign).actor.is_authenticated


def test_who_may_not_make_one(client: PageClient, world: World) -> None:
    page = client.sign_in(world.agent, shared_computer=True).get(PAGE)
    assert not page.offers(PAGE) and "poste partagé" in page.main
    for shared, proved in ((True, True), (False, False)):
        with pytest.raises(Refused), unit_of_work():
            tokens.make(
                Actor(**{**vars(world.agent), "shared_computer": shared}), "x", ["read:me"], 30, proved=proved
            )
    for name, scopes, days in (
        ("", ["read:me"], 30),
        ("x" * 81, ["read:me"], 30),
        ("x", [], 30),
        ("x", ["write"], 30),
        ("x", ["read:me"], 31),
    ):
        with pytest.raises(Invalid), unit_of_work():
            tokens.make(world.agent, name, scopes, days, proved=True)
    for _number in range(tokens.MOST):
        made(world.agent)
    with pytest.raises(Invalid), unit_of_work():
        tokens.make(world.agent, "Un de trop", ["read:me"], 30, proved=True)


def test_who_has_no_password_has_just_signed_in(client: PageClient) -> None:
    with unit_of_work():
        agent = makers.make_agent(makers.make_administration())
    client.sign_in(agent)
    form = {"name": "Un programme", "scopes": ["read:me"], "days": "30"}
    client.get(PAGE)
    client.send(PAGE, 200, **form)
    with clock.shifted(timedelta(minutes=16)):
        client.get(PAGE)
        assert "connectez-vous de nouveau" in client.send(PAGE, 403, **form).main


def test_it_is_in_no_log_and_in_no_table(client: PageClient, world: World) -> None:
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(logs.JsonLines())
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    token = made(world.agent)
    client.app.testing = False
    try:
        for path in ("/api/v1/me", f"/api/v1/articles/{token}", f"/{token}", f"/api/v1/me?token={token}"):
            client.app.test_client().get(path, headers=bearer(token))
        logging.getLogger("app").error("a library said %s", token)
        logging.getLogger("app").error("cut short: %s", token[:20])
        plain = logs.PlainLines(logs.PLAIN).format(
            logging.LogRecord("urllib3", logging.ERROR, __file__, 1, f"header Bearer {token}", (), None)
        )
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    assert "/api/v1/me" in said.getvalue() and "a library said olp_…" in said.getvalue()
    for kept in (said.getvalue(), plain):
        assert token not in kept and token[4:20] not in kept
    with reading() as current:
        for table in Base.metadata.sorted_tables:
            for row in current.execute(sa.select(table)):
                assert token not in repr(tuple(row)), table.name


def test_what_is_kept_of_it_and_for_how_long(db: object, world: World) -> None:
    made(world.agent, name="Mon tableur")
    with unit_of_work():
        (row,) = next(
            entry["rows"]["personal_token"]
            for entry in exporting.export(world.agent.id)["register"]
            if "personal_token" in entry["rows"]
        )
        assert row["name"] == "Mon tableur" and "token_digest" not in row and row["scopes"] == list(Scope)
    for days, left in ((119, 1), (121, 0)):
        with clock.shifted(timedelta(days=days)), unit_of_work():
            tokens.purge()
            assert session().scalar(sa.select(sa.func.count()).select_from(PersonalToken)) == left
    made(world.agent)
    with unit_of_work():
        erasing.erase(world.administrator, world.agent.id)
        assert session().scalar(sa.select(sa.func.count()).select_from(PersonalToken)) == 0


def test_too_many_requests_are_told_when_to_come_back(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interface, "OF_A_KEY", 2)
    one, other = made(world.agent), made(world.agent)
    http = app.test_client()
    assert [http.get("/api/v1/me", headers=bearer(one)).status_code for _ in range(3)] == [200, 200, 429]
    answer = http.get("/api/v1/me", headers=bearer(one))
    assert answer.get_json()["code"] == "rate_limited" and 1 <= int(answer.headers["Retry-After"]) <= 30
    assert http.get("/api/v1/me", headers=bearer(other)).status_code == 200
    # Who guesses is counted by address.
    monkeypatch.setattr(interface, "OF_AN_ADDRESS", 2)
    guesses = [http.get("/api/v1/me", headers=bearer(tokens.new_token())).status_code for _ in range(3)]
    assert guesses == [401, 401, 429]
