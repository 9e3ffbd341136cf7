"""/api/v1 answers as its OpenAPI document says: valid and invalid questions by the hundred, in a world with things in each state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import jsonschema_rs
import pytest
import schemathesis
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as drawn
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks as conforms

from app import db as database
from app import interface
from app.accounts import tokens
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.factory import create_app
from app.policy import PortalRole, Scope
from config import Settings
from drafts import vocabulary
from publish.api_shapes import AskedArticles
from publish.fate_stages import Fate
from publish.models import Edition
from tests.clients import PageClient
from tests.makers import make_agent, make_wish
from tests.publish.fates_world import make_life
from tests.publish.press import RICH, Press, block, set_up

CHECKS = [
    schemathesis.checks.not_a_server_error,
    conforms.status_code_conformance,
    conforms.content_type_conformance,
    conforms.response_schema_conformance,
    conforms.response_headers_conformance,
    conforms.negative_data_rejection,
    conforms.positive_data_acceptance,
    conforms.allow_header_conformance,
]
EXAMPLES = 15
SHORT = [RICH[0], block("paragraph", "Un texte.", id="b2")]


@dataclass
class World:
    app: Flask
    press: Press
    draft: int
    token: str
    slugs: dict[str, str]


@pytest.fixture(scope="module")
def world(live_settings: Settings) -> Iterator[World]:
    """Articles that are live, renamed, masked, withdrawn and removed, a wish, a draft; made once."""
    app = create_app(live_settings)
    press = set_up()
    out, live = press.published()
    press.rewrite(out, RICH[:-1])
    press.again(out)
    slugs = {"live": live, "renamed": live}
    for state, fate in (("withdrawn", Fate.WITHDRAW), ("removed", Fate.REMOVE)):
        life = make_life(press, f"Fiche {state}", tree=SHORT, audiences=["company"])
        life.decide(fate)
        slugs[state] = life.slug
    life = make_life(press, "Fiche masquée", tree=SHORT)
    life.mask()
    moved = make_life(press, "Fiche redirigée", tree=SHORT)
    moved.decide(Fate.REDIRECT, live)
    slugs |= {"masked": life.slug, "redirected": moved.slug, "unknown": "nulle-part"}
    draft = press.draft("Un brouillon")
    with unit_of_work():
        make_wish(make_agent(session().get_one(Administration, press.sud), PortalRole.MODERATOR))
        token = tokens.make(press.writer, "Épreuve", tuple(Scope), 30, proved=True)
    app.testing = False  # what breaks is answered with 500, which the checks see
    yield World(app, press, draft, token, slugs)
    database.database().engine.dispose()


@pytest.fixture(autouse=True)
def _full_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface._buckets, "take", lambda *_any: 0.0)


@pytest.fixture(scope="module")
def schema(world: World) -> Any:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", world.app)


def operations(schema: Any) -> list[Any]:
    found = [one.ok() for one in schema.get_all_operations()]
    assert len(found) == 12
    return found


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_question_is_answered_as_written(world: World, schema: Any, mode: GenerationMode) -> None:
    asked: dict[str, int] = {}
    for operation in operations(schema):
        if mode is GenerationMode.NEGATIVE and not operation.query and not operation.path_parameters:
            continue  # there is nothing to ask wrongly

        @drawn(
            max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def examine(case: Any) -> None:
            headers = {"Authorization": f"Bearer {world.token}", "Accept-Encoding": "identity"}
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS, headers=headers)
            asked[case.operation.path] = asked.get(case.operation.path, 0) + 1

        examine()
    assert sum(asked.values()) > 60, asked


def test_articles_in_every_state(world: World, schema: Any) -> None:
    operation = schema["/api/v1/articles/{slug}"]["GET"]
    found = {}
    for state, slug in world.slugs.items():
        case = operation.Case(path_parameters={"slug": slug})
        response = case.call()
        case.validate_response(response, checks=CHECKS[:5])
        found[state] = response.status_code
    assert found == {
        "live": 200, "renamed": 200, "withdrawn": 200, "removed": 410, "masked": 410, "redirected": 301, "unknown": 404,
    }  # fmt: skip
    http = world.app.test_client()
    assert http.get(f"/api/v1/articles/{world.slugs['withdrawn']}").get_json()["state"] == "withdrawn"
    gone = http.get(f"/api/v1/articles/{world.slugs['masked']}")
    assert gone.get_json()["code"] == "masked" and gone.headers["Cache-Control"] == "public, max-age=60"
    # `type` leads to a page that explains the code.
    home, _mark, code = gone.get_json()["type"].partition("#")
    page = http.get(home.removeprefix("http://127.0.0.1:8000"))
    assert page.status_code == 200 and f'id="{code}"' in page.get_data(as_text=True)


def test_one_draft_and_the_wrong_numbers(world: World, schema: Any) -> None:
    operation = schema["/api/v1/drafts/{draft_id}"]["GET"]
    headers = {"Authorization": f"Bearer {world.token}", "Accept-Encoding": "identity"}
    for number, status in (
        (world.draft, 200),
        (987654321, 404),
        (2**63 - 1, 404),
        (2**63, 404),
        (10**40, 404),
    ):
        case = operation.Case(path_parameters={"draft_id": number})
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS[:5], headers=headers)
        assert response.status_code == status, number


def test_the_document_is_valid_and_its_schemas_too(world: World, schema: Any) -> None:
    schema.validate()
    said = world.app.test_client().get("/api/openapi.json")
    document = said.get_json()
    assert said.headers["Access-Control-Allow-Origin"] == "*" and document["openapi"] == "3.1.0"
    for one in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": document["jsonSchemaDialect"], **one})
        # Each field says in words what it is.
        assert all(field.get("description") for field in one.get("properties", {}).values()), one
    again = world.app.test_client().get("/api/openapi.json", headers={"If-None-Match": said.headers["ETag"]})
    assert again.status_code == 304
    printed = world.app.test_cli_runner().invoke(args=["openapi"])
    assert printed.exit_code == 0 and json.loads(printed.output) == document


def test_filters_narrow_and_the_next_page_keeps_them(world: World) -> None:
    http = world.app.test_client()

    def slugs(query: str) -> list[str]:
        return [item["slug"] for item in http.get(f"/api/v1/articles?{query}").get_json()["items"]]

    live = world.slugs["live"]
    assert slugs("theme=logement") == slugs("life_event=demenager") == slugs("administration=kone") == [live]
    assert slugs("since=2020-01-01") == slugs("since=2020-01-01T00:00:00%2B11:00") == [live]
    for none in (
        "theme=sante",
        "administration=nulle-part",
        "audience=company",
        "territory=bourail",
        "since=2099-01-01",
    ):
        assert slugs(none) == [], none
    for wrong in (
        "audience=tous",
        "since=hier",
        "since=2026-02-30",
        "since=1",
        "theme=Un%20thème",
        "limit=5&limit=6",
        "limit=0",
    ):
        answer = http.get(f"/api/v1/articles?{wrong}")
        assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid"), wrong
        assert wrong.partition("=")[0] in answer.get_json()["detail"]
    first = http.get("/api/v1/editions?limit=1&article=" + live).get_json()
    assert "article=" in first["next"] and "limit=1" in first["next"]
    second = http.get(first["next"].removeprefix("http://127.0.0.1:8000")).get_json()
    assert second["next"] is None
    (old,), (new,) = first["items"], second["items"]
    assert (old["number"], old["is_current"], new["number"], new["is_current"]) == (1, False, 2, True)
    with reading():
        rows = (
            session()
            .scalars(sa.select(Edition.fingerprint).where(Edition.slug == live).order_by(Edition.id))
            .all()
        )
    assert [old["fingerprint"], new["fingerprint"]] == list(rows)
    assert http.get(old["evidence"].removeprefix("http://127.0.0.1:8000")).status_code in (200, 503)
    # What is masked, moved away or removed has no editions for the public.
    every = {item["article"] for item in http.get("/api/v1/editions").get_json()["items"]}
    assert every == {live, world.slugs["withdrawn"]}


def test_the_audiences_are_those_of_the_vocabulary(world: World) -> None:
    with world.app.app_context():
        known = set(vocabulary.audiences())
    assert set(get_args(get_args(AskedArticles.model_fields["audience"].annotation)[0])) == known


def test_services_say_where_they_lead(world: World) -> None:
    (one,) = world.app.test_client().get("/api/v1/services").get_json()["items"]
    assert one["site"] == "https://www.sud.example/changement" and one["administrations"] == [
        "province-du-sud"
    ]
    assert one["opens"].endswith("/aller/declarer-un-changement") and one["login"] == "nc_connect"


def test_what_http_offers(world: World) -> None:
    http = world.app.test_client()
    for path in (
        "/api/v1/articles",
        "/api/v1/services",
        "/api/v1/editions",
        f"/api/v1/articles/{world.slugs['live']}",
    ):
        answer = http.get(path)
        tag, since = answer.headers["ETag"], answer.headers["Last-Modified"]
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        for condition in (
            {"If-None-Match": tag},
            {"If-None-Match": f"W/{tag}"},
            {"If-Modified-Since": since},
        ):
            again = http.get(path, headers=condition)
            assert again.status_code == 304 and again.data == b"" and again.headers["ETag"] == tag
        assert (
            http.get(path, headers={"If-None-Match": '"autre"', "If-Modified-Since": since}).status_code
            == 200
        )
        head = http.head(path)
        assert head.status_code == 200 and head.data == b"" and head.headers["ETag"] == tag
        asked = http.options(
            path, headers={"Origin": "https://ailleurs.example", "Access-Control-Request-Method": "GET"}
        )
        assert asked.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
        assert "Authorization" not in asked.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in asked.headers
        for accept, status in (
            ("text/html", 406),
            ("*/*", 200),
            ("application/*", 200),
        ):
            answer = http.get(path, headers={"Accept": accept})
            assert answer.status_code == status, accept
    for method in ("post", "put", "patch", "delete", "trace"):
        answer = http.open("/api/v1/articles", method=method.upper())
        assert answer.status_code == 405 and answer.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert answer.content_type == "application/problem+json"
    # An address of agents tells no other site anything.
    assert "Access-Control-Allow-Origin" not in http.options("/api/v1/me").headers


def test_a_problem_document_of_every_kind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    http = world.app.test_client()

    def said(path: str, status: int) -> dict[str, Any]:
        answer = http.get(path)
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), path
        document = answer.get_json()
        assert document["status"] == status and document["instance"] == path.partition("?")[0]
        assert document.keys() == {"type", "title", "status", "detail", "instance", "code"}
        return document

    assert said("/api/v1/articles?limit=x", 422)["code"] == "invalid"
    assert said("/api/v1/me", 401)["code"] == "unauthenticated"
    assert said("/api/v1/nulle-part", 404)["code"] == said("/api/", 404)["code"] == "not_found"
    monkeypatch.setattr(interface._buckets, "take", lambda *_any: 7.2)
    assert said("/api/v1/articles", 429)["code"] == "rate_limited"
    assert http.get("/api/v1/articles").headers["Retry-After"] == "8"
    monkeypatch.setattr(interface._buckets, "take", lambda *_any: 0.0)
    monkeypatch.setattr("publish.api_queries.wanted", lambda _it: 1 / 0)
    broken = said("/api/v1/articles", 500)
    assert broken["code"] == "unavailable" and "division" not in json.dumps(broken)
    away = database.unavailable("gone")
    monkeypatch.setattr("publish.api_queries.wanted", lambda _it: (_ for _ in ()).throw(away))
    assert said("/api/v1/articles", 503)["code"] == "unavailable"


def test_the_page_about_it_names_every_route(world: World) -> None:
    page = PageClient(world.app).get("/api")
    document = world.app.test_client().get("/api/openapi.json").get_json()
    for address, said in document["paths"].items():
        assert address.replace("{draft_id}", "<draft_id>").replace("{slug}", "<slug>") in page.main
        assert said["get"]["summary"].split("\u00a0")[0] in page.main.replace("\u202f", "\u00a0")
    assert "/api" in PageClient(world.app).get("/plan-du-site").links()
